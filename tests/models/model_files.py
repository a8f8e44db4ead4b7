"""The small model of tests/fixtures/models, and how to make wrong ones of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from musicrnn.models.metadata import KEY, ModelInfo
from musicrnn.models.model_file import SEAL_KEY, check_model, seal

FOLDER = Path(__file__).parent.parent / "fixtures" / "models"
SMALL, SMALL_INT8 = FOLDER / "small.onnx", FOLDER / "small-int8.onnx"

Change = Callable[[onnx.ModelProto], None]


def info_of(path: Path = SMALL) -> ModelInfo:
    """Return what a fixture says of itself."""
    return check_model(path.read_bytes(), path.name).info


def bare(path: Path = SMALL) -> onnx.ModelProto:
    """Return a fixture as the onnx package reads it, without its description."""
    model = onnx.load_model_from_string(path.read_bytes())
    del model.metadata_props[:]
    return model


def changed(change: Change, path: Path = SMALL, **facts: Any) -> bytes:
    """Return a fixture with its graph and facts changed, sealed as if it were whole."""
    model = bare(path)
    change(model)
    return seal(model.SerializeToString(), replace(info_of(path), **facts))


def described(text: str) -> bytes:
    """Return a fixture with another description, sealed as if it were whole."""
    tail, seal_size = onnx.ModelProto(), 64
    for key, value in ((KEY, text), (SEAL_KEY, "0" * seal_size)):
        tail.metadata_props.add(key=key, value=value)
    content: bytes = (bare().SerializeToString() + tail.SerializeToString())[:-seal_size]
    return content + hashlib.sha256(content).hexdigest().encode()


def unchanged(model: onnx.ModelProto) -> None:
    """Change nothing."""


def node(model: onnx.ModelProto, operator: str) -> onnx.NodeProto:
    """Return the first node of an operator."""
    found: onnx.NodeProto = next(item for item in model.graph.node if item.op_type == operator)
    return found


def tensor(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    """Return a tensor by name."""
    found: onnx.TensorProto = next(item for item in model.graph.initializer if item.name == name)
    return found


def put(model: onnx.ModelProto, name: str, array: np.ndarray) -> None:
    """Give a tensor another content."""
    tensor(model, name).CopyFrom(onnx.numpy_helper.from_array(array, name))
