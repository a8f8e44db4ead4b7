"""Flags that were typed and could do nothing beside other settings; a settings file may be shared, and have them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator

from musicrnn.config.flags import typed
from musicrnn.config.play import PlaySettings
from musicrnn.errors import ConfigError

#: A setting, whether it changes nothing beside others, and which others those are.
Useless = tuple[str, bool, str]
#: Settings that shape what the silence watchdog does, where there is one.
OF_WATCHDOG = ("play.watchdog_notes", "play.watchdog_step", "play.watchdog_return", "play.watchdog_least")


def check_useless(args: argparse.Namespace, rows: Iterable[Useless]) -> None:
    """Raise ConfigError for a flag that was typed, other than to switch something off, and changes nothing."""
    given = typed(args)
    for name, useless, why in rows:
        value = given.values.get(name)
        if useless and value:
            got = ", ".join(f"{one!r:.80}" for one in (value if isinstance(value, tuple) else (value,)))
            words = "" if value is True else f", got {got}"
            raise ConfigError(f"{given.origins[name]} must not be given while {why}{words}")


def of_watchdog(play: PlaySettings) -> Iterator[Useless]:
    """Yield what does nothing where there is no silence watchdog."""
    for name in OF_WATCHDOG:
        yield name, play.watchdog_bars == 0, "play.watchdog_bars is 0 (--watchdog-bars)"
