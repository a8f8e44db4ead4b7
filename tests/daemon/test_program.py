"""The daemon as a program of its own on a real JACK server, ended in every way there is: no note is left sounding."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.peers.jack_recorder import PORT
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until

pytestmark = pytest.mark.jack
CHANNELS = (0, 1, 9)


@pytest.fixture
def server() -> Iterator[JackServer]:
    """Give a JACK server of the test's own."""
    with JackServer() as running:
        yield running


@dataclass
class Stage:
    """A folder for all that a daemon writes, and a server for what it plays."""

    folder: Path
    server: JackServer

    @property
    def environment(self) -> dict[str, str]:
        """The daemon's environment."""
        kinds = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
        return {**{kind: str(self.folder) for kind in kinds}, **self.server.environment}

    def daemon(self, *flags: str, **environment: str) -> Program:
        """Return a daemon that waits for a start over OSC unless flags say otherwise."""
        command = [sys.executable, "-m", "tests.daemon.play_scripted", "--midi-api", "jack", "--osc-port", "0", *flags]
        return Program(command, {**self.environment, **environment})

    def recorder(self) -> Program:
        """Return a recorder that writes heard.json."""
        return Program([sys.executable, "-m", "tests.peers.jack_recorder", self.folder / "heard"], self.environment)

    def heard(self) -> list[bytes]:
        """Return the messages that the recorder wrote."""
        events = json.loads((self.folder / "heard.json").read_text())["events"]
        return [bytes.fromhex(event["hex"]) for event in events]

    def log(self) -> list[dict[str, object]]:
        """Return the entries of the newest session log, without its header."""
        (path,) = self.folder.glob("**/*.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()[1:]]


@pytest.fixture
def stage(tmp_path: Path, server: JackServer) -> Stage:
    """Give a folder and a server."""
    return Stage(tmp_path, server)


def still_down(messages: list[bytes]) -> set[tuple[int, int]]:
    """Return the keys (channel, pitch) that nobody has let go.

    A note-off may come again after a missed cycle of JACK (ADR 0058), and to whoever is connected while notes sound.
    """
    down: set[tuple[int, int]] = set()
    for message in messages:
        key = (message[0] & 15, message[1])
        if message[0] & 0xF0 == 0x90:
            assert key not in down
            down.add(key)
        elif message[0] & 0xF0 == 0x80:
            down.discard(key)
    return down


def start(stage: Stage, playing: Program) -> None:
    """Connect a daemon that waits to the recorder, and let it play."""
    port = playing.wait_for_line("OSC").split()[-1]
    stage.server.connect(stage.server.wait_for_port("MusicRNN:"), PORT)
    with Program(["oscsend", "127.0.0.1", port, "/musicrnn/start"]) as sender:
        assert sender.wait(10) == 0


def play_until(stage: Stage, end: signal.Signals | None, **environment: str) -> tuple[int, Program]:
    """Let a daemon play to a recorder, end it in its second bar or wait for its own end; return its status."""
    with stage.recorder() as recorder:
        recorder.wait_for_line("RECORDING")
        with stage.daemon("--no-autostart", **environment) as playing:
            start(stage, playing)
            if end is not None:
                wait_until(lambda: any(entry.get("bar") == 1 for entry in stage.log()), 20, "a second bar")
                playing.send_signal(end)
            status = playing.wait(20)
        recorder.stop()
        recorder.wait_for_line("WROTE")
    return status, playing


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_every_note_released(stage: Stage, end: signal.Signals) -> None:
    """Note-offs first, then pedal up, all notes off and all sound off on each channel; the exit status is 0."""
    status, playing = play_until(stage, end)
    heard = stage.heard()
    assert status == 0, playing.printed
    assert still_down(heard) == set()
    silencers = [bytes((0xB0 + channel, number, 0)) for channel in CHANNELS for number in (64, 123, 120)]
    assert heard[-len(silencers) :] == silencers
    assert any(message[0] & 0xF0 == 0x90 for message in heard)
    assert list(stage.folder.glob("**/*.mid"))
    assert stage.log()[-1]["do"] == "end"


def is_stopped(pid: int) -> bool:
    """Tell whether a process stands still, as proc(5) has it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_ctrl_z_stops_it_in_silence_and_fg_lets_it_go_on(stage: Stage) -> None:
    """Stopped with nothing sounding; continued, it still ends as it should."""
    with stage.daemon() as playing:
        playing.wait_for_line("Ctrl-C")
        wait_until(lambda: len(stage.log()) > 1, 20, "the first bar")
        playing.send_signal(signal.SIGTSTP)
        pid = int((stage.folder / "musicrnn-musicrnn.lock").read_text())
        wait_until(lambda: is_stopped(pid), 20, "the process to be stopped")
        assert [entry["do"] for entry in stage.log()[-2:]] == ["stop", "panic"]
        playing.send_signal(signal.SIGCONT)
        playing.send_signal(signal.SIGTERM)
        assert playing.wait(20) == 0
    assert stage.log()[-1]["do"] == "end"


def test_a_fault_in_the_program_ends_it_with_every_note_released(stage: Stage) -> None:
    """The traceback is shown, the status is not 0, and nothing sounds on."""
    status, playing = play_until(stage, None, FAIL="engine")
    heard = stage.heard()
    assert status == 1
    assert any("a fault in the engine" in line for line in playing.printed)
    assert sum(message[0] & 0xF0 == 0x90 for message in heard) == 6
    assert still_down(heard) == set()


def test_it_outlives_its_server_and_plays_on_when_it_is_back(stage: Stage) -> None:
    """JACK is killed: the recording goes on; JACK is back: so is the port."""
    with stage.daemon() as playing:
        stage.server.wait_for_port("MusicRNN:")
        playing.wait_for_line("Ctrl-C")
        stage.server.kill()
        playing.wait_for_line("port is lost")
        with JackServer(name=stage.server.name) as again:
            playing.wait_for_line("port is back")
            again.wait_for_port("MusicRNN:")
            playing.send_signal(signal.SIGTERM)
            assert playing.wait(20) == 0
    assert stage.log()[-1]["do"] == "end"


def test_a_server_that_starts_after_it_is_found(tmp_path: Path) -> None:
    """Without a MIDI system it plays all the same; the port is there once a server is, and is played to."""
    with JackServer() as before:
        name = before.name
    stage = Stage(tmp_path, before)
    command = [sys.executable, "-m", "tests.daemon.play_scripted", "--osc-port", "0"]
    with Program(command, stage.environment) as playing:
        playing.wait_for_line("It is looked for while this plays")
        playing.wait_for_line("Ctrl-C")
        with JackServer(name=name) as server:
            playing.wait_for_line("there is a MIDI port now", 40)
            with stage.recorder() as recorder:
                recorder.wait_for_line("RECORDING")
                server.connect(server.wait_for_port("MusicRNN:"), PORT)
                bars = len(stage.log())
                wait_until(lambda: len(stage.log()) > bars + 2, 20, "two more bars")
                playing.send_signal(signal.SIGTERM)
                assert playing.wait(20) == 0
                recorder.stop()
                recorder.wait_for_line("WROTE")
    heard = stage.heard()
    assert any(message[0] & 0xF0 == 0x90 for message in heard)
    assert still_down(heard) == set()


def test_it_ends_by_itself_after_so_many_bars(stage: Stage) -> None:
    """--bars ends the program as a signal would."""
    with stage.daemon("--bars", "2", "--tempo", "480") as playing:
        assert playing.wait(20) == 0
    entries = stage.log()
    assert [entry["bar"] for entry in entries if entry["do"] == "bar"] == [0, 1]
    assert entries[-1] == {"tick": 32, "do": "end"}


def test_a_second_daemon_of_the_same_port_is_refused(stage: Stage) -> None:
    """The message names the process of the first; another name is taken."""
    with stage.daemon() as first:
        first.wait_for_line("Ctrl-C")
        with stage.daemon() as second:
            assert second.wait(20) == 69
            assert any("is played already by another" in line for line in second.printed)
        with stage.daemon("--virtual-port", "Second") as third:
            stage.server.wait_for_port("Second:")
            third.wait_for_line("Ctrl-C")
            third.send_signal(signal.SIGTERM)
            assert third.wait(20) == 0


def test_it_plays_to_an_existing_port_by_a_part_of_its_name(stage: Stage) -> None:
    """--port connects, and an unknown name is refused with the list of those that are there."""
    with stage.recorder() as recorder:
        recorder.wait_for_line("RECORDING")
        with stage.daemon("--port", "recorder", "--bars", "1", "--tempo", "480") as playing:
            assert playing.wait(20) == 0
        with stage.daemon("--port", "nobody") as refused:
            assert refused.wait(20) == 69
        recorder.stop()
        recorder.wait_for_line("WROTE")
    assert any("there are: 'recorder:in'" in line for line in refused.printed), refused.printed
    assert sum(message[0] & 0xF0 == 0x90 for message in stage.heard()) == 6
    assert still_down(stage.heard()) == set()


@pytest.mark.parametrize("words", [(), ("--midi-api", "auto")])
def test_without_a_midi_system_it_plays_into_its_recording(words: tuple[str, ...], tmp_path: Path) -> None:
    """The first command makes music on any machine, and says what is missing; "auto" asks for no system."""
    kinds = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
    alone = {**{kind: str(tmp_path) for kind in kinds}, "JACK_DEFAULT_SERVER": "nobody-runs-this"}
    command = [sys.executable, "-m", "tests.daemon.play_scripted", "--bars", "1", "--tempo", "480", "--osc-port", "0"]
    with Program([*command, *words], alone) as playing:
        assert playing.wait(20) == 0
    assert list(tmp_path.glob("**/*.mid"))
    if not Path("/dev/snd/seq").exists():
        assert any("looked for while this plays into the recording" in line for line in playing.printed)
