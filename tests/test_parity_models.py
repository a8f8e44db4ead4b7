"""The models that come with MusicRNN: several kinds of music, each with a metre, which the original's had not."""

from __future__ import annotations

import dataclasses

import pytest

from musicrnn.config.play import PlaySettings
from musicrnn.daemon.sample import made
from musicrnn.models.catalogue import bundled, names
from musicrnn.models.onnx_step import load_model
from musicrnn.models.score import bar_length

PLAY = PlaySettings(tempo=120.0)
BARS = 16
HELD_OUT = {"chorales": 0.593, "songs": 0.475, "drums": 0.332}  # onsets on a beat in held-out music, from the cards


def on_the_beat(name: str) -> float:
    """Return how many times as many onsets stand on a beat as would by chance, over pieces of three seeds."""
    model = load_model(name)
    grid = model.info.vocabulary.ticks_per_beat
    onsets: list[int] = []
    for seed in (1, 2, 3):
        length = BARS * bar_length(*model.info.metre, grid)
        score = made(model, dataclasses.replace(PLAY, seed=seed), "", length)
        onsets += {note.start for note in score.notes}
    return grid * sum(start % grid == 0 for start in onsets) / len(onsets)


def test_models_of_three_kinds_of_music_and_an_untrained_one_are_there() -> None:
    """By name, without a download (P14)."""
    assert {"chorales", "songs", "drums"} <= set(bundled())
    assert "untrained" in names()


@pytest.mark.parametrize("name", sorted(HELD_OUT))
def test_what_a_bundled_model_plays_has_a_metre(name: str) -> None:
    """It is at least half as far from chance as held-out music; the original had 27 % on a quarter of its grid."""
    held_out = load_model(name).info.vocabulary.ticks_per_beat * HELD_OUT[name]
    assert on_the_beat(name) - 1 > 0.5 * (held_out - 1)


def test_what_the_untrained_model_plays_has_none() -> None:
    """It is what the others are compared with."""
    assert 0.7 < on_the_beat("untrained") < 1.3
