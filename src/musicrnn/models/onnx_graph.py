"""A model file's graph as plain values, read and written without the onnx package.

Only what a step graph is made of is known: a file with subgraphs, functions, external data, sparse
tensors or anything else is refused by its first unknown field. Fields: onnx.proto of ONNX 1.17.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from musicrnn.models.protobuf import Field, Form, Message, Schema, read, written

Dims = tuple[int | str, ...]
Array = NDArray[np.generic]

DTYPES: dict[int, type[np.generic]] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """One operation; all attributes that the step graph has are integers."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Value:
    """An input or output: its name, type and shape; a name in the shape is an unknown dimension."""

    name: str
    dtype: type[np.generic]
    shape: Dims


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole model file."""

    nodes: tuple[Node, ...]
    tensors: dict[str, Array]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    metadata: dict[str, str]
    opset: int


def _one(name: str, form: Form) -> Field:
    return Field(name, form)


def _message(name: str, schema: Schema, *, repeated: bool = False) -> Field:
    return Field(name, Form.MESSAGE, repeated, schema)


_DIMENSION = {1: _one("value", Form.INTEGER), 2: _one("name", Form.TEXT)}
_SHAPE = {1: _message("dims", _DIMENSION, repeated=True)}
_TENSOR_TYPE = {1: _one("elem_type", Form.INTEGER), 2: _message("shape", _SHAPE)}
_VALUE = {1: _one("name", Form.TEXT), 2: _message("type", {1: _message("tensor_type", _TENSOR_TYPE)})}
_TENSOR = {
    1: Field("dims", Form.INTEGER, repeated=True),
    2: _one("data_type", Form.INTEGER),
    8: _one("name", Form.TEXT),
    9: _one("raw_data", Form.BYTES),
}
_ATTRIBUTE = {1: _one("name", Form.TEXT), 3: _one("i", Form.INTEGER), 20: _one("type", Form.INTEGER)}
_NODE = {
    1: Field("input", Form.TEXT, repeated=True),
    2: Field("output", Form.TEXT, repeated=True),
    3: _one("name", Form.TEXT),
    4: _one("op_type", Form.TEXT),
    5: _message("attribute", _ATTRIBUTE, repeated=True),
    7: _one("domain", Form.TEXT),
}
_GRAPH = {
    1: _message("node", _NODE, repeated=True),
    2: _one("name", Form.TEXT),
    5: _message("initializer", _TENSOR, repeated=True),
    11: _message("input", _VALUE, repeated=True),
    12: _message("output", _VALUE, repeated=True),
}
_MODEL = {
    1: _one("ir_version", Form.INTEGER),
    2: _one("producer_name", Form.TEXT),
    7: _message("graph", _GRAPH),
    8: _message("opset_import", {1: _one("domain", Form.TEXT), 2: _one("version", Form.INTEGER)}, repeated=True),
    14: _message("metadata_props", {1: _one("key", Form.TEXT), 2: _one("value", Form.TEXT)}, repeated=True),
}
VENDOR, VENDOR_OPSET = "com.microsoft", 1
VENDOR_OPERATORS = frozenset({"MatMulNBits"})
_INTEGER_ATTRIBUTE = 2
_IR_VERSION = 8
_NUMBERS = {dtype: number for number, dtype in DTYPES.items()}


def read_graph(content: bytes) -> Graph:
    """Return the graph of a model file; ValueError, saying what is wrong, for anything else."""
    try:
        return _graph(read(memoryview(content), _MODEL))
    except KeyError as error:
        raise ValueError(f"field {error} is missing") from error


def graph_bytes(graph: Graph) -> bytes:
    """Return a graph as a model file; its descriptions stand at the end.

    ONNX Runtime's own MatMulNBits may be among the operators of one that is only to be run, and is refused when read.
    """
    content = {
        "node": [_node_message(node) for node in graph.nodes],
        "name": "step",
        "initializer": [_tensor_message(name, array) for name, array in graph.tensors.items()],
        "input": [_value_message(value) for value in graph.inputs],
        "output": [_value_message(value) for value in graph.outputs],
    }
    model = {
        "ir_version": _IR_VERSION,
        "graph": content,
        "opset_import": [{"domain": domain, "version": version} for domain, version in _opsets(graph).items()],
        "metadata_props": [{"key": key, "value": value} for key, value in graph.metadata.items()],
    }
    return written(model, _MODEL)


def _opsets(graph: Graph) -> dict[str, int]:
    is_vendors = any(node.operator in VENDOR_OPERATORS for node in graph.nodes)
    return {"": graph.opset} | ({VENDOR: VENDOR_OPSET} if is_vendors else {})


def _node_message(node: Node) -> Message:
    attributes = [{"name": name, "i": i, "type": _INTEGER_ATTRIBUTE} for name, i in node.attributes.items()]
    message = {"input": node.inputs, "output": node.outputs, "op_type": node.operator, "attribute": attributes}
    return {**message, "domain": VENDOR} if node.operator in VENDOR_OPERATORS else message


def _tensor_message(name: str, array: Array) -> Message:
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    number = _NUMBERS[array.dtype.type]
    return {"dims": array.shape, "data_type": number, "name": name, "raw_data": little.tobytes()}


def _value_message(value: Value) -> Message:
    dims = [{"value" if isinstance(dim, int) else "name": dim} for dim in value.shape]
    kind = {"elem_type": _NUMBERS[value.dtype], "shape": {"dims": dims}}
    return {"name": value.name, "type": {"tensor_type": kind}}


def _graph(model: Message) -> Graph:
    graph, opsets = model["graph"], model["opset_import"]
    if len(opsets) != 1 or opsets[0].get("domain", "") != "":
        raise ValueError(f"the operators must be ONNX's own alone, got {opsets}")
    tensors = [(tensor["name"], _array(tensor)) for tensor in graph["initializer"]]
    metadata = [(entry["key"], entry["value"]) for entry in model["metadata_props"]]
    if len(dict(tensors)) < len(tensors) or len(dict(metadata)) < len(metadata):
        raise ValueError("tensors and descriptions must have names of their own, got one twice")
    return Graph(
        tuple(_node(node) for node in graph["node"]),
        dict(tensors),
        tuple(_value(value) for value in graph["input"]),
        tuple(_value(value) for value in graph["output"]),
        dict(metadata),
        opsets[0]["version"],
    )


def _node(node: Message) -> Node:
    if node.get("domain", ""):
        raise ValueError(f"the operators must be ONNX's own alone, got {node['domain']}::{node['op_type']}")
    attributes = {}
    for attribute in node["attribute"]:
        if attribute["type"] != _INTEGER_ATTRIBUTE or attribute["name"] in attributes:
            raise ValueError(f"attributes of {node['op_type']} must be integers given once, got {attribute}")
        attributes[attribute["name"]] = attribute.get("i", 0)
    return Node(node["op_type"], tuple(node["input"]), tuple(node["output"]), attributes)


def _dtype(number: int, name: str) -> type[np.generic]:
    if number not in DTYPES:
        known = ", ".join(dtype.__name__ for dtype in DTYPES.values())
        raise ValueError(f"{name} must be of type {known}, got ONNX type {number}")
    return DTYPES[number]


def _value(value: Message) -> Value:
    kind = value["type"]["tensor_type"]
    dims = tuple(_dimension(dim, value["name"]) for dim in kind["shape"]["dims"])
    return Value(value["name"], _dtype(kind["elem_type"], value["name"]), dims)


def _dimension(dim: Message, name: str) -> int | str:
    if len(dim) != 1:
        raise ValueError(f"each dimension of {name} must have a size or a name, got {dim}")
    result: int | str = next(iter(dim.values()))
    return result


def _array(tensor: Message) -> Array:
    name, dims = tensor["name"], tuple(tensor["dims"])
    dtype = np.dtype(_dtype(tensor["data_type"], name))
    data = tensor["raw_data"]
    if any(dim < 1 for dim in dims) or len(dims) > 4:
        raise ValueError(f"tensor {name} must have at most 4 dimensions of 1 or more, got {dims}")
    if prod(dims) * dtype.itemsize != len(data):
        raise ValueError(f"tensor {name} must hold {prod(dims) * dtype.itemsize} bytes, got {len(data)}")
    array: Array = np.frombuffer(data, dtype.newbyteorder("<")).reshape(dims)
    return array
