"""Time one step of the network: ours, other shapes of the same graph, and other makes, float32 and int8, hot and paced.

``step_latency.py [--rounds N]`` prints a table in Markdown. Each cell is the median of the rounds' medians in
microseconds, with the lowest and highest of them; the shapes are measured in turn, round by round.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
from musicrnn.models.timing import Position
from musicrnn.models.untrained import random_weights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import StepWeights

Build = Callable[[StepWeights], Callable[[], object]]
PEERS: tuple[tuple[str, Build, float], ...] = (
    ("PyTorch nn.LSTM float32", step_peers.pytorch, 1e-5),
    ("PyTorch nn.LSTM int8 (dynamic)", functools.partial(step_peers.pytorch, int8=True), 1e-2),
    ("LiteRT float32", step_peers.litert, 1e-5),
    ("LiteRT int8 (dynamic range)", functools.partial(step_peers.litert, int8=True), 1e-2),
    ("Keras, as a tf.function", step_peers.keras_function, 1e-5),
    ("Keras predict", step_peers.keras_predict, 1e-5),
)
VOICES = tuple(
    Part(name, low, low + 28, i + 1) for i, (name, low) in enumerate(zip("satb", (57, 50, 43, 33), strict=True))
)
VOCABULARY = Vocabulary(12, VOICES, max_polyphony=8)
EMBEDDING = 64
SIZES = ((2, 256), (2, 512), (3, 512))
HOT_STEPS, PACED_STEPS, PACE_SECONDS, WARM_UP = 400, 40, 0.02, 50
MOST_SECONDS = 1.0
HERE = Position(0, 0, 4)

Call = Callable[[], object]


@dataclass
class Row:
    """One way to take a step, and the medians of its rounds in microseconds."""

    name: str
    size: int
    call: Call
    hot: list[float] = field(default_factory=list)
    paced: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(
        f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, ", end=""
    )
    print(f"Python {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}, NumPy {np.__version__}")
    print(f"one step, one lane, {VOCABULARY.size} tokens, embedding {EMBEDDING}, {rounds} rounds; µs\n")
    print("| layers x units | step | file | hot | every 20 ms |\n|---|---|---:|---:|---:|")
    for layers, units in SIZES:
        rows = list(_rows(layers, units))
        for _ in range(rounds):
            for row in rows:
                row.hot.append(_median(row.call, HOT_STEPS, 0.0))
                row.paced.append(_median(row.call, PACED_STEPS, PACE_SECONDS))
        for row in rows:
            size = f"{row.size / 1e6:.1f} MB" if row.size else ""
            print(
                f"| {layers} x {units} | {row.name} | {size} | {_spread(row.hot)} | {_spread(row.paced)} |", flush=True
            )


def _rows(layers: int, units: int) -> list[Row]:
    weights = random_weights(VOCABULARY, layers, units, EMBEDDING)
    info = ModelInfo("random", VOCABULARY, layers, units)
    with quiet():
        cells = export_step(weights, info)
    small = quantise(cells)
    operators = lstm_operators(weights)
    _same(cells, operators, layers, units)
    plain = [
        ("cell arithmetic float32, bound", cells),
        ("LSTM operators float32, bound", operators),
        ("cell arithmetic int8, bound", small),
        ("LSTM operators int8, bound", _int8(operators)),
    ]
    rows = [Row(name, len(content), _bound(content, layers, units)) for name, content in plain]
    rows += [
        Row("cell arithmetic int8, not bound", len(small), _unbound(small, layers, units)),
        Row(
            "cell arithmetic int8, as the daemon calls it", len(small), _step(OnnxStepModel(check_model(small, "int8")))
        ),
        Row("NumPy float32", 0, _step(NumpyStepModel(weights, info))),
    ]
    return rows + list(_peers(weights))


def _peers(weights: StepWeights) -> Iterator[Row]:
    """Yield the other makes that are installed, each after a look whether it takes the same step."""
    yield Row("reading the weights, no arithmetic (BLAS dot)", 0, step_peers.bandwidth(weights))
    reference = NumpyStepModel(weights, ModelInfo("random", VOCABULARY, len(weights.layers), 1))
    expected = reference.step(step_peers.TOKEN, step_peers.HERE, reference.initial_state())[0]
    for name, build, tolerance in PEERS:
        try:
            with quiet(), contextlib.redirect_stdout(io.StringIO()):
                call = build(weights)
        except ImportError as error:
            print(f"left out, not installed: {name} ({error.name})", file=sys.stderr)
            continue
        np.testing.assert_allclose(call(), expected, rtol=0, atol=tolerance, err_msg=name)
        yield Row(name, 0, call)


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


def _unbound(content: bytes, layers: int, units: int) -> Call:
    session = new_session(content)
    inputs, _ = _buffers(layers, units)
    return lambda: session.run(None, inputs)


def _step(model: OnnxStepModel | NumpyStepModel) -> Call:
    state = model.initial_state()
    return lambda: model.step(1, HERE, state)


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
