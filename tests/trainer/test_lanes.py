"""Windows, lanes and transposition: what the network is shown, in which order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.corpus import CorpusSettings
from musicrnn.errors import CorpusError
from musicrnn.models.frames import frames_of
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Note, Score, Tempo
from musicrnn.models.tokens import encode
from musicrnn.models.vocabulary import END, START
from musicrnn.trainer.dataset import Piece, piece_of
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import material, split
from tests.trainer.pieces import PARTS, tune, tunes

MATERIAL = material(tunes(12), CorpusSettings(ticks_per_beat=4, transpose=5))
GRAMMAR = Grammar(MATERIAL.vocabulary)


def _lanes(pieces: Sequence[Piece], lanes: int = 3, window: int = 24, **options: object) -> Lanes:
    return Lanes(pieces, GRAMMAR, lanes, window, **{"transpose": 5, "seed": 1, **options})  # type: ignore[arg-type]


def _read_once(pieces: Sequence[Piece], lanes: int, window: int) -> list[Batch]:
    stream = Lanes(pieces, GRAMMAR, lanes, window, once=True)
    batches = []
    while (batch := stream.next()) is not None:
        batches.append(batch)
    return batches


@pytest.mark.parametrize("lanes", [1, 3, 20])
def test_reading_once_shows_every_prediction_of_every_piece_once(lanes: int) -> None:
    """Whatever the number of lanes, no token is lost and none shown twice."""
    pieces = MATERIAL.train
    batches = _read_once(pieces, lanes, 17)
    shown = sorted(int(t) for batch in batches for t in batch.targets[batch.valid])
    assert shown == sorted(int(t) for piece in pieces for t in piece.tokens[1:])


@given(st.integers(1, 6), st.integers(3, 60), st.booleans(), st.booleans(), st.integers(0, 3))
def test_a_lane_of_a_team_reads_as_it_does_alone(
    lanes: int, window: int, on_bars: bool, packed: bool, begin: int
) -> None:
    """The rows made here are those of all lanes, whatever the windows are."""
    rows = range(min(begin, lanes - 1), lanes)
    options = {"on_bars": on_bars, "packed": packed, "bars_a_piece": 2}
    all_lanes, some = (_lanes(MATERIAL.train, lanes, window, rows=r, **options) for r in (None, rows))
    for _ in range(8):
        whole, part = all_lanes.next(), some.next()
        assert whole is not None
        assert part is not None
        for name in ("tokens", "targets", "places", "valid", "legal", "fresh"):
            assert (getattr(whole, name)[rows.start :] == getattr(part, name)).all()
    assert all_lanes.position() == some.position()


def test_one_lane_reads_whole_pieces_in_their_order() -> None:
    """The targets of one lane, window after window, are the pieces; the state is reset where one begins."""
    pieces = MATERIAL.train[:3]
    batches = _read_once(pieces, 1, 17)
    assert [int(t) for b in batches for t in b.targets[b.valid]] == [int(t) for p in pieces for t in p.tokens[1:]]
    assert sum(int(b.fresh.sum()) for b in batches) == 3
    assert all((b.tokens[b.fresh] == START).all() for b in batches)


def test_windows_are_full_while_there_is_more_to_read() -> None:
    """An endless stream has no padding: where a piece ends, the lane's next one begins."""
    stream = _lanes(MATERIAL.train, window=40)
    within = 0
    for _ in range(30):
        batch = stream.next()
        assert batch is not None
        assert batch.valid.all()
        assert ((batch.tokens == START) == batch.fresh).all()
        within += int(batch.fresh[:, 1:].sum())
    assert within > 0


def test_a_window_that_is_not_packed_is_of_one_piece() -> None:
    """A piece begins at the start of a window or not at all, and all of it is read."""
    stream = _lanes(MATERIAL.train, window=40, packed=False)
    assert max(map(len, MATERIAL.train)) > 40
    starts = 0
    for _ in range(30):
        batch = stream.next()
        assert batch is not None
        assert not batch.fresh[:, 1:].any()
        assert ((batch.tokens == START) & batch.valid == batch.fresh).all()
        starts += int(batch.fresh.sum())
    assert starts > 3


@pytest.mark.parametrize("packed", [True, False])
def test_windows_begin_on_bar_lines_where_that_is_asked_for(packed: bool) -> None:
    """Each window's first prediction stands on the first tick of a bar, where a bar fits in a window."""
    stream = _lanes(MATERIAL.train, window=40, on_bars=True, packed=packed)
    for _ in range(30):
        batch = stream.next()
        assert batch is not None
        assert (batch.places[:, 0, :2] == 0).all()


@given(st.integers(1, 6), st.integers(3, 60), st.booleans())
def test_the_state_is_reset_where_a_piece_begins_whose_first_bar_had_no_room(
    lanes: int, window: int, packed: bool
) -> None:
    """Where windows begin on bar lines each piece begins fresh, also of a stream taken up again at each window."""
    stream = _lanes(MATERIAL.train, lanes, window, on_bars=True, packed=packed)
    for _ in range(30):
        batch = stream.next()
        assert batch is not None
        assert ((batch.tokens == START) & batch.valid == batch.fresh).all()
        stream.go_to(json.loads(json.dumps(stream.position())))


def test_a_bar_longer_than_the_window_is_cut_and_goes_on() -> None:
    """A window smaller than a bar still reads everything."""
    stream = _lanes(MATERIAL.train[:1], 1, 3, once=True, on_bars=True)
    batches = list(iter(stream.next, None))
    assert sum(int(b.valid.sum()) for b in batches) == len(MATERIAL.train[0])


@given(st.integers(-5, 5), st.integers(0, 50))
def test_a_transposed_piece_equals_the_piece_of_the_transposed_score(shift: int, seed: int) -> None:
    """Tokens and legal masks moved by table are those of the score whose notes were moved."""
    score = tune(seed)
    moved = Score(
        4, PARTS, tuple(Note(n.start, n.part, n.pitch + shift, n.length) for n in score.notes), score.bars, score.tempos
    )
    piece, _ = piece_of(score, GRAMMAR, 5)
    wanted, _ = piece_of(moved, GRAMMAR, 5)
    stream = Lanes([piece], GRAMMAR, 1, 4096, transpose=5, once=True, packed=False)
    stream.lanes[0].piece, stream.lanes[0].end, stream.lanes[0].shift = 0, len(piece), shift
    batch = stream.next()
    straight = Lanes([wanted], GRAMMAR, 1, 4096, transpose=5, once=True).next()
    assert batch is not None
    assert straight is not None
    assert (batch.targets == straight.targets).all()
    assert (batch.tokens == straight.tokens).all()
    assert (batch.legal == straight.legal).all()


def test_every_target_is_legal_under_any_transposition() -> None:
    """The loss never asks for a token that the grammar forbids."""
    stream = _lanes(MATERIAL.train)
    for _ in range(60):
        batch = stream.next()
        assert batch is not None
        row, column = np.nonzero(batch.valid)
        assert batch.legal[row, column, batch.targets[row, column]].all()


def test_a_stream_taken_up_again_goes_on_exactly() -> None:
    """A position that went through JSON gives the same batches as the stream it was taken from."""
    stream, other = _lanes(MATERIAL.train), _lanes(MATERIAL.train)
    for _ in range(23):
        stream.next()
    other.go_to(json.loads(json.dumps(stream.position())))
    for _ in range(40):
        ours, theirs = stream.next(), other.next()
        assert ours is not None
        assert theirs is not None
        for name in ("tokens", "targets", "places", "valid", "legal", "fresh"):
            assert (getattr(ours, name) == getattr(theirs, name)).all()


def test_epochs_differ_in_order_and_hold_every_piece() -> None:
    """Each epoch takes every piece once, in an order of its own."""
    stream = _lanes(MATERIAL.train)
    first = stream._order.tolist()
    stream.drawn += 1
    second = stream._draw_order().tolist()
    assert sorted(first) == sorted(second) == [*range(len(MATERIAL.train))]
    assert first != second


@given(st.integers(1, 12), st.integers(3, 60), st.booleans(), st.booleans())
def test_progress_and_epochs_are_told_by_the_tokens_that_were_read(
    lanes: int, window: int, on_bars: bool, packed: bool
) -> None:
    """However many pieces are begun at once, of how many lanes' rows are made here, and after a position too."""
    pieces = MATERIAL.train
    stream, other = (_lanes(pieces, lanes, window, on_bars=on_bars, packed=packed, rows=r) for r in (None, range(1)))
    whole, read = sum(map(len, pieces)), 0
    for _ in range(40):
        assert (stream.read, stream.progress, stream.epoch) == (read, read / whole, read // whole)
        assert (other.read, other.progress, other.epoch) == (read, read / whole, read // whole)
        batch = stream.next()
        assert batch is not None
        read += int(batch.valid.sum())
        other.go_to(json.loads(json.dumps(stream.position())))


def test_an_epoch_of_some_bars_a_piece_has_as_many_tokens_as_these_have_on_the_average() -> None:
    """After many epochs as many orders were gone through, and progress does not fall behind at the start."""
    stream = _lanes(MATERIAL.train, lanes=2, window=16, bars_a_piece=1)
    assert stream.progress == 0.0
    while stream.drawn < 50:
        assert abs(stream.progress - stream.drawn - stream.taken / len(stream.pieces)) < 0.6
        stream.next()
    assert stream.epoch in {49, 50}


def test_a_long_piece_gives_no_more_bars_than_asked_for() -> None:
    """With bars_a_piece 2 a lane reads two bars of each piece and turns to the next."""
    stream = _lanes(MATERIAL.train, lanes=1, window=4096, bars_a_piece=2, packed=False)
    batch = stream.next()
    assert batch is not None
    starts = (batch.places[0, :, :2] == 0).all(axis=1) & batch.valid[0]
    changes = np.flatnonzero(np.diff(batch.places[0, batch.valid[0], 1].astype(int)) < 0)
    assert starts[0]
    assert len(changes) <= 2


def test_drums_stay_where_they_are_when_a_piece_is_transposed() -> None:
    """A piece's shifts are bounded by its pitched parts alone."""
    score = tune(1)
    piece, _ = piece_of(score, GRAMMAR, 5)
    low, high = piece.shifts
    assert -5 <= low <= 0 <= high <= 5
    for part in range(2):
        pitches = [note.pitch for note in score.notes if note.part == part]
        assert min(pitches) + low >= PARTS[part].low
        assert max(pitches) + high <= PARTS[part].high


def test_a_piece_ends_after_its_last_tick() -> None:
    """The last prediction is END, and it stands on the downbeat after the last bar."""
    piece = MATERIAL.train[0]
    assert piece.tokens[-1] == END
    assert tuple(piece.places[-1, :2]) == (0, 0)


def test_pieces_are_split_whole_and_always_alike() -> None:
    """The three shares are disjoint, cover everything, and depend on the seed alone."""
    settings = CorpusSettings(validation_share=0.2, test_share=0.1, split_seed=3)
    train, valid, test = split(20, settings)
    assert sorted(train + valid + test) == [*range(20)]
    assert (len(valid), len(test)) == (4, 2)
    assert split(20, settings) == (train, valid, test)


@pytest.mark.parametrize(("bpm", "usual"), [(15.0, 20.0), (1000.0, 999.0), (88.25, 88.2)])
def test_the_usual_tempo_of_pieces_is_one_that_can_be_played(bpm: float, usual: float) -> None:
    """MIDI files may be slower and quicker than what plays."""
    pieces = [(name, replace(score, tempos=(Tempo(0, bpm),))) for name, score in tunes(5)]
    assert material(pieces, CorpusSettings(ticks_per_beat=4)).tempo == usual


def test_too_little_data_is_refused_with_what_is_needed() -> None:
    """Two pieces cannot be three shares."""
    with pytest.raises(
        CorpusError, match=r"at least 3 usable pieces.*, got 2; .*--validation-share 0 and --test-share 0"
    ):
        material(tunes(2), CorpusSettings(ticks_per_beat=4))
    with pytest.raises(CorpusError, match="a piece with notes, got none"):
        material([], CorpusSettings(ticks_per_beat=4))


def test_the_tokens_of_a_piece_are_those_of_its_score() -> None:
    """A piece is its score, encoded."""
    score = tune(7)
    piece, _ = piece_of(score, GRAMMAR, 0)
    assert piece.tokens.tolist() == encode(frames_of(score, MATERIAL.vocabulary)[0], MATERIAL.vocabulary)
