"""Score text and the old characters to scores in the parts of a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from musicrnn.errors import ScoreTextError
from musicrnn.models.legacy_text import is_legacy_text, read_legacy_text
from musicrnn.models.part_plan import PartPlan
from musicrnn.models.parts import assign
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.score import Bar, Note, Part, Score, bar_length
from musicrnn.models.score_pieces import piece_of_score
from musicrnn.models.text_read import score_of_text
from musicrnn.models.vocabulary import Vocabulary, pitch_name

_NAMES_PARTS = re.compile(r"^#\s*part\.|[\w-]:~?[A-Ga-g]", re.MULTILINE)
_LINE = re.compile(r"^line (\d+):")
_NAMES_METRE = re.compile(r"^\s*(#\s*metre\s*=|\[\d+/\d+\])", re.MULTILINE)


def score_of_prime(text: str, vocabulary: Vocabulary, metre: tuple[int, int]) -> Score:
    """Read score text, or the old characters, to a score in the model's parts and on its grid.

    ``metre`` holds where the text names none; ``|`` ends a bar as a line does, and a text of one line may
    hold any number of ticks. Notes that name no part go to the parts that have room for them, the highest
    first. Raises ScoreTextError or ValueError for what is no such text.
    """
    grid = vocabulary.ticks_per_beat
    if is_legacy_text(text):
        score = read_legacy_text(text, grid)
        return fitted(_in_bars(score, metre, max((note.end for note in score.notes), default=0)), vocabulary)
    text = text.replace("|", "\n").strip()
    parts = vocabulary.parts if _NAMES_PARTS.search(text) else ()
    if _NAMES_METRE.search(text):
        return fitted(score_of_text(text, ticks_per_beat=grid, parts=parts), vocabulary)
    one_line = "\n" not in text
    headed = f"# metre = {metre[0]}/{metre[1]}\n{text}"
    try:
        score = score_of_text(headed, ticks_per_beat=grid, parts=parts, measured=not one_line)
    except ScoreTextError as error:
        raise ScoreTextError(_LINE.sub(lambda found: f"line {int(found[1]) - 1}:", str(error), count=1)) from None
    return fitted(_in_bars(score, metre, score.length) if one_line else score, vocabulary)


def _in_bars(score: Score, metre: tuple[int, int], length: int) -> Score:
    """Return the first ``length`` ticks of a score in bars of a metre that end with it; the first may be a pickup."""
    whole = bar_length(*metre, score.ticks_per_beat)
    heads = [0, *range(length % whole or whole, length, whole)] if length else []
    bars = tuple(Bar(start, end - start, *metre) for start, end in pairwise([*heads, length]))
    return replace(score, bars=bars, tempos=score.tempos[:1])


def fitted(score: Score, vocabulary: Vocabulary) -> Score:
    """Return a score with the vocabulary's grid and parts.

    Parts are found by name; where a name is unknown by place, if there are as many as the model has;
    else note by note, the highest first, by range and room. Raises ValueError for notes that no part takes.
    """
    score = _on_grid(score, vocabulary.ticks_per_beat)
    used = sorted({note.part for note in score.notes})
    names = [part.name for part in vocabulary.parts]
    places = _places([score.parts[index] for index in used], vocabulary.parts)
    if all(score.parts[index].name in names for index in used):
        part_of = {index: names.index(score.parts[index].name) for index in used}
    elif places:
        part_of = dict(zip(used, places, strict=True))
    else:
        return _rebuilt(score, vocabulary, _distributed(score, vocabulary))
    return _rebuilt(score, vocabulary, [replace(note, part=part_of[note.part]) for note in score.notes])


def _on_grid(score: Score, grid: int) -> Score:
    if score.ticks_per_beat == grid or not score.notes:
        return replace(score, ticks_per_beat=grid)
    piece = quantise(piece_of_score(score, "prime"), GridSettings(grid))
    plan = PartPlan("declared", tuple(part.name for part in score.parts))
    return assign(piece, plan, score.parts)[0]


def _places(given: Sequence[Part], parts: Sequence[Part]) -> list[int]:
    """Return the place of each given part among the model's, none where they do not correspond."""
    by_kind = {kind: [i for i, part in enumerate(parts) if part.percussive == kind] for kind in (False, True)}
    counts = {kind: sum(part.percussive == kind for part in given) for kind in (False, True)}
    if any(counts[kind] not in (0, len(by_kind[kind])) for kind in (False, True)):
        return []
    return [by_kind[part.percussive].pop(0) for part in given]


def _distributed(score: Score, vocabulary: Vocabulary) -> list[Note]:
    """Give each note to the first part that has its pitch and is free while it sounds."""
    given: list[Note] = []
    sounding: list[Note] = []
    for note in sorted(score.notes, key=lambda note: (note.start, -note.pitch)):
        sounding = [other for other in sounding if other.end > note.start]
        percussive = score.parts[note.part].percussive
        alike = [i for i, part in enumerate(vocabulary.parts) if part.percussive == percussive]
        for index in alike or range(len(vocabulary.parts)):
            length = 1 if vocabulary.parts[index].percussive else note.length
            candidate = replace(note, part=index, length=length)
            if vocabulary.has(index, note.pitch) and _has_room(candidate, sounding, vocabulary):
                given.append(candidate)
                sounding.append(candidate)
                break
        else:
            raise ValueError(f"no part of the model takes {pitch_name(note.pitch)} at tick {note.start}")
    return given


def _has_room(note: Note, sounding: Sequence[Note], vocabulary: Vocabulary) -> bool:
    mine = [other for other in sounding if other.part == note.part]
    return len(mine) < vocabulary.parts[note.part].polyphony and all(other.pitch != note.pitch for other in mine)


def _rebuilt(score: Score, vocabulary: Vocabulary, notes: Sequence[Note]) -> Score:
    for note in notes:
        part = vocabulary.parts[note.part]
        if not part.low <= note.pitch <= part.high:
            takes = f"{pitch_name(part.low)}..{pitch_name(part.high)}"
            raise ValueError(f"{part.name} must be in {takes}, got {pitch_name(note.pitch)} at tick {note.start}")
    return Score(vocabulary.ticks_per_beat, vocabulary.parts, tuple(sorted(notes)), score.bars, score.tempos)
