"""Parts found in corpora, and tracks given to them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from musicrnn.config.corpus import PartRule
from musicrnn.errors import ConfigError
from musicrnn.models.bar_lines import bar_rows
from musicrnn.models.declaration import parts_of_declaration
from musicrnn.models.grid_piece import GridPiece, GridTrack, note_rows
from musicrnn.models.part_plan import part_name, plan_parts
from musicrnn.models.parts import assign, discover_parts, most_at_once, settled
from musicrnn.models.score import Note, Part, Tempo

Row = tuple[int, int, int, int]


def track(instrument: int, pitch: int = 60, **facts: object) -> GridTrack:
    """Return a track of one note."""
    known: dict[str, object] = {"channel": instrument, "name": "", "program": 0, "drums": False}
    notes = note_rows([(0, 4, pitch, 80)])
    return GridTrack(instrument, instrument, notes=notes, **known | facts)  # type: ignore[arg-type]


def piece(*tracks: GridTrack, declared: tuple[Part, ...] = ()) -> GridPiece:
    """Return a piece of two bars."""
    return GridPiece("a.mid", 4, tracks, bar_rows(32, [], 4), (Tempo(0, 120.0),), declared=declared)


def names(pieces: Sequence[GridPiece], *rules: PartRule) -> list[str]:
    """Return the names of the parts that are found."""
    return [part.name for part in discover_parts(pieces, plan_parts(pieces, rules))]


def test_four_falling_voices_are_a_choir() -> None:
    """As in chorales whose tracks have no names."""
    assert names([piece(*(track(i, 80 - 10 * i) for i in range(1, 5)))]) == ["soprano", "alto", "tenor", "bass"]


def test_four_voices_that_do_not_fall_are_numbered() -> None:
    """A name must not be guessed."""
    assert names([piece(*(track(i, 40 + i) for i in range(1, 5)))]) == ["voice-1", "voice-2", "voice-3", "voice-4"]


def test_tracks_that_have_the_same_names_in_all_pieces_give_them_to_the_parts() -> None:
    """Made into names of parts: small letters and hyphens."""
    pieces = [piece(track(1, name="Lead Synth!"), track(2, name="Bass (E.)"))] * 2
    assert names(pieces) == ["lead-synth", "bass-e"]


def test_one_instrument_is_the_part_notes() -> None:
    """A tune has no other name."""
    assert names([piece(track(1))]) == ["notes"]


def test_drums_are_a_percussive_part_on_channel_10() -> None:
    """They are never played as piano notes."""
    pieces = [piece(track(1), track(2, 36, drums=True, channel=10))]
    parts = discover_parts(pieces, plan_parts(pieces))
    assert [(part.name, part.channel, part.percussive) for part in parts] == [("notes", 1, False), ("drums", 10, True)]


def test_drums_alone_are_one_part() -> None:
    """A corpus of drummers."""
    assert names([piece(track(1, 36, drums=True, channel=10))]) == ["drums"]


def test_pieces_of_changing_size_are_sorted_by_general_midi_family() -> None:
    """In the order of the families, on channels that are not the drums'."""
    pieces = [piece(track(1, program=33)), piece(track(1, program=0), track(2, program=41), track(3, program=32))]
    parts = discover_parts(pieces, plan_parts(pieces))
    assert [(part.name, part.program, part.channel) for part in parts] == [
        ("piano", 0, 1), ("bass", 33, 2), ("strings", 41, 3),
    ]  # fmt: skip


def test_one_odd_piece_in_ten_changes_nothing_and_its_tracks_are_kept() -> None:
    """What is beyond the last voice shares the last part."""
    pieces = [piece(track(1, 70), track(2, 50))] * 9 + [piece(track(1, 70), track(2, 50), track(3, 40))]
    plan = plan_parts(pieces)
    parts = discover_parts(pieces, plan)
    assert [part.name for part in parts] == ["voice-1", "voice-2"]
    score, _ = assign(pieces[-1], plan, parts)
    assert [(note.part, note.pitch) for note in score.notes] == [(0, 70), (1, 40), (1, 50)]


def test_rules_take_tracks_by_place_and_the_rest() -> None:
    """A song: the first instrument sings, the others are the piano's."""
    rules = (PartRule(name="voice", tracks=(1,)), PartRule(name="piano", rest=True, program=6, channel=5))
    pieces = [piece(track(1, 70), track(2, 50), track(3, 40), track(4, 36, drums=True))]
    plan = plan_parts(pieces, rules)
    parts = discover_parts(pieces, plan)
    assert [(part.name, part.channel, part.program) for part in parts] == [("voice", 1, 0), ("piano", 5, 6)]
    score, assigned = assign(pieces[0], plan, parts)
    assert [(note.part, note.pitch) for note in score.notes] == [(0, 70), (1, 40), (1, 50)]
    assert assigned.tracks_left_out == ("4:4",)
    assert assigned.notes_left_out == 1


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        (PartRule(name="x", names=("viol*",)), [2]),
        (PartRule(name="x", channels=(3,)), [3]),
        (PartRule(name="x", channels=(10,)), [4]),
        (PartRule(name="x", programs=(40, 41)), [2]),
        (PartRule(name="x", drums=True), [4]),
        (PartRule(name="x", tracks=(1, 2), programs=(0,)), [1]),
        (PartRule(name="x", rest=True), [1, 2, 3]),
        (PartRule(name="x", tracks=(9,)), []),
    ],
)
def test_every_criterion_of_a_rule_must_hold(rule: PartRule, taken: list[int]) -> None:
    """And drums go to rules of drums only."""
    found = piece(track(1), track(2, name="Violin I", program=40), track(3), track(4, drums=True, channel=10))
    plan = plan_parts([found], (rule,))
    assert [each.number for each in found.tracks if plan.part_of(found, each) == "x"] == taken


def test_notes_outside_a_rules_range_are_left_out_and_counted() -> None:
    """The part has the range that the rule gives."""
    plan = plan_parts([], (PartRule(name="x", tracks=(1, 2), low=50, high=65),))
    found = piece(track(1, 60), track(2, 70))
    parts = discover_parts([found], plan)
    assert (parts[0].low, parts[0].high) == (50, 65)
    score, assigned = assign(found, plan, parts)
    assert [note.pitch for note in score.notes] == [60]
    assert assigned.out_of_range == 1


def test_rules_that_take_nothing_make_no_parts() -> None:
    """And scores without notes, which a corpus leaves out."""
    found = piece(track(1))
    plan = plan_parts([found], (PartRule(name="x", tracks=(9,)),))
    assert discover_parts([found], plan) == ()
    score, assigned = assign(found, plan, ())
    assert (score.notes, assigned.notes_left_out) == ((), 1)


def test_declared_parts_are_taken_as_they_are_and_widened_where_needed() -> None:
    """Range, channel and order come from the file, also of a part without notes."""
    declared = (Part("low", 40, 50, 3, 7, False, 2), Part("silent", 1, 2))
    found = piece(track(1, 60, name="low"), declared=declared)
    parts = discover_parts([found], plan_parts([found]))
    assert parts == (Part("low", 40, 60, 3, 7, False, 2), declared[1])


@pytest.mark.parametrize("fact", ['"low":21.5', '"channel":true', '"percussive":1'])
def test_a_declaration_with_another_kind_of_value_counts_for_nothing(fact: str) -> None:
    """A pitch of 21.5 is no pitch, whoever wrote it into a file."""
    assert parts_of_declaration('{"parts":[{"name":"a"}]}') == (Part("a"),)
    assert parts_of_declaration(f'{{"parts":[{{"name":"a",{fact}}}]}}') == ()


def test_a_declaration_that_its_tracks_contradict_counts_for_nothing() -> None:
    """Someone added a track in another program."""
    found = piece(track(1, name="low"), track(2, name="new"), declared=(Part("low"),))
    assert names([found]) == ["low", "new"]


def test_unisons_of_one_part_are_merged_and_repeated_notes_cut() -> None:
    """The longest of those that start together is kept; two parts keep theirs."""
    rows: list[Row] = [(0, 4, 60, 80), (0, 6, 60, 70), (4, 4, 60, 90), (0, 4, 62, 80)]
    tracks = [GridTrack(1, 1, 1, "", 0, False, note_rows(rows))]
    found, merged, cut = settled(tracks, percussive=False)
    assert found.tolist() == [[0, 4, 60, 70], [4, 4, 60, 90], [0, 4, 62, 80]]
    assert (merged, cut) == (1, 1)
    both = piece(track(1, 60), track(2, 60))
    plan = plan_parts([both])
    assert len(assign(both, plan, discover_parts([both], plan))[0].notes) == 2


def test_polyphony_is_what_sounds_in_one_tick() -> None:
    """A note that ends where another begins does not sound with it."""
    assert most_at_once(note_rows([(0, 4, 60, 80), (4, 4, 62, 80), (2, 4, 64, 80)])) == 2
    assert most_at_once(note_rows([])) == 0


def test_a_score_has_its_notes_sorted_and_its_bars() -> None:
    """All tracks of a part together."""
    found = piece(track(1, 64), track(2, 36, drums=True))
    plan = plan_parts([found])
    score, _ = assign(found, plan, discover_parts([found], plan))
    assert score.notes == (Note(0, 0, 64, 4, 80), Note(0, 1, 36, 1, 80))
    assert score.bars == found.bars


def test_names_of_parts_are_made_of_words() -> None:
    """At most 32 letters."""
    assert part_name("  Flöte / Oboe #2 ") == "flöte-oboe-2"
    assert part_name("?!") == ""
    assert len(part_name("x" * 99)) == 32


def test_numbers_are_plain() -> None:
    """Notes hold no NumPy numbers, which JSON and other programs do not take."""
    found = piece(track(1))
    plan = plan_parts([found])
    (note,) = assign(found, plan, discover_parts([found], plan))[0].notes
    assert type(note.pitch) is int


def test_a_rule_reads_notes_as_others_and_merges_what_then_strikes_together() -> None:
    """A kit's own hi-hat edge becomes General MIDI's hi-hat, in the part's range and in its notes."""
    kit = GridTrack(1, 1, 10, "", 0, True, note_rows([(0, 1, 22, 90), (0, 1, 42, 70), (4, 1, 26, 60), (8, 1, 36, 50)]))
    pieces = [piece(kit)]
    plan = plan_parts(pieces, (PartRule(name="kit", drums=True, notes=("22:42", "26:46")),))
    parts = discover_parts(pieces, plan)
    score, what = assign(pieces[0], plan, parts)
    assert (parts[0].low, parts[0].high) == (36, 46)
    assert [(note.start, note.pitch, note.velocity) for note in score.notes] == [(0, 42, 90), (4, 46, 60), (8, 36, 50)]
    assert what.unisons == 1


@pytest.mark.parametrize("pair", ["22", "22:42:46", "22:128", "-1:42", "a:b", ""])
def test_a_note_map_must_be_pairs_of_pitches(pair: str) -> None:
    """The message shows what was given."""
    with pytest.raises(ConfigError, match=f"pairs of pitches.*{pair}"):
        PartRule(name="kit", drums=True, notes=(pair,))
