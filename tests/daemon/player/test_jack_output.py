"""What the player writes to JACK, in virtual time: each message at its frame, and no burst after a standstill."""

from __future__ import annotations

from collections import Counter

import pytest

from musicrnn.daemon.player.core import STALE_SECONDS, Core, is_on
from musicrnn.daemon.player.wire import Play
from tests.daemon.player.fake_jack import RATE, STARTING, STOPPED, FakeJack

STEP = 0.05


def on(number: int) -> bytes:
    """Return a note-on, each of another pitch."""
    return bytes((0x90, number, 64))


def off(number: int) -> bytes:
    """Return its note-off."""
    return bytes((0x80, number, 0))


def playing(jack: FakeJack, core: Core, seconds: float) -> float:
    """Hand over a note at each step for so many seconds, each for two steps; return the moment of the first."""
    begin = jack.seconds
    for number in range(round(seconds / STEP)):
        core.put(Play(begin + number * STEP, on(number)), begin)
        core.put(Play(begin + (number + 2) * STEP, off(number)), begin)
    return begin


def most_at_once(sent: list[tuple[int, bytes]]) -> int:
    """Return how many notes begin within ten milliseconds, at most."""
    frames = sorted(frame for frame, data in sent if is_on(data))
    return max(sum(frame <= other < frame + RATE // 100 for other in frames) for frame in frames)


def test_each_message_leaves_two_periods_after_its_moment() -> None:
    """At its own frame, whatever the period."""
    for period in (64, 1024):
        jack, core = FakeJack(period), Core()
        jack.output(core)
        begin, frame = jack.seconds, jack.frame
        core.put(Play(begin + 0.010, on(60)), begin)
        core.put(Play(begin + 0.013, off(60)), begin)
        core.put(Play(begin + 1024 / RATE, on(62)), begin)
        jack.cycles(4 * 1024 // period)
        moments = ((480, on(60)), (624, off(60)), (1024, on(62)))
        assert jack.sent == [(frame + after + 2 * period, data) for after, data in moments]


def test_once_a_note_is_played_no_cycle_that_comes_earlier_moves_the_next() -> None:
    """The distance of two notes is that of their moments."""
    jack, core = FakeJack(), Core()
    jack.output(core)
    begin, frame = jack.seconds, jack.frame
    for seconds, number in ((0.01, 60), (0.11, 62)):
        core.put(Play(begin + seconds, on(number)), begin)
    jack.cycles(8)
    jack.seconds -= 100e-6
    jack.cycles(30)
    assert jack.sent == [(frame + 480 + 512, on(60)), (frame + 5_280 + 512, on(62))]


def test_what_finds_no_room_leaves_in_the_next_cycle() -> None:
    """In order; a note-on is left out and counted, and has no note-off."""
    jack, core = FakeJack(), Core()
    jack.output(core)
    jack.out.room = 2
    messages = [bytes((0xB0, number, 0)) for number in range(5)]
    for data in (*messages, on(60), on(62), on(64)):
        core.put(Play(jack.seconds, data), jack.seconds)
    for number in (60, 62, 64):
        core.put(Play(jack.seconds + 0.05, off(number)), jack.seconds)
    jack.cycles(20)
    assert [data for _, data in jack.sent] == [*messages, on(60), off(60)]
    frames = [frame // jack.blocksize for frame, _ in jack.sent]
    assert [frame - frames[0] for frame in frames[:5]] == [0, 0, 1, 1, 2]
    assert (core.dropped, core.empty) == (2, True)


def test_a_note_off_of_a_cycle_that_was_missed_is_said_again_and_then_all_is_silent() -> None:
    """Silence is known only once what was written last has been fetched."""
    jack, core = FakeJack(), Core()
    output = jack.output(core)
    silent = [output.silent]
    for data in (on(60), off(60)):
        core.put(Play(jack.seconds, data), jack.seconds)
    for cycles in (4, 8, 20):
        jack.cycles(cycles)
        silent.append(output.silent)
        if cycles == 4:
            jack.miss()
    assert [data for _, data in jack.sent] == [on(60), off(60), off(60)]
    assert silent == [True, False, False, True]


def test_where_the_period_changes_so_does_the_latency() -> None:
    """From the next cycle on; what waits leaves later by as much."""
    jack, core = FakeJack(256), Core()
    output = jack.output(core)
    assert output.latency == 2 * 256 / RATE
    begin, frame = jack.seconds, jack.frame
    core.put(Play(begin + 0.05, on(60)), begin)
    jack.blocksize = 1024
    jack.cycles(8)
    assert output.latency == 2 * 1024 / RATE
    assert jack.sent == [(frame + 2_400 + 2 * 1024, on(60))]


@pytest.mark.parametrize("loses_frames", [False, True])
def test_after_a_standstill_nothing_comes_in_a_burst(loses_frames: bool) -> None:
    """Of the server or the player: notes whose moment went by are left out and counted, and neither end nor ring."""
    jack, core = FakeJack(), Core()
    jack.output(core)
    begin = playing(jack, core, 3.0)
    jack.cycles(100)
    for message in (b"\xc0\x07", b"\xb0\x0b\x40", b"\xfa"):
        core.put(Play(jack.seconds + 0.5, message), begin)
    jack.stand_still(1.2, loses_frames=loses_frames)
    jack.cycles(500)
    assert most_at_once(jack.sent) <= 1 + STALE_SECONDS / STEP
    assert core.dropped == pytest.approx((1.2 - STALE_SECONDS) / STEP, abs=3)
    sent = Counter(data for _, data in jack.sent)
    begun = {data[1] for data in sent if is_on(data)}
    assert len(begun) == 60 - core.dropped
    assert {data for data in sent if data[0] == 0x80} == {off(number) for number in begun}
    assert sent[b"\xc0\x07"] == sent[b"\xb0\x0b\x40"] == sent[b"\xfa"] == 1
    assert (core.sent, core.empty, +core.sounding.notes) == (len(jack.sent), True, Counter())


def test_a_note_that_is_a_little_late_leaves_at_once() -> None:
    """And counts as late."""
    jack, core = FakeJack(), Core()
    jack.output(core)
    core.put(Play(jack.seconds - 0.9 * STALE_SECONDS, on(60)), jack.seconds)
    jack.cycles(1)
    assert jack.sent == [(jack.frame, on(60))]
    assert (core.late, core.dropped) == (1, 0)


def test_a_note_that_waits_for_the_transport_to_roll_is_not_too_late() -> None:
    """Another client holds the start back for a second: the first note leaves with its first frame."""
    jack, core = FakeJack(), Core()
    output = jack.output(core, transport=True)
    jack.state = STARTING
    jack.cycles(1)
    roll = output.places[-1].seconds
    jack.cycles(1)
    roll = max(roll, output.places[-1].seconds)
    core.put(Play(roll - output.latency, on(60)), jack.seconds)
    jack.cycles(RATE // jack.blocksize)
    assert jack.sent == []
    jack.state = 1
    jack.cycles(2)
    assert [data for _, data in jack.sent] == [on(60)]
    assert core.dropped == 0


def test_while_the_transport_stands_notes_end_and_none_begins() -> None:
    """Whatever waited; nobody counts it as dropped."""
    jack, core = FakeJack(), Core()
    jack.output(core, transport=True)
    core.put(Play(jack.seconds, on(60)), jack.seconds)
    jack.cycles(4)
    jack.state = STOPPED
    for data in (off(60), on(62), off(62), b"\xb0\x40\x00"):
        core.put(Play(jack.seconds, data), jack.seconds)
    jack.cycles(8)
    assert [data for _, data in jack.sent] == [on(60), off(60), b"\xb0\x40\x00"]
    assert (core.dropped, core.empty) == (0, True)


def test_what_waits_moves_with_the_frame_of_the_transport_that_it_belongs_to() -> None:
    """A server that leaves out cycles leaves the transport where it was."""
    jack, core = FakeJack(), Core()
    jack.output(core, transport=True)
    begin, frame = jack.seconds, jack.frame
    core.put(Play(begin + 0.05, on(60)), begin)
    jack.cycles(2)
    jack.leave_out(3)
    jack.cycles(20)
    assert jack.sent == [(frame + 2_400 + 3 * 256 + 512, on(60))]


def test_what_comes_in_has_the_moment_of_its_frame() -> None:
    """A clock is not as uneven as cycles are long; what is no message is passed over."""
    jack = FakeJack()
    output = jack.output(Core())
    jack.input.incoming = [(0, b"\xf8"), (10, b"\x90\x3c"), (48, b"\xf8"), (240, b"\xfa")]
    jack.cycles(1)
    found = [(round((heard.seconds - jack.seconds) * RATE, 3), heard.data) for heard in output.heard]
    assert found == [(0.0, b"\xf8"), (48.0, b"\xf8"), (240.0, b"\xfa")]


def test_what_comes_after_cycles_that_were_left_out_says_so() -> None:
    """The first message after them, whenever that comes; not one after a change of the period, nor one heard again."""
    jack = FakeJack()
    output = jack.output(Core())
    said = []
    for cycles_left_out, blocksize, comes in (
        (0, 256, True),
        (1, 256, False),
        (0, 256, True),
        (0, 256, True),
        (0, 1024, True),
        (0, 1024, True),
        (2, 1024, True),
        (0, 256, True),
        (0, 256, True),
    ):
        jack.leave_out(cycles_left_out)
        jack.input.incoming = [(3, b"\xf8")] if comes else []
        jack.cycles(1)
        jack.cycle_again()
        jack.blocksize = blocksize
        said += [heard.skipped for heard in output.heard]
        output.heard.clear()
    assert said == [False, True, False, False, False, True, False, False]
