"""How well a model expects pieces, part by part."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from musicrnn.models.evaluation import nats
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Note, Score, regular_bars
from musicrnn.models.vocabulary import Kind, Vocabulary
from musicrnn.testing import random_model, small_vocabulary
from musicrnn.trainer.dataset import piece_of
from musicrnn.trainer.likelihood import TIME, PartNats, likelihood, token_groups
from tests.trainer.pieces import PARTS, tune

LANGUAGE = Vocabulary(4, PARTS, max_polyphony=2)


def test_parts_and_time_sum_to_what_the_whole_piece_costs() -> None:
    """The same nats as the training's own measure, divided among those who cause them."""
    model, scores = random_model(LANGUAGE), [tune(seed) for seed in range(3)]
    pieces = [piece_of(score, Grammar(LANGUAGE), 0)[0] for score in scores]
    found, whole = likelihood(model, scores, 10**6), nats(model, pieces)
    assert [row.name for row in found.rows] == ["all", "soprano", "bass", TIME]
    assert found.rows[0].nats == pytest.approx(whole.nats)
    assert (found.rows[0].tokens, found.rows[0].ticks) == (whole.tokens, whole.ticks)
    assert sum(row.nats for row in found.rows[1:]) == pytest.approx(whole.nats)
    assert sum(row.tokens for row in found.rows[1:]) == whole.tokens


@pytest.mark.parametrize("articulation", [True, False])
def test_notes_are_those_that_begin(articulation: bool) -> None:
    """A note that is held costs tokens at each tick that names it, and is one note; also one that is named anew."""
    language = replace(LANGUAGE, articulation=articulation)
    score = Score(4, PARTS, (Note(0, 0, 67, 8), Note(4, 1, 48, 4)), regular_bars(16, 4))
    rows = {row.name: row for row in likelihood(random_model(language), [score], 10**6).rows}
    assert (rows["soprano"].notes, rows["bass"].notes, rows[TIME].notes, rows["all"].notes) == (1, 1, 0, 2)
    assert rows["soprano"].tokens > rows["soprano"].notes
    assert rows["soprano"].a_note == pytest.approx(rows["soprano"].nats)
    assert math.isnan(rows[TIME].a_note)


def test_a_velocity_belongs_to_the_part_of_its_note() -> None:
    """Attack and velocity of a drum are the drums'; what ends the tick is time."""
    vocabulary = small_vocabulary(velocity_bins=4)
    tokens = np.array([vocabulary.attack(2, 38), vocabulary.velocity(1), 2], np.int16)
    assert vocabulary.kind[tokens[1]] == Kind.VELOCITY
    assert token_groups(tokens, vocabulary).tolist() == [2, 2, 3]


def test_of_too_many_tokens_pieces_are_left_out_evenly_and_told() -> None:
    """One at least is taken."""
    model, scores = random_model(LANGUAGE), [tune(7)] * 8
    size = likelihood(model, scores[:1], 10**6).rows[0].tokens
    told: list[float] = []
    half = likelihood(model, scores, size * 4, told.append)
    assert (half.pieces, half.of, half.rows[0].tokens) == (4, 8, size * 4)
    assert sum(told) == pytest.approx(1.0)
    assert likelihood(model, scores, 1).pieces == 1


def test_nothing_has_no_mean() -> None:
    """Not a division by zero."""
    none = PartNats("none", 0.0, 0, 0, 0)
    assert all(math.isnan(value) for value in (none.a_tick, none.a_note, none.a_token))
