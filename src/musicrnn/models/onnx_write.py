"""Write a graph of plain values as an ONNX model, without the onnx package. Fields: onnx.proto of ONNX 1.17."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicrnn.models.onnx_graph import DTYPES, Array, Dims, Node, Value

VENDOR = "com.microsoft"
VENDOR_OPERATORS = frozenset({"MatMulNBits"})
OPSET, VENDOR_OPSET, IR_VERSION = 18, 1, 9
_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}
_INTEGER_ATTRIBUTE = 2


def write_graph(
    nodes: Sequence[Node], tensors: dict[str, Array], inputs: Sequence[Value], outputs: Sequence[Value]
) -> bytes:
    """Return a model that ONNX Runtime can run; MatMulNBits is its own operator, all others are ONNX's."""
    graph = b"".join(_message(1, _node(node)) for node in nodes) + _text(2, "step")
    graph += b"".join(_message(5, _tensor(name, array)) for name, array in tensors.items())
    graph += b"".join(_message(11, _value(value)) for value in inputs)
    graph += b"".join(_message(12, _value(value)) for value in outputs)
    opsets = _message(8, _integer(2, OPSET)) + _message(8, _text(1, VENDOR) + _integer(2, VENDOR_OPSET))
    return _integer(1, IR_VERSION) + _message(7, graph) + opsets


def _varint(value: int) -> bytes:
    value, digits = value % 2**64, bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _message(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode())


def _node(node: Node) -> bytes:
    content = b"".join(_text(1, name) for name in node.inputs) + b"".join(_text(2, name) for name in node.outputs)
    content += _text(4, node.operator) + b"".join(
        _message(5, _text(1, name) + _integer(3, value) + _integer(20, _INTEGER_ATTRIBUTE))
        for name, value in node.attributes.items()
    )
    return content + (_text(7, VENDOR) if node.operator in VENDOR_OPERATORS else b"")


def _tensor(name: str, array: Array) -> bytes:
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    content = b"".join(_integer(1, size) for size in array.shape) + _integer(2, _NUMBERS[array.dtype.type])
    return content + _text(8, name) + _message(9, little.tobytes())


def _value(value: Value) -> bytes:
    kind = _integer(1, _NUMBERS[value.dtype]) + _message(2, _shape(value.shape))
    return _text(1, value.name) + _message(2, _message(1, kind))


def _shape(dims: Dims) -> bytes:
    return b"".join(_message(1, _text(2, size) if isinstance(size, str) else _integer(1, size)) for size in dims)
