"""Who trains together: what TF_CONFIG says, and who gets which lanes."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import ConfigError
from musicrnn.models.grammar import Grammar
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.team import Place, alike, place_of
from tests.trainer.pieces import tunes

MATERIAL = material(tunes(10), CorpusSettings(ticks_per_beat=4, transpose=3))
NAMED = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}


def _told(cluster: dict[str, Any], kind: str, index: int) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        pytest.param({}, Place(), id="no TF_CONFIG"),
        pytest.param({"TF_CONFIG": "{}"}, Place(), id="an empty one"),
        pytest.param(_told({"worker": ["a:1"]}, "worker", 0), Place(), id="one worker"),
        pytest.param(_told({"worker": ["a:1", "b:1"]}, "worker", 0), Place(0, 2), id="the first is the chief"),
        pytest.param(_told({"worker": ["a:1", "b:1"]}, "worker", 1), Place(1, 2), id="the second is not"),
        pytest.param(
            _told({"chief": ["a:1"], "worker": ["b:1", "c:1"]}, "chief", 0), Place(0, 3), id="a chief by name"
        ),
        pytest.param(
            _told({"chief": ["a:1"], "worker": ["b:1", "c:1"]}, "worker", 0), Place(1, 3), id="after the chief"
        ),
    ],
)
def test_tf_config_gives_a_process_its_place(environment: dict[str, str], place: Place) -> None:
    """The chief comes first and is the only one to write."""
    assert place_of(environment) == place
    assert place.is_chief == (place.index == 0)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        pytest.param({"TF_CONFIG": "worker 1"}, "must be JSON", id="no JSON"),
        pytest.param({"TF_CONFIG": "[]"}, "must be JSON", id="not an object"),
        pytest.param(_told({"worker": ["a:1"], "ps": ["b:1"]}, "ps", 0), "must be of workers", id="parameter servers"),
        pytest.param(_told({"chief": ["a:1", "b:1"]}, "chief", 0), "must be of workers", id="two chiefs"),
        pytest.param(_told({"worker": ["a:1"]}, "worker", 1), "one of the cluster", id="a task too many"),
        pytest.param(_told({"worker": ["a:1"]}, "evaluator", 0), "one of the cluster", id="a task of another kind"),
    ],
)
def test_a_tf_config_that_is_not_understood_is_refused(environment: dict[str, str], words: str) -> None:
    """Its message says what it must be; nobody trains alone by mistake."""
    with pytest.raises(ConfigError, match=words):
        place_of(environment)


@given(lanes=st.integers(1, 200), size=st.integers(1, 40))
def test_every_lane_is_one_workers(lanes: int, size: int) -> None:
    """No lane is left out or learnt from twice, and no worker has over one more than another."""
    rows = [Place(index, size).rows(lanes) for index in range(size)]
    assert list(chain(*rows)) == list(range(lanes))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def _stream(rows: range | None, once: bool) -> Lanes:
    grammar = Grammar(MATERIAL.vocabulary)
    transpose = 0 if once else 3
    return Lanes(MATERIAL.train, grammar, 5, 64, transpose=transpose, seed=3, once=once, rows=rows)


def _arrays(batch: Batch) -> list[np.ndarray]:
    return [getattr(batch, name) for name in Batch.__slots__]


def test_the_workers_batches_are_one_workers_batch_in_parts() -> None:
    """Over three epochs each worker's rows are those of the whole batch, and all stand at the same place."""
    whole, parts = _stream(None, once=False), [_stream(Place(i, 2).rows(5), once=False) for i in range(2)]
    while whole.epoch < 3:
        batch, theirs = whole.next(), [part.next() for part in parts]
        assert batch is not None
        found = [np.concatenate(rows) for rows in zip(*(_arrays(one) for one in theirs if one), strict=True)]
        assert all((mine == its).all() for mine, its in zip(_arrays(batch), found, strict=True))
        assert [part.position() for part in parts] == [whole.position()] * 2


def test_a_share_that_is_read_once_is_read_by_all_workers_together() -> None:
    """What the workers read of validation pieces is as much as there is, though their lanes end at different times."""
    read = 0
    for index in range(3):
        stream = _stream(Place(index, 3).rows(5), once=True)
        while (batch := stream.next()) is not None:
            read += int(batch.valid.sum())
    assert read == sum(map(len, MATERIAL.train))


def test_settings_that_all_workers_must_share_are_told_from_their_own() -> None:
    """The seed and the grid are shared; threads and folders are each worker's."""
    shared = alike(Settings())
    assert {"training.seed", "training.lanes", "corpus.split_seed", "network.units"} <= shared.keys()
    assert not {"training.threads", "training.run_folder", "training.resume", "corpus.folders"} & shared.keys()
    assert alike(Settings(training=TrainingSettings(threads=3))) == shared
    assert alike(Settings(training=TrainingSettings(seed=3))) != shared
