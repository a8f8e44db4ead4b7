"""Small made-up pieces to train on."""

from __future__ import annotations

import numpy as np

from musicrnn.models.score import Note, Part, Score, regular_bars

PARTS = (Part("soprano", 55, 81, 1, polyphony=1), Part("bass", 36, 60, 2, polyphony=1))


def tune(seed: int, bars: int = 6, metre: tuple[int, int] = (4, 4)) -> Score:
    """Return a two-part tune that wanders by steps, the same for the same seed."""
    rng = np.random.default_rng(seed)
    ruler = regular_bars(bars * metre[0] * 4 // metre[1] * 4, 4, *metre)[:bars]
    length = ruler[-1].end
    notes: list[Note] = []
    for part, (first, steps) in enumerate(((67, (2, 4)), (48, (4, 8)))):
        at, pitch = 0, first
        while at < length:
            size = min(int(rng.choice(steps)), length - at)
            pitch = int(np.clip(pitch + rng.integers(-2, 3), PARTS[part].low + 6, PARTS[part].high - 6))
            notes.append(Note(at, part, pitch, size))
            at += size
    return Score(4, PARTS, tuple(sorted(notes)), ruler)


def tunes(count: int) -> list[tuple[str, Score]]:
    """Return named tunes of differing lengths and metres."""
    return [(f"tune-{i}", tune(i, 3 + i % 5, (3, 4) if i % 3 == 0 else (4, 4))) for i in range(count)]
