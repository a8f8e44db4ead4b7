"""How late notes were, from what a receiver stamped."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

import pytest

from benchmarks.lateness import at, lateness
from benchmarks.lateness_receiver import stamp
from benchmarks.timing_senders import TICK_SECONDS
from tests.peers.program import Program

HEARD = [(100.0 + tick * TICK_SECONDS + 0.001 * late, "903c64") for tick, late in enumerate((3, 1, 4))]


def test_notes_are_compared_with_the_moments_that_were_given() -> None:
    """Ends do not count."""
    assert lateness([*HEARD, (200.0, "803c00")], 3, 100.0) == pytest.approx([0.001, 0.003, 0.004])


def test_notes_without_moments_are_compared_with_the_line_of_the_soonest() -> None:
    """Which is in favour of whoever sent them."""
    assert lateness(HEARD, 3, None) == pytest.approx([0.0, 0.002, 0.003], abs=1e-9)


def test_a_note_that_does_not_come_is_told() -> None:
    """Those after it could not be told from it."""
    with pytest.raises(ValueError, match="all 4 notes must come, got 3"):
        lateness(HEARD, 4, 100.0)


def test_a_share_is_one_of_the_figures() -> None:
    """99.9 of a hundred are all of them."""
    late = [float(number) for number in range(1, 101)]
    assert [at(late, share) for share in (0.0, 0.5, 0.99, 0.999, 1.0)] == [1.0, 50.0, 99.0, 100.0, 100.0]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux stamps datagrams")
def test_the_kernel_stamps_what_comes_in(tmp_path: Path) -> None:
    """Within the call that sends it, however late its receiver is."""
    out, sent = tmp_path / "heard.json", []
    with Program([sys.executable, "-m", "benchmarks.lateness_receiver", out]) as receiver:
        port = int(receiver.wait_for_line("RECORDING").split()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            for number in range(5):
                before = time.monotonic()
                line.sendto(bytes([0x90, number, 1]), ("127.0.0.1", port))
                sent.append((before, time.monotonic()))
        receiver.send_line("")
        assert receiver.wait(20.0) == 0
    heard = json.loads(out.read_text())
    assert [data for _, data in heard] == [f"90{number:02x}01" for number in range(5)]
    for (moment, _), (before, after) in zip(heard, sent, strict=True):
        assert before - 0.0005 < moment < after + 0.0005


def test_a_datagram_without_a_stamp_is_refused() -> None:
    """Where the system does not know how."""
    with pytest.raises(ValueError, match="the kernel's stamp, got one without"):
        stamp([])
