"""The step of a model file, run by ONNX Runtime, and models by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from musicrnn.errors import ModelError
from musicrnn.models.catalogue import bundled, find_model, names
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.model_file import check_model, load_checked
from musicrnn.models.onnx_step import OnnxStepModel, load_model
from musicrnn.models.timing import Position
from musicrnn.models.vocabulary import START, TICK
from tests.models.model_files import SMALL, SMALL_INT8, changed, put

HERE = Position(0, 0, 4)
PATHS = pytest.mark.parametrize("path", [SMALL, SMALL_INT8], ids=["float32", "int8"])


@PATHS
def test_a_step_has_the_shapes_of_the_contract(path: Path) -> None:
    """Logits of every token, and the state of two layers, h and c."""
    model = load_model(str(path))
    state = model.initial_state()
    logits, after = model.step(START, HERE, state)
    assert state.shape == after.shape == (2, 2, 1, 8)
    assert logits.shape == (model.info.vocabulary.size,)
    assert [str(array.dtype) for array in (logits, state, after)] == ["float32"] * 3
    assert not state.any()


@PATHS
def test_what_a_step_returns_is_free_to_keep(path: Path) -> None:
    """A later step changes neither the results of an earlier one nor the state that it was given."""
    model = load_model(str(path))
    state = model.initial_state()
    logits, after = model.step(START, HERE, state)
    kept = logits.copy(), after.copy(), state.copy()
    model.step(TICK, Position(1, 0, 4), after)
    for result, copy in zip((logits, after, state), kept, strict=True):
        np.testing.assert_array_equal(result, copy)


@PATHS
def test_a_step_is_a_function_of_token_position_and_state(path: Path) -> None:
    """Going back to an earlier state gives the same again; another token or position gives something else."""
    model = load_model(str(path))
    _, state = model.step(START, HERE, model.initial_state())
    first = model.step(TICK, HERE, state)
    others = [model.step(START, HERE, state), model.step(TICK, Position(1, 0, 4), state)]
    again = model.step(TICK, HERE, state)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert all((other[0] != first[0]).any() for other in others)


@PATHS
def test_a_model_plays(path: Path) -> None:
    """A few ticks come out of the generator."""
    generator = Generator(load_model(str(path)))
    point = generator.begin()
    for tick in range(8):
        point = generator.tick(tick, 0, Position(tick % 4, tick // 4, 4), Choice(seed=tick), point).after
    assert np.isfinite(point.network).all()


@PATHS
def test_a_token_outside_the_vocabulary_is_refused_and_the_next_step_works(path: Path) -> None:
    """A plan's rows and ONNX Runtime say so; the buffers are still good afterwards."""
    model = load_model(str(path))
    expected, _ = model.step(START, HERE, model.initial_state())
    with pytest.raises(Exception, match=r"out of data bounds|indices element|is out of bounds for axis 0 with size 42"):
        model.step(10_000, HERE, model.initial_state())
    logits, _ = model.step(START, HERE, model.initial_state())
    np.testing.assert_array_equal(logits, expected)


def test_a_model_whose_steps_overflow_is_refused() -> None:
    """Finite weights are not enough: the numbers that come out must be finite too."""
    most = np.finfo(np.float32).max

    def overflow(model: onnx.ModelProto) -> None:
        put(model, "beat_weights", np.full((16, 4), most, np.float32))
        put(model, "metre_weights", np.full((33, 4), most, np.float32))

    content = changed(overflow)
    with pytest.raises(ModelError, match="finite"):
        OnnxStepModel(check_model(content, "wrong.onnx"), "wrong.onnx")


def test_a_run_folder_stands_for_the_model_in_it(tmp_path: Path) -> None:
    """The folder of a training run holds model.onnx."""
    (tmp_path / "model.onnx").write_bytes(SMALL.read_bytes())
    assert find_model(str(tmp_path)) == tmp_path / "model.onnx"
    assert load_model(str(tmp_path)).info.name == "small"


def test_the_untrained_model_is_known_by_name_and_believes_nearly_nothing() -> None:
    """It is made on the fly: four voices, and logits that hardly differ."""
    model = load_model("untrained")
    logits, _ = model.step(START, HERE, model.initial_state())
    assert [part.name for part in model.info.vocabulary.parts] == ["soprano", "alto", "tenor", "bass"]
    assert np.ptp(logits) < 0.5
    assert "untrained" in names()


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    """What may be meant stands at the end."""
    with pytest.raises(ModelError, match=r"got 'untraned'; did you mean untrained\?"):
        load_model("untraned")


@pytest.mark.parametrize("name", ["none.onnx", "some/where", "./chorales"])
def test_a_path_without_a_file_is_refused_as_a_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No guess at names where a path was meant."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="must be a file that can be read, and there is none"):
        load_model(name)


def test_every_bundled_model_loads_and_is_small() -> None:
    """Each file that ships is whole, named as it says, at most 5 MB, and taken by the quick way."""
    for name, path in bundled().items():
        model = OnnxStepModel(load_checked(path), name)
        assert model.info.name == name
        assert model.way == "plan"
        assert path.stat().st_size <= 5_000_000
        assert model.info.licence
