"""The step of a model file, run by ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

from musicrnn.errors import ModelError
from musicrnn.models.catalogue import find_model
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import ModelFile, load_checked
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.untrained import NAME as UNTRAINED
from musicrnn.models.untrained import untrained

WARM_UP_STEPS = 10
_ERRORS_ONLY = 3


def load_model(name: str) -> StepModel:
    """Return the model of a bundled name, "untrained", a path to a file or to a training run's folder.

    The file is checked first; ModelError with the file, the rule and the value where it breaks one.
    """
    if name == UNTRAINED:
        return untrained()
    path = find_model(name)
    return OnnxStepModel(load_checked(path), str(path))


class OnnxStepModel:
    """A :class:`~musicrnn.models.step.StepModel` on one thread of the CPU.

    Not safe to be called from two threads at once: a step reads and writes buffers of its own.
    """

    def __init__(self, file: ModelFile, source: str = "model") -> None:
        info = file.info
        self._info, self.digest = info, file.digest
        self._token = np.zeros(1, np.int32)
        self._position = np.zeros((1, 3), np.int32)
        self._state = np.zeros((info.layers, 2, 1, info.units), np.float32)
        self._after = np.zeros_like(self._state)
        self._logits = np.zeros((1, info.vocabulary.size), np.float32)
        try:
            self._session = new_session(file.content)
            self._binding = self._bound()
        except Exception as error:
            raise ModelError(f"{source}: ONNX Runtime must accept the model: {error}") from error
        self._warm_up(source)

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    def initial_state(self) -> NetworkState:
        """Return zeros, float32[layers, 2, 1, units]."""
        return np.zeros_like(self._state)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        self._token[0] = token
        self._position[0] = position
        np.copyto(self._state, state)
        self._session.run_with_iobinding(self._binding)
        return self._logits[0].copy(), self._after.copy()

    def _bound(self) -> Any:
        """Bind inputs and outputs to buffers that stay, so that a step allocates nothing in ONNX Runtime."""
        binding = self._session.io_binding()
        inputs = {"token": self._token, "position": self._position, "state": self._state}
        for name, array in inputs.items():
            binding.bind_input(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        for name, array in {"logits": self._logits, "next_state": self._after}.items():
            binding.bind_output(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)
        return binding

    def _warm_up(self, source: str) -> None:
        """Take the slow first steps now; a model that cannot take them is refused."""
        state = self.initial_state()
        try:
            for _ in range(WARM_UP_STEPS):
                logits, state = self.step(0, Position(0, 0, 4), state)
        except Exception as error:
            raise ModelError(f"{source}: the model must take a step: {error}") from error
        if not (np.isfinite(logits).all() and np.isfinite(state).all()):
            raise ModelError(f"{source}: a step must give finite numbers, got NaN or infinity")


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
