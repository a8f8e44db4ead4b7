"""The real engine and inbox, with every call judged."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from musicrnn.config.play import PlaySettings
from musicrnn.control import (
    CONTROLS,
    Command,
    Continue,
    ControlValue,
    Forget,
    Keep,
    Learn,
    Model,
    Panic,
    Quit,
    Ramp,
    Record,
    Set,
    Start,
    Status,
    Stop,
    Tap,
)
from musicrnn.daemon.clock_numbers import SILENCE_SECONDS
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.host_transport import HostTransport
from musicrnn.daemon.inbox import LIMIT, URGENT, Inbox, Request
from musicrnn.daemon.ledger import silencers
from musicrnn.daemon.midi_clock import CLOCK, START
from musicrnn.daemon.performance import Performance
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.session import Entry
from musicrnn.daemon.sources import ClockSource
from musicrnn.daemon.succession import Coming
from musicrnn.daemon.timeline import Made
from musicrnn.daemon.transport import LATE_SECONDS, PATIENCE_SECONDS, PATIENCE_TICKS, START_DELAY_SECONDS
from musicrnn.errors import ControlError
from musicrnn.models.generator import Generator
from tests.simulation.clock_judge import ClockJudge
from tests.simulation.host import CLOCKS_PER_BEAT
from tests.simulation.silence_judge import SilenceJudge
from tests.simulation.violation import AsTold, Violation

CLOSE = 1e-6
AT_ONCE = PATIENCE_TICKS + 1
SETTLED_TICKS = 300
LOST_SECONDS = 1.5  # more than eight clocks of the slowest host
ELSEWHERE = (Forget, Keep, Learn, Model, Record)
UNCUT = ("tempo", "offset", "velocity", "mute", "solo")
DEFAULTS = {name: control.default for name, control in CONTROLS.items()}
Name = tuple[str, str]


def shown(status: Status) -> dict[Name, ControlValue]:
    """Return what a status says of each control and, where it is a part's, of each part."""
    values = {(name, ""): value for name, value in status.controls.items()}
    for name, of_parts in status.part_controls.items():
        values |= {(name, part): value for part, value in of_parts.items()}
    return values


class WatchedInbox(Inbox):
    """Remembers what went in, so that it can be told whether all of it came out."""

    wanted: dict[Name, ControlValue]
    taken: deque[Command]
    models: int

    def watch(self, taken: deque[Command]) -> None:
        """Begin to remember; ``taken`` is where the engine takes off what it obeys."""
        self.wanted, self.taken, self.models = {}, taken, 0

    def put(self, request: Request) -> bool:
        """Put it in; never more than there is room for."""
        is_in = super().put(request)
        if not is_in and isinstance(request.command, URGENT):
            raise Violation(f"an urgent command must always go in, got {request.command}")
        if is_in and isinstance(request.command, Set):
            self.wanted[request.command.name, request.command.part] = request.command.value
        self.models += is_in and isinstance(request.command, Model)
        if is_in and isinstance(request.command, Ramp | Tap):
            self.wanted.pop(("tempo", ""), None)
        if len(self._waiting) > LIMIT + len(URGENT):
            raise Violation(f"at most {LIMIT + len(URGENT)} requests must wait, got {len(self._waiting)}")
        return is_in

    def forget_tempo(self) -> None:
        """Forget which tempo was asked for: it is the host's."""
        self.wanted.pop(("tempo", ""), None)

    def forget(self, parts: set[str]) -> None:
        """Forget what was asked of parts that were not there, or are not there any more."""
        self.wanted = {(name, part): value for (name, part), value in self.wanted.items() if part not in parts}

    def take(self) -> list[Request]:
        """Take all, and remember what is still to be obeyed by the engine; others load models, keep bars and learn."""
        taken = super().take()
        models, self.models = self.models, 0
        if sum(isinstance(request.command, Model) for request in taken) != models:
            raise Violation(f"each model that was asked for must come out, of {models} not all did")
        self.taken.extend(request.command for request in taken if not isinstance(request.command, ELSEWHERE))
        return taken


@dataclass(slots=True)
class Stretch:
    """Ticks of one release that one model played: from ``tick``, due at ``due`` (None: nothing plays), up to ``until``.

    ``length`` is that of a tick in seconds.
    """

    performance: Performance
    tick: int
    due: float | None
    length: float
    until: int = field(default=0)

    @property
    def ticks(self) -> int:
        """How many there were."""
        return self.until - self.tick

    @property
    def due_after(self) -> float | None:
        """When the tick after them is due."""
        return None if self.due is None else self.due + self.ticks * self.length


@dataclass(frozen=True, slots=True)
class Where:
    """Where the engine stands: its next tick, when that is due (None: nothing plays), and the tempo."""

    tick: int
    due: float | None
    tempo: float


class WatchedEngine(Engine):
    """An engine each of whose answers is compared with what must hold of it."""

    def __init__(
        self,
        generator: Generator,
        play: PlaySettings,
        *,
        prime: str = "",
        model_hash: str = "",
        source: ClockSource | None = None,
        clock_out: bool = False,
    ) -> None:
        super().__init__(generator, play, prime=prime, model_hash=model_hash, source=source, clock_out=clock_out)
        self._source = source
        self._sends_clock = clock_out
        self._song_start = 0
        self._said = -math.inf
        self._may_play, self._leave_by = False, math.inf
        self._silent_since = math.inf
        self._ramp: tuple[float, float] | None = None
        self._ramp_ticks = self._ramp_left = 0
        self.taken: deque[Command] = deque()
        self.breaks = False
        self.models: list[str] = []
        self.forget: Callable[[set[str]], None] = _forget_nothing
        self.forget_tempo: Callable[[], None] = _do_nothing
        self._stretches: list[Stretch] = []
        self._log_bar = self._performance.bar_ticks
        self._waited = 0
        self._retired: list[Performance] = []
        self._ticks_on_time = SETTLED_TICKS
        self._logged = shown(self.status(0.0))
        self._sounded: set[tuple[int, int]] = set()
        self._last_logged = self._skips = self._failed = 0
        self._end_logged = False
        self._silence, self._silence_logged = SilenceJudge(), False
        self._muted_elsewhere: set[str] = set()

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of the model that plays."""
        return tuple(part.name for part in self._info.vocabulary.parts)

    @property
    def where(self) -> Where:
        """Where it stands."""
        due = None if self._presence.starting else self.next_deadline()
        return Where(self.tick, due, self._transport.bpm)

    # Commands.

    def handle(self, command: Command, now: float) -> list[TimedMessage]:
        """Obey, and be judged by what has changed."""
        is_asked_for = bool(self.taken) and self.taken[0] is command
        if is_asked_for:
            self.taken.popleft()
        before, sounding = self.where, self._performance.ledger.sounding()
        playing, muted = self._presence.playing, set(self._performance.muted)
        try:
            messages = super().handle(command, now)
        except ControlError:
            if (before, sounding, playing, muted) != (
                self.where,
                self._performance.ledger.sounding(),
                self._presence.playing,
                self._performance.muted,
            ):
                raise Violation(f"a refused command must change nothing, got {command}") from None
            if isinstance(command, Set) and command.part:
                self.forget({command.part})
            elif isinstance(command, Set):
                self.forget_tempo()
            raise
        self._judge_command(command, before, now)
        self._judge_leaving(command, is_asked_for=is_asked_for, played=playing)
        self._watch_ramp(command)
        self._judge_moments(messages, now, [])
        self._note_said(messages)
        return messages

    def _judge_command(self, command: Command, before: Where, now: float) -> None:
        status = self.status(now)
        match command:
            case Set(name, value, part):
                is_shown = shown(status)[name, part] == value
                if not is_shown or self.where.due != before.due or self.where.tick != before.tick:
                    raise Violation(f"{command} must show in the status and leave the next tick where it is")
                performances = [self._performance, *([self._lineup.coming.performance] if self._lineup.coming else [])]
                futures = any(performance.timeline.future for performance in performances)
                cuts = name not in UNCUT and self._expected(name, part) != value
                self._must(not (cuts and futures), "a control must cut the future")
                same = all(performance.choice == self._performance.choice for performance in performances)
                self._must(same, "a model that comes must have the controls of the one that plays")
            case Stop() if self._presence.playing:
                waits = not command.at_once and not command.again and self._unit > 1
                self._must(waits, f"after {command} nothing must play")
            case Stop() | Quit():
                self._must(not status.playing and not status.sounding, f"after {command} nothing must play")
            case Start():
                rolls = self._source is None or self._source.line is not None
                self._must(status.playing == rolls, f"after {command} it must play, with a host once that rolls")
            case Panic():
                self._must(not status.sounding, "after a panic nothing must sound")
                self._must(before == self.where, "a panic must not move the next tick")
            case _:
                pass

    def _judge_leaving(self, command: Command, *, is_asked_for: bool, played: bool) -> None:
        """Note until when it may play: for ever, or to the beat or bar at which it was told to stop."""
        match command:
            case Start():
                self._may_play, self._leave_by = True, math.inf
            case Continue() if is_asked_for:
                self._may_play, self._leave_by = True, math.inf
            case Stop() if is_asked_for:
                self._may_play = False
                at_once = command.at_once or command.again or not played or self._leave_by < math.inf
                self._must(not at_once or not self._presence.playing, f"after {command} nothing must play")
                self._leave_by = -(-self.tick // self._unit) * self._unit if self._presence.playing else -1
            case _:
                pass

    @property
    def _unit(self) -> int:
        units = {"beat": self._info.vocabulary.ticks_per_beat, "bar": self.bar_ticks}
        return units.get(self._play.quantise, 1)

    def _watch_ramp(self, command: Command) -> None:
        match command:
            case Ramp(tempo, beats):
                self._ramp = (self._transport.bpm, tempo)
                self._ramp_ticks = self._ramp_left = round(beats * self._info.vocabulary.ticks_per_beat)
            case Set("tempo") | Tap():
                self._ramp = None if not self._transport.ramps else self._ramp
            case _:
                pass

    # A host, and the clock that is sent.

    def halt_followers(self, now: float) -> list[TimedMessage]:
        """Stop those who follow, on a port that knows nothing of what was said on the one before it."""
        messages = super().halt_followers(now)
        self._said = -math.inf
        self._note_said(messages)
        return messages

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[TimedMessage]:
        """Follow, and be judged by where the ticks lie."""
        before, could_play, played = self.tick, self._may_play, self._presence.playing
        sent = super().hear(messages, now, ahead)
        self._judge_lost_clock(messages, now, ahead, played=played)
        self._must(self.tick >= before, "ticks must never go back")
        self._must(
            could_play or not self._presence.playing or self._leave_by < math.inf, "a host must not make it play"
        )
        self._judge_moments(sent, now, [])
        self._note_said(sent)
        line = self._source.line if self._source is not None else None
        due = self.where.due
        if isinstance(self._transport, HostTransport) and due is not None and not self._presence.fresh:
            self._must(line is not None, "with a host that does not roll nothing must play")
        if line is not None and due is not None and isinstance(self._transport, HostTransport):
            song = (self.tick - self._transport._song_start) / self._info.vocabulary.ticks_per_beat
            self._must(abs(line.seconds_at(song) - due) < CLOSE, "a tick must be where the host's line says")
            bars = (due - now) / (self.bar_ticks * self._transport.tick_seconds)
            self._must(bars < 2.0 + CLOSE, f"a tick must not lie {bars:.1f} bars ahead")
            self._must(self._transport._song_start % self.bar_ticks == 0, "the host's bars must be the session's")
        return sent

    def _judge_lost_clock(self, messages: Sequence[TimedMessage], now: float, ahead: float, *, played: bool) -> None:
        """Judge that a host which falls silent stops what plays, or lets it go on, as the setting has it."""
        if any(message.data[0] == CLOCK for message in messages):
            self._silent_since = max(message.seconds for message in messages if message.data[0] == CLOCK)
        is_silent = now - ahead - self._silent_since > SILENCE_SECONDS
        self._must(is_silent or self._source is None or not self._source.lost, "a clock that comes is not lost")
        if self._play.lost_clock == "stop":
            is_lost = now - self._silent_since > LOST_SECONDS
            self._must(not (is_lost and self._presence.playing), "a clock that is lost must stop what plays")
        else:
            goes_on = self._presence.playing or not played or bool(messages)
            self._must(goes_on, "what plays must go on though no clock comes")

    @property
    def is_underway(self) -> bool:
        """Whether it plays with a host that rolls."""
        return self._presence.playing and self._source is not None and self._source.line is not None

    def distance_from(self, clock: float, period: float) -> tuple[float, float]:
        """Return how far the next tick is from the nearest of the host's clocks, in seconds, and the bars from its own.

        ``clock`` is where in the song, in clocks of so many seconds, the moment of that tick truly is.
        """
        nearest = round(clock)
        grid = self._info.vocabulary.ticks_per_beat
        bar = self.bar_ticks * CLOCKS_PER_BEAT // grid
        apart = (self.tick * CLOCKS_PER_BEAT // grid - nearest) % bar
        return (clock - nearest) * period, min(apart, bar - apart) / bar

    def _play_tick(self, moment: float, now: float) -> list[TimedMessage]:
        """Play a tick, and be judged by the clocks sent with it and by the tempo that it leaves."""
        tick = self.tick
        messages = super()._play_tick(moment, now)
        self._judge_ramp()
        clocks = list[tuple[float, float]]()
        for message in messages:
            if message.data[0] == CLOCK:
                clocks.append((message.seconds, self._said))
            self._note_said([message])
        if any(message.data[0] == START for message in messages):
            self._song_start = tick
            first = next(message.data[0] for message in messages if message.data[0] >= 0xF0)
            self._must(first == START, "a start must come before its first clock")
        numbers = range(self._clock_of(tick), self._clock_of(tick + 1)) if self._sends_clock else range(0)
        self._must(len(clocks) == len(numbers), f"a tick must have its clocks, got {len(clocks)}, not {len(numbers)}")
        for (seconds, said), number in zip(clocks, numbers, strict=True):
            after = number / CLOCKS_PER_BEAT * self._info.vocabulary.ticks_per_beat - (tick - self._song_start)
            expected = max(moment + after * self._transport.tick_seconds, said)
            self._must(
                abs(seconds - expected) < CLOSE, f"a clock must be in its place, got {seconds - expected:+.6f} s"
            )
        return messages

    def _note_said(self, messages: Sequence[TimedMessage]) -> None:
        """Note when those who follow were last told anything but a clock: none may overtake that."""
        said = [message.seconds for message in messages if message.data[0] >= 0xF0 and message.data[0] != CLOCK]
        self._said = max([self._said, *said])

    def _skip(self, now: float, late: float) -> list[TimedMessage]:
        """Leave out ticks that come too late, which a ramp goes over all the same."""
        before = self.tick
        messages = super()._skip(now, late)
        self._note_said(messages)
        self._ramp_left = max(self._ramp_left - (self.tick - before), 0)
        return messages

    def _judge_ramp(self) -> None:
        """Judge a tick's tempo: a ramp goes over those that are played or come too late, not over others."""
        if self._ramp is None:
            return
        start, end = self._ramp
        bpm = self._transport.bpm
        self._must(
            min(start, end) - CLOSE <= bpm <= max(start, end) + CLOSE, f"a ramp must stay between its ends, got {bpm}"
        )
        is_over = self._ramp_left == 0
        self._must(not is_over or bpm == end, f"a ramp must end at {end}, got {bpm}")
        gone = self._ramp_ticks - self._ramp_left + 0.5
        expected = end if is_over else start + (end - start) * gone / self._ramp_ticks
        self._must(abs(bpm - expected) < CLOSE, f"a ramp must go evenly, and be at {expected}, got {bpm}")
        self._ramp = None if is_over else self._ramp
        self._ramp_left -= not is_over

    def _clock_of(self, tick: int) -> int:
        """Return the first clock of the song that does not lie before a tick."""
        return -((self._song_start - tick) * CLOCKS_PER_BEAT // self._info.vocabulary.ticks_per_beat)

    @property
    def _most_clocks(self) -> int:
        """After how many clocks song positions begin again: 14 bits of sixteenths, and no bar that is cut."""
        bars = (1 << 14) * self._info.vocabulary.ticks_per_beat // (4 * self.bar_ticks)
        return bars * self.bar_ticks * CLOCKS_PER_BEAT // self._info.vocabulary.ticks_per_beat

    def judge_clock(self, judge: ClockJudge) -> None:
        """Judge that an instrument which follows is where this is, and stopped where this has."""
        follower = judge.ahead()
        if not self._presence.playing:
            self._must(not follower.rolls, "a clock must stop those who follow it")
        elif follower.number is not None:
            expected = self._clock_of(self.tick) - 1
            off = (follower.number - expected) % self._most_clocks
            self._must(off == 0, f"who follows must be at clock {expected}, got {follower.number}")

    def panic(self, now: float) -> list[TimedMessage]:
        """Silence, by every means on every channel."""
        messages = super().panic(now)
        needed = silencers(self._performance.ledger.used)
        self._must([message.data for message in messages][-len(needed) :] == needed, "a panic must silence all")
        return messages

    # Ticks.

    def prepare(self, now: float) -> bool:
        """Work ahead, within bounds; a model that is refused is told of."""
        coming, changes = self._lineup.coming, len(self.models)
        more = super().prepare(now)
        made = len(self._performance.timeline.future)
        self._must(made <= self._play.lookahead, "no more must be made ahead than was asked for")
        if coming is not None and self._lineup.coming is None and len(self.models) == changes:
            said = self._account.message(now).startswith(f"model {coming.name} is not played: ")
            self._must(said, "it must be said why a model is not played")
        return more

    # Another model.

    def take_over(self, generator: Generator, name: str, digest: str = "") -> None:
        """Take a model that is loaded; nothing that is heard changes with that."""
        before, sounding = self.where, self._performance.ledger.sounding()
        ahead = len(self._performance.timeline.future)
        super().take_over(generator, name, digest)
        self._waited = 0
        same = (before, sounding) == (self.where, self._performance.ledger.sounding())
        self._must(same and ahead == len(self._performance.timeline.future), "a model to come must change nothing yet")

    def take_retired(self) -> list[Performance]:
        """Give away what has played its last, each once, and nothing else."""
        retired = super().take_retired()
        for performance in retired:
            coming = self._lineup.coming
            is_used = performance is self._performance or (coming is not None and performance is coming.performance)
            self._must(not is_used and not performance.ledger.sounding(), "what plays must not be let go of")
        self._retired = [one for one in self._retired if not any(one is performance for performance in retired)]
        self._must(not self._retired, "a model that played must be let go of")
        return retired

    def _change_model(self, coming: Coming, moment: float) -> list[TimedMessage]:
        """Change the model at a bar line, whose number and moment stay, as all controls do."""
        old, where, choice = self._performance, self.where, self._performance.choice
        muted = {self.parts[index] for index in old.muted} | self._muted_elsewhere
        is_made = bool(coming.performance.timeline.future) or not self._presence.playing
        messages = super()._change_model(coming, moment)
        new = self._performance
        self._must(new is coming.performance, "the model that comes must play")
        self._must(is_made, "a model must have made its first tick before it takes over")
        self._must(not old.ledger.sounding(), "what the old model held must end")
        on_line = old.tick % old.bar_ticks == 0 == new.tick % new.bar_ticks
        same_bar = old.tick // old.bar_ticks == new.tick // new.bar_ticks
        self._must(on_line and same_bar, "a model must take over at a bar line, which keeps its number")
        due = self.where.due
        self._must((due is None) == (where.due is None), "a change of model must neither start nor stop")
        self._must(due is None or abs(due - (where.due or 0.0)) < CLOSE, "a bar line must keep its moment")
        self._must(self.where.tempo == where.tempo and new.choice == choice, "the controls must stay")
        kept = {self.parts[index] for index in new.muted}
        self._must(kept == muted & set(self.parts), "what was muted must stay muted")
        self._muted_elsewhere = muted - set(self.parts)
        if self._leave_by < math.inf:
            self._leave_by = new.tick + (self._leave_by - old.tick) * new.bar_ticks // old.bar_ticks
        grids = old.vocabulary.ticks_per_beat, new.vocabulary.ticks_per_beat
        self._song_start = new.tick - round((old.tick - self._song_start) * grids[1] / grids[0])
        self._ramp = None
        self._retired.append(old)
        self.models.append(coming.name)
        self.forget({part.name for part in old.vocabulary.parts} ^ set(self.parts))
        if self._stretches:
            self._stretches[-1].until = old.tick
            self._stretches.append(self._stretch(self._stretches[-1].due_after))
        return messages

    def _stretch(self, due: float | None) -> Stretch:
        return Stretch(self._performance, self.tick, due, self._transport.tick_seconds)

    def release(self, now: float) -> list[TimedMessage]:
        """Play what is due, on the grid, none of it too late and never much at once."""
        before, fresh, logged, sent = self.where, self._presence.fresh, len(self._account.entries), self._account.sent
        was_starting, self._sounded = self._presence.starting, set(self._performance.ledger.sounding())
        ramps = self._transport.ramps
        is_first = fresh and not self._transport.free  # which a host's may be late
        self._stretches = [self._stretch(before.due)]
        relief = self._lineup.relief() if self._will_play(now) else None
        patience = self._patience
        messages = super().release(now)
        self._note_said(messages)
        self._stretches[-1].until = self.tick
        stretches, self._stretches = self._stretches, []
        if self._presence.playing:
            self._must(self._may_play or self.tick <= self._leave_by, "what was told to stop must stop")
        if before.due is None:
            self._must(not messages or was_starting, "what does not play must be silent")
            return messages
        self._must(relief is None or self._performance is relief.performance, "a model that is ready must take over")
        patience = min(patience, self._patience)
        skipped = sum(entry["to"] - entry["tick"] for entry in self._account.entries[logged:] if entry["do"] == "skip")
        played = sum(stretch.ticks for stretch in stretches) - skipped
        self._must(0 <= played <= AT_ONCE * len(stretches) + is_first, "few ticks must be played at once")
        late = now - before.due
        self._must(ramps or skipped == 0 or late > patience - CLOSE, "a tick in time must not be skipped")
        bar_seconds = self.bar_ticks * self._transport.tick_seconds
        self._must(
            ramps or skipped == 0 or late < bar_seconds + CLOSE or not self._transport.free,
            "after more than a bar it must go on from the same place",
        )
        if played and self._presence.playing:
            self._judge_frame()
            self._judge_failures(logged)
        if skipped and not played:
            self._judge_hits()
        if not (ramps or is_first):  # whose patience changes from tick to tick
            self._judge_moments(messages, now, stretches, sent)
        if self._presence.playing and not ramps:
            self._judge_grid(stretches, now, patience, fresh=fresh, skipped=skipped)
        elif not self._presence.playing:
            self._must(
                self._play.end == "stop" or self.finished or not self._may_play,
                "only a stop, the last bar or the end of a piece may end it",
            )
        is_late = late > LATE_SECONDS
        self._ticks_on_time = 0 if skipped or is_late else self._ticks_on_time + played
        self._judge_waiting(played if self._ticks_on_time else 0)
        return messages

    def _judge_failures(self, logged: int) -> None:
        """Judge that the tick played last is logged if it failed; ``logged`` entries were there before."""
        failures = _failures_of_the_last_model(self._account.entries[logged:])
        last = self.last  # which a skip may follow at once where the tempo ramps
        is_logged = last is None or bool(last.failure) == (last.tick in failures)
        self._must(is_logged, "a failure must be logged with its tick")

    def _judge_hits(self) -> None:
        parts = self._info.vocabulary.parts
        hits = [part for part, _ in self._performance.ledger.sounding() if parts[part].percussive]
        self._must(not hits, "a skip must end all hits")

    def _will_play(self, now: float) -> bool:
        """Tell whether the next tick is due, in time, and not the one before which it stops."""
        presence, transport = self._presence, self._transport
        is_due = presence.playing and transport.due(self.tick) <= now and not self._is_skipped(now)
        return is_due and presence.ends_at > self.tick

    def _judge_waiting(self, on_time: int) -> None:
        """Judge that a model takes over soon while all ticks come in time."""
        self._waited = self._waited + on_time if self._lineup.coming is not None and on_time else 0
        self._must(self._waited <= SETTLED_TICKS + 2 * self.bar_ticks, "a model must not wait for ever")

    @property
    def _patience(self) -> float:
        length = self._transport.tick_seconds
        return min(max(PATIENCE_SECONDS, length / 2), PATIENCE_TICKS * length)

    def _judge_grid(
        self, stretches: Sequence[Stretch], now: float, patience: float, *, fresh: bool, skipped: int
    ) -> None:
        """Ticks come at their distance, but after a hold-up of more than a bar, or before the first of a start."""
        due, length, began = self.where.due, self._transport.tick_seconds, stretches[0].due
        expected = stretches[-1].due_after
        if began is None or due is None or expected is None:
            raise Violation("what plays must have a next tick")
        moved = due - expected
        late = now - began
        if abs(moved) > CLOSE:
            may = self._transport.free and late > patience - CLOSE and (fresh or late > self.bar_ticks * length - CLOSE)
            self._must(may, f"ticks must stay on their line, got one {moved:+.6f} s off")
            delay = moved - late
            self._must(-CLOSE <= delay <= START_DELAY_SECONDS + CLOSE, "after a gap it must go on at once")
        elif any(stretch.ticks for stretch in stretches):
            self._must(due > now - CLOSE, "after what was due the next tick must be to come")
        if skipped and self._ticks_on_time >= SETTLED_TICKS:
            self._must(due <= now + length + CLOSE, "no more ticks must be skipped than are too late")

    def _judge_moments(
        self, messages: list[TimedMessage], now: float, stretches: Sequence[Stretch], sent: float = 0.0
    ) -> None:
        """Begins belong to ticks that are due, not too late, and are no more than the model may begin in a tick."""
        begins = [message.seconds for message in messages if message.data[0] & 0xF0 == 0x90]
        if not begins:
            return
        if not stretches or stretches[0].due is None:
            raise Violation("only a tick must begin notes")
        last = stretches[-1]
        lines = [(stretch.due, stretch.length) for stretch in stretches] + [(self.where.due, last.length)]
        notes = max(stretch.performance.vocabulary.max_polyphony for stretch in stretches)
        for moment in set(begins):
            steps = [((moment - due) / length, length) for due, length in lines if due is not None]
            on_grid = moment <= sent or any(abs(step - round(step)) * length < CLOSE for step, length in steps)
            self._must(on_grid, f"a note must begin with a tick, got one {steps[0][0]:.6f} ticks on")
            self._must(now - moment <= self._patience + CLOSE, f"a note must not come {now - moment:.3f} s late")
            self._must(moment <= now + CLOSE, "a note must not come before its moment")
            at_once = begins.count(moment)
            ticks = 1 if moment > sent else AT_ONCE
            self._must(
                at_once <= notes * ticks,
                f"a tick must begin no more notes than are legal, got {at_once}",
            )

    def _judge_frame(self) -> None:
        """Judge that what sounds is named by the frame played last, and nobody hears what is muted."""
        made, performance = self.last, self._performance
        if made is None or self.tick - 1 != made.tick:
            return
        network = performance.timeline.point.snapshot.network
        self._must(bool(np.isfinite(network).all()), "the state that is kept must be finite")
        sounding = set(performance.ledger.sounding())
        named = {(note.part, note.pitch) for note in made.record.frame}
        struck = {(note.part, note.pitch) for note in made.record.frame if note.attack}
        fence, silent = performance.fence, performance.silent
        allowed = {pair for pair in struck if fence.allows(pair[0], pair[1] + fence.shift(pair[0]))}
        audible = {pair for pair in allowed if pair[0] not in silent}
        self._must(sounding <= named, "only what the frame names must sound")
        self._must(not {pair for pair in sounding if pair[0] in silent}, "a muted part must be silent")
        heard = performance.ledger.heard().items()
        self._must(all(fence.allows(pair[0], pitch) for pair, pitch in heard), "what is outside must not sound")
        if self._info.vocabulary.articulation:
            self._must(audible <= sounding, "what is struck must sound")

    def _note(self, made: Made, now: float) -> None:
        """Log a tick, or break in the middle of it."""
        if self.breaks and not self._sounded <= set(self._performance.ledger.sounding()):
            self.breaks = False
            raise AsTold("a fault in the program, where a note has just ended")
        super()._note(made, now)
        self._silence.played(made, self._performance, acts=self._watchdog_acts)

    # The log, and the status.

    def take_entries(self) -> list[Entry]:
        """Return the entries, each of which must make sense."""
        entries = super().take_entries()
        changes = sum(entry["do"] == "model" for entry in entries)
        for entry in entries:
            changes -= entry["do"] == "model"
            self._judge_entry(entry, math.inf if changes or entry["do"] == "model" else self.tick)
        return entries

    def _judge_entry(self, entry: Entry, latest: float) -> None:
        tick = entry["tick"]
        self._must(self._last_logged <= tick <= latest, f"an entry must be in order, got {entry}")
        self._must(not self._end_logged, f"nothing must follow the end, got {entry}")
        self._last_logged = tick
        match entry["do"]:
            case "set":
                self._logged[entry["name"], entry.get("part", "")] = entry["value"]
            case "skip":
                self._skips += entry["to"] - tick
                self._last_logged = entry["to"]
            case "failure":
                self._failed += 1
            case "start" | "reset" | "prime":
                self._must(tick % self._log_bar == 0, f"a piece must begin with a bar, got {entry}")
            case "bar":
                self._must(entry["bar"] * self._log_bar == tick, f"a bar must be where it is, got {entry}")
            case "model":
                self._judge_model_entry(entry)
            case "watchdog":
                self._must(
                    entry["acts"] is not self._silence_logged, f"the watchdog must not repeat itself, got {entry}"
                )
                self._silence_logged = entry["acts"]
            case "end":
                self._end_logged = True
            case _:
                pass

    def _judge_model_entry(self, entry: Entry) -> None:
        """Count in the ticks of the new model from here on; entries come once a turn, in which one change has room."""
        bar = entry["tick"] // self._log_bar
        self._must(entry["tick"] % self._log_bar == 0, f"a model must change at a bar line, got {entry}")
        self._must(entry["name"] == self.models[-1], f"the model that plays must be in the log, got {entry}")
        self._last_logged, self._log_bar = entry["to"], self.bar_ticks
        self._must(bar * self._log_bar == entry["to"], f"a bar line must keep its number, got {entry}")

    def expect(self, name: str, value: ControlValue) -> None:
        """Be told the value that a control begins with."""
        self._logged[name, ""] = value

    def _expected(self, name: str, part: str) -> ControlValue:
        """Return what a control must be, by the log: what it was set to, or what it began with."""
        return self._logged.get((name, part), DEFAULTS[name])

    def judge_status(self, status: Status) -> None:
        """Judge that a status just made agrees with itself, with the log, and with what was played."""
        where = max(self.tick - 1, 0)
        values = shown(status)
        expected = {name: self._logged.get(name, DEFAULTS[name[0]]) for name in values}
        if self._source is not None:
            values["tempo", ""] = expected["tempo", ""]
        place = status.bar * self.bar_ticks + status.beat * self._info.vocabulary.ticks_per_beat
        rules = (
            (values == expected, "the controls must be as logged"),
            (status.skipped_ticks == self._skips, "the skipped ticks must be as logged"),
            (status.failures >= self._failed, "the failures must be as logged"),
            (0 <= where - place < self._info.vocabulary.ticks_per_beat, "the place must be that of the tick"),
            (0.0 <= status.exponent <= 16.0, "the exponent must be in 0..16"),
            (status.model == [self.header.model, *self.models][-1], "the model must be shown by its name"),
            (len(status.message) <= 200, "the message must be short"),
            (status.playing or not status.sounding, "what has stopped must be silent"),
            (status.playing == (self.next_deadline() is not None), "what plays must have a next moment"),
        )
        for holds, rule in rules:
            if not holds:
                raise Violation(f"{rule}, got {status} and {self._logged}, {self._skips}")

    def channels(self) -> set[int]:
        """Return the channels (0 to 15) that it believes to have used."""
        return {channel - 1 for channel in self._performance.ledger.used}

    @property
    def bar_ticks(self) -> int:
        """The length of a bar in ticks of the model that plays."""
        return self._performance.bar_ticks

    def plays(self, thing: object) -> bool:
        """Tell whether that is the performance that plays."""
        return thing is self._performance

    def keys(self) -> set[tuple[int, int]]:
        """Return the keys (channel 0 to 15, pitch) that it believes to be down."""
        return {(channel - 1, pitch) for channel, pitch in self._performance.ledger.keys().values()}

    @staticmethod
    def _must(holds: bool, rule: str) -> None:
        if not holds:
            raise Violation(rule)


def _do_nothing() -> None:
    """Do nothing."""


def _forget_nothing(_: set[str]) -> None:
    """Forget nothing."""


def _failures_of_the_last_model(entries: Sequence[Entry]) -> list[int]:
    """Return the ticks that failed since the model was changed last: another's may have the same numbers."""
    ticks: list[int] = []
    for entry in entries:
        if entry["do"] == "model":
            ticks = []
        elif entry["do"] == "failure":
            ticks.append(entry["tick"])
    return ticks
