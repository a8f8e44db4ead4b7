"""The loop, with a clock that stands still and a port that remembers."""

from __future__ import annotations

import dataclasses
import json
import math
import threading
from collections.abc import Callable, Sequence

import pytest

from musicrnn.control import Command, Forget, Keep, Learn, Model, Panic, Prime, Quit, Set, Start, Stop
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.keepsakes import Keepsakes, Music, Refuse
from musicrnn.daemon.loader import Loaded, Refused, Wish
from musicrnn.daemon.midi_map import MidiMap, read_map
from musicrnn.daemon.protocols import MidiOut, TimedMessage
from musicrnn.daemon.runtime import Runtime
from musicrnn.daemon.session import Entry
from musicrnn.daemon.signals import EndedBySignal
from musicrnn.models.frames import Frame, Sounding
from musicrnn.models.generator import Generator
from musicrnn.testing import ManualClock, RecordingPort, ScriptedModel, TimedPort, small_vocabulary
from tests.daemon.driving import PLAY
from tests.daemon.text_read import TextRead

FRAMES = [(Sounding(0, 60),), *[(Sounding(0, 60, False),)] * 3]
PAD = json.dumps(
    {
        "musicrnn": "midi-map",
        "format": 1,
        "hands": [{"kind": "note", "channel": 10, "number": 38, "name": "tap", "part": "", "low": 0, "high": 1}],
    }
)
SILENCE = [bytes((0xB0 + channel, number, 0)) for channel in (0, 1, 9) for number in (64, 123, 120)]


class Stage:
    """A loop and all around it; ``at`` gives commands at moments in seconds after the beginning.

    ``spare`` is given for a lost port, the machine sleeps an hour at ``sleeps_at``, and the log breaks
    down at its entry number ``log_breaks_at``.
    """

    def __init__(
        self,
        at: dict[float, list[Command]],
        *,
        lasts: int | None = None,
        spare: RecordingPort | None = None,
        bars: int = 0,
        sleeps_at: float = math.inf,
        log_breaks_at: int = 0,
        stands_still: float = 0.0,
        engine: type[Engine] = Engine,
        port: RecordingPort | None = None,
        frames: Sequence[Frame] = FRAMES,
        hands: MidiMap | None = None,
        quantise: str = "none",
        keepsakes: Keepsakes | None = None,
    ) -> None:
        self._stands_still = stands_still
        self.clock = ScriptClock(at, self)
        self.port = port or RecordingPort(lasts=lasts)
        self.inbox = Inbox(self.clock.wake)
        self.entries: list[Entry] = []
        self.refused: list[str] = []
        self.keeper = PortGiver(spare)
        self.loader = ScriptLoader()
        self.stood: list[int] = []
        self._log_breaks_at = log_breaks_at
        self.saved: list[str] = []
        play = dataclasses.replace(PLAY, bars=bars, quantise=quantise)
        self.engine = engine(Generator(ScriptedModel(small_vocabulary(), frames)), play)
        self.runtime = Runtime(
            self.engine,
            self.clock,
            self.port,
            self.inbox,
            log=self._log,
            keeper=self.keeper,
            loader=self.loader,
            stand_still=self._stand_still,
            asleep=lambda: 3600.0 if self.clock.now() >= 1000.0 + sleeps_at else 0.0,
            hands=hands,
            save_hands=self.saved.append,
            keepsakes=keepsakes,
        )

    def _stand_still(self) -> None:
        self.stood.append(len(self.port.messages))
        self.clock.advance(self._stands_still)

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Let something happen at a moment."""
        self.clock.acts[seconds] = act

    def _log(self, entries: Sequence[Entry]) -> None:
        self.entries += entries
        if self._log_breaks_at and len(self.entries) == self._log_breaks_at:
            raise RuntimeError("a fault")

    def put(self, command: Command) -> None:
        """Do as a control surface does."""
        self.inbox.put(Request(command, self.refused.append))

    def sent(self) -> list[bytes]:
        """Return what the first port was sent."""
        return [message.data for message in self.port.messages]


class ScriptClock(ManualClock):
    """A clock at whose moments commands come in."""

    def __init__(self, at: dict[float, list[Command]], stage: Stage) -> None:
        super().__init__(1000.0)
        self._at = sorted(at.items())
        self._stage = stage
        self.acts: dict[float, Callable[[], None]] = {}

    def wait_until(self, seconds: float) -> None:
        """Let the commands come in, and happen, what is due before."""
        for moment in sorted(moment for moment in self.acts if moment + 1000.0 <= seconds):
            self.acts.pop(moment)()
        if self._at and self._at[0][0] + 1000.0 <= seconds:
            moment, commands = self._at.pop(0)
            super().wait_until(moment + 1000.0)
            for command in commands:
                self._stage.put(command)
            return
        super().wait_until(seconds)


class BreaksAtAnEnd(Engine):
    """An engine with a fault: it has ended a note in its own account, and breaks before it says so."""

    def release(self, now: float) -> list[TimedMessage]:
        """Play, but break where a note ends."""
        messages = super().release(now)
        if any(message.data[0] & 0xF0 == 0x80 for message in messages):
            raise RuntimeError("a fault")
        return messages


class BreaksInTheMiddle(RecordingPort):
    """A port whose sending is broken off, as by a second signal: before a note-off leaves, or after a note-on has."""

    def __init__(self, kind: int) -> None:
        super().__init__()
        self._kind = kind

    def send(self, message: TimedMessage) -> None:
        """Send, but break once: a note-on has left then, a note-off has not."""
        breaks = message.data[0] & 0xF0 == self._kind
        if not breaks or self._kind == 0x90:
            super().send(message)
        if breaks:
            self._kind = 0
            raise EndedBySignal


class PortGiver:
    """Gives another port for one that is lost."""

    def __init__(self, spare: MidiOut | None) -> None:
        self.losses: list[MidiOut] = []
        self._spare = spare

    def lost(self, port: MidiOut) -> None:
        """Remember it."""
        self.losses.append(port)

    def found(self) -> MidiOut | None:
        """Give the spare port, once, after a loss."""
        if not self.losses:
            return None
        given, self._spare = self._spare, None
        return given

    def bring(self, port: MidiOut) -> None:
        """Have this port to give."""
        self._spare = port


class FullDisk:
    """A disk that takes music, and says only later that there is no room for it."""

    lately = ()

    def __init__(self) -> None:
        self.refusals: list[Refuse] = []

    def check(self) -> None:
        """Raise nothing."""

    def keep(self, music: Music, refuse: Refuse, kind: str = "kept") -> None:
        """Take it."""
        del music, kind
        self.refusals.append(refuse)

    def fail(self) -> None:
        """Say that there is no room, from another thread."""
        thread = threading.Thread(target=self.refusals.pop(), args=("a take must be written, got: no room",))
        thread.start()
        thread.join()


class ScriptLoader:
    """A loader that has each model at once, but for those whose names begin with "bad"."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.discarded: list[object] = []
        self.slow = False
        self.holdup = 0.0
        self.may_build = False
        self._result: Loaded | Refused | None = None

    @property
    def loading(self) -> str:
        """The last name that was wanted, where it takes for ever."""
        return self.wishes[-1].name if self.slow and self.wishes else ""

    def go_ahead(self) -> None:
        """Remember that it may."""
        self.may_build = True

    def want(self, wish: Wish) -> None:
        """Have it, or the reason."""
        self.wishes.append(wish)
        if self.slow:
            return
        generator = Generator(ScriptedModel(small_vocabulary(ticks_per_beat=7 if "seven" in wish.name else 12), FRAMES))
        bad = wish.name.startswith("bad")
        self._result = Refused(wish, f"model {wish.name}: no") if bad else Loaded(wish, generator, "abc")

    def result(self) -> Loaded | Refused | None:
        """Return it once."""
        result, self._result = self._result, None
        return result

    def discard(self, things: Sequence[object]) -> None:
        """Remember what is let go."""
        self.discarded += things


def _pairs(messages: list[bytes]) -> bool:
    """Tell whether each note-on has its note-off."""
    down: set[tuple[int, int]] = set()
    for status, pitch, *_ in messages:
        if status & 0xF0 == 0x90:
            down.add((status & 15, pitch))
        if status & 0xF0 == 0x80:
            down.remove((status & 15, pitch))
    return not down


def test_it_plays_until_it_is_told_to_quit_and_leaves_silence() -> None:
    """The notes, then note-offs, then what ends what they could not; then the port is closed."""
    stage = Stage({3.0: [Quit()]})
    stage.runtime.run([Start()])
    sent = stage.sent()
    assert sent.count(bytes((0x90, 60, 96))) == 2
    assert _pairs(sent)
    assert sent[-9:] == SILENCE
    assert stage.port.closed
    assert stage.entries[-1]["do"] == "end"


def test_nothing_is_played_before_a_start() -> None:
    """Without a first command it waits."""
    stage = Stage({10.0: [Quit()]})
    stage.runtime.run()
    assert all(data[0] & 0xF0 != 0x90 for data in stage.sent())


def test_it_ends_after_its_bars() -> None:
    """The engine says when."""
    stage = Stage({}, bars=2)
    stage.runtime.run([Start()])
    assert [entry["bar"] for entry in stage.entries if entry["do"] == "bar"] == [0, 1]


def test_a_refused_command_is_answered_and_the_music_goes_on() -> None:
    """A part that is not there."""
    stage = Stage({1.0: [Set("mute", 1, "kazoo")], 2.0: [Quit()]})
    stage.runtime.run([Start()])
    assert len(stage.refused) == 1
    assert "kazoo" in stage.refused[0]
    assert _pairs(stage.sent())


def test_a_command_is_obeyed_between_two_ticks() -> None:
    """The log says at which tick."""
    stage = Stage({1.0: [Set("tempo", 60.0)], 4.0: [Quit()]})
    stage.runtime.run([Start()])
    (entry,) = [entry for entry in stage.entries if entry["do"] == "set"]
    assert entry["tick"] == 8
    assert stage.runtime.status.tempo == 60.0


def test_a_fader_that_moves_all_the_time_is_followed_a_hundred_times_a_second() -> None:
    """Each change makes the future anew; the last value arrives."""
    moves: dict[float, list[Command]] = {1.0 + step / 1000: [Set("mu", step / 100)] for step in range(100)}
    stage = Stage({**moves, 2.0: [Quit()]})
    stage.runtime.run([Start()])
    values = [entry["value"] for entry in stage.entries if entry["do"] == "set"]
    assert 5 <= len(values) <= 12
    assert values[-1] == 0.99


def test_a_fault_in_the_program_ends_it_with_silence() -> None:
    """The fault comes out; the notes do not go on."""
    stage = Stage({}, log_breaks_at=3)
    with pytest.raises(RuntimeError, match="a fault"):
        stage.runtime.run([Start()])
    assert _pairs(stage.sent())
    assert stage.sent()[-9:] == SILENCE
    assert stage.port.closed


def test_a_fault_in_the_middle_of_a_tick_leaves_no_note_that_the_engine_has_forgotten() -> None:
    """Its note-off comes before the messages that silence, which a receiver may pass over."""
    stage = Stage({}, engine=BreaksAtAnEnd, frames=[(Sounding(0, 60),), ()])
    with pytest.raises(RuntimeError, match="a fault"):
        stage.runtime.run([Start()])
    sent = stage.sent()
    assert _pairs(sent)
    assert sent[-10:] == [bytes((0x80, 60, 0)), *SILENCE]


@pytest.mark.parametrize("kind", [0x80, 0x90])
def test_a_second_signal_in_the_middle_of_sending_leaves_no_note(kind: int) -> None:
    """What was sent decides what is ended."""
    port = BreaksInTheMiddle(kind)
    stage = Stage({}, port=port, frames=[(Sounding(0, 60),), ()])
    with pytest.raises(EndedBySignal):
        stage.runtime.run([Start()])
    assert _pairs(stage.sent())
    assert stage.sent()[-10:] == [bytes((0x80, 60, 0)), *SILENCE]


def test_a_lost_port_does_not_stop_the_music_and_a_new_one_is_told_everything() -> None:
    """The new port begins with silence and programs, before its first note."""
    second = RecordingPort("second")
    stage = Stage({2.0: [Set("mu", 2.0)], 6.0: [Quit()]}, lasts=6, spare=second)
    stage.runtime.run([Start()])
    sent = [message.data for message in second.messages]
    before = sent[: [data[0] & 0xF0 for data in sent].index(0x90)]
    assert stage.keeper.losses == [stage.port]
    assert before[-3:] == [bytes((0xC0, 52)), bytes((0xC1, 32)), bytes((0xC9, 0))]
    assert set(SILENCE) <= set(before)
    assert second.closed
    assert sent[-9:] == SILENCE


@pytest.mark.parametrize("lasts", range(3, 12))
def test_a_port_that_came_back_is_told_the_ends_of_what_it_was_left_with_and_no_others(lasts: int) -> None:
    """What began and ended while it was away is none of its business; what it held may still sound there."""
    second = RecordingPort("second")
    stage = Stage({3.0: [Quit()]}, lasts=lasts, frames=[(Sounding(0, 60 + tick, True),) for tick in range(12)])
    stage.at(1.0, lambda: stage.keeper.bring(second))
    stage.runtime.run([Start()])
    sent = [message.data for message in second.messages]
    ends = [data for data in sent[: sent.index(SILENCE[0])] if data[0] & 0xF0 == 0x80]
    first, tried = stage.sent(), stage.port.refused
    assert _pairs([*first, *([tried.data] if tried.data[0] & 0xF0 == 0x90 else []), *ends])
    assert _pairs(sent[sent.index(SILENCE[0]) :])


def test_without_its_port_it_plays_on() -> None:
    """The recording has no hole."""
    stage = Stage({6.0: [Quit()]}, lasts=6)
    stage.runtime.run([Start()])
    assert stage.runtime.status.port.startswith("lost")
    assert [entry["bar"] for entry in stage.entries if entry["do"] == "bar"] == [0, 1, 2]


def test_after_a_suspend_everything_is_silenced_once() -> None:
    """The notes that sounded when the machine fell asleep are let go."""
    stage = Stage({2.0: [Quit()]}, sleeps_at=1.0)
    stage.runtime.run([Start()])
    assert [entry["do"] for entry in stage.entries].count("panic") == 1


def test_it_stands_still_in_silence_and_goes_on() -> None:
    """Ctrl-Z: the notes are let go before the process stops."""
    stage = Stage({2.0: [Quit()]})
    stage.runtime.pause()
    stage.runtime.run([Start()])
    (sent,) = stage.stood
    assert set(SILENCE) <= set(stage.sent()[:sent])
    assert any(data[0] == 0x90 for data in stage.sent()[sent:])


def test_it_goes_on_from_the_same_place_however_long_it_stood_still() -> None:
    """Half a bar is not made up for by leaving ticks out."""
    stage = Stage({4.0: [Quit()]}, stands_still=1.0)
    stage.at(1.0, stage.runtime.pause)
    stage.runtime.run([Start()])
    steps = [entry for entry in stage.entries if entry["do"] in ("stop", "panic", "continue", "skip", "gap")]
    assert [(entry["tick"], entry["do"]) for entry in steps[:3]] == [(8, "stop"), (8, "panic"), (8, "continue")]
    assert len(steps) == 4  # and the stop of the end


@pytest.mark.parametrize("port", [False, True])
def test_a_start_whose_prime_is_being_read_is_a_start_afterwards(port: bool) -> None:
    """After Ctrl-Z or the loss of the port: the piece from before does not go on in its place."""
    prime = "C4 . -319"
    stage = Stage({0.7: [Stop()], 4.0: [Quit()]})

    def start() -> None:
        stage.clock.advance(0.1)
        for command in (Prime(prime), Start()):
            stage.put(command)
        if port:
            stage.keeper.losses.append(stage.port)
            stage.keeper.bring(RecordingPort("second"))
        else:
            stage.runtime.pause()

    stage.at(1.0, start)
    stage.runtime.run([Start()])
    steps = [(entry["do"], entry.get("prime", "")) for entry in stage.entries]
    assert [step for step in steps if step[0] in ("start", "continue")] == [("start", ""), ("start", prime)]


def test_a_stop_is_seen_in_the_status_at_once() -> None:
    """Not only with the end of the wait that follows it."""
    stage = Stage({1.0: [Stop()], 1.2: [Quit()]})
    seen: list[tuple[bool, int]] = []
    stage.at(1.19, lambda: seen.append((stage.runtime.status.playing, len(stage.runtime.status.sounding))))
    stage.runtime.run([Start()])
    assert seen == [(False, 0)]


def test_leaving_ends_a_wait() -> None:
    """What a signal handler calls is seen at once."""
    stage = Stage({})
    stage.runtime.leave()
    stage.runtime.run([Start()])
    assert stage.sent()[-9:] == SILENCE


def test_the_status_names_the_port() -> None:
    """What a surface sees of it."""
    stage = Stage({1.0: [Panic()], 1.5: [Stop()], 2.0: [Quit()]})
    stage.runtime.run([Start()])
    assert stage.runtime.status.port == "test port"
    assert stage.runtime.status.playing is False


def test_messages_leave_in_order_of_time() -> None:
    """Time never goes back on the port."""
    stage = Stage({1.0: [Set("tempo", 400.0)], 1.2: [Stop(), Start()], 3.0: [Quit()]})
    stage.runtime.run([Start()])
    times = [message.seconds for message in stage.port.messages]
    assert times == sorted(times)
    assert isinstance(stage.port.messages[0], TimedMessage)


def test_a_port_that_keeps_time_has_each_message_before_its_moment() -> None:
    """By the lead that it asks for; the moments themselves are those of the music."""
    ahead: list[float] = []

    class Port(TimedPort):
        def send(self, message: TimedMessage) -> None:
            ahead.append(message.seconds - stage.clock.now())
            super().send(message)

    port = Port(lead=0.005)
    stage = Stage({}, bars=2, port=port)
    stage.runtime.run([Start()])
    ons = [message.seconds - 1000.0 for message in port.messages if message.data[0] & 0xF0 == 0x90]
    plain = Stage({}, bars=2)
    plain.runtime.run([Start()])
    expected = [message.seconds - 1000.0 for message in plain.port.messages if message.data[0] & 0xF0 == 0x90]
    assert ons == pytest.approx([moment + 0.005 for moment in expected])
    assert min(ahead) == pytest.approx(0.005)


def test_a_command_that_comes_before_the_lead_is_heard_at_the_next_tick() -> None:
    """Six milliseconds before a tick, with a lead of five."""
    stage = Stage({1.0 + 0.049: [Set("tempo", 60.0)], 3.0: [Quit()]}, port=TimedPort(lead=0.005))
    stage.runtime.run([Start()])
    (entry,) = [entry for entry in stage.entries if entry["do"] == "set"]
    assert entry["tick"] == 8


def test_what_is_learnt_for_a_part_that_there_is_not_is_refused() -> None:
    """The hand would move nothing, for ever."""
    stage = Stage({2.0: [Learn("mute", "tuba")], 3.0: [Quit()]})
    stage.runtime.run([Start()])
    assert stage.refused == ["a part must be one of soprano, bass, drums, got 'tuba'"]


@pytest.mark.parametrize(("stops", "ticks"), [(1, 16), (2, 11)])
def test_two_stops_that_come_together_do_not_wait_for_the_bar(stops: int, ticks: int) -> None:
    """As two that come one after the other; a single one waits."""
    stage = Stage({1.3: [Stop()] * stops, 4.0: [Quit()]}, quantise="bar")
    stage.runtime.run([Start()])
    assert [entry["tick"] for entry in stage.entries if entry["do"] == "stop"] == [ticks]


def test_a_map_is_written_only_where_a_hand_is_forgotten() -> None:
    """A file that could not be read is left as it is, whatever is asked to be forgotten."""
    hands = read_map(PAD, "a map")
    stage = Stage({1.0: [Forget("mu")], 2.0: [Forget("tap")], 3.0: [Quit()]}, hands=hands)
    stage.runtime.run([Start()])
    assert stage.saved == [MidiMap().text()]


def test_what_was_learnt_is_said_and_kept() -> None:
    """Which knob it is, and what it moves."""
    stage = Stage({1.0: [Learn("mu")], 4.0: [Quit()]}, port=(port := TimedPort()))
    stage.at(2.0, lambda: port.incoming.append(TimedMessage(1002.0, b"\xb0\x15\x40")))
    stage.runtime.run([Start()])
    assert stage.runtime.status.message == "learnt: controller 21 of channel 1 moves mu"
    assert len(read_map(stage.saved[0], "a map")) == 1


def test_a_take_that_was_ended_with_a_pad_and_is_not_written_is_told_of() -> None:
    """The disk says so later, in a thread of its own; whoever plays by hand has no other way to hear of it."""
    hands, disk, port = read_map(PAD.replace("tap", "record"), "a map"), FullDisk(), TimedPort()
    stage = Stage({5.0: [Quit()]}, port=port, hands=hands, keepsakes=disk)
    for moment in (1.0, 2.0):
        stage.at(moment, lambda: port.incoming.append(TimedMessage(stage.clock.now(), b"\x99\x26\x40")))
    stage.at(3.0, disk.fail)
    stage.runtime.run([Start()])
    assert stage.runtime.status.message == "a take must be written, got: no room"


def test_a_button_of_a_controller_that_is_refused_is_told_of() -> None:
    """In the status, which every surface shows."""
    hands, port = read_map(PAD.replace("tap", "keep"), "a map"), TimedPort()
    stage = Stage({5.0: [Quit()]}, port=port, hands=hands)
    stage.at(1.0, lambda: port.incoming.append(TimedMessage(stage.clock.now(), b"\x99\x26\x40")))
    stage.runtime.run([Start()])
    assert stage.runtime.status.message.startswith("bars are kept in the folder of recordings")


def test_bars_without_a_note_are_not_kept() -> None:
    """As a take without one is not written: whoever asked is told."""
    disk = FullDisk()
    stage = Stage({1.0: [Keep(8)], 2.0: [Start()], 6.0: [Keep(8)], 7.0: [Quit()]}, keepsakes=disk)
    stage.runtime.run()
    assert stage.refused == ["the last bars must have notes, got none; nothing was written"]
    assert len(disk.refusals) == 1


def test_a_take_that_is_refused_when_the_music_is_over_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    """The disk may say so last of all: it is a line in the terminal."""
    hands, disk, port = read_map(PAD.replace("tap", "record"), "a map"), FullDisk(), TimedPort()
    stage = Stage({3.0: [Quit()]}, port=port, hands=hands, keepsakes=disk)
    for moment in (1.0, 2.0):
        stage.at(moment, lambda: port.incoming.append(TimedMessage(stage.clock.now(), b"\x99\x26\x40")))
    stage.runtime.run([Start()])
    disk.fail()
    assert "a take must be written, got: no room" in capsys.readouterr().err


@pytest.mark.parametrize("begins", [[], [Start()]])
def test_a_knob_that_was_swept_does_not_jump_once_another_has_changed_the_control(begins: list[Command]) -> None:
    """However quick the sweep: all of it came within one look, at what the control was before. Stopped and playing."""
    hands = read_map(PAD.replace("note", "controller").replace("tap", "mu"), "a map")
    stage = Stage({4.0: [Set("mu", 1.0)], 6.0: [Quit()]}, port=(port := TimedPort()), hands=hands)

    def turned(moment: float, *places: int) -> None:
        messages = [TimedMessage(1000.0 + moment, bytes((0xB9, 38, place))) for place in places]
        stage.at(moment, lambda: port.incoming.extend(messages))

    turned(2.0, 127)
    turned(2.95, 120, 90, 60, 30, 10)
    turned(5.0, 9)
    stage.runtime.run(begins)
    asked = [entry["value"] for entry in stage.entries if entry["do"] == "set" and entry["name"] == "mu"]
    assert asked == [pytest.approx(10 / 127), 1.0]


@pytest.mark.parametrize(("strikes", "muted"), [(1, 1), (2, 0), (3, 1)])
def test_each_strike_of_a_key_counts_also_where_several_come_within_a_tick(strikes: int, muted: int) -> None:
    """They are heard at once; a strike a second later turns the part over again."""
    row = '"name": "mute", "part": "bass"'
    hands = read_map(PAD.replace('"name": "tap", "part": ""', row), "a map")
    stage = Stage({4.0: [Quit()]}, port=(port := TimedPort()), hands=hands)

    def struck(moment: float, times: int) -> None:
        stage.at(moment, lambda: port.incoming.extend([TimedMessage(1000.0 + moment, b"\x99\x26\x40")] * times))

    struck(1.0, strikes)
    struck(2.0, 1)
    after: list[int] = []
    stage.at(1.9, lambda: after.append(stage.runtime.status.part_controls["mute"]["bass"]))
    stage.runtime.run([Start()])
    after.append(stage.runtime.status.part_controls["mute"]["bass"])
    assert after == [muted, 1 - muted]


def test_taps_on_a_pad_tell_the_tempo_however_seldom_the_loop_turns() -> None:
    """Their own moments count, not those at which they are read: 0.4 s apart, read at each tick."""
    stage = Stage({6.0: [Quit()]}, port=(port := TimedPort()), hands=read_map(PAD, "a map"))

    moments = [2.03 + 0.4 * number for number in range(5)]
    presses = iter([TimedMessage(1000.0 + moment, b"\x99\x26\x40") for moment in moments])
    for moment in moments:
        stage.at(moment, lambda: port.incoming.append(next(presses)))
    stage.runtime.run([Start()])
    tempi = [entry["value"] for entry in stage.entries if entry["do"] == "set" and entry["name"] == "tempo"]
    assert tempi[-1] == pytest.approx(150.0)


def test_a_loop_that_turns_is_heard_of_by_its_port() -> None:
    """At each turn, and at least twice a second where nothing plays."""
    port = TimedPort()
    Stage({10.0: [Quit()]}, port=port).runtime.run()
    gaps = [after - before for before, after in zip(port.beats, port.beats[1:], strict=False)]
    assert len(port.beats) > 15
    assert max(gaps) <= 0.5 + 1e-9


def test_a_port_that_is_gone_is_noticed_without_a_message() -> None:
    """By the next turn; the new one is silenced first."""
    port, second = TimedPort(), TimedPort("second")
    stage = Stage({8.0: [Quit()]}, port=port, spare=second)
    stage.at(4.0, lambda: setattr(port, "gone", True))
    stage.runtime.run()
    assert stage.keeper.losses == [port]
    assert second.panics == 1
    assert second.closed


def test_a_panic_reaches_what_waits_in_the_port() -> None:
    """Not only what the engine knows."""
    port = TimedPort()
    stage = Stage({1.0: [Panic()], 2.0: [Quit()]}, port=port)
    stage.runtime.run([Start()])
    assert port.panics == 1


def test_the_status_counts_what_left_late_over_all_ports() -> None:
    """A new player begins to count at nothing."""
    port, second = TimedPort(), TimedPort("second")
    port.late, second.late, second.dropped = 3, 2, 1
    stage = Stage({8.0: [Quit()]}, port=port, spare=second)
    stage.at(4.0, lambda: setattr(port, "gone", True))
    stage.runtime.run()
    assert (stage.runtime.status.late_messages, stage.runtime.status.dropped_messages) == (5, 1)


def test_a_model_that_is_wanted_is_loaded_and_played_from_the_next_bar_on() -> None:
    """What played before is let go by the loader."""
    stage = Stage({0.5: [Model("finer")], 5.0: [Quit()]})
    stage.runtime.run([Start()])
    swaps = [entry for entry in stage.entries if entry["do"] == "model"]
    assert [(entry["name"], entry["sha256"], entry["tick"], entry["to"]) for entry in swaps] == [
        ("finer", "abc", 16, 48)
    ]
    assert [wish.bpm for wish in stage.loader.wishes] == [120.0]
    assert len(stage.loader.discarded) == 1
    assert _pairs(stage.sent())
    assert not stage.refused


@pytest.mark.parametrize(
    ("name", "reason"),
    [("bad", "model bad: no"), ("sevens", "model sevens: a model's grid must have one in common")],
)
def test_a_model_that_is_refused_leaves_the_old_one_playing_and_says_why(name: str, reason: str) -> None:
    """To whoever wanted it, and in the status."""
    stage = Stage({0.5: [Model(name)], 5.0: [Quit()]})
    stage.runtime.run([Start()])
    assert not [entry for entry in stage.entries if entry["do"] == "model"]
    (told,) = stage.refused
    assert told.startswith(reason)
    assert stage.runtime.status.message.startswith(f"not played: {reason}")


def test_a_model_that_comes_while_nothing_plays_is_told_of_at_once_although_the_tick_keeps_its_number() -> None:
    """Not only half a second later, where the loop turns again."""
    stage = Stage({1.0: [Model("other")], 3.0: [Quit()]})
    told: list[str] = []
    stage.at(1.2, lambda: told.extend(entry["do"] for entry in stage.entries))
    stage.runtime.run()
    assert "model" in told


def test_the_status_says_what_is_loading() -> None:
    """And the music goes on."""
    stage = Stage({0.5: [Model("slow")], 5.0: [Quit()]})
    stage.loader.slow = True
    stage.runtime.run([Start()])
    assert stage.runtime.status.loading == "slow"
    assert stage.runtime.status.model == "scripted"


def test_a_prime_is_read_in_the_thread_that_it_comes_from() -> None:
    """That which plays has its notes at once, or the reason why it has none."""
    good, wrong = TextRead("C4 . -13 D4 ."), TextRead("C4 . -13 D4 . H4 .")
    stage = Stage({3.0: [Quit()]})

    def put() -> None:
        for text in (good, wrong):
            stage.put(Prime(text))

    def put_elsewhere() -> None:
        thread = threading.Thread(target=put, name="sender")
        thread.start()
        thread.join()

    stage.at(0.5, put_elsewhere)
    stage.runtime.run([Start()])
    assert good.readers == wrong.readers == ["sender"]
    assert [entry["prime"] for entry in stage.entries if entry["do"] == "prime"] == [good]
    assert [reason.startswith("the prime must be score text") for reason in stage.refused] == [True]


def test_who_loads_a_model_knows_what_it_would_begin_from() -> None:
    """The prime of then, and not of when it was wanted."""
    stage = Stage({0.5: [Model("slow")], 1.0: [Prime("C4 . -15")], 1.5: [Quit()]})
    stage.loader.slow = True
    stage.runtime.run([Start()])
    assert [wish.prime() for wish in stage.loader.wishes] == ["C4 . -15"]
