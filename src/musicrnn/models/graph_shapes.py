"""Follow types and sizes through a step graph, so that no file can ask for more than it says.

Every operator that a step graph may use stands in one table, with the rule that gives its results.
Sizes are those of one lane (a batch of 1). Rules: https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from musicrnn.models.onnx_graph import DTYPES, Array, Node

Shape = tuple[int, ...]
MAX_SIZE = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a value: its type, its shape, and the array where it is a constant.

    For whole numbers that choose rows, ``bounds`` says how many they choose from, one number a column.
    """

    dtype: type[np.generic]
    shape: Shape
    constant: Array | None = None
    bounds: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


def _need(condition: bool, rule: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{rule}, got {value}")


def _integers(value: Known) -> list[int]:
    if value.constant is None or value.dtype is not np.int64:
        raise ValueError(f"axes and sizes must be constant integers, got {value.dtype.__name__}")
    return [int(i) for i in value.constant.reshape(-1)]


def _axis(node: Node, value: Known) -> int:
    axis, rank = node.attributes.get("axis", 0), len(value.shape)
    _need(-rank <= axis < rank, f"an axis must be in {-rank}..{rank - 1}", axis)
    return axis % rank


def _float(*values: Known) -> None:
    for value in values:
        _need(value.dtype is np.float32, "arithmetic must be float32", value.dtype.__name__)


def _gather(node: Node, table: Known, index: Known) -> list[Known]:
    _need(table.constant is not None and len(table.shape) == 2, "a table must be constant with rows", table.shape)
    _need(node.attributes.get("axis", 0) == 0, "rows must be taken along axis 0", node.attributes)
    _need(index.bounds == table.shape[:1], f"a table must have {index.bounds} rows", table.shape[:1])
    _float(table)
    return [Known(table.dtype, index.shape + table.shape[1:])]


def _split(node: Node, value: Known) -> list[Known]:
    axis, count = _axis(node, value), len(node.outputs)
    _need(value.shape[axis] % count == 0, f"a split in {count} must be even", value.shape)
    shape = (*value.shape[:axis], value.shape[axis] // count, *value.shape[axis + 1 :])
    part = Known(value.dtype, shape)
    if len(value.bounds) == count:
        return [replace(part, bounds=(bound,)) for bound in value.bounds]
    return [part] * count


def _squeeze(_: Node, value: Known, axes: Known) -> list[Known]:
    dropped = set(_integers(axes))
    _need(all(0 <= a < len(value.shape) and value.shape[a] == 1 for a in dropped), "squeezed axes must be 1", dropped)
    shape = tuple(size for axis, size in enumerate(value.shape) if axis not in dropped)
    return [Known(value.dtype, shape, bounds=value.bounds)]


def _reshape(_: Node, value: Known, target: Known) -> list[Known]:
    sizes = _integers(target)
    rest = prod(size for size in sizes if size != -1)
    _need(all(size == -1 or size > 0 for size in sizes) and sizes.count(-1) <= 1, "a shape must be sizes", sizes)
    _need(rest == value.size, "a shape must keep the size, with -1 for one lane", (value.shape, sizes))
    return [Known(value.dtype, tuple(1 if size == -1 else size for size in sizes))]


def _concat(node: Node, *values: Known) -> list[Known]:
    axis = _axis(node, values[0])
    rest = {(value.dtype, value.shape[:axis], value.shape[axis + 1 :]) for value in values}
    _need(len(rest) == 1, "joined values must be alike", sorted(value.shape for value in values))
    first = values[0].shape
    return [Known(values[0].dtype, (*first[:axis], sum(value.shape[axis] for value in values), *first[axis + 1 :]))]


def _product_shape(left: Known, right: Known) -> Shape:
    matched = len(left.shape) >= 2 and len(right.shape) == 2 and left.shape[-1] == right.shape[0]
    _need(matched, "the sizes of a product must match", (left.shape, right.shape))
    return *left.shape[:-1], right.shape[1]


def _matmul(_: Node, left: Known, right: Known) -> list[Known]:
    _float(left, right)
    return [Known(np.float32, _product_shape(left, right))]


def _matmul_integer(_: Node, left: Known, right: Known, left_zero: Known, right_zero: Known) -> list[Known]:
    types = (left.dtype, right.dtype, left_zero.dtype, right_zero.dtype)
    _need(types == (np.uint8, np.int8, np.uint8, np.int8), "a product must be of uint8 and int8", types)
    zeros = left_zero.shape == () and right_zero.shape == right.shape[1:]
    _need(zeros, "zero points must fit the product", (left_zero.shape, right_zero.shape))
    return [Known(np.int32, _product_shape(left, right))]


def _quantised(_: Node, value: Known) -> list[Known]:
    _float(value)
    return [Known(np.uint8, value.shape), Known(np.float32, ()), Known(np.uint8, ())]


def _cast(node: Node, value: Known) -> list[Known]:
    dtype = DTYPES.get(node.attributes["to"])
    _need(value.dtype is np.int32 and dtype is np.float32, "a cast must be from int32 to float32", node.attributes)
    return [Known(np.float32, value.shape)]


def _elementwise(_: Node, left: Known, right: Known) -> list[Known]:
    _float(left, right)
    try:
        shape = np.broadcast_shapes(left.shape, right.shape)
    except ValueError:
        raise ValueError(f"the sizes of a sum or product must match, got {left.shape, right.shape}") from None
    _need(shape in (left.shape, right.shape), "a sum must not be larger than its terms", shape)
    return [Known(np.float32, shape)]


def _curve(_: Node, value: Known) -> list[Known]:
    _float(value)
    return [value]


Rule = Callable[..., list[Known]]
FLOAT_RULES: dict[str, Rule] = {
    "Add": _elementwise,
    "Concat": _concat,
    "Gather": _gather,
    "MatMul": _matmul,
    "Mul": _elementwise,
    "Reshape": _reshape,
    "Sigmoid": _curve,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tanh": _curve,
}
INT8_RULES: dict[str, Rule] = FLOAT_RULES | {
    "Cast": _cast,
    "DynamicQuantizeLinear": _quantised,
    "MatMulInteger": _matmul_integer,
}
RULES = {"float32": FLOAT_RULES, "int8": INT8_RULES}


def follow(nodes: tuple[Node, ...], values: dict[str, Known], rules: dict[str, Rule]) -> dict[str, Known]:
    """Return what is known of every value, given that of the inputs and constants; ValueError at the first fault."""
    known = dict(values)
    for node in nodes:
        place = f"{node.operator} that makes {', '.join(node.outputs)}"
        _need(node.operator in rules, f"operators must be of {', '.join(sorted(rules))}", node.operator)
        missing = [name for name in node.inputs if name not in known]
        _need(not missing, f"{place}: inputs must be made before", missing)
        twice = len(set(node.outputs)) < len(node.outputs) or any(name in known for name in node.outputs)
        _need(not twice and "" not in node.outputs, f"{place}: results must have names of their own", node.outputs)
        try:
            results = rules[node.operator](node, *(known[name] for name in node.inputs))
        except (TypeError, LookupError) as error:
            raise ValueError(f"{place}: inputs and attributes must be those of the operator: {error}") from None
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        _need(len(results) == len(node.outputs), f"{place}: there must be {len(results)} results", len(node.outputs))
        largest = max(result.size for result in results)
        _need(largest <= MAX_SIZE, f"{place}: a value must have at most {MAX_SIZE} numbers", largest)
        known |= dict(zip(node.outputs, results, strict=True))
    return known
