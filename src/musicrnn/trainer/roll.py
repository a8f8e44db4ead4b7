"""A piano roll as a picture: generated and held-out music, one above the other."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from musicrnn.models.score import Score
from musicrnn.models.vocabulary import pitch_name
from musicrnn.printable import printable

DRUMS = {
    35: "kick 2", 36: "kick", 37: "side stick", 38: "snare", 39: "clap", 40: "snare 2", 41: "floor tom 2",
    42: "hi-hat closed", 43: "floor tom", 44: "hi-hat pedal", 45: "low tom", 46: "hi-hat open", 47: "mid tom",
    48: "high-mid tom", 49: "crash", 50: "high tom", 51: "ride", 52: "china", 53: "ride bell", 54: "tambourine",
    55: "splash", 56: "cowbell", 57: "crash 2", 58: "vibraslap", 59: "ride 2",
}  # fmt: skip
COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#b9770e", "#76448a", "#148f77", "#884ea0", "#5d6d7e")
FEWEST_PITCHES = 12
FAINTEST = 0.25


def draw_rolls(rolls: Sequence[tuple[str, Score]], bars: int = 16) -> bytes:
    """Return a PNG of the first ``bars`` bars of each score under its title, coloured by part, with bar lines.

    Notes are the fainter the softer they are.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4.2 * len(rolls)), layout="constrained")
    low, high = _pitches([score for _, score in rolls])
    for axes, (title, score) in zip(figure.subplots(len(rolls), squeeze=False)[:, 0], rolls, strict=True):
        _draw(axes, score, bars)
        axes.set_title(printable(title), loc="left", fontsize=10, pad=14, parse_math=False)
        axes.set_ylim(low - 0.8, high + 0.8)
        names = _names([score for _, score in rolls], low, high)
        axes.set_yticks(list(names), list(names.values()), fontsize=8)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()


def _pitches(scores: Sequence[Score]) -> tuple[int, int]:
    pitches = [note.pitch for score in scores for note in score.notes] or [60]
    low, high = min(pitches), max(pitches)
    return low, max(high, low + FEWEST_PITCHES)


def _names(scores: Sequence[Score], low: int, high: int) -> dict[int, str]:
    """Name the Cs of a roll or, where there are only drums, those that are struck (as General MIDI numbers them)."""
    if not all(part.percussive for score in scores for part in score.parts):
        return {pitch: pitch_name(pitch) for pitch in range(low, high + 1) if pitch % 12 == 0}
    struck = sorted({note.pitch for score in scores for note in score.notes})
    return {pitch: DRUMS.get(pitch, str(pitch)) for pitch in struck}


def _draw(axes: Any, score: Score, bars: int) -> None:
    beat = score.ticks_per_beat
    shown = score.bars[:bars]
    end = shown[-1].end if shown else beat
    for index, part in enumerate(score.parts):
        notes = [note for note in score.notes if note.part == index and note.start < end]
        colour = COLOURS[index % len(COLOURS)]
        for note in notes:
            alpha = FAINTEST + (1 - FAINTEST) * note.velocity / 127
            width = min(note.length, end - note.start) / beat
            axes.broken_barh([(note.start / beat, max(width - 0.06, 0.04))], (note.pitch - 0.4, 0.8),
                             color=colour, alpha=alpha, linewidth=0)  # fmt: skip
        axes.plot([], [], color=colour, linewidth=5, label=part.name)
    for number, bar in enumerate(shown):
        axes.axvline(bar.start / beat, color="#888888", linewidth=0.8, zorder=0)
        axes.text(bar.start / beat, 1.01, f"{number + 1}", fontsize=7, color="#666666", va="bottom",
                  transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set_xlim(0, end / beat)
    axes.set_xticks(range(int(end / beat) + 1))
    axes.tick_params(axis="x", labelbottom=False, length=2)
    axes.grid(axis="y", alpha=0.25)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.03), fontsize=8, ncols=len(score.parts), frameon=False)
