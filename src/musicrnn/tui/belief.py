"""What the network believes: pitch classes, the likeliest tokens, and A over time with its distribution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.cells import set_cell_size

from musicrnn.tui.paint import BLOCKS, Line, Span, column
from musicrnn.tui.roll import NAMES
from musicrnn.tui.state import State

TOKEN_ROWS = 8
LEAST_ENTROPY_ROWS = 3


def belief(state: State, width: int, height: int) -> list[Line]:
    """Return the right-hand column: classes above, tokens, then A; small heights show less of each."""
    bars = max(min((height - 6) // 3, 8), 2)
    tokens = max(min(height - bars - 7, TOKEN_ROWS), 1)
    rows = max(height - bars - tokens - 6, 1)
    curve = min(rows, 6)
    lines = [_title("Pitch classes it expects", width), *classes(state.belief, width, bars)]
    lines += [_title("Likeliest first token", width), *likeliest(state, width, tokens)]
    lines += [_title(exponent_words(state), width), *exponent(state, width, curve)]
    if rows >= curve + LEAST_ENTROPY_ROWS:
        lines += [_title(_entropy_words(state), width), *_curve(state.entropies, width, min(rows - curve - 1, 5), 4.0)]
    return lines


def _entropy_words(state: State) -> str:
    last = f"{state.entropies[-1]:.2f}" if state.entropies else "-"
    return f"Entropy {last} nats"


def _curve(values: Iterable[float], width: int, rows: int, least_top: float) -> list[Line]:
    """Return the last values as bars, the newest at the right."""
    recent = list(values)[-width:]
    top = max(least_top, *recent) if recent else least_top
    bars = [column(max(value, 0.0) / top, rows) for value in recent]
    pad = " " * (width - len(bars))
    return [((pad + "".join(bar[row] for bar in bars), "part0"),) for row in range(rows)]


def _title(text: str, width: int) -> Line:
    return ((f" {text}".ljust(width), "title"),)


def classes(chances: Sequence[float], width: int, rows: int) -> list[Line]:
    """Return a bar for each pitch class, and below it its name."""
    cell = max(min(width // 12, 4), 2)
    bars = [column(chance, rows) for chance in chances]
    lines: list[Line] = [tuple((bar[row] * (cell - 1) + " ", "accent") for bar in bars) for row in range(rows)]
    likely = max(chances, default=0.0)
    names = tuple(
        (name[: cell - 1].ljust(cell) if cell > 2 else _short(name), "bold" if chance == likely and likely else "dim")
        for name, chance in zip(NAMES, chances, strict=True)
    )
    return [*lines, names]


def _short(name: str) -> str:
    """Return a pitch class in two columns: a black key is ♯."""
    return f"{name[0]} " if len(name) == 1 else "♯ "


def likeliest(state: State, width: int, rows: int) -> list[Line]:
    """Return the tokens that the network thought of first, the one that was drawn marked."""
    drawn = state.chosen[0][0] if state.chosen else ""
    room = max(width - 22, 4)
    return [_token(name, chance, name == drawn, room) for name, chance in state.likeliest[:rows]] + [()] * (
        rows - len(state.likeliest[:rows])
    )


def _token(name: str, chance: float, drawn: bool, room: int) -> Line:
    share = min(max(chance, 0.0), 1.0)
    mark = ("▶ ", "accent") if drawn else ("  ", "")
    text = (set_cell_size(name, 13), "bold" if drawn else "")
    return (mark, text, (f"{share:4.0%} ", "dim"), ("█" * round(share * room), "accent" if drawn else "dim"))


def exponent_words(state: State) -> str:
    """Say what A is drawn from, and what it was."""
    last = f"{state.exponents[-1]:.2f}" if state.exponents else "-"
    return f"A {last} mu {state.value('mu'):g} sigma {state.value('sigma'):g}"


def exponent(state: State, width: int, rows: int) -> list[Line]:
    """Return A over the last ticks as bars, and below it the distribution that it is drawn from."""
    mu, sigma = float(state.value("mu")), float(state.value("sigma"))
    recent = list(state.exponents)[-width:]
    top = max(2.0, mu + 3 * sigma, *recent) if recent else max(2.0, mu + 3 * sigma)
    return [
        *_curve(recent, width, rows, top),
        _distribution(mu, sigma, recent[-1] if recent else mu, top, width),
        _axis(top, width),
    ]


def _distribution(mu: float, sigma: float, last: float, top: float, width: int) -> Line:
    """Return the normal density from 0 to ``top`` as one row, the last A marked."""
    spread = max(sigma, top / width / 2)
    heights = [math.exp(-((((place + 0.5) * top / width - mu) / spread) ** 2) / 2) for place in range(width)]
    text = "".join(BLOCKS[round(height * 8)] for height in heights)
    mark = min(max(int(last / top * width), 0), width - 1)
    spans: list[Span] = [(text[:mark], "part1"), ("▼", "accent"), (text[mark + 1 :], "part1")]
    return tuple(spans)


def _axis(top: float, width: int) -> Line:
    right = f"{top:.1f}"
    middle = f"{top / 2:.1f}"
    left = "0".ljust(width // 2 - len(middle) // 2)
    return ((f"{left}{middle}".ljust(width - len(right)) + right, "dim"),)
