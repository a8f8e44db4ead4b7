"""Time one step of the network: ours, other shapes of the same graph, and other makes, float32 and int8, hot and paced.

``step_latency.py [--rounds N] [--without NAME]`` prints a table in Markdown. Each time is the median of the rounds'
medians in microseconds, with the lowest and highest of them; the rows are measured in turn, round by round. A ratio is
the median of the rounds' ratios: to the reading of as many bytes, and to the best of the other makes in the same
precision. Each of these takes whole steps as ours does, token and position and state in, logits and state out; rows of
arithmetic alone are beside.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # every make on one thread

import numpy as np
import onnx
import onnxruntime
import step_peers
from onnxruntime.quantization import QuantType, quantize_dynamic

from musicrnn.export.quantise import quantise
from musicrnn.export.quiet import quiet
from musicrnn.export.step_graph import export_step
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import check_model
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_run import new_session
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.models.score import Part
from musicrnn.models.untrained import random_weights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import StepWeights

Call = Callable[[], Any]
Build = Callable[[StepWeights], Call]
PEERS: tuple[tuple[str, Build, float], ...] = (
    ("PyTorch nn.LSTM float32", step_peers.pytorch, 1e-5),
    ("PyTorch nn.LSTM int8 (dynamic)", functools.partial(step_peers.pytorch, int8=True), 1e-2),
    ("LiteRT float32", step_peers.litert, 1e-5),
    ("LiteRT int8 (dynamic range)", functools.partial(step_peers.litert, int8=True), 1e-2),
    ("Keras, as a tf.function, float32", step_peers.keras_function, 1e-5),
    ("Keras predict, float32", step_peers.keras_predict, 1e-5),
)
PARTS: tuple[tuple[str, Build], ...] = (
    ("LiteRT float32, arithmetic alone", functools.partial(step_peers.litert, whole=False)),
    ("LiteRT int8, arithmetic alone", functools.partial(step_peers.litert, int8=True, whole=False)),
)
VOICES = tuple(
    Part(name, low, low + 28, i + 1) for i, (name, low) in enumerate(zip("satb", (57, 50, 43, 33), strict=True))
)
VOCABULARY = Vocabulary(12, VOICES, max_polyphony=8)
EMBEDDING = 64
SIZES = ((2, 256), (2, 512), (3, 512))
HOT_STEPS, PACED_STEPS, PACE_SECONDS, WARM_UP = 400, 40, 0.02, 50
MOST_SECONDS = 1.0


class Kind(Enum):
    """What a row is compared as."""

    OURS = "ours"
    PEER = "peer"
    BOUND = "bound"
    PART = "part"


@dataclass
class Row:
    """One way to take a step, and the medians of its rounds in microseconds."""

    name: str
    kind: Kind
    call: Call
    size: int = 0
    hot: list[float] = field(default_factory=list)
    paced: list[float] = field(default_factory=list)

    @property
    def precision(self) -> str:
        """Which rows it may be compared with."""
        return "int8" if "int8" in self.name else "float32"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without", action="append", default=[], help="leave out the makes whose names start so")
    options = parser.parse_args()
    print(
        f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, ", end=""
    )
    print(f"Python {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, NumPy {np.__version__}")
    print(f"one step, one lane, {VOCABULARY.size} tokens, embedding {EMBEDDING}, {options.rounds} rounds; µs\n")
    print(
        "| layers x units | step | file | hot | to the bound | to the best peer | every 20 ms | to the best peer |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|"
    )
    for layers, units in SIZES:
        rows = [row for row in _rows(layers, units) if not row.name.startswith(tuple(options.without) or "\0")]
        gc.collect()
        gc.freeze()
        for _ in range(options.rounds):
            for row in rows:
                row.hot.append(_median(row.call, HOT_STEPS, 0.0))
                row.paced.append(_median(row.call, PACED_STEPS, PACE_SECONDS))
        for row in rows:
            print(f"| {layers} x {units} | {' | '.join(_cells(row, rows))} |", flush=True)


def _cells(row: Row, rows: list[Row]) -> list[str]:
    alike = [other for other in rows if other.precision == row.precision]
    bounds = [other for other in alike if other.kind is Kind.BOUND]
    peers = [other for other in alike if other.kind is Kind.PEER]
    hot, paced = (min(peers, key=lambda peer: statistics.median(times(peer)), default=None) for times in (_hot, _paced))
    return [
        row.name,
        f"{row.size / 1e6:.1f} MB" if row.size else "",
        _spread(row.hot),
        _ratio(row.hot, bounds[0].hot),
        _ratio(row.hot, hot.hot) if hot else "",
        _spread(row.paced),
        _ratio(row.paced, paced.paced) if paced else "",
    ]


def _hot(row: Row) -> list[float]:
    return row.hot


def _paced(row: Row) -> list[float]:
    return row.paced


def _ratio(times: list[float], others: list[float]) -> str:
    return f"{statistics.median(one / other for one, other in zip(times, others, strict=True)):.2f}"


def _rows(layers: int, units: int) -> list[Row]:
    weights = random_weights(VOCABULARY, layers, units, EMBEDDING)
    info = ModelInfo("random", VOCABULARY, layers, units)
    with quiet():
        large = export_step(weights, info)
    small = quantise(large)
    operators = lstm_operators(weights)
    _same(large, operators, layers, units)
    rows = []
    for precision, content in (("float32", large), ("int8", small)):
        file = check_model(content, precision)
        for quick in (True, False):
            model = OnnxStepModel(file, quick=quick)
            name = f"ours {precision}, as the daemon calls it" if quick else f"the file's own graph, {precision}"
            rows.append(Row(f"{name} ({model.way})", Kind.OURS, _steps(model), len(content)))
    for precision, content in (("float32", operators), ("int8", _int8(operators))):
        call = _bound(content, layers, units)
        rows.append(Row(f"LSTM operators {precision}, arithmetic alone", Kind.PART, call, len(content)))
    rows.append(Row("reading float32 weights (BLAS dot)", Kind.BOUND, step_peers.bandwidth(weights)))
    rows.append(Row("reading int8 weights (BLAS dot)", Kind.BOUND, step_peers.bandwidth(weights, int8=True)))
    rows.append(Row("NumPy float32, the plain formula", Kind.PEER, _steps(NumpyStepModel(weights, info))))
    return [*rows, *_peers(weights, info), *_parts(weights)]


def _peers(weights: StepWeights, info: ModelInfo) -> Iterator[Row]:
    """Yield the other makes that are installed, each after a look whether it takes the same steps."""
    for name, build, tolerance in PEERS:
        call = _built(name, build, weights)
        if call is None:
            continue
        plain = _steps(NumpyStepModel(weights, info))
        for _ in range(3):
            np.testing.assert_allclose(call(), plain(), rtol=0, atol=tolerance, err_msg=name)
        yield Row(name, Kind.PEER, call)


def _parts(weights: StepWeights) -> Iterator[Row]:
    for name, build in PARTS:
        call = _built(name, build, weights)
        if call is not None:
            yield Row(name, Kind.PART, call)


def _built(name: str, build: Build, weights: StepWeights) -> Call | None:
    try:
        with quiet(), contextlib.redirect_stdout(io.StringIO()):
            return build(weights)
    except ImportError as error:
        print(f"left out, not installed: {name} ({error.name})", file=sys.stderr)
        return None


def _same(one: bytes, other: bytes, layers: int, units: int) -> None:
    """Stop unless both graphs take the same step: what is compared must be the same network."""
    inputs, _ = _buffers(layers, units)
    inputs["state"][:] = np.random.default_rng(0).standard_normal(inputs["state"].shape)
    results = [new_session(content).run(["logits", "next_state"], inputs) for content in (one, other)]
    for left, right in zip(*results, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-5)


def _median(call: Call, steps: int, pace: float) -> float:
    """Return the median of so many calls, or of as many as three seconds allow."""
    began = time.perf_counter()
    for _ in range(WARM_UP if not pace else 2):
        call()
        if time.perf_counter() - began > MOST_SECONDS:
            break
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < steps and (len(times) < 3 or time.perf_counter() - began < 3 * MOST_SECONDS):
        if pace:
            time.sleep(pace)
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def _buffers(layers: int, units: int) -> tuple[dict[str, Any], dict[str, Any]]:
    state = np.zeros((layers, 2, 1, units), np.float32)
    inputs = {"token": np.zeros(1, np.int32), "position": np.zeros((1, 3), np.int32), "state": state}
    return inputs, {"logits": np.zeros((1, VOCABULARY.size), np.float32), "next_state": np.zeros_like(state)}


def _bound(content: bytes, layers: int, units: int) -> Call:
    session = new_session(content)
    inputs, outputs = _buffers(layers, units)
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    for name, array in outputs.items():
        binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    kept = (inputs, outputs)
    return lambda: (session.run_with_iobinding(binding), kept)


def _steps(model: OnnxStepModel | NumpyStepModel) -> Call:
    """Return a call that takes a step from where the last one ended, and returns its logits."""
    state = model.initial_state()

    def step() -> Any:
        nonlocal state
        logits, state = model.step(step_peers.TOKEN, step_peers.HERE, state)
        return logits

    return step


def _int8(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "a.onnx", Path(folder) / "b.onnx"
        source.write_bytes(content)
        quantize_dynamic(
            source, target, op_types_to_quantize=["LSTM", "MatMul"], per_channel=True, reduce_range=True,
            weight_type=QuantType.QInt8,
        )  # fmt: skip
        return target.read_bytes()


class _Builder:
    """Nodes and constants of a graph, with names made as they come."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []

    def constant(self, array: Any) -> str:
        name = f"constant_{len(self.tensors)}"
        self.tensors.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operator: str, inputs: list[str], count: int = 1, **attributes: Any) -> list[str]:
        outputs = [f"value_{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(onnx.helper.make_node(operator, inputs, outputs, **attributes))
        return outputs


def lstm_operators(weights: StepWeights) -> bytes:
    """Return the same step with an ONNX LSTM operator for each layer: the shape that was not kept."""
    build = _Builder()
    zero, one = build.constant(np.array([0])), build.constant(np.array([1]))
    ones = build.constant(np.ones(len(weights.layers), np.int64))
    (x,) = build.add("Gather", [build.constant(weights.token), "token"])
    places = build.add("Split", ["position", build.constant(np.ones(3, np.int64))], 3, axis=1)
    for table, place in zip((weights.tick, weights.beat, weights.metre), places, strict=True):
        (row,) = build.add("Gather", [build.constant(table), build.add("Squeeze", [place, one])[0]])
        (x,) = build.add("Add", [x, row])
    after = []
    for layer, state in zip(
        weights.layers, build.add("Split", ["state", ones], len(weights.layers), axis=0), strict=True
    ):
        units = layer.recurrent.shape[0]
        h, c = build.add(
            "Split", [build.add("Squeeze", [state, zero])[0], build.constant(np.ones(2, np.int64))], 2, axis=0
        )
        bias = np.concatenate([_iofc(layer.bias[None])[0], np.zeros(4 * units, np.float32)])
        inputs = [build.add("Unsqueeze", [x, zero])[0]]
        inputs += [
            build.constant(array) for array in (_iofc(layer.kernel).T[None], _iofc(layer.recurrent).T[None], bias[None])
        ]
        _, h, c = build.add("LSTM", [*inputs, "", h, c], 3, hidden_size=units)
        (x,) = build.add("Squeeze", [h, zero])
        after += build.add("Unsqueeze", [build.add("Concat", [h, c], axis=0)[0], zero])
    build.nodes.append(onnx.helper.make_node("Concat", after, ["next_state"], axis=0))
    (product,) = build.add("MatMul", [x, build.constant(weights.output)])
    build.nodes.append(onnx.helper.make_node("Add", [product, build.constant(weights.output_bias)], ["logits"]))
    return _serialised(build, weights)


def _iofc(array: Any) -> Any:
    """Reorder the gates of Keras (i, f, c, o) to those of ONNX (i, o, f, c) along the last axis."""
    enter, forget, candidate, out = np.split(array, 4, axis=-1)
    return np.concatenate([enter, out, forget, candidate], axis=-1)


def _serialised(build: _Builder, weights: StepWeights) -> bytes:
    state: list[int | str] = [len(weights.layers), 2, "batch", weights.layers[0].recurrent.shape[0]]
    shapes: dict[str, list[int | str]] = {"token": ["batch"], "position": ["batch", 3], "state": state}
    value = onnx.helper.make_tensor_value_info
    inputs = [
        value(name, onnx.TensorProto.FLOAT if name == "state" else onnx.TensorProto.INT32, shapes[name])
        for name in shapes
    ]
    ends: dict[str, list[int | str]] = {"logits": ["batch", weights.output_bias.size], "next_state": state}
    outputs = [value(name, onnx.TensorProto.FLOAT, shape) for name, shape in ends.items()]
    graph = onnx.helper.make_graph(build.nodes, "lstm_operators", inputs, outputs, build.tensors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


if __name__ == "__main__":
    main()
