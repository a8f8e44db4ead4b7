"""TensorFlow and JAX find and learn the same from the same weights, and so do our loop and Keras' own layers."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from musicrnn.trainer.training import MOST_DISPARITY
from tests.trainer.one_step import TRIED, batches, corpus

pytestmark = pytest.mark.train
Findings = dict[str, np.ndarray]
#: JAX compiles each of some forty small programs that run for moments: most of its time went into making them quick.
QUICKLY_COMPILED = {"XLA_FLAGS": "--xla_backend_optimization_level=0"}


@pytest.fixture(scope="module")
def both(with_jax: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Findings, Findings]:
    """Return what TensorFlow found and what JAX found, each in a process of its own."""
    folder, findings = tmp_path_factory.mktemp("found"), []
    for backend, flags in (("tensorflow", {}), ("jax", QUICKLY_COMPILED)):
        environment = {**os.environ, **flags, "PYTHONPATH": os.pathsep.join(sys.path), "KERAS_BACKEND": backend}
        target = folder / f"{backend}.npz"
        command = [sys.executable, "-m", "tests.trainer.one_step", str(target)]
        subprocess.run(command, env=environment, check=True, timeout=600, capture_output=True)
        with np.load(target, allow_pickle=False) as stored:
            findings.append(dict(stored))
    return findings[0], findings[1]


def _agree(mine: Findings, theirs: Findings, names: list[str]) -> None:
    assert names
    for name in names:
        scale = np.abs(theirs[name]).max()
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-5, atol=2e-5 * scale, err_msg=name)


def _names(findings: Findings, *ends: str) -> list[str]:
    return [name for name in findings if name.split("/", 2)[2].startswith(ends)]


def test_the_windows_compared_begin_pieces_inside_and_end_early() -> None:
    """What follows would otherwise be about plain windows only."""
    prepared = corpus()
    assert any(batch.fresh[:, 1:].any() for batch in batches(prepared, packed=True))
    apart = batches(prepared, packed=False)
    assert not any(batch.fresh[:, 1:].any() for batch in apart)
    assert any(not batch.valid.all() for batch in apart)


def test_both_backends_find_the_same_loss_and_gradients(both: tuple[Findings, Findings]) -> None:
    """For each cell, over windows of several pieces and of one, by our loop and by Keras' layers."""
    theirs, mine = both
    assert mine.keys() == theirs.keys()
    _agree(mine, theirs, _names(theirs, "nats", "gradients"))


def test_both_backends_learn_the_same_from_four_steps(both: tuple[Findings, Findings]) -> None:
    """Loss, number of predictions, both norms, the state carried on, and every weight."""
    theirs, mine = both
    _agree(mine, theirs, _names(theirs, "steps", "carried", "network/"))


@pytest.mark.parametrize("backend", [0, 1])
def test_our_loop_finds_and_learns_what_keras_own_layers_do(both: tuple[Findings, Findings], backend: int) -> None:
    """Over windows of one piece each, which are all that cuDNN's layer can take."""
    findings = both[backend]
    names = [name for name in findings if "/keras/" in name and not name.endswith("disparity")]
    loop = {name: findings[name.replace("/keras/", "/apart/")] for name in names}
    _agree(loop, findings, names)


@pytest.mark.parametrize("backend", [0, 1])
def test_from_a_corpus_on_the_device_the_same_is_learnt(both: tuple[Findings, Findings], backend: int) -> None:
    """To the bit: losses, gradients, norms, the state carried on, and every weight."""
    findings = both[backend]
    names = [name for name in findings if "/kept/" in name]
    assert names
    for name in names:
        assert findings[name].tolist() == findings[name.replace("/kept/", "/packed/")].tolist(), name


@pytest.mark.parametrize("backend", [0, 1])
def test_lanes_in_two_halves_learn_what_they_learn_at_once(both: tuple[Findings, Findings], backend: int) -> None:
    """Figures of four steps, the state carried on and every weight; the same from a corpus on the device."""
    findings = both[backend]
    names = [name for name in _names(findings, "steps", "carried", "network/") if "halved/" in name]
    assert {name.split("/")[1] for name in names} == {"halved", "kept halved"}
    at_once = {name: findings[name.replace("kept halved", "packed").replace("halved", "packed")] for name in names}
    _agree(findings, at_once, names)


@pytest.mark.parametrize("backend", [0, 1])
def test_want_of_memory_is_known_for_what_it_is(both: tuple[Findings, Findings], backend: int) -> None:
    """As the backend itself raises it, asked for a petabyte."""
    assert bool(both[backend]["lstm/packed/short"])


def test_jax_compiles_a_training_step_once(both: tuple[Findings, Findings]) -> None:
    """However much of a window is padding."""
    _, found = both
    compiled = {name: int(found[name]) for name in _names(found, "compiled")}
    assert len(compiled) == len(TRIED)
    assert set(compiled.values()) == {1}


def test_products_of_bfloat16_are_rough_under_both(both: tuple[Findings, Findings]) -> None:
    """The gradients turn a little, and no more than the trainer allows."""
    for findings in both:
        for name in _names(findings, "disparity"):
            assert 1e-9 < float(findings[name]) < MOST_DISPARITY, name
