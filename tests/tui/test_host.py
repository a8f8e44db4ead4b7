"""Where the terminal UI looks for the daemon."""

from __future__ import annotations

from dataclasses import replace

import pytest

from musicrnn.config.settings import Settings
from musicrnn.tui.run import host_of


@pytest.mark.parametrize(
    ("tui", "osc", "host"),
    [
        ("", "127.0.0.1", "127.0.0.1"),
        ("", "0.0.0.0", "127.0.0.1"),  # noqa: S104
        ("", "::", "127.0.0.1"),
        ("localhost", "127.0.0.1", "127.0.0.1"),
        ("", "::1", "::1"),
        ("studio.local", "127.0.0.1", "studio.local"),
    ],
)
def test_it_is_where_the_daemon_listens_or_where_it_is_told(tui: str, osc: str, host: str) -> None:
    """All addresses of a machine, and its name for itself, are the one at which a daemon listens by default."""
    settings = Settings()
    settings = replace(settings, tui=replace(settings.tui, host=tui), osc=replace(settings.osc, host=osc))
    assert host_of(settings) == host
