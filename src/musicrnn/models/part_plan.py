"""Parts found in a corpus: which voices its pieces have, and which track belongs to which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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


def plan_parts(pieces: Iterable[GridPiece], rules: Sequence[PartRule] = (), most_voices: int = MOST_VOICES) -> PartPlan:
    """Choose the parts of a corpus: by the rules if there are any, else by what its pieces have in common.

    Nearly all pieces having the same number of instruments, up to ``most_voices``, each is a part; else
    each General MIDI family is. The pieces are gone through once.
    """
    if rules:
        return PartPlan("rules", tuple(rule.name for rule in rules), tuple(rules))
    census = _Census()
    for piece in pieces:
        census.add(piece, most_voices)
    if len(census.declared) == 1 and () not in census.declared:
        return PartPlan("declared", census.declared.pop())
    drums = (DRUMS,) if DRUMS in census.families else ()
    if not census.voices:
        return PartPlan("tracks", drums)
    voices, often = census.voices.most_common(1)[0]
    if voices <= most_voices and often >= NEARLY_ALL * census.voices.total():
        return PartPlan("tracks", (*census.voice_names(voices), *drums))
    return PartPlan("families", (*(name for name in FAMILIES if name in census.families), *drums))


@dataclass(slots=True)
class _Census:
    """What the pieces of a corpus have, counted piece by piece: declared parts, families, and instruments.

    ``voices`` counts pieces by their number of melodic instruments; ``names``, by that number and an instrument's
    place, the names of its tracks; ``pitches`` is for each place in a choir the sum of its pitches and its notes.
    """

    declared: set[tuple[str, ...]] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    voices: Counter[int] = field(default_factory=Counter)
    names: dict[tuple[int, int], Counter[str]] = field(default_factory=dict)
    pitches: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in CHOIR])

    def add(self, piece: GridPiece, most_voices: int) -> None:
        """Count one piece in."""
        self.declared.add(_declared_names(piece))
        self.families.update(_family(track) for track in piece.tracks)
        instruments = melodic(piece)
        if not instruments:
            return
        self.voices[len(instruments)] += 1
        if 1 < len(instruments) <= most_voices:
            for place, instrument in enumerate(instruments):
                name = part_name(next(track.name for track in piece.tracks if track.instrument == instrument))
                self.names.setdefault((len(instruments), place), Counter())[name] += 1
        if len(instruments) == len(CHOIR):
            self._add_choir(piece, instruments)

    def _add_choir(self, piece: GridPiece, instruments: Sequence[int]) -> None:
        for track in piece.tracks:
            if not track.drums:
                sums = self.pitches[instruments.index(track.instrument)]
                sums[0] += int(track.notes[:, 2].sum())
                sums[1] += len(track.notes)

    def voice_names(self, voices: int) -> tuple[str, ...]:
        """Name the voices: by their tracks' names if nearly all pieces agree, as a choir, or by number."""
        if voices == 1:
            return (NOTES,)
        named = [self._common_name(voices, place) for place in range(voices)]
        if all(named) and len(set(named)) == voices and DRUMS not in named:
            return tuple(named)
        if voices == len(CHOIR) and self._falls():
            return CHOIR
        return tuple(f"voice-{number}" for number in range(1, voices + 1))

    def _common_name(self, voices: int, place: int) -> str:
        names = self.names[voices, place]
        name, often = names.most_common(1)[0]
        return name if often >= NEARLY_ALL * names.total() else ""

    def _falls(self) -> bool:
        """Tell whether each voice of the choirs lies on average below the one before."""
        means = [total / count for total, count in self.pitches]
        return all(upper > lower for upper, lower in pairwise(means))


def _declared_names(piece: GridPiece) -> tuple[str, ...]:
    """Return the names of the parts that the file declares; none if a track has another name or kind."""
    kinds = {part.name: part.percussive for part in piece.declared}
    fits = all(kinds.get(track.name) == track.drums for track in piece.tracks)
    return tuple(kinds) if fits else ()


def melodic(piece: GridPiece) -> list[int]:
    """Return the numbers of the piece's instruments that are not drums, in order."""
    return sorted({track.instrument for track in piece.tracks if not track.drums})


def part_name(words: str) -> str:
    """Return words as a part's name: small letters, digits and single hyphens, at most 32."""
    kept = "".join(c if c.isalnum() or c == "_" else "-" for c in words.lower())[:32]
    return "-".join(piece for piece in kept.split("-") if piece)


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
