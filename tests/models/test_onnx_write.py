"""Graphs written without the onnx package are what the onnx package reads."""

from __future__ import annotations

import numpy as np
import onnx
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.models.onnx_graph import DTYPES, Node, Value
from musicrnn.models.onnx_write import OPSET, VENDOR, write_graph

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


def test_a_small_graph_is_valid_by_onnx() -> None:
    """Inputs, outputs, a tensor and a node, as the checker of ONNX wants them."""
    content = write_graph(
        [Node("Split", ("x", "sizes"), ("a", "b"), {"axis": 1})],
        {"sizes": np.array([3, 1])},
        [Value("x", np.float32, ("batch", 4))],
        [Value("a", np.float32, ("batch", 3)), Value("b", np.float32, ("batch", 1))],
    )
    model = onnx.load_model_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert next((each.domain, each.version) for each in model.opset_import) == ("", OPSET)


@given(name=WORDS, value=INTEGERS, dims=st.lists(st.integers(1, 300), max_size=3))
def test_names_numbers_and_shapes_come_back(name: str, value: int, dims: list[int]) -> None:
    """Any text, any 64-bit integer, sizes of more than one byte."""
    node = Node("MatMulNBits", (name, ""), (f"{name}_out",), {"K": value})
    model = onnx.load_model_from_string(write_graph([node], {}, [Value(name, np.int32, tuple(dims))], []))
    (read,) = model.graph.node
    assert (read.op_type, read.domain, list(read.input), list(read.output)) == (
        "MatMulNBits", VENDOR, [name, ""], [f"{name}_out"],
    )  # fmt: skip
    assert [(each.name, each.type, each.i) for each in read.attribute] == [("K", onnx.AttributeProto.INT, value)]
    kind = model.graph.input[0].type.tensor_type
    assert kind.elem_type == onnx.TensorProto.INT32
    assert [dim.dim_value for dim in kind.shape.dim] == dims


@given(
    dtype=st.sampled_from(sorted(DTYPES.values(), key=str)),
    shape=st.lists(st.integers(1, 5), max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_tensors_come_back(dtype: type[np.generic], shape: list[int], seed: int) -> None:
    """Every type, also where the array is a view with its axes turned."""
    array = np.random.default_rng(seed).integers(0, 100, shape).astype(dtype).T
    model = onnx.load_model_from_string(write_graph([], {"t": array}, [], []))
    read = onnx.numpy_helper.to_array(model.graph.initializer[0])
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)
