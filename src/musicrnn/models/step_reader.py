"""Read the weights of a step back out of a checked graph, by what its operations compute.

Each value is named by the expression that makes it, in one lane: sums and products without an order, shapes
without a trace. A graph that computes an LSTM's step in ONNX's operators is known however its nodes are ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.graph_shapes import Known
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.onnx_graph import Graph, Node
from musicrnn.models.weights import Floats

Expression = tuple[object, ...]
POSITION_PARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A kernel: float32 [inputs, outputs], or int8 of that shape and the float32 [outputs] that scale its columns."""

    values: Floats | NDArray[np.int8]
    scale: Floats | None = None

    def as_floats(self) -> Floats:
        """Return the numbers that the kernel stands for."""
        if self.scale is None:
            return self.values.astype(np.float32, copy=False)
        return self.values.astype(np.float32) * self.scale


@dataclass(frozen=True, slots=True, eq=False)
class ReadLayer:
    """One LSTM layer; gates i, f, c, o."""

    kernel: Matrix
    recurrent: Matrix
    bias: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ReadWeights:
    """All that one step needs, as it stands in a file; ``tables`` are those of token, tick, beat and metre."""

    tables: tuple[Floats, Floats, Floats, Floats]
    layers: tuple[ReadLayer, ...]
    output: Matrix
    output_bias: Floats


class NotAStepError(Exception):
    """The graph computes something else."""


def read_weights(graph: Graph, info: ModelInfo, known: dict[str, Known]) -> ReadWeights | None:
    """Return the weights of a checked graph; None where it takes a step in another way than export writes an LSTM's."""
    if info.cell != "lstm":
        return None
    try:
        return _Reader(graph, info, known).weights()
    except NotAStepError:
        return None


class _Reader:
    """The expressions of a graph, each with a number, so that equal ones are one."""

    def __init__(self, graph: Graph, info: ModelInfo, known: dict[str, Known]) -> None:
        self._tensors, self._info, self._known = graph.tensors, info, known
        self._numbers: dict[Expression, int] = {}
        self._expressions: list[Expression] = []
        self._values = {name: self._number("tensor", name) for name in graph.tensors}
        self._values |= {value.name: self._number("input", value.name) for value in graph.inputs}
        for node in graph.nodes:
            self._take(node)

    def weights(self) -> ReadWeights:
        """Find the layers one after another, from the tables to the logits."""
        x, tables = self._tables()
        layers, after = [], list[int]()
        for i in range(self._info.layers):
            layer, x, cell = self._layer(i, x)
            layers.append(layer)
            after += [x, cell]
        output, bias = self._output(x)
        self._must(self._values["next_state"] == self._found("joined", *after))
        return ReadWeights(tables, tuple(layers), output, bias)

    def _tables(self) -> tuple[int, tuple[Floats, Floats, Floats, Floats]]:
        places = [
            self._found("part", self._found("input", "position"), i, POSITION_PARTS) for i in range(POSITION_PARTS)
        ]
        rows = [self._only("row", index) for index in (self._found("input", "token"), *places)]
        token, tick, beat, metre = (self._float_table(row) for row in rows)
        return self._found("sum", *sorted(rows)), (token, tick, beat, metre)

    def _float_table(self, row: int) -> Floats:
        return self._floats(self._expressions[row][2])

    def _layer(self, i: int, x: int) -> tuple[ReadLayer, int, int]:
        """Return a layer, and the numbers of its h and c after the step."""
        state = self._found("input", "state")
        h, cell = (self._found("part", state, 2 * i + k, 2 * self._info.layers) for k in range(2))
        of_h, of_x = self._only("product", h), self._only("product", x)
        bias, gates = self._biased(of_h, of_x)
        enter, forget, candidate, out = (self._found("part", gates, k, 4) for k in range(4))
        kept = self._product(self._found("Sigmoid", forget), cell)
        new = self._product(self._found("Sigmoid", enter), self._found("Tanh", candidate))
        cell = self._found("sum", *sorted((kept, new)))
        h = self._product(self._found("Sigmoid", out), self._found("Tanh", cell))
        units = self._info.units
        layer = ReadLayer(self._matrix(of_x, 4 * units), self._matrix(of_h, 4 * units), self._floats(bias, 4 * units))
        self._must(layer.recurrent.values.shape[0] == units)
        return layer, h, cell

    def _output(self, x: int) -> tuple[Matrix, Floats]:
        """Return the last kernel and its bias; one of zeros is left out by export."""
        product, size = self._only("product", x), self._info.vocabulary.size
        if self._values["logits"] == product:
            return self._matrix(product, size), np.zeros(size, np.float32)
        bias, logits = self._biased(product)
        self._must(self._values["logits"] == logits)
        return self._matrix(product, size), self._floats(bias, size)

    def _biased(self, *terms: int) -> tuple[object, int]:
        """Return the name of the tensor that is added to just these terms, and the number of the sum."""
        for expression, number in self._numbers.items():
            rest = [term for term in expression[1:] if term not in terms]
            if expression[0] == "sum" and len(expression) == len(terms) + 2 and len(rest) == 1:
                kind, *name = self._expressions[int(str(rest[0]))]
                if kind == "tensor":
                    return name[0], number
        raise NotAStepError

    def _product(self, *factors: int) -> int:
        return self._found("factors", *sorted(factors))

    def _only(self, kind: str, operand: int) -> int:
        """Return the number of the one row or matrix product that is taken of a value."""
        numbers = [number for made, number in self._numbers.items() if made[:2] == (kind, operand)]
        self._must(len(numbers) == 1)
        return numbers[0]

    def _matrix(self, product: int, outputs: int) -> Matrix:
        _, _, *names = self._expressions[product]
        values, *others = (self._tensors[str(name)] for name in names)
        self._must(values.ndim == 2 and values.shape[1] == outputs)
        if not others:
            return Matrix(values.astype(np.float32, copy=False))
        scale, zero = others
        self._must(scale.size in (1, outputs) and not zero.any())
        return Matrix(values.astype(np.int8, copy=False), np.broadcast_to(scale.astype(np.float32), outputs))

    def _floats(self, name: object, size: int | None = None) -> Floats:
        array = self._tensors[str(name)]
        self._must(array.dtype == np.float32 and size in (None, array.size))
        return array.astype(np.float32, copy=False)

    def _must(self, condition: bool) -> None:
        if not condition:
            raise NotAStepError

    def _number(self, *expression: object) -> int:
        if expression not in self._numbers:
            self._numbers[expression] = len(self._expressions)
            self._expressions.append(expression)
        return self._numbers[expression]

    def _found(self, *expression: object) -> int:
        if expression not in self._numbers:
            raise NotAStepError
        return self._numbers[expression]

    def _take(self, node: Node) -> None:
        inputs = [self._values[name] for name in node.inputs]
        for name, expression in zip(node.outputs, self._results(node, inputs), strict=True):
            self._values[name] = expression

    def _results(self, node: Node, inputs: list[int]) -> list[int]:
        match node.operator:
            case "Squeeze" | "Reshape" | "Cast":
                return [inputs[0]]
            case "Add":
                return [self._flat("sum", inputs)]
            case "Mul":
                return [self._scaled(inputs)]
            case "Gather":
                return [self._number("row", inputs[1], node.inputs[0])]
            case "MatMul":
                self._must(self._expressions[inputs[1]][0] == "tensor")
                return [self._number("product", inputs[0], node.inputs[1])]
            case "Split":
                self._must(self._lead(node.inputs[0], node) == 1)
                return [self._number("part", inputs[0], i, len(node.outputs)) for i in range(len(node.outputs))]
            case "Concat":
                self._must(all(self._lead(name, node) == 1 for name in node.inputs))
                return [self._number("joined", *inputs)]
            case "DynamicQuantizeLinear":
                return [self._number(kind, inputs[0]) for kind in ("quantised", "scale", "zero")]
            case "MatMulInteger":
                return [self._integers(node, inputs)]
            case _:
                return [self._number(node.operator, *inputs)]

    def _lead(self, name: str, node: Node) -> int:
        """Return how many numbers stand before a node's axis: with one, its parts are one after another."""
        shape, axis = self._known[name].shape, node.attributes.get("axis", 0)
        return prod(shape[: axis % len(shape)])

    def _flat(self, kind: str, inputs: list[int]) -> int:
        """Return a sum or product of all terms of its terms, in one order."""
        terms: list[int] = []
        for number in inputs:
            made, *parts = self._expressions[number]
            terms += [int(str(part)) for part in parts] if made == kind else [number]
        return self._number(kind, *sorted(terms))

    def _integers(self, node: Node, inputs: list[int]) -> int:
        values, zero = self._expressions[inputs[0]], self._expressions[inputs[2]]
        self._must((values[0], zero[0]) == ("quantised", "zero") and values[1] == zero[1])
        return self._number("integers", values[1], node.inputs[1], node.inputs[3])

    def _scaled(self, inputs: list[int]) -> int:
        """Return a product; that of whole numbers with both their scales is a matrix product."""
        number = self._flat("factors", inputs)
        made = {
            str(self._expressions[int(str(part))][0]): self._expressions[int(str(part))]
            for part in self._expressions[number][1:]
        }
        if set(made) != {"integers", "scale", "tensor"} or made["integers"][1] != made["scale"][1]:
            return number
        _, operand, values, zero = made["integers"]
        return self._number("product", operand, values, made["tensor"][1], zero)
