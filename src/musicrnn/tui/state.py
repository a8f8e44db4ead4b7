"""What is known of the daemon: each message that comes in changes it; nothing here draws or sends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from musicrnn.control import CONTROLS, ControlValue
from musicrnn.errors import ControlError
from musicrnn.tui.packets import Message, Value
from musicrnn.tui.pending import Key, Pending

PREFIX = "/musicrnn/"
STREAM = "stream/"
PLACE = f"{STREAM}place"
TICKS_KEPT = 512
MOST_PARTS = 64
MOST_MODELS = 256
SILENCED = 64  # added to the number of a part that is not heard
LOST_SECONDS = 2.0
WAITS = "waiting for the host to start"
HOST_STANDS = ("waiting for the host", "lost")  # how the words of a clock end where nothing plays by it

Note = tuple[int, int, int]  # part (64 more where it is not heard), pitch, velocity (0 goes on)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the model that plays; ``letter`` stands for it in pictures."""

    name: str
    letter: str
    low: int = 0
    high: int = 127
    percussive: bool = False


@dataclass(slots=True)
class State:
    """The daemon as its messages tell of it; ``waiting`` where it plays once its host rolls, as far as is known.

    ``daemons`` counts those that answered after another.
    """

    placed_at: float = float("-inf")
    revision: int = 0
    daemons: int = 0
    playing: bool = False
    waiting: bool = False
    bar: int = 0
    beat: int = 0
    tick: int = 0
    tempo: float = 0.0
    controls: dict[str, ControlValue] = field(default_factory=dict)
    part_controls: dict[Key, int] = field(default_factory=dict)
    pending: Pending = field(default_factory=Pending)
    parts: tuple[Part, ...] = ()
    model: str = ""
    loading: str = ""
    ticks_per_beat: int = 4
    bar_ticks: int = 16
    metre: tuple[int, int] = (4, 4)
    clock: str = ""
    port: str = ""
    recording: str = ""
    taking: bool = False
    played: dict[int, tuple[Note, ...]] = field(default_factory=dict)
    coming: dict[int, tuple[Note, ...]] = field(default_factory=dict)
    exponents: deque[float] = field(default_factory=lambda: deque(maxlen=TICKS_KEPT))
    entropies: deque[float] = field(default_factory=lambda: deque(maxlen=TICKS_KEPT))
    density: float = 0.0
    belief: tuple[float, ...] = (0.0,) * 12
    likeliest: tuple[tuple[str, float], ...] = ()
    chosen: tuple[tuple[str, float], ...] = ()
    counts: tuple[int, ...] = (0,) * 8
    timing: tuple[float, ...] = (-1.0,) * 4
    models: tuple[str, ...] = ()
    log: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    _told: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    def connected(self, now: float) -> bool:
        """Tell whether the daemon told lately where it is: whatever else it says, that alone is its state."""
        return now - self.placed_at < LOST_SECONDS

    def value(self, name: str, part: str = "") -> ControlValue:
        """Return a control's value; its default while it is not known."""
        known = self.part_controls.get((name, part)) if part else self.controls.get(name)
        return known if known is not None else CONTROLS[name].default

    def told(self, name: str) -> None:
        """Know what this UI has told the daemon: to play, for which its host may have to roll first, or not to."""
        if name in ("start", "continue"):
            self.waiting = not self.playing and self.clock.endswith(HOST_STANDS)
        elif name == "stop":
            self.waiting = False

    def sent(self, name: str, part: str, value: ControlValue, now: float) -> None:
        """Know a value that this UI has sent, as the one that holds, though the daemon has yet to obey."""
        self.pending.send((name, part), value, self.value(name, part), now)
        self._know({(name, part): value})

    def settle(self, now: float) -> list[Key]:
        """Take what was told in place of values that were sent and have not come back; return of which controls."""
        return self._know(self.pending.overdue(now))

    def refused(self, name: str) -> None:
        """Take back what this UI has sent of a control, as far as that is still waited for."""
        self._know(self.pending.refused(name))

    def _know(self, values: dict[Key, ControlValue]) -> list[Key]:
        for (name, part), value in values.items():
            if CONTROLS[name].per_part:
                self.part_controls[name, part] = int(float(value))
            else:
                self.controls[name] = value
        self.revision += bool(values)
        return list(values)

    def take(self, message: Message, now: float) -> None:
        """Change by a message; one that makes no sense changes nothing."""
        if not message.address.startswith(PREFIX):
            return
        name = message.address[len(PREFIX) :]
        if self._said_before(name, message.values) or self._understood(name, message.values, now):
            self.placed_at = now if name == PLACE else self.placed_at

    def _understood(self, name: str, values: tuple[Value, ...], now: float) -> bool:
        try:
            if name in CONTROLS:
                self._control(name, values, now)
            elif name in _TAKERS:
                _TAKERS[name](self, values)
            else:
                return False
        except (ValueError, TypeError, IndexError, ControlError):
            return False
        self.revision += 1
        return True

    def _said_before(self, name: str, values: tuple[Value, ...]) -> bool:
        """Tell whether a message of the stream tells nothing new; the seconds until a tick are not shown."""
        if not name.startswith(STREAM) or name not in _TAKERS:
            return False
        told = values[:5] if name == PLACE else values
        if self._told.get(name) == told:
            return True
        self._told[name] = told
        return False

    def _control(self, name: str, values: tuple[Value, ...], now: float) -> None:
        control = CONTROLS[name]
        part, given = values if control.per_part else ("", *values)
        if not isinstance(part, str) or (part and len(self.part_controls) >= MOST_PARTS * 8):
            return
        value = control.check(given)
        if not self.pending.passes_over((name, part), value, now):
            self._know({(name, part): value})

    def _place(self, values: tuple[Value, ...]) -> None:
        playing, bar, beat, tick = (int(value) for value in values[:4])
        if tick < self.tick:
            self._forget_music()
        self.daemons += (bar, beat) < (self.bar, self.beat)  # not by ticks: another model may count in others
        self.playing, self.bar, self.beat, self.tick = bool(playing), bar, beat, tick
        self.waiting = self.waiting and not self.playing
        self.tempo = float(values[4])

    def _forget_music(self) -> None:
        """Begin with an empty picture: another daemon answers now."""
        for kept in (self.played, self.coming, self.exponents, self.entropies):
            kept.clear()
        self.belief, self.likeliest, self.chosen, self.density = (0.0,) * 12, (), (), 0.0

    def _played(self, values: tuple[Value, ...]) -> None:
        self.played.update(ticks_of(values))
        for tick in sorted(self.played)[:-TICKS_KEPT]:
            del self.played[tick]

    def _coming(self, values: tuple[Value, ...]) -> None:
        self.coming = dict(ticks_of(values))

    def _figures(self, values: tuple[Value, ...]) -> None:
        _, exponent, entropy, density = (float(value) for value in values)
        self.exponents.append(exponent)
        self.entropies.append(entropy)
        self.density = density

    def _belief(self, values: tuple[Value, ...]) -> None:
        classes = tuple(min(max(float(value), 0.0), 1.0) for value in values[1:13])
        if len(classes) == 12:
            self.belief = classes

    def _likeliest(self, values: tuple[Value, ...]) -> None:
        self.likeliest = _pairs(values[1:])

    def _chosen(self, values: tuple[Value, ...]) -> None:
        self.chosen = _pairs(values[1:])

    def _model(self, values: tuple[Value, ...]) -> None:
        grid, bar, upper, lower = (int(value) for value in values[2:6])
        if not (1 <= grid <= 96 and 1 <= bar <= 10_000):
            raise ValueError("no grid is like that")
        if self.model and values[0] != self.model:
            self.played.clear()
        self.model, self.loading = str(values[0]), str(values[1])
        self.ticks_per_beat, self.bar_ticks, self.metre = grid, bar, (upper, lower)

    def _parts(self, values: tuple[Value, ...]) -> None:
        rows = [values[start : start + 5] for start in range(0, len(values) // 5 * 5, 5)][:MOST_PARTS]
        letters = letters_for([str(row[0]) for row in rows])
        self.parts = tuple(
            Part(str(row[0]), letter, int(row[1]), int(row[2]), bool(row[3]))
            for row, letter in zip(rows, letters, strict=True)
        )

    def _source(self, values: tuple[Value, ...]) -> None:
        before = self.port
        self.clock, self.port, self.recording = (str(value) for value in values)
        if before not in ("", self.port):
            self.log.append(f"port: {self.port}")

    def _record(self, values: tuple[Value, ...]) -> None:
        self.taking = bool(values[0])

    def _counts(self, values: tuple[Value, ...]) -> None:
        if len(values) == 8:
            self.counts = tuple(int(value) for value in values)

    def _timing(self, values: tuple[Value, ...]) -> None:
        if len(values) == 4:
            self.timing = tuple(float(value) for value in values)

    def _bar(self, values: tuple[Value, ...]) -> None:
        self.bar = int(values[0])

    def _models(self, values: tuple[Value, ...]) -> None:
        self.models = tuple(str(value) for value in values[:MOST_MODELS])

    def _warning(self, values: tuple[Value, ...]) -> None:
        self.log.append(str(values[0]))
        self.waiting = self.waiting or (values[0] == WAITS and not self.playing)

    def _kept(self, values: tuple[Value, ...]) -> None:
        self.log.append(f"kept: {values[0]}")

    def _new_model(self, values: tuple[Value, ...]) -> None:
        self.log.append(f"{values[0]} plays")

    def _nothing(self, values: tuple[Value, ...]) -> None:
        """Know that the daemon is there."""


_TAKERS: dict[str, Callable[[State, tuple[Value, ...]], None]] = {
    PLACE: State._place,
    "stream/played": State._played,
    "stream/coming": State._coming,
    "stream/figures": State._figures,
    "stream/belief": State._belief,
    "stream/likeliest": State._likeliest,
    "stream/chosen": State._chosen,
    "stream/model": State._model,
    "stream/parts": State._parts,
    "stream/source": State._source,
    "stream/counts": State._counts,
    "record": State._record,
    "stream/timing": State._timing,
    "event/bar": State._bar,
    "event/model": State._new_model,
    "event/warning": State._warning,
    "event/kept": State._kept,
    "models": State._models,
    "error": State._warning,
    "subscribed": State._nothing,
}


def ticks_of(values: tuple[Value, ...]) -> Iterator[tuple[int, tuple[Note, ...]]]:
    """Yield each tick and its notes from the flat numbers of ``played`` and ``coming``, as far as they make sense."""
    numbers = [int(value) for value in values]
    place = 0
    while place + 2 <= len(numbers):
        tick, count = numbers[place : place + 2]
        place += 2
        end = place + 3 * count
        if count < 0 or end > len(numbers):
            return
        notes = zip(numbers[place:end:3], numbers[place + 1 : end : 3], numbers[place + 2 : end : 3], strict=True)
        yield tick, tuple(note for note in notes if note[0] >= 0 and 0 <= note[1] <= 127)
        place = end


def _pairs(values: tuple[Value, ...]) -> tuple[tuple[str, float], ...]:
    return tuple((str(name), float(chance)) for name, chance in zip(values[::2], values[1::2], strict=False))[:32]


def letters_for(names: list[str]) -> list[str]:
    """Return a letter for each part: the first of its name that no part before it has, or a digit."""
    taken: list[str] = []
    for name in names:
        own = [letter.upper() for letter in name if letter.isascii() and letter.isalpha()]
        spare = [*own, *"1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
        taken.append(next((letter for letter in spare if letter not in taken), "?"))
    return taken
