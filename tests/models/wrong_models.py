"""Model files that are sealed as if they were whole, and wrong in one respect each, with what the refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tests.models.model_files import Change, changed, info_of, node, put, tensor, unchanged


def _rename(model: onnx.ModelProto, old: str, new: str) -> None:
    for item in (*model.graph.input, *model.graph.output):
        item.name = new if item.name == old else item.name
    for item in model.graph.node:
        for names in (item.input, item.output):
            names[:] = [new if name == old else name for name in names]


def _dim(model: onnx.ModelProto, name: str, axis: int, size: int) -> None:
    value = next(item for item in (*model.graph.input, *model.graph.output) if item.name == name)
    value.type.tensor_type.shape.dim[axis].dim_value = size


def _elem_type(model: onnx.ModelProto, name: str, kind: int) -> None:
    next(item for item in model.graph.input if item.name == name).type.tensor_type.elem_type = kind


def _external(model: onnx.ModelProto) -> None:
    entry = tensor(model, "output_weights").external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    tensor(model, "output_weights").data_location = onnx.TensorProto.EXTERNAL


def _subgraph(model: onnx.ModelProto) -> None:
    body = onnx.helper.make_graph([], "body", [], [])
    model.graph.node.append(onnx.helper.make_node("If", ["token"], ["never"], then_branch=body, else_branch=body))


def _function(model: onnx.ModelProto) -> None:
    opsets = [onnx.helper.make_opsetid("", 17)]
    identity = onnx.helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(onnx.helper.make_function("own", "F", ["x"], ["y"], [identity], opsets))


def _doubling(model: onnx.ModelProto) -> None:
    """Make a sum that is larger than its terms: [32] and [8, 1] make [8, 32]."""
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((8, 1), np.float32), "tall"))
    model.graph.node.append(onnx.helper.make_node("Add", ["bias_0_weights", "tall"], ["wide"]))


def _joins_that_grow(model: onnx.ModelProto) -> None:
    """Double a vector again and again: 32 numbers become 2 to the 45th."""
    last = "bias_0_weights"
    for i in range(40):
        model.graph.node.append(onnx.helper.make_node("Concat", [last, last], [f"double_{i}"], axis=0))
        last = f"double_{i}"


def _join_of_nothing(model: onnx.ModelProto) -> None:
    model.graph.node.append(onnx.helper.make_node("Concat", [], ["nothing"], axis=0))


def _other_shape(model: onnx.ModelProto) -> None:
    put(model, "constant_0", np.array([4, -1, 9], np.int64))


def _two_unknowns(model: onnx.ModelProto) -> None:
    put(model, "constant_0", np.array([-1, -1, 8], np.int64))


def _operator(operator: str, *, domain: str = "") -> Change:
    def change(model: onnx.ModelProto) -> None:
        node(model, "Tanh").op_type = operator
        node(model, operator).domain = domain

    return change


def _with(name: str, array: np.ndarray) -> Change:
    return lambda model: put(model, name, array)


def _raw(name: str, content: bytes) -> Change:
    def change(model: onnx.ModelProto) -> None:
        tensor(model, name).raw_data = content

    return change


def _dims(name: str, dims: list[int]) -> Change:
    def change(model: onnx.ModelProto) -> None:
        tensor(model, name).dims[:] = dims

    return change


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def _doubled(model: onnx.ModelProto) -> None:
    model.graph.node.append(node(model, "Tanh"))


def _many_nodes(model: onnx.ModelProto) -> None:
    for i in range(300):
        model.graph.node.append(onnx.helper.make_node("Tanh", ["bias_0_weights"], [f"more_{i}"]))


def _backwards(model: onnx.ModelProto) -> None:
    nodes = list(reversed(model.graph.node))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _drop_output(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def _own_metadata(model: onnx.ModelProto) -> None:
    entry = model.metadata_props.add()
    entry.key, entry.value = "note", "hello"


def _half(model: onnx.ModelProto) -> None:
    put(model, "output_bias_weights", np.zeros(42, np.float16))


def _other_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 9


def _vendor(model: onnx.ModelProto) -> None:
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))


def _sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().dims.append(4)


def _text_attribute(model: onnx.ModelProto) -> None:
    node(model, "Concat").attribute.append(onnx.helper.make_attribute("note", "hello"))


def _gather_beyond(model: onnx.ModelProto) -> None:
    array = onnx.numpy_helper.to_array(tensor(model, "token_weights"))
    put(model, "token_weights", array[:-1])


def _nan(model: onnx.ModelProto) -> None:
    array = onnx.numpy_helper.to_array(tensor(model, "recurrent_1_weights")).copy()
    array[3, 3] = np.nan
    put(model, "recurrent_1_weights", array)


def _swap_tables(model: onnx.ModelProto) -> None:
    tables = [item for item in model.graph.node if item.op_type == "Gather"]
    tables[0].input[0], tables[1].input[0] = tables[1].input[0], tables[0].input[0]


WRONG: dict[str, tuple[Change, str]] = {
    "an input has another name": (lambda m: _rename(m, "token", "tokens"), "inputs must be token, position, state"),
    "an output has another name": (lambda m: _rename(m, "logits", "probs"), "outputs must be logits, next_state"),
    "an output is missing": (_drop_output, "outputs must be logits, next_state"),
    "the token is int64": (lambda m: _elem_type(m, "token", 7), "inputs must have token int32"),
    "the state is float16": (lambda m: _elem_type(m, "state", 10), "must be of type"),
    "the position has two columns": (lambda m: _dim(m, "position", 1, 2), "inputs must have position"),
    "the state has three layers": (lambda m: _dim(m, "state", 0, 3), "inputs must have state"),
    "the batch is fixed": (lambda m: _dim(m, "token", 0, 1), "inputs must have token"),
    "the logits have one token more": (lambda m: _dim(m, "logits", 1, 99), "outputs must have logits"),
    "the token table is one row short": (_gather_beyond, "a table must have"),
    "two tables are swapped": (_swap_tables, "a table must have"),
    "a weight is NaN": (_nan, "weights of recurrent_1_weights must be finite"),
    "a bias is infinite": (_with("bias_0_weights", np.full(32, np.inf, np.float32)), "bias_0_weights must be finite"),
    "a bias is too short": (_with("bias_0_weights", _zeros(31)), "sizes of a sum or product must match"),
    "a kernel has other units": (_with("recurrent_0_weights", _zeros(9, 32)), "sizes of a product must match"),
    "the output is of another vocabulary": (_with("output_weights", _zeros(8, 9)), "sizes of a sum"),
    "a tensor is float16": (_half, "must be of type"),
    "a tensor has fewer bytes than it says": (_raw("output_weights", bytes(7)), "must hold"),
    "a tensor has a dimension of 0": (_dims("output_weights", [0, 8]), "dimensions of 1 or more"),
    "a tensor claims to be huge": (_dims("output_weights", [2**40, 2**40]), "must hold"),
    "a tensor has five dimensions": (_dims("output_bias_weights", [1, 1, 1, 1, 42]), "at most 4 dimensions"),
    "weights lie in another file": (_external, "external_data|field 13"),
    "a subgraph": (_subgraph, "field 6"),
    "a function": (_function, "field 25"),
    "a sparse tensor": (_sparse, "field 15"),
    "an operator of no step": (_operator("Softmax"), "operators must be of"),
    "a loop": (_operator("Loop"), "operators must be of"),
    "an operator of a vendor": (_operator("MatMulNBits", domain="com.microsoft"), "ONNX's own alone"),
    "operators of a vendor are asked for": (_vendor, "ONNX's own alone"),
    "an old operator set": (_other_opset, "operator set must be in"),
    "an attribute that is a text": (_text_attribute, "field 4|attributes"),
    "joins that grow": (_joins_that_grow, "at most 1048576 numbers"),
    "a join of nothing": (_join_of_nothing, "must be those of the operator"),
    "a state of another shape": (_other_shape, "must keep the size"),
    "a shape with two unknown sizes": (_two_unknowns, "a shape must"),
    "sums that grow": (_doubling, "must not be larger than its terms"),
    "too many nodes": (_many_nodes, "at most 192 nodes"),
    "nodes out of order": (_backwards, "inputs must be made before"),
    "a result made twice": (_doubled, "names of their own"),
    "another description": (_own_metadata, "the description must be"),
}

INFO = info_of()
WRONG_FACTS: dict[str, tuple[dict[str, Any], str]] = {
    "no layers": ({"layers": 0}, "layers must be a whole number in 1..8"),
    "half a layer": ({"layers": 1.5}, "layers must be a whole number"),
    "another number of layers": ({"layers": 3}, "must have state"),
    "other units": ({"units": 16}, "must have state"),
    "units as a text": ({"units": "8"}, "units must be a whole number"),
    "another cell": ({"cell": "lru"}, "cell must be of lstm, gru, rnn, got 'lru'"),
    "a cell with other states": ({"cell": "gru"}, "the inputs must have state"),
    "another precision": ({"precision": "int4"}, "precision must be of"),
    "int8 where the graph is float32": ({"precision": "int8", "name": ""}, "names must be texts"),
    "float32 rules only": ({"tempo": 0.0}, "tempo must be in"),
    "a tempo that is no number": ({"tempo": float("nan")}, "tempo must be in"),
    "a metre of thirds": ({"metre": (4, 3)}, "metre must be"),
    "a figure that is no number": ({"figures": {"nats": float("inf")}}, "figures must be finite"),
    "a corpus that is a list": ({"corpus": [1]}, "corpus must be named values"),
    "another grid": ({"vocabulary": replace(INFO.vocabulary, ticks_per_beat=12)}, "a table must have"),
    "another vocabulary": ({"vocabulary": replace(INFO.vocabulary, velocity_bins=3)}, "must have logits"),
}


def wrong_contents() -> dict[str, bytes]:
    """Return the content of each wrong file by what is wrong with it."""
    files = {what: changed(change) for what, (change, _) in WRONG.items()}
    return files | {what: changed(unchanged, **facts) for what, (facts, _) in WRONG_FACTS.items()}
