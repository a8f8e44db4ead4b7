"""Parts found in a corpus: which voices its pieces have, and which track belongs to which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

from musicrnn.config.corpus import PartRule
from musicrnn.models.grid_piece import GridPiece, GridTrack
from musicrnn.models.score import DRUM_CHANNEL

FAMILIES = (
    "piano", "mallets", "organ", "guitar", "bass", "strings", "ensemble", "brass",
    "reed", "pipe", "lead", "pad", "effects", "world", "percussion", "sounds",
)  # fmt: skip
CHOIR = ("soprano", "alto", "tenor", "bass")
DRUMS = "drums"
NOTES = "notes"
MOST_VOICES = 8
NEARLY_ALL = 0.9

Choice = Callable[[GridPiece, GridTrack], str | None]


@dataclass(frozen=True, slots=True)
class PartPlan:
    """The names of a corpus's parts in order, and how the part of a track is found.

    ``kind`` is "rules" (the settings say it), "declared" (the files say it), "tracks" (by place among the
    file's instruments) or "families" (by General MIDI program).
    """

    kind: str
    names: tuple[str, ...]
    rules: tuple[PartRule, ...] = ()

    def part_of(self, piece: GridPiece, track: GridTrack) -> str | None:
        """Return the name of the part that takes the track, None if none does."""
        return _CHOICES[self.kind](self, piece, track)


def plan_parts(pieces: Sequence[GridPiece], rules: Sequence[PartRule] = (), most_voices: int = MOST_VOICES) -> PartPlan:
    """Choose the parts of a corpus: by the rules if there are any, else by what its pieces have in common.

    Nearly all pieces having the same number of instruments, up to ``most_voices``, each is a part; else
    each General MIDI family is.
    """
    if rules:
        return PartPlan("rules", tuple(rule.name for rule in rules), tuple(rules))
    declared = {_declared_names(piece) for piece in pieces}
    if len(declared) == 1 and () not in declared:
        return PartPlan("declared", declared.pop())
    counts = Counter(len(melodic(piece)) for piece in pieces if melodic(piece))
    drums = (DRUMS,) if any(track.drums for piece in pieces for track in piece.tracks) else ()
    if not counts:
        return PartPlan("tracks", drums)
    voices, often = counts.most_common(1)[0]
    if voices <= most_voices and often >= NEARLY_ALL * counts.total():
        same = [piece for piece in pieces if len(melodic(piece)) == voices]
        return PartPlan("tracks", (*_voice_names(same, voices), *drums))
    found = {_family(track) for piece in pieces for track in piece.tracks if not track.drums}
    return PartPlan("families", (*(name for name in FAMILIES if name in found), *drums))


def _declared_names(piece: GridPiece) -> tuple[str, ...]:
    """Return the names of the parts that the file declares; none if a track has another name or kind."""
    kinds = {part.name: part.percussive for part in piece.declared}
    fits = all(kinds.get(track.name) == track.drums for track in piece.tracks)
    return tuple(kinds) if fits else ()


def melodic(piece: GridPiece) -> list[int]:
    """Return the numbers of the piece's instruments that are not drums, in order."""
    return sorted({track.instrument for track in piece.tracks if not track.drums})


def _voice_names(pieces: Sequence[GridPiece], voices: int) -> tuple[str, ...]:
    """Name the voices: by their tracks' names if nearly all pieces agree, as a choir, or by number."""
    if voices == 1:
        return (NOTES,)
    named = [_common_name(pieces, voice) for voice in range(voices)]
    if all(named) and len(set(named)) == voices and DRUMS not in named:
        return tuple(named)
    if voices == len(CHOIR) and _falls(pieces):
        return CHOIR
    return tuple(f"voice-{number}" for number in range(1, voices + 1))


def _common_name(pieces: Sequence[GridPiece], voice: int) -> str:
    names = Counter(
        part_name(next(track.name for track in piece.tracks if track.instrument == melodic(piece)[voice]))
        for piece in pieces
    )
    name, often = names.most_common(1)[0]
    return name if often >= NEARLY_ALL * len(pieces) else ""


def part_name(words: str) -> str:
    """Return words as a part's name: small letters, digits and single hyphens, at most 32."""
    kept = "".join(c if c.isalnum() or c == "_" else "-" for c in words.lower())[:32]
    return "-".join(piece for piece in kept.split("-") if piece)


def _falls(pieces: Sequence[GridPiece]) -> bool:
    """Tell whether each voice lies on average below the one before."""
    sums, counts = [0.0] * len(CHOIR), [0] * len(CHOIR)
    for piece in pieces:
        places = {number: place for place, number in enumerate(melodic(piece))}
        for track in piece.tracks:
            if not track.drums:
                sums[places[track.instrument]] += float(track.notes[:, 2].sum())
                counts[places[track.instrument]] += len(track.notes)
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    return all(upper > lower for upper, lower in pairwise(means))


def _family(track: GridTrack) -> str:
    return DRUMS if track.drums else FAMILIES[track.program // 8]


def _by_family(_: PartPlan, __: GridPiece, track: GridTrack) -> str | None:
    return _family(track)


def _by_place(plan: PartPlan, piece: GridPiece, track: GridTrack) -> str | None:
    """Return the part at the track's place; instruments beyond the last share the last part."""
    if track.drums:
        return DRUMS
    voices = [name for name in plan.names if name != DRUMS]
    return voices[min(melodic(piece).index(track.instrument), len(voices) - 1)] if voices else None


def _by_declaration(plan: PartPlan, _: GridPiece, track: GridTrack) -> str | None:
    return track.name if track.name in plan.names else None


def _by_rule(plan: PartPlan, _: GridPiece, track: GridTrack) -> str | None:
    mine = [rule for rule in plan.rules if takes_drums(rule) == track.drums]
    taken = next((rule.name for rule in mine if _takes(rule, track)), None)
    return taken or next((rule.name for rule in mine if rule.rest), None)


def takes_drums(rule: PartRule) -> bool:
    """Tell whether the rule is one for drum tracks; the others never take one."""
    return rule.drums or DRUM_CHANNEL in rule.channels


def _takes(rule: PartRule, track: GridTrack) -> bool:
    """Tell whether every criterion that the rule gives holds for the track."""
    wanted = (
        (rule.tracks, track.instrument in rule.tracks),
        (rule.names, any(fnmatchcase(track.name.lower(), pattern.lower()) for pattern in rule.names)),
        (rule.channels, track.channel in rule.channels),
        (rule.programs, track.program in rule.programs),
    )
    given = [holds for criterion, holds in wanted if criterion]
    return all(given) and (bool(given) or (rule.drums and not rule.rest))


_CHOICES: dict[str, Callable[[PartPlan, GridPiece, GridTrack], str | None]] = {
    "rules": _by_rule,
    "declared": _by_declaration,
    "tracks": _by_place,
    "families": _by_family,
}
