"""Give a graph the names of our own words, and leave out what a player does not need."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from musicrnn.models.weights import StepWeights

OPSET = 17
IR_VERSION = 8
BATCH = "batch"
_Key = tuple[tuple[int, ...], bytes]


def with_plain_names(model: onnx.ModelProto, weights: StepWeights) -> onnx.ModelProto:
    """Return the same graph with every value named anew, so that the same weights give the same bytes.

    Weights are called by their role (``recurrent_1_weights``), constants ``constant_N``, what nodes
    compute ``value_N``; inputs and outputs keep their names, and their unknown dimension is called batch.
    """
    nodes = _in_order(model.graph)
    return _plain(model.graph, nodes, _names(model.graph, nodes, _roles(weights)))


def without_trimmings(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the same graph, names kept, without annotations and operator sets that it does not use."""
    graph = model.graph
    values = [*graph.input, *graph.output, *graph.initializer]
    names = {name: name for node in graph.node for name in (*node.input, *node.output)}
    return _plain(graph, _in_order(graph), names | {value.name: value.name for value in values})


def _in_order(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes in the order in which the outputs need them, whatever the order they come in."""
    makers = {name: node for node in graph.node for name in node.output}
    ordered: dict[str, onnx.NodeProto] = {}

    def visit(name: str) -> None:
        node = makers.get(name)
        if node is None or node.output[0] in ordered:
            return
        for needed in node.input:
            visit(needed)
        ordered[node.output[0]] = node

    for output in graph.output:
        visit(output.name)
    return list(ordered.values())


def _plain(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], names: dict[str, str]) -> onnx.ModelProto:
    renamed = [_renamed(node, names) for node in nodes]
    arrays = {names[tensor.name]: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    tensors = [onnx.numpy_helper.from_array(arrays[name], name) for name in sorted(arrays)]
    inputs, outputs = ([_batched(value) for value in values] for values in (graph.input, graph.output))
    plain = onnx.helper.make_graph(renamed, "musicrnn_step", inputs, outputs, initializer=tensors)
    opsets = [onnx.helper.make_opsetid("", OPSET)]
    return onnx.helper.make_model(plain, opset_imports=opsets, ir_version=IR_VERSION, producer_name="musicrnn")


def _key(array: NDArray[np.generic]) -> _Key:
    return tuple(array.shape), array.tobytes()


def _roles(weights: StepWeights) -> dict[_Key, str]:
    """Name each array of weights by its role; of equal arrays, which are kept once, the first counts."""
    arrays = {name: getattr(weights, name) for name in ("token", "tick", "beat", "metre", "output", "output_bias")}
    for i, layer in enumerate(weights.layers):
        arrays |= {f"kernel_{i}": layer.kernel, f"recurrent_{i}": layer.recurrent}
        arrays |= {f"{name}_{i}": bias for name, bias in layer.biases().items()}
    roles: dict[_Key, str] = {}
    for name, array in arrays.items():
        roles.setdefault(_key(array), f"{name}_weights")
    return roles


def _names(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], roles: dict[_Key, str]) -> dict[str, str]:
    names = {"": ""} | {value.name: value.name for value in (*graph.input, *graph.output)}
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    counts = {"constant": 0, "value": 0}
    for node in nodes:
        for old in (*node.input, *node.output):
            if old in names:
                continue
            role = roles.get(_key(arrays[old])) if old in arrays else None
            kind = "constant" if old in arrays else "value"
            names[old] = role or f"{kind}_{counts[kind]}"
            counts[kind] += role is None
    return names


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    plain = onnx.helper.make_node(
        node.op_type, [names[name] for name in node.input], [names[name] for name in node.output], domain=node.domain
    )
    plain.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
    return plain


def _batched(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    kind = value.type.tensor_type
    shape = [dim.dim_value or BATCH for dim in kind.shape.dim]
    return onnx.helper.make_tensor_value_info(value.name, kind.elem_type, shape)
