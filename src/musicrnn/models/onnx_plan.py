"""The graph that ONNX Runtime runs for an int8 step: the same step as the file's, in fewer operations.

The file says what a step is; a plan is made of it when it is loaded, and never stored (ADR 0033).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

import numpy as np

from musicrnn.models.onnx_graph import Array, Node, Value
from musicrnn.models.onnx_write import write_graph
from musicrnn.models.step_reader import Matrix, ReadWeights
from musicrnn.models.weights import Floats

SMALLEST_BLOCK, LARGEST_BLOCK = 32, 256
_ZERO, _INT8_PRODUCTS = 128, 4


def make_plan(weights: ReadWeights) -> bytes | None:
    """Return a model for ONNX Runtime; None where the units make no blocks, or the weights are not int8.

    Its inputs are ``row`` float32[4 units], layer 0's share of token and position with its gates in the order of
    :func:`ordered`, and ``h0``, ``c0``, ``h1``, … [1, units]; its outputs ``logits`` and ``next_h0``, ``next_c0``, ….
    """
    units = weights.layers[0].recurrent.values.shape[0]
    whole = all(layer.kernel.scale is not None and layer.recurrent.scale is not None for layer in weights.layers)
    if not whole or weights.output.scale is None or _block(units) < SMALLEST_BLOCK:
        return None
    return _Builder(weights, units).content()


def ordered(gates: Floats) -> Floats:
    """Return gates i, f, c, o along the last axis as i, f, o, c: the three sigmoids side by side."""
    enter, forget, candidate, out = np.split(gates, 4, axis=-1)
    return np.concatenate([enter, forget, out, candidate], axis=-1).astype(np.float32, copy=False)


def _ordered_matrix(matrix: Matrix) -> Matrix:
    enter, forget, candidate, out = np.split(matrix.values, 4, axis=-1)
    values = np.concatenate([enter, forget, out, candidate], axis=-1)
    return Matrix(values, None if matrix.scale is None else ordered(matrix.scale))


def _block(units: int) -> int:
    return gcd(units, LARGEST_BLOCK)


@dataclass(slots=True)
class _Builder:
    """Nodes and tensors as they come; every value is called by its role."""

    weights: ReadWeights
    units: int
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Array] = field(default_factory=dict)

    def content(self) -> bytes:
        units, x = self.units, ""
        self.tensors["gate_sizes"] = np.array([3 * units, units])
        inputs, outputs = [Value("row", np.float32, (4 * units,))], []
        for i, layer in enumerate(self.weights.layers):
            names = (f"h{i}", f"c{i}")
            inputs += [Value(name, np.float32, (1, units)) for name in names]
            outputs += [Value(f"next_{name}", np.float32, (1, units)) for name in names]
            if i == 0:
                self._multiply("gates0", "h0", [_ordered_matrix(layer.recurrent)], "row")
            else:
                self.tensors[f"bias{i}"] = ordered(layer.bias)
                self._add("Concat", [x, f"h{i}"], [f"inputs{i}"], axis=1)
                both = [_ordered_matrix(layer.kernel), _ordered_matrix(layer.recurrent)]
                self._multiply(f"gates{i}", f"inputs{i}", both, f"bias{i}")
            x = self._cell(i)
        self.tensors["output_bias"] = self.weights.output_bias
        self._multiply("logits", x, [self.weights.output], "output_bias")
        outputs.append(Value("logits", np.float32, (1, self.weights.output_bias.size)))
        return write_graph(self.nodes, self.tensors, inputs, outputs)

    def _add(self, operator: str, inputs: list[str], outputs: list[str], **attributes: int) -> None:
        self.nodes.append(Node(operator, tuple(inputs), tuple(outputs), attributes))

    def _cell(self, i: int) -> str:
        """Add a layer's arithmetic after its products, and return the name of its h."""
        curved, (enter, forget, out) = f"curved{i}", (f"{gate}{i}" for gate in ("enter", "forget", "out"))
        self._add("Split", [f"gates{i}", "gate_sizes"], [f"sigmoids{i}", f"candidate{i}"], axis=1)
        self._add("Sigmoid", [f"sigmoids{i}"], [curved])
        self._add("Split", [curved], [enter, forget, out], axis=1, num_outputs=3)
        self._add("Tanh", [f"candidate{i}"], [f"tanh{i}"])
        self._add("Mul", [forget, f"c{i}"], [f"kept{i}"])
        self._add("Mul", [enter, f"tanh{i}"], [f"new{i}"])
        self._add("Add", [f"kept{i}", f"new{i}"], [f"next_c{i}"])
        self._add("Tanh", [f"next_c{i}"], [f"shown{i}"])
        self._add("Mul", [out, f"shown{i}"], [f"next_h{i}"])
        return f"next_h{i}"

    def _multiply(self, name: str, x: str, kernels: list[Matrix], bias: str) -> None:
        """Add a product of x with kernels one above another, each block of rows with its own scales, plus a bias."""
        values = np.concatenate([kernel.values for kernel in kernels]).T
        block, (outputs, size) = _block(self.units), values.shape
        blocks = size // block
        unsigned = (values.astype(np.int16) + _ZERO).astype(np.uint8)
        columns = [kernel.scale for kernel in kernels if kernel.scale is not None]
        scales = np.stack([scale for scale in columns for _ in range(self.units // block)], axis=1)
        self.tensors[f"{name}_kernel"] = unsigned.reshape(outputs, blocks, block)
        self.tensors[f"{name}_scales"] = scales.astype(np.float32)
        attributes = {"K": size, "N": outputs, "bits": 8, "block_size": block, "accuracy_level": _INT8_PRODUCTS}
        self._add("MatMulNBits", [x, f"{name}_kernel", f"{name}_scales", "", "", bias], [name], **attributes)
