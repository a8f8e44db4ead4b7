"""The piano roll: time from left to right, one column a tick; right of the playhead is what is not yet played."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.tui.paint import PART_COLOURS, Line, Span
from musicrnn.tui.state import SILENCED, Note, State

LABEL = 4
LEAST_FUTURE = 4
MARGIN = 2  # semitones kept free above and below
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_HELD = {1: ("━",), 2: ("▔", "▁"), 3: ("▔", "━", "▁")}
Cells = dict[int, Span]


def pitch_name(pitch: int) -> str:
    """Return a pitch as people say it: 60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


@dataclass(slots=True)
class View:
    """What the roll looks at: it moves only when the music leaves it, so that the picture keeps still."""

    low: int = 0
    high: int = -1
    future: int = LEAST_FUTURE
    model: str = ""

    def follow(self, state: State, columns: int) -> int:
        """Look at what is played and to come; return how many ticks of the past there is room for."""
        if state.model != self.model:
            self.model, self.low, self.high, self.future = state.model, 0, -1, LEAST_FUTURE
        ahead = max(state.coming, default=state.tick) - state.tick + 2
        self.future = min(max(self.future, ahead), max(columns // 3, 1))
        past = max(columns - self.future - 1, 0)
        self._keep(state, state.tick - past)
        return past

    def _keep(self, state: State, first: int) -> None:
        rolls = (state.played, state.coming)
        pitches = [note[1] for roll in rolls for tick, notes in roll.items() if tick >= first for note in notes]
        if not pitches:
            return
        low, high = max(min(pitches) - MARGIN, 0), min(max(pitches) + MARGIN, 127)
        too_wide = self.high - self.low > high - low + 16
        if self.high < self.low or too_wide:
            self.low, self.high = low, high
        self.low, self.high = min(self.low, low), max(self.high, high)


def roll(state: State, view: View, width: int, height: int) -> list[Line]:
    """Return the piano roll in so many columns and rows."""
    past = view.follow(state, width - LABEL)
    first = state.tick - past
    span = max(view.high - view.low + 1, 1)
    a_row = max(-(-span // height), 1)
    top = min(view.high + (a_row * height - span) // 2, 127) if view.high >= view.low else 72
    rows: list[Cells] = [{} for _ in range(height)]
    scale = Scale(top, a_row, first, tuple(part.letter for part in state.parts))
    for tick in range(first, state.tick):
        scale.draw(rows, tick, state.played.get(tick, ()), soon=False)
    for tick in range(state.tick, state.tick + view.future):
        scale.draw(rows, tick, state.coming.get(tick, ()), soon=True)
    ground = _ground(state, first, past, view.future)
    return [_line(row, cells, scale, ground) for row, cells in enumerate(rows)]


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a note goes: the pitch of the top row, pitches a row, the first column's tick, the parts' letters."""

    top: int
    a_row: int
    first: int
    letters: tuple[str, ...]

    def draw(self, rows: list[Cells], tick: int, notes: tuple[Note, ...], *, soon: bool) -> None:
        """Put the notes of a tick into the rows; an attack covers what goes on."""
        column = tick - self.first + soon
        for part, pitch, velocity in notes:
            row, within = divmod(self.top - pitch, self.a_row)
            if 0 <= row < len(rows) and (velocity or column not in rows[row]):
                rows[row][column] = self._cell(part, velocity, within, soon)

    def _cell(self, part: int, velocity: int, within: int, soon: bool) -> Span:
        number, colour = part % SILENCED, part % SILENCED % PART_COLOURS
        letter = self.letters[number] if number < len(self.letters) else "?"
        held = _HELD.get(self.a_row, _HELD[3])
        if part >= SILENCED:
            return (letter.lower() if velocity else "·", "dim")
        if soon:
            return (letter.lower() if velocity else "╌", f"soon{colour}")
        glyph = held[within * len(held) // self.a_row]
        return (letter, f"begin{colour}") if velocity else (glyph, f"part{colour}")


def _ground(state: State, first: int, past: int, future: int) -> tuple[Cells, Cells]:
    """Return the bar lines, and for the rows of a C the beats as well."""
    bars: Cells = {past: ("│", "accent")}
    beats: Cells = {past: ("│", "accent")}
    for tick in range(max(first, 0), state.tick + future):
        place = tick - first + (tick >= state.tick)
        if tick % state.bar_ticks == 0:
            bars[place] = beats[place] = ("▏", "grid")
        elif tick % state.ticks_per_beat == 0:
            beats[place] = ("·", "grid")
    return bars, beats


def _line(row: int, cells: Cells, scale: Scale, ground: tuple[Cells, Cells]) -> Line:
    pitches = range(scale.top - row * scale.a_row, scale.top - (row + 1) * scale.a_row, -1)
    named = next((pitch for pitch in pitches if pitch % 12 == 0), None)
    label = (f"{pitch_name(named):>3} ", "dim") if named is not None else (" " * LABEL, "")
    merged = ground[named is not None] | cells
    return (label, *_runs(merged))


def _runs(cells: Cells) -> list[Span]:
    """Join neighbours of the same role."""
    spans: list[Span] = []
    place = 0
    for column in sorted(cells):
        text, role = cells[column]
        if column > place:
            spans.append((" " * (column - place), ""))
        if spans and spans[-1][1] == role and column == place:
            spans[-1] = (spans[-1][0] + text, role)
        else:
            spans.append((text, role))
        place = column + 1
    return spans
