"""What the network does over windows: dropout, pieces that begin in a window, lanes that end, and bfloat16."""

from __future__ import annotations

import numpy as np
import pytest

from musicrnn.errors import TrainingError
from musicrnn.models.grammar import Grammar
from musicrnn.models.network import Network, NetworkShape
from musicrnn.trainer.lanes import Lanes
from musicrnn.trainer.step import Stepper
from musicrnn.trainer.training import precision_told
from tests.test_parity_training import MATERIAL, VOCABULARY, loud_network, windows

pytestmark = pytest.mark.train


@pytest.mark.parametrize("variational", [False, True])
def test_variational_dropout_drops_the_same_at_all_steps(variational: bool) -> None:
    """Where the input is the same at each step, what is left of it is then too, lane by lane another."""
    network = Network(VOCABULARY, NetworkShape(1, 8, 32, 0.0, 0.5, 0.0, variational=variational))
    left = np.asarray(network._drop(np.ones((7, 3, 32), np.float32), 0.5, True))
    assert set(np.unique(left)) == {0.0, 2.0}
    assert (left == left[:1]).all() == variational
    assert (left[:, 0] != left[:, 1]).any()


def test_pieces_in_one_window_are_read_as_in_windows_of_their_own() -> None:
    """The network forgets one piece where the next begins, in the middle of a window as at its start."""
    network, pieces, grammar = loud_network(), MATERIAL.train[:4], Grammar(VOCABULARY)
    stepper = Stepper(network, 1, weight_decay=0.0, clip=1.0)
    size = max(map(len, pieces)) + 30
    nats = {}
    for packed in (True, False):
        lanes = Lanes(pieces, grammar, 1, size, once=True, packed=packed)
        batches = list(iter(lanes.next, None))
        assert any(batch.fresh[:, 1:].any() for batch in batches) == packed
        nats["train", packed] = sum(stepper.train(batch, 0.0).nats for batch in batches)
        state, total = network.initial_state(1), 0.0
        for batch in batches:
            some, state = stepper.evaluate(batch, state)
            total += some
        nats["evaluate", packed] = total
    assert list(nats.values()) == pytest.approx([nats["evaluate", False]] * 4, rel=1e-5)


@pytest.mark.parametrize("among", [2, 3])
def test_lanes_shared_among_cores_teach_what_they_teach_together(among: int) -> None:
    """Five lanes, of which one has ended: nats, gradients, the state carried on, and the weights after three steps."""
    grammar, learnt = Grammar(VOCABULARY), []
    for shares in (1, among):
        network = loud_network()
        stepper = Stepper(network, 5, weight_decay=0.01, clip=1.0, shares=shares)
        lanes = Lanes(MATERIAL.train[:5], grammar, 5, 40, once=True)
        state, found = network.initial_state(5), []
        for _ in range(3):
            batch = lanes.next()
            assert batch is not None
            batch.valid[4] = False
            nats, state = stepper.evaluate(batch, state)
            found.append(np.array([nats, *stepper.train(batch, 1e-2)]))
        learnt.append([*found, np.asarray(state), stepper.carried.whole(), *map(np.asarray, network.get_weights())])
    for shared, together in zip(learnt[1], learnt[0], strict=True):
        np.testing.assert_allclose(shared, together, rtol=2e-4, atol=2e-5)


def test_lanes_shared_among_cores_drop_by_the_same_masks_each_time() -> None:
    """However the threads take turns: a run is the same when it is made again."""
    learnt = []
    for _ in range(2):
        network = Network(VOCABULARY, NetworkShape(2, 16, 8, 0.3, 0.3, 0.3, recurrent_dropout=0.3, variational=True))
        stepper = Stepper(network, 4, weight_decay=0.0, clip=1.0, shares=2)
        lanes = Lanes(MATERIAL.train, Grammar(VOCABULARY), 4, 32, seed=1)
        for _ in range(6):
            batch = lanes.next()
            assert batch is not None
            stepper.train(batch, 1e-2)
        learnt.append(np.concatenate([np.ravel(weights) for weights in network.get_weights()]))
    assert (learnt[0] == learnt[1]).all()


def test_a_lane_without_more_to_read_keeps_its_state() -> None:
    """In evaluation, where lanes come to their ends one after another."""
    network = loud_network()
    batch, before = next(windows(24)), np.asarray(loud_network().initial_state(2)) + 0.5
    valid = batch.valid.copy()
    valid[1] = False
    _, after = network(batch.tokens, batch.places, valid, before)
    assert (np.asarray(after)[:, :, 1] == 0.5).all()
    assert (np.asarray(after)[:, :, 0] != 0.5).any()


def test_bfloat16_learns_as_float32_does() -> None:
    """Its gradients point where float32's do, nearly, and a few steps come to nearly the same loss."""
    last: list[float] = []
    for half in (False, True):
        stepper = Stepper(
            Network(VOCABULARY, NetworkShape(2, 64, 32), seed=3), 2, weight_decay=0.0, clip=1.0, half=half
        )
        batch = next(windows(24))
        assert 0.0 < stepper.disparity(batch) < 1e-3
        last.append([stepper.train(batch, 1e-2).nats for _ in range(12)][-1])
    assert last[0] != last[1]
    assert last[1] == pytest.approx(last[0], rel=0.05)


def test_bfloat16_is_refused_where_its_gradients_point_elsewhere() -> None:
    """The message has the setting, the bound and what was found; a number that is none is refused too."""
    assert precision_told(0.002) == "bfloat16: gradients are within 0.002 of float32's (1 less the cosine)"
    for found in (0.02, float("nan")):
        with pytest.raises(TrainingError, match=rf"training\.precision bfloat16 must give .* within 0\.01 .* {found}"):
            precision_told(found)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_keras_own_layers_drop_what_the_loop_drops(cell: str) -> None:
    """Recurrent weights too, which is how cuDNN learns with them; other ones at each call."""
    shape = NetworkShape(2, 8, 8, 0.3, 0.2, 0.3, cell, recurrent_dropout=0.4, variational=True)
    tokens = np.arange(1, 13, dtype=np.int32).reshape(2, 6)
    window = tokens, np.zeros((2, 6, 3), np.int32), np.ones((2, 6), bool)
    loop, layer = Network(VOCABULARY, shape, seed=3), Network(VOCABULARY, shape, seed=3, recurrence="layer")
    seen = []
    for _ in range(2):
        found = [np.asarray(n.call(*window, n.initial_state(2), training=True)[0]) for n in (loop, layer)]
        np.testing.assert_allclose(found[0], found[1], atol=1e-6)
        seen.append(found[0])
    assert np.abs(seen[0] - seen[1]).max() > 1e-3
