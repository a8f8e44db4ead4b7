"""Record arithmetic as the nodes of an ONNX graph: what is done to the values here, a player does to its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from musicrnn.export.graph_names import OPSET

Array = NDArray[Any]


class Value:
    """What a node computes, or an input: not a number yet."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder, self.name = recorder, name

    def __add__(self, other: Value | Array) -> Value:
        """Add; zeros, as the biases of a network without any, are left out."""
        if not isinstance(other, Value) and not np.any(other):
            return self
        return self._recorder.one("Add", self, other)

    def __mul__(self, other: Value | Array) -> Value:
        """Multiply element by element."""
        return self._recorder.one("Mul", self, other)


class Recorder:
    """Collects nodes, and the arrays that they use; equal arrays are kept once."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._arrays: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, kind: int, shape: Sequence[int | None]) -> Value:
        """Return an input of the graph; None is an unknown size."""
        self._inputs.append(onnx.helper.make_tensor_value_info(name, kind, shape))
        return Value(self, name)

    def one(self, operator: str, *operands: Value | Array, **attributes: int) -> Value:
        """Record a node with one result."""
        return self._node(operator, 1, operands, **attributes)[0]

    def split(self, value: Value, parts: int, axis: int) -> list[Value]:
        """Cut into equal parts along an axis."""
        return self._node("Split", parts, [value], axis=axis) if parts > 1 else [value]

    def join(self, values: Sequence[Value], axis: int) -> Value:
        """Put together along an axis."""
        return self._node("Concat", 1, values, axis=axis)[0] if len(values) > 1 else values[0]

    def rows(self, table: Array, index: Value) -> Value:
        """Take rows of a table."""
        return self.one("Gather", table, index, axis=0)

    def product(self, value: Value, matrix: Array) -> Value:
        """Take the matrix product."""
        return self.one("MatMul", value, matrix)

    def shaped(self, value: Value, shape: Sequence[int]) -> Value:
        """Give another shape; -1 is what is left over."""
        return self.one("Reshape", value, np.array(shape, np.int64))

    def squeezed(self, value: Value, axis: int) -> Value:
        """Leave out an axis of size 1."""
        return self.one("Squeeze", value, np.array([axis], np.int64))

    def model(self, outputs: dict[str, tuple[Value, Sequence[int | None]]]) -> onnx.ModelProto:
        """Return the graph with these float32 outputs by name, each with its shape."""
        renamed = {value.name: name for name, (value, _) in outputs.items()}
        for node in self._nodes:
            for i, name in enumerate(node.output):
                node.output[i] = renamed.get(name, name)
        infos = [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            for name, (_, shape) in outputs.items()
        ]
        graph = onnx.helper.make_graph(self._nodes, "step", self._inputs, infos, list(self._arrays.values()))
        return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)])

    def _node(self, operator: str, results: int, operands: Sequence[Value | Array], **attributes: Any) -> list[Value]:
        names = [each.name if isinstance(each, Value) else self._kept(each) for each in operands]
        made = [f"{len(self._nodes)}:{i}" for i in range(results)]
        self._nodes.append(onnx.helper.make_node(operator, names, made, **attributes))
        return [Value(self, name) for name in made]

    def _kept(self, array: Array) -> str:
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._arrays:
            self._arrays[key] = onnx.numpy_helper.from_array(array, f"array {len(self._arrays)}")
        return str(self._arrays[key].name)
