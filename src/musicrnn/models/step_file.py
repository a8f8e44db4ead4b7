"""A model file written from weights, without the packages of training: for measuring models that nobody has trained.

The graph is the one that `musicrnn.export` writes, operation for operation, so that it costs the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import seal
from musicrnn.models.onnx_graph import Array, Graph, Node, Value, graph_bytes
from musicrnn.models.weights import Floats, LayerWeights, StepWeights

OPSET = 17
FLOAT = 1  # ONNX's number of float32
LEVELS = 64  # 7 bits, as musicrnn.export.quantise has it


def step_file(weights: StepWeights, info: ModelInfo, precision: str = "float32") -> bytes:
    """Return the model file of these weights in "float32" or "int8"; ``info`` describes it but for the precision."""
    layers, rows, _, units = weights.state_shape
    build = _Builder(precision == "int8")
    build.step(weights)
    state = (layers, rows, "batch", units)
    inputs = (
        Value("token", np.int32, ("batch",)),
        Value("position", np.int32, ("batch", 3)),
        Value("state", np.float32, state),
    )
    outputs = (
        Value("logits", np.float32, ("batch", len(weights.output_bias))),
        Value("next_state", np.float32, state),
    )
    graph = Graph(tuple(build.nodes), build.tensors, inputs, outputs, {}, OPSET)
    return seal(graph_bytes(graph), replace(info, precision=precision))


def quantised_columns(array: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return whole numbers int8 of 7 bits and the scale of each column; a column of zeros has the scale 1."""
    scale = (np.abs(array).max(axis=0) / LEVELS).astype(np.float32)
    scale[scale == 0] = 1
    return np.rint(array / scale).clip(-LEVELS, LEVELS).astype(np.int8), scale


class _Builder:
    """Collects nodes and tensors."""

    def __init__(self, int8: bool) -> None:
        self.nodes: list[Node] = []
        self.tensors: dict[str, Array] = {}
        self._int8 = int8
        self._count = 0

    def step(self, weights: StepWeights) -> None:
        """Take one step, from token, position and state to logits and next_state."""
        layers, rows, _, units = weights.state_shape
        flat = self._add("Reshape", ["state", self._numbers("flat", [rows * layers, -1, units])])
        before = self._split(flat, rows * layers, axis=0) if rows * layers > 1 else [flat]
        take = {"lstm": self._lstm, "gru": self._gru, "rnn": self._rnn}[weights.cell]
        x = self._input(weights)
        after: list[str] = []
        for number, layer in enumerate(weights.layers):
            after += take(number, layer, x, before[rows * number : rows * (number + 1)])
            x = after[-rows]
        sums = self._add("Add", [self._product(x, "output", weights.output), self._bias("output", weights.output_bias)])
        self._make("Squeeze", [sums, self._numbers("lane", [0])], ["logits"])
        joined = self._add("Concat", after, axis=0) if len(after) > 1 else after[0]
        self._make("Reshape", [joined, self._numbers("deep", [layers, rows, -1, units])], ["next_state"])

    def _input(self, weights: StepWeights) -> str:
        """Return the sum of the rows of the token and of its position, [B, E]."""
        rows = [
            self._add("Gather", [self._tensor(f"{name}_weights", table), place], axis=0)
            for name, table, place in zip(
                ("tick", "beat", "metre"),
                (weights.tick, weights.beat, weights.metre),
                self._split("position", 3, axis=1),
                strict=True,
            )
        ]
        place = self._add("Add", [self._add("Add", rows[:2]), rows[2]])
        token = self._add("Gather", [self._tensor("token_weights", weights.token), "token"], axis=0)
        return self._add("Add", [token, self._add("Squeeze", [place, self._numbers("column", [1])])])

    def _lstm(self, number: int, layer: LayerWeights, x: str, before: list[str]) -> list[str]:
        """Return h and c after a layer."""
        h, cell = before
        enter, forget, candidate, out = self._split(self._sum(number, layer, x, h), 4, axis=-1)
        kept = self._add("Mul", [self._add("Sigmoid", [forget]), cell])
        new = self._add("Mul", [self._add("Sigmoid", [enter]), self._add("Tanh", [candidate])])
        cell = self._add("Add", [kept, new])
        return [self._add("Mul", [self._add("Sigmoid", [out]), self._add("Tanh", [cell])]), cell]

    def _gru(self, number: int, layer: LayerWeights, x: str, before: list[str]) -> list[str]:
        """Return h after a layer."""
        (h,), (bias, bias_of_h) = before, layer.bias
        of_h = self._product(h, f"recurrent_{number}", layer.recurrent)
        of_h = self._add("Add", [of_h, self._bias(f"bias_of_h_{number}", bias_of_h)])
        of_x = self._product(x, f"kernel_{number}", layer.kernel)
        of_x = self._add("Add", [of_x, self._bias(f"bias_{number}", bias)])
        update_h, reset_h, candidate_h = self._split(of_h, 3, axis=-1)
        update, reset, candidate = self._split(of_x, 3, axis=-1)
        let = self._add("Sigmoid", [self._add("Add", [reset_h, reset])])
        new = self._add("Tanh", [self._add("Add", [self._add("Mul", [candidate_h, let]), candidate])])
        keep = self._add("Sigmoid", [self._add("Add", [update_h, update])])
        minus = self._tensor("minus", np.array(-1, np.float32))
        apart = self._add("Add", [h, self._add("Mul", [new, minus])])
        return [self._add("Add", [new, self._add("Mul", [keep, apart])])]

    def _rnn(self, number: int, layer: LayerWeights, x: str, before: list[str]) -> list[str]:
        """Return h after a layer."""
        return [self._add("Tanh", [self._sum(number, layer, x, before[0])])]

    def _sum(self, number: int, layer: LayerWeights, x: str, h: str) -> str:
        """Return the products of x and h and the bias, added up."""
        from_h = self._product(h, f"recurrent_{number}", layer.recurrent)
        biased = self._add("Add", [from_h, self._bias(f"bias_{number}", layer.bias)])
        return self._add("Add", [biased, self._product(x, f"kernel_{number}", layer.kernel)])

    def _product(self, x: str, name: str, array: Floats) -> str:
        if not self._int8:
            return self._add("MatMul", [x, self._tensor(f"{name}_weights", array)])
        numbers, scales = quantised_columns(array)
        weights = self._tensor(f"{name}_weights_quantized", numbers)
        zeros = self._tensor(f"{name}_weights_zero_point", np.zeros(len(scales), np.int8))
        small, scale, zero = self._make("DynamicQuantizeLinear", [x], [self._name(), self._name(), self._name()])
        whole = self._add("MatMulInteger", [small, weights, zero, zeros])
        both = self._add("Mul", [scale, self._tensor(f"{name}_weights_scale", scales)])
        return self._add("Mul", [self._add("Cast", [whole], to=FLOAT), both])

    def _bias(self, name: str, array: Floats) -> str:
        return self._tensor(f"{name}_bias", array)

    def _numbers(self, name: str, values: Sequence[int]) -> str:
        return self._tensor(name, np.array(values, np.int64))

    def _tensor(self, name: str, array: Array) -> str:
        self.tensors[name] = array
        return name

    def _split(self, value: str, parts: int, *, axis: int) -> list[str]:
        return self._make("Split", [value], [self._name() for _ in range(parts)], axis=axis)

    def _add(self, operator: str, inputs: Sequence[str], **attributes: int) -> str:
        return self._make(operator, inputs, [self._name()], **attributes)[0]

    def _make(self, operator: str, inputs: Sequence[str], outputs: list[str], **attributes: int) -> list[str]:
        self.nodes.append(Node(operator, tuple(inputs), tuple(outputs), attributes))
        return outputs

    def _name(self) -> str:
        self._count += 1
        return f"value_{self._count}"
