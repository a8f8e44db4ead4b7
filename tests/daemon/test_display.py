"""The line that follows the music."""

from __future__ import annotations

import io
import sys

import pytest

from musicrnn.control import Status
from musicrnn.daemon.display import note, status_line
from musicrnn.models.vocabulary import pitch_name

STATUS = Status(
    playing=True,
    bar=11,
    beat=2,
    tempo=96.0,
    controls={"mu": 1.2, "sigma": 0.1},
    exponent=1.234,
    sounding=(("bass", 48), ("alto", 61)),
)


def test_the_line_says_where_the_music_is() -> None:
    """Bars and beats count from one."""
    assert status_line(STATUS, 200) == "bar 12 beat 3 | 96 bpm | mu 1.2 sigma 0.1 A 1.23 | bass:C3 alto:C#4"


def test_the_line_fits_into_the_terminal() -> None:
    """It would wrap otherwise, and could not be written over."""
    assert len(status_line(STATUS, 20)) == 19
    assert status_line(STATUS, 0) == ""


def test_a_stopped_player_says_so() -> None:
    """With the reason."""
    assert status_line(Status(message="the piece has ended"), 80) == "stopped | the piece has ended"


def test_a_note_on_a_terminal_takes_the_place_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not glued to it; in a file it is the bare line."""
    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        monkeypatch.setattr(sys, "stderr", stream)
        note("the port is lost")
    assert terminal.getvalue() == "\r\x1b[Kmusicrnn-daemon: the port is lost\n"
    assert file.getvalue() == "musicrnn-daemon: the port is lost\n"


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_middle_c_is_c4() -> None:
    """As everywhere in this program."""
    assert [pitch_name(pitch) for pitch in (0, 60, 70, 127)] == ["C-1", "C4", "A#4", "G9"]
