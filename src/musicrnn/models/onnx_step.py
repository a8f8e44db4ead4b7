"""The step of a model file, run by ONNX Runtime."""

from __future__ import annotations

import numpy as np

from musicrnn.errors import ModelError
from musicrnn.models.blas_run import BlasRun
from musicrnn.models.catalogue import find_model
from musicrnn.models.first_steps import Taken, again, alike, fast, first_steps
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_check import known_values
from musicrnn.models.model_file import ModelFile, load_checked
from musicrnn.models.onnx_graph import read_graph
from musicrnn.models.onnx_plan import make_plan
from musicrnn.models.onnx_run import FileRun, PlanRun, Run
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.step_reader import ReadWeights, read_weights
from musicrnn.models.step_rows import rows_fit
from musicrnn.models.timing import Position
from musicrnn.models.untrained import NAME as UNTRAINED
from musicrnn.models.untrained import untrained

DIFFERENCES = {"float32": 1e-4, "int8": 2e-2}  # of the largest number; int8 rounds what it multiplies otherwise
QUICK_WAYS = ("blas", "plan")


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

    A file that holds a step as export writes it is run in a quicker way (ADR 0033), if the first steps show it right
    on this machine; any other, and with ``quick`` off all, by its own graph in ONNX Runtime. ``way`` is what another
    process of this machine has found for the same file: then that is not tried again. Not safe to be called from two
    threads at once: a step reads and writes buffers of its own.
    """

    def __init__(self, file: ModelFile, source: str = "model", *, quick: bool = True, way: str = "") -> None:
        self._info, self.digest = file.info, file.digest
        known = _quick_run(file) if way in QUICK_WAYS else None
        self._run: Run = known or _tried(file, source, quick=quick and way != "file")

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    @property
    def way(self) -> str:
        """How steps are taken: "blas", "plan" or, by the file's own graph, "file"."""
        return {BlasRun: "blas", PlanRun: "plan", FileRun: "file"}[type(self._run)]

    def initial_state(self) -> NetworkState:
        """Return zeros, float32[layers, rows, 1, units]."""
        return np.zeros(self._run.after.shape, np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Read one token; shapes as in :class:`~musicrnn.models.step.StepModel`."""
        run = self._run
        run.step(token, position, state)
        return run.logits.copy(), run.after.copy()


def quicker_run(file: ModelFile, steps: list[Taken]) -> Run | None:
    """Return a run that takes the same first steps as the file's own graph, as fast or nearly; None where none does."""
    run = _quick_run(file)
    try:
        if run is None or not alike(steps, again(run, steps), DIFFERENCES[file.info.precision]):
            return None
        return run if fast(steps, run) else None
    except Exception:  # noqa: BLE001 an ONNX Runtime that lacks an operator; the file needs none but ONNX's
        return None


def _tried(file: ModelFile, source: str, *, quick: bool) -> Run:
    """Return the file's own graph, or what takes the same first steps quicker; ModelError where it cannot step."""
    try:
        own = FileRun(file.content, file.info)
    except Exception as error:
        raise ModelError(f"{source}: ONNX Runtime must accept the model: {error}") from error
    steps = first_steps(own, file.info, source)
    return (quicker_run(file, steps) if quick else None) or own


def _quick_run(file: ModelFile) -> Run | None:
    """Return a run of the weights that are read out of a file; None where there is none for this file or machine."""
    graph = read_graph(file.content)
    weights = read_weights(graph, file.info, known_values(graph, file.info))
    if weights is None or not rows_fit(weights):
        return None
    try:
        return _planned(weights, file.info)
    except Exception:  # noqa: BLE001 an ONNX Runtime that lacks an operator; the file needs none but ONNX's
        return None


def _planned(weights: ReadWeights, info: ModelInfo) -> Run | None:
    if info.precision == "float32":
        return BlasRun(weights)
    plan = make_plan(weights)
    return PlanRun(plan, weights, info) if plan else None
