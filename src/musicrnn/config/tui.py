"""Settings of the terminal UI."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class TuiSettings(Section):
    """The terminal UI; the port of the daemon is that of [osc]."""

    host: str = setting(
        "", flag="host", help="Machine whose daemon is shown; none is the one of osc.host, as a rule this one."
    )
    rate: float = setting(10.0, low=1, high=20, unit="a second", help="How often the picture is drawn.")
    theme: str = setting("dark", choices=("dark", "light"), help="Colours of the picture.")
