"""Run one step in ONNX Runtime, by a model's own graph or by its plan, with buffers that stay."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import onnxruntime

from musicrnn.models.metadata import ModelInfo
from musicrnn.models.onnx_plan import ordered
from musicrnn.models.step import Logits, NetworkState
from musicrnn.models.step_reader import ReadWeights
from musicrnn.models.step_rows import Rows
from musicrnn.models.timing import Position

_ERRORS_ONLY = 3


class Run(Protocol):
    """A step that writes its results to ``logits`` and ``after``, over those of the step before."""

    logits: Logits
    after: NetworkState

    def step(self, token: int, position: Position, state: NetworkState) -> None:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        ...


class FileRun:
    """The graph of a model file as it stands there."""

    def __init__(self, content: bytes, info: ModelInfo) -> None:
        self._token, self._position = np.zeros(1, np.int32), np.zeros((1, 3), np.int32)
        self._state, self.after, self._logits = _buffers(info)
        self.logits = self._logits[0]
        self._session = new_session(content)
        inputs = {"token": self._token, "position": self._position, "state": self._state}
        self._binding = _bound(self._session, inputs, {"logits": self._logits, "next_state": self.after})

    def step(self, token: int, position: Position, state: NetworkState) -> None:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        self._token[0] = token
        self._position[0] = position
        np.copyto(self._state, state)
        self._session.run_with_iobinding(self._binding)


class PlanRun:
    """A plan for ONNX Runtime: the rows are added here, h and c of each layer are views of one state."""

    def __init__(self, plan: bytes, weights: ReadWeights, info: ModelInfo) -> None:
        self._rows, self._row = Rows(weights, ordered), np.zeros(4 * info.units, np.float32)
        self._state, self.after, logits = _buffers(info)
        self.logits = logits[0]
        self._session = new_session(plan)
        inputs, outputs = {"row": self._row}, {"logits": logits}
        for i in range(info.layers):
            for k, name in enumerate((f"h{i}", f"c{i}")):
                inputs[name], outputs[f"next_{name}"] = self._state[i, k], self.after[i, k]
        self._binding = _bound(self._session, inputs, outputs)

    def step(self, token: int, position: Position, state: NetworkState) -> None:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        self._rows.add(token, position, self._row)
        np.copyto(self._state, state)
        self._session.run_with_iobinding(self._binding)


def _buffers(info: ModelInfo) -> tuple[NetworkState, NetworkState, Logits]:
    """Return zeros for the state before, the state after, and the logits."""
    shape = info.state_shape()
    return np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros((1, info.vocabulary.size), np.float32)


def _bound(session: Any, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    """Bind arrays, so that a step allocates nothing for its ends."""
    binding = session.io_binding()
    for bind, arrays in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
        for name, array in arrays.items():
            bind(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
    return binding


def new_session(content: bytes) -> Any:
    """Return an ONNX Runtime session of one thread that never spins and never falls back."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _ERRORS_ONLY
    options.add_free_dimension_override_by_name("batch", 1)
    for key in ("session.intra_op.allow_spinning", "session.inter_op.allow_spinning"):
        options.add_session_config_entry(key, "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")  # for the calling thread, from then on
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    session.disable_fallback()
    return session
