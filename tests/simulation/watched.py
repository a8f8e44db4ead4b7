"""The real engine and inbox, with every call judged."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from musicrnn.config.play import PlaySettings
from musicrnn.control import Command, ControlValue, Keep, Model, Panic, Quit, Ramp, Set, Start, Status, Stop, Tap
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import LIMIT, URGENT, Inbox, Request
from musicrnn.daemon.ledger import silencers
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.session import Entry
from musicrnn.daemon.timeline import Made
from musicrnn.daemon.transport import LATE_SECONDS, PATIENCE_SECONDS, PATIENCE_TICKS, START_DELAY_SECONDS
from musicrnn.daemon.voices import channel_of
from musicrnn.errors import ControlError
from musicrnn.models.generator import Generator
from tests.simulation.port_judge import AsTold, Violation

CLOSE = 1e-6
AT_ONCE = PATIENCE_TICKS + 1
SETTLED_TICKS = 300
UNCUT = ("tempo", "offset", "velocity", "mute", "solo")
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

    def watch(self, taken: deque[Command]) -> None:
        """Begin to remember; ``taken`` is where the engine takes off what it obeys."""
        self.wanted, self.taken = {}, taken

    def put(self, request: Request) -> bool:
        """Put it in; never more than there is room for."""
        is_in = super().put(request)
        if not is_in and isinstance(request.command, URGENT):
            raise Violation(f"an urgent command must always go in, got {request.command}")
        if is_in and isinstance(request.command, Set):
            self.wanted[request.command.name, request.command.part] = request.command.value
        if is_in and isinstance(request.command, Ramp | Tap):
            self.wanted.pop(("tempo", ""), None)
        if len(self._waiting) > LIMIT + len(URGENT):
            raise Violation(f"at most {LIMIT + len(URGENT)} requests must wait, got {len(self._waiting)}")
        return is_in

    def take(self) -> list[Request]:
        """Take all, and remember what is still to be obeyed by the engine; others load models and keep bars."""
        taken = super().take()
        self.taken.extend(request.command for request in taken if not isinstance(request.command, Keep | Model))
        return taken


@dataclass(frozen=True, slots=True)
class Where:
    """Where the engine stands: its next tick, when that is due (None: nothing plays), and the tempo."""

    tick: int
    due: float | None
    tempo: float


class WatchedEngine(Engine):
    """An engine each of whose answers is compared with what must hold of it."""

    def __init__(self, generator: Generator, play: PlaySettings, *, prime: str = "", model_hash: str = "") -> None:
        super().__init__(generator, play, prime=prime, model_hash=model_hash)
        parts = self._info.vocabulary.parts
        self.taken: deque[Command] = deque()
        self.breaks = False
        self._channels = {channel_of(part) for part in parts}
        self._bar_ticks = self._performance.bar_ticks
        self._ticks_on_time = SETTLED_TICKS
        self._logged = shown(self.status(0.0))
        self._sounded: set[tuple[int, int]] = set()
        self._last_logged = self._skips = self._failed = 0
        self._end_logged = False

    @property
    def where(self) -> Where:
        """Where it stands."""
        due = None if self._presence.starting else self.next_deadline()
        return Where(self.tick, due, self._transport.bpm)

    # Commands.

    def handle(self, command: Command, now: float) -> list[TimedMessage]:
        """Obey, and be judged by what has changed."""
        if self.taken and self.taken[0] is command:
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
            raise
        self._judge_command(command, before, now)
        self._judge_moments(messages, now, None)
        return messages

    def _judge_command(self, command: Command, before: Where, now: float) -> None:
        status = self.status(now)
        match command:
            case Set(name, value, part):
                is_shown = shown(status)[name, part] == value
                if not is_shown or self.where.due != before.due or self.where.tick != before.tick:
                    raise Violation(f"{command} must show in the status and leave the next tick where it is")
                cuts = name not in UNCUT and self._logged[name, part] != value
                self._must(not (cuts and self._performance.timeline.future), "a control must cut the future")
            case Stop() | Quit():
                self._must(not status.playing and not status.sounding, f"after {command} nothing must play")
            case Start():
                self._must(status.playing, f"after {command} it must play")
            case Panic():
                self._must(not status.sounding, "after a panic nothing must sound")
                self._must(before == self.where, "a panic must not move the next tick")
            case _:
                pass

    def panic(self, now: float) -> list[TimedMessage]:
        """Silence, by every means on every channel."""
        messages = super().panic(now)
        needed = silencers(self._performance.ledger.used)
        self._must([message.data for message in messages][-len(needed) :] == needed, "a panic must silence all")
        return messages

    # Ticks.

    def prepare(self, now: float) -> bool:
        """Work ahead, within bounds."""
        more = super().prepare(now)
        made = len(self._performance.timeline.future)
        self._must(made <= self._play.lookahead, "no more must be made ahead than was asked for")
        return more

    def release(self, now: float) -> list[TimedMessage]:
        """Play what is due, on the grid, none of it too late and never much at once."""
        before, fresh, logged, sent = self.where, self._presence.fresh, len(self._account.entries), self._account.sent
        was_starting, self._sounded = self._presence.starting, set(self._performance.ledger.sounding())
        ramps = self._transport.ramps
        messages = super().release(now)
        if before.due is None:
            self._must(not messages or was_starting, "what does not play must be silent")
            return messages
        skipped = sum(entry["to"] - entry["tick"] for entry in self._account.entries[logged:] if entry["do"] == "skip")
        played = self.tick - before.tick - skipped
        self._must(0 <= played <= AT_ONCE, "few ticks must be played at once")
        late = now - before.due
        self._must(ramps or skipped == 0 or late > self._patience - CLOSE, "a tick in time must not be skipped")
        bar_seconds = self._bar_ticks * self._transport.tick_seconds
        self._must(
            ramps or skipped == 0 or late < bar_seconds + CLOSE,
            "after more than a bar it must go on from the same place",
        )
        if played and self._presence.playing:
            self._judge_frame()
            failures = [entry["tick"] for entry in self._account.entries[logged:] if entry["do"] == "failure"]
            last = self.last  # which a skip may follow at once where the tempo ramps
            is_logged = last is None or bool(last.failure) == (last.tick in failures)
            self._must(is_logged, "a failure must be logged with its tick")
        if skipped and not played:
            parts = self._info.vocabulary.parts
            hits = [part for part, _ in self._performance.ledger.sounding() if parts[part].percussive]
            self._must(not hits, "a skip must end all hits")
        if not ramps:  # whose patience changes from tick to tick
            self._judge_moments(messages, now, before, sent)
        if self._presence.playing and not ramps:
            self._judge_grid(before, now, fresh=fresh, skipped=skipped)
        elif not self._presence.playing:
            self._must(
                self._play.end == "stop" or self.finished, "only a stop, the last bar or the end of a piece may end it"
            )
        is_late = late > LATE_SECONDS
        self._ticks_on_time = 0 if skipped or is_late else self._ticks_on_time + played
        return messages

    @property
    def _patience(self) -> float:
        length = self._transport.tick_seconds
        return min(max(PATIENCE_SECONDS, length / 2), PATIENCE_TICKS * length)

    def _judge_grid(self, before: Where, now: float, *, fresh: bool, skipped: int) -> None:
        """Ticks come at their distance, but after a hold-up of more than a bar, or before the first of a start."""
        due, length = self.where.due, self._transport.tick_seconds
        if before.due is None or due is None:
            raise Violation("what plays must have a next tick")
        moved = due - before.due - (self.tick - before.tick) * length
        late = now - before.due
        if abs(moved) > CLOSE:
            may = late > self._patience - CLOSE and (fresh or late > self._bar_ticks * length - CLOSE)
            self._must(may, f"ticks must stay on their line, got one {moved:+.6f} s off")
            delay = moved - late
            self._must(-CLOSE <= delay <= START_DELAY_SECONDS + CLOSE, "after a gap it must go on at once")
        elif self.tick != before.tick:
            self._must(due > now - CLOSE, "after what was due the next tick must be to come")
        if skipped and self._ticks_on_time >= SETTLED_TICKS:
            self._must(due <= now + length + CLOSE, "no more ticks must be skipped than are too late")

    def _judge_moments(self, messages: list[TimedMessage], now: float, before: Where | None, sent: float = 0.0) -> None:
        """Begins belong to ticks that are due, not too late, and are no more than the model may begin in a tick."""
        begins = [message.seconds for message in messages if message.data[0] & 0xF0 == 0x90]
        if not begins:
            return
        if before is None or before.due is None:
            raise Violation("only a tick must begin notes")
        length = self._transport.tick_seconds
        for moment in set(begins):
            lines = [due for due in (before.due, self.where.due) if due is not None]
            steps = [(moment - due) / length for due in lines]
            on_grid = moment <= sent or any(abs(step - round(step)) * length < CLOSE for step in steps)
            self._must(on_grid, f"a note must begin with a tick, got one {steps[0]:.6f} ticks on")
            self._must(now - moment <= self._patience + CLOSE, f"a note must not come {now - moment:.3f} s late")
            self._must(moment <= now + CLOSE, "a note must not come before its moment")
            at_once = begins.count(moment)
            ticks = 1 if moment > sent else AT_ONCE
            self._must(
                at_once <= self._info.vocabulary.max_polyphony * ticks,
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
        if performance.choice.sigma == 0.0:
            exponents = set(made.record.exponents)
            self._must(exponents <= {performance.choice.mu}, "a control must act on the next tick")

    def _note(self, made: Made, now: float) -> None:
        """Log a tick, or break in the middle of it."""
        if self.breaks and not self._sounded <= set(self._performance.ledger.sounding()):
            self.breaks = False
            raise AsTold("a fault in the program, where a note has just ended")
        super()._note(made, now)

    # The log, and the status.

    def take_entries(self) -> list[Entry]:
        """Return the entries, each of which must make sense."""
        entries = super().take_entries()
        for entry in entries:
            self._judge_entry(entry)
        return entries

    def _judge_entry(self, entry: Entry) -> None:
        tick = entry["tick"]
        self._must(self._last_logged <= tick <= self.tick, f"an entry must be in order, got {entry}")
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
                self._must(tick % self._bar_ticks == 0, f"a piece must begin with a bar, got {entry}")
            case "bar":
                self._must(entry["bar"] * self._bar_ticks == tick, f"a bar must be where it is, got {entry}")
            case "end":
                self._end_logged = True
            case _:
                pass

    def judge_status(self, status: Status) -> None:
        """Judge that a status just made agrees with itself, with the log, and with what was played."""
        where = max(self.tick - 1, 0)
        place = status.bar * self._bar_ticks + status.beat * self._info.vocabulary.ticks_per_beat
        rules = (
            (shown(status) == self._logged, "the controls must be as logged"),
            (status.skipped_ticks == self._skips, "the skipped ticks must be as logged"),
            (status.failures >= self._failed, "the failures must be as logged"),
            (0 <= where - place < self._info.vocabulary.ticks_per_beat, "the place must be that of the tick"),
            (0.0 <= status.exponent <= 16.0, "the exponent must be in 0..16"),
            (len(status.message) <= 200, "the message must be short"),
            (status.playing or not status.sounding, "what has stopped must be silent"),
            (status.playing == (self.next_deadline() is not None), "what plays must have a next moment"),
        )
        for holds, rule in rules:
            if not holds:
                raise Violation(f"{rule}, got {status} and {self._logged}, {self._skips}")

    def keys(self) -> set[tuple[int, int]]:
        """Return the keys (channel 0 to 15, pitch) that it believes to be down."""
        return {(channel - 1, pitch) for channel, pitch in self._performance.ledger.keys().values()}

    @staticmethod
    def _must(holds: bool, rule: str) -> None:
        if not holds:
            raise Violation(rule)
