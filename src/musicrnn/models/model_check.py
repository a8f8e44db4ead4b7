"""What must hold of a model's graph and of what it says of itself."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from musicrnn.models.cells import CELLS
from musicrnn.models.graph_shapes import RULES, Known, follow
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.onnx_graph import Graph, Value
from musicrnn.models.timing import MAX_BEATS, METRES

OPSETS = range(13, 24)
MAX_LAYERS, MAX_UNITS, MAX_TOKENS = 8, 8192, 8192
NODES_A_LAYER = 64


def check_graph(graph: Graph, info: ModelInfo) -> None:
    """Raise ValueError with the rule and the value where a graph cannot be the one described."""
    check_info(info)
    _require(graph.opset in OPSETS, f"the operator set must be in {OPSETS.start}..{OPSETS.stop - 1}", graph.opset)
    most = NODES_A_LAYER * (info.layers + 1)
    _require(
        len(graph.nodes) <= most, f"a graph of {info.layers} layers must have at most {most} nodes", len(graph.nodes)
    )
    inputs, outputs = _contract(info)
    _check_ends("inputs", graph.inputs, inputs)
    _check_ends("outputs", graph.outputs, outputs)
    _check_tensors(graph)
    known = known_values(graph, info)
    for value in outputs:
        _require(value.name in known, f"the graph must make {value.name}", "none")
        found = known[value.name]
        _require(
            (found.dtype, found.shape) == (value.dtype, _one_lane(value)),
            f"{value.name} must come out as {value.dtype.__name__}{list(_one_lane(value))}",
            f"{found.dtype.__name__}{list(found.shape)}",
        )


def known_values(graph: Graph, info: ModelInfo) -> dict[str, Known]:
    """Return type and size of every value of a graph, in one lane; ValueError where they do not fit."""
    return follow(graph.nodes, _given(graph, info), RULES[info.precision])


def check_info(info: ModelInfo) -> None:
    """Raise ValueError where a description is not one that can be played."""
    _integer("layers", info.layers, MAX_LAYERS)
    _integer("units", info.units, MAX_UNITS)
    _integer("ticks_per_beat", info.vocabulary.ticks_per_beat, 96)
    _require(
        info.vocabulary.size <= MAX_TOKENS, f"a vocabulary must have at most {MAX_TOKENS} tokens", info.vocabulary.size
    )
    _require(info.cell in list(CELLS), f"the cell must be of {', '.join(CELLS)}", repr(info.cell))
    _require(info.precision in list(RULES), f"the precision must be of {', '.join(RULES)}", repr(info.precision))
    _require(_texts(info.name, info.licence, info.version) and info.name != "", "names must be texts", repr(info.name))
    _require(_number(info.tempo) and 1 <= info.tempo <= 6000, "the tempo must be in 1..6000 bpm", info.tempo)
    numerator, denominator = info.metre
    usual = 1 <= numerator <= 255 and denominator in (1, 2, 4, 8, 16, 32, 64)
    _require(usual, "the metre must be a fraction of whole, half, … notes", info.metre)
    _require(
        _named(info.figures) and all(map(_number, info.figures.values())),
        "the figures must be finite numbers",
        info.figures,
    )
    _require(_named(info.corpus), "the corpus must be named values", info.corpus)


def _require(condition: bool, rule: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{rule}, got {value}")


def _named(value: Any) -> bool:
    return isinstance(value, dict)


def _texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _number(value: Any) -> bool:
    largest = sys.float_info.max  # a whole number may be larger
    return isinstance(value, int | float) and not isinstance(value, bool) and -largest <= value <= largest


def _integer(name: str, value: Any, most: int) -> None:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
    _require(good, f"{name} must be a whole number in 1..{most}", repr(value))


def _contract(info: ModelInfo) -> tuple[list[Value], list[Value]]:
    """Return the inputs and outputs of a step graph, the number of lanes unknown."""
    state = (info.layers, CELLS[info.cell].rows, "batch", info.units)
    inputs = [
        Value("token", np.int32, ("batch",)),
        Value("position", np.int32, ("batch", 3)),
        Value("state", np.float32, state),
    ]
    outputs = [Value("logits", np.float32, ("batch", info.vocabulary.size)), Value("next_state", np.float32, state)]
    return inputs, outputs


def _check_ends(what: str, found: tuple[Value, ...], wanted: list[Value]) -> None:
    names = [value.name for value in found]
    _require(sorted(names) == sorted(value.name for value in wanted), f"the {what} must be {_names(wanted)}", names)
    by_name = {value.name: value for value in found}
    for value in wanted:
        _require(by_name[value.name] == value, f"the {what} must have {_text(value)}", _text(by_name[value.name]))


def _names(values: list[Value]) -> str:
    return ", ".join(value.name for value in values)


def _text(value: Value) -> str:
    return f"{value.name} {value.dtype.__name__}{list(value.shape)}"


def _check_tensors(graph: Graph) -> None:
    for name, array in graph.tensors.items():
        if array.dtype == np.float32:
            _require(bool(np.isfinite(array).all()), f"the weights of {name} must be finite", "NaN or infinity")
    used = {name for node in graph.nodes for name in node.inputs}
    idle = sorted(set(graph.tensors) - used)
    _require(not idle, "every tensor must be used", idle)


def _one_lane(value: Value) -> tuple[int, ...]:
    return tuple(1 if isinstance(size, str) else size for size in value.shape)


def _given(graph: Graph, info: ModelInfo) -> dict[str, Known]:
    """Return what is known before the first node: of the inputs, with their bounds, and of the constants."""
    bounds = {"token": (info.vocabulary.size,), "position": (info.vocabulary.ticks_per_beat, MAX_BEATS, METRES)}
    known = {
        value.name: Known(value.dtype, _one_lane(value), bounds=bounds.get(value.name, ())) for value in graph.inputs
    }
    for name, array in graph.tensors.items():
        _require(name not in known and name != "", "tensors must have names of their own", repr(name))
        known[name] = Known(array.dtype.type, array.shape, array)
    return known
