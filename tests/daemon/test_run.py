"""The program, built with a clock that stands still and no MIDI system."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn.config.play import MidiSettings, OscSettings, PlaySettings, RecordSettings
from musicrnn.config.settings import Settings
from musicrnn.control import Start
from musicrnn.daemon.run import Daemon, build
from musicrnn.daemon.sample import replayed
from musicrnn.daemon.session import read_session
from musicrnn.daemon.signals import EndedBySignal
from musicrnn.errors import ConfigError, ControlError, PortError
from musicrnn.models.midi_write import write_midi
from musicrnn.testing import ManualClock, ScriptedModel, small_vocabulary
from tests.daemon.play_scripted import script

MODEL = ScriptedModel(small_vocabulary(), script(), tempo=96.0)


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Close at the end what a test opened."""
    with contextlib.ExitStack() as opened:
        yield opened


def settings(folder: Path, **sections: object) -> Settings:
    """Return settings of a daemon that has no port, hears nothing and records into a folder."""
    quiet = {
        "midi": MidiSettings(api="none"),
        "osc": OscSettings(enabled=False),
        "record": RecordSettings(folder=str(folder)),
    }
    return Settings(**{**quiet, **sections})  # type: ignore[arg-type]


def built(stack: contextlib.ExitStack, chosen: Settings) -> Daemon:
    """Build it."""
    return build(chosen, MODEL, stack, clock=ManualClock())


def test_the_first_lines_say_what_a_player_wants_to_know(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """What plays, where it is recorded, what is off, and how to stop."""
    lines = list(built(stack, settings(tmp_path, play=PlaySettings(seed=5))).first_lines())
    assert lines[0] == "Playing   scripted (3 parts: soprano, bass, drums)"
    assert lines[1] == "          96 bpm, mu 1, sigma 0, seed 5"
    assert lines[2].startswith(f"Recording {tmp_path}")
    assert lines[3] == "OSC       off"
    assert lines[4].startswith("Priority  ")
    assert lines[5:] == ["Ctrl-C stops."]


def test_a_seed_is_drawn_where_none_is_given(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """Another one each time, and it is said."""
    seeds = {built(stack, settings(tmp_path)).engine.header.play.seed for _ in range(3)}
    assert len(seeds) == 3


def test_it_plays_its_bars_into_a_recording_that_its_log_makes_again(
    stack: contextlib.ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same bytes."""
    daemon = built(stack, settings(tmp_path, play=PlaySettings(bars=3)))
    assert daemon.run([Start()]) == 0
    (recording,) = tmp_path.glob("*.mid")
    assert f"Recorded  {recording}" in capsys.readouterr().out
    again = tmp_path / "again.mid"
    write_midi(replayed(MODEL, read_session(recording.with_suffix(".jsonl"))), again)
    assert again.read_bytes() == recording.read_bytes()


def test_a_start_that_is_refused_leaves_nothing(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """A map of controllers that is none, named on purpose."""
    bad = tmp_path / "map.json"
    bad.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"map\.json: a map of MIDI controllers must be JSON, got '\{'"):
        built(stack, settings(tmp_path / "takes", midi=MidiSettings(api="none", map_file=str(bad))))
    stack.close()
    assert not list(tmp_path.glob("takes/*"))


def test_a_map_that_is_named_and_not_there_is_said_to_be_new(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """It may be one whose name was mistyped; the one of every session is not named."""
    mine = tmp_path / "mien.json"
    daemon = built(stack, settings(tmp_path, midi=MidiSettings(api="none", map_file=str(mine))))
    assert f"{mine} is not there yet" in "\n".join(daemon.first_lines())
    assert "not there yet" not in "\n".join(built(stack, settings(tmp_path)).first_lines())


def test_a_session_in_which_nothing_was_played_leaves_nothing(
    stack: contextlib.ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No empty files pile up."""
    daemon = built(stack, settings(tmp_path))
    daemon.runtime.leave()
    daemon.run([])
    assert list(tmp_path.iterdir()) == []
    assert "nothing was recorded" in capsys.readouterr().out


def test_without_a_recording_nothing_is_written(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """As asked for."""
    chosen = settings(tmp_path, record=RecordSettings(enabled=False), play=PlaySettings(bars=1))
    built(stack, chosen).run([Start()])
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_there_is_not_overwritten(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """Before anything plays."""
    path = tmp_path / "take.mid"
    path.touch()
    with pytest.raises(ConfigError, match="must not be there yet"):
        built(stack, settings(tmp_path, record=RecordSettings(file=str(path))))


def test_no_folder_is_made_for_a_recording_that_was_named(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """It is refused before anything plays."""
    with pytest.raises(ConfigError, match="must go into a folder that is there"):
        built(stack, settings(tmp_path, record=RecordSettings(file=str(tmp_path / "new" / "take.mid"))))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--no-recording"):
        built(stack, settings(tmp_path, record=RecordSettings(folder=str(tmp_path / "file" / "deep"))))


@pytest.mark.parametrize("asked", [False, True])
def test_a_home_that_cannot_be_written_to_does_not_stop_the_music(
    stack: contextlib.ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """Unless a recording was asked for."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    chosen = settings(tmp_path, record=RecordSettings(), origins={"record.enabled": "--recording"} if asked else {})
    if asked:
        with pytest.raises(ConfigError, match="--no-recording"):
            built(stack, chosen)
        return
    lines = list(built(stack, chosen).first_lines())
    assert "Recording off" in lines
    assert sum("plays without one" in line for line in lines) == 1


def test_a_recording_that_cannot_be_written_is_told_by_the_status(
    stack: contextlib.ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And how the log makes it again."""
    daemon = built(stack, settings(tmp_path, play=PlaySettings(bars=1)))
    assert daemon.recording is not None
    daemon.recording.mkdir()
    assert daemon.run([Start()]) == 74
    told = capsys.readouterr().err
    assert "must be written to" in told
    assert f"--replay {daemon.recording.with_suffix('.jsonl')}" in told


class BrokenOff(Daemon):
    """A daemon whose last writing a second signal breaks off."""

    def _save(self) -> bool:
        raise EndedBySignal


@pytest.mark.parametrize(("record", "status"), [(True, 74), (False, 0)])
def test_who_breaks_it_off_is_told_by_the_status_what_is_not_there(
    stack: contextlib.ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str], record: bool, status: int
) -> None:
    """A recording; without one nothing is missing."""
    folder = RecordSettings(enabled=record, folder=str(tmp_path))
    daemon = BrokenOff(**vars(built(stack, settings(tmp_path, record=folder, play=PlaySettings(bars=1)))))
    daemon.keepsakes.close()
    assert daemon.run([Start()]) == status
    assert ("ended at once" in capsys.readouterr().err) == record


@pytest.mark.parametrize("name", [" ", "x" * 300])
def test_a_virtual_port_must_have_a_name(stack: contextlib.ExitStack, tmp_path: Path, name: str) -> None:
    """That can be found, and that a MIDI system takes."""
    for api in ("jack", "none"):
        with pytest.raises(ConfigError, match="virtual_port must be a name of 1 to 60 characters"):
            built(stack, settings(tmp_path, midi=MidiSettings(api=api, virtual_port=name)))


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a UDP port that is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker:
        taker.bind(("127.0.0.1", 0))
        yield int(taker.getsockname()[1])


def test_a_taken_osc_port_does_not_stop_the_music(stack: contextlib.ExitStack, tmp_path: Path, taken: int) -> None:
    """It is said, with what to do."""
    daemon = built(stack, settings(tmp_path, osc=OscSettings(port=taken)))
    assert daemon.osc is None
    assert any("--osc-port 0" in line for line in daemon.first_lines())


def test_a_taken_osc_port_that_was_asked_for_is_refused(
    stack: contextlib.ExitStack, tmp_path: Path, taken: int
) -> None:
    """Whoever asks for it means it."""
    with pytest.raises(PortError, match=f"port {taken}"):
        built(stack, settings(tmp_path, osc=OscSettings(port=taken), origins={"osc.port": "--osc-port"}))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a" * 70])
def test_an_address_that_is_not_this_machines_is_refused(
    stack: contextlib.ExitStack, tmp_path: Path, host: str
) -> None:
    """Another port would not help; 192.0.2.1 is nobody's (RFC 5737)."""
    chosen = settings(tmp_path, osc=OscSettings(host=host, port=0), origins={"osc.host": "--osc-host"})
    with pytest.raises(PortError, match="--osc-host must be an address of this machine"):
        built(stack, chosen)


def test_an_address_that_others_can_reach_is_refused_unless_senders_are_named(
    stack: contextlib.ExitStack, tmp_path: Path
) -> None:
    """OSC has no passwords."""
    with pytest.raises(ConfigError, match=re.escape("osc.allow must name who may send where osc.host is 0.0.0.0")):
        built(stack, settings(tmp_path, osc=OscSettings(host="0.0.0.0", port=0)))  # noqa: S104


def test_an_address_that_others_can_reach_is_warned_of(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """A sender's address can be forged."""
    osc = OscSettings(host="0.0.0.0", port=0, allow=("192.168.1.0/24",))  # noqa: S104
    daemon = built(stack, settings(tmp_path, osc=osc))
    assert any("192.168.1.0/24: a sender's address can be forged" in line for line in daemon.first_lines())


def test_a_prime_that_cannot_be_read_is_refused(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """Before anything plays."""
    with pytest.raises(ControlError, match="prime"):
        built(stack, settings(tmp_path, play=PlaySettings(prime="H9 ???")))


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no such scheduling")
def test_building_changes_no_scheduling(stack: contextlib.ExitStack, tmp_path: Path) -> None:
    """Only running does."""
    before = os.sched_getscheduler(0)
    built(stack, settings(tmp_path))
    assert os.sched_getscheduler(0) == before
