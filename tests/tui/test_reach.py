"""Whether there is a way to the daemon's machine."""

from __future__ import annotations

import re

import pytest

from musicrnn.config.settings import Settings
from musicrnn.config.tui import TuiSettings
from musicrnn.errors import PortError
from musicrnn.tui.reach import check_way
from musicrnn.tui.run import run


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "no..host"])
def test_a_host_that_is_not_there_is_refused_before_the_terminal_is_taken(host: str) -> None:
    """In one line, with the status of a port that cannot be opened; there is no terminal here to take."""
    with pytest.raises(PortError, match=re.escape(f"OSC must be able to send to {host} port 9000, got: ")) as refused:
        run(Settings(tui=TuiSettings(host=host)))
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("; --host must be the name or address of a machine, such as 127.0.0.1")
    assert refused.value.exit_status == 69


def test_a_machine_without_a_daemon_is_good_enough() -> None:
    """One may be started later."""
    check_way("127.0.0.1", 9, "")
