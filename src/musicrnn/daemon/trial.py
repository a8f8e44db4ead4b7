"""A model's trial, in a process of its own that may crash, hang or eat memory: ``python -m musicrnn.daemon.trial``.

The model's file comes in on standard input, and one line of JSON goes out: ``{"error": ...}``, or what a step takes
and in which way.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from musicrnn.errors import ModelError
from musicrnn.files import read_in_stretches
from musicrnn.models.model_file import MAX_BYTES, check_model
from musicrnn.models.step import StepModel
from musicrnn.models.timing import MAX_BEATS, Position
from musicrnn.models.untrained import NAME as UNTRAINED
from musicrnn.models.untrained import untrained

STEPS = 200
PACE_SECONDS = 0.005
MOST_OF_A_TICK = 0.5
CPU_SECONDS = 60
SPARE_BYTES = 2**30
COPIES = 4
NICE = 5  # whatever plays comes first, and yet it is done in time on a busy machine


def model_of(name: str, content: bytes, way: str = "") -> StepModel:
    """Return the model of a name, from the bytes of its file; ``way`` is how a trial found that it is best stepped.

    Raises ModelError for a file that is none.
    """
    if name == UNTRAINED:
        return untrained()
    from musicrnn.models.onnx_step import OnnxStepModel

    source = f"model {name}"
    return OnnxStepModel(check_model(content, source), source, way=way)


def answer(name: str, content: bytes, bpm: float) -> dict[str, Any]:
    """Try a model: read it strictly, run it, and see that it is quick enough for ``bpm`` quarter notes a minute."""
    try:
        model = model_of(name, content)
        seconds = sorted(step_seconds(model, f"model {name}"))
    except ModelError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"model {name}: it must not need so much memory"}
    tick = 60.0 / (bpm * model.info.vocabulary.ticks_per_beat)
    slow = seconds[math.ceil(0.99 * len(seconds)) - 1]
    if slow > MOST_OF_A_TICK * tick:
        return {
            "error": f"model {name}: 99 of 100 steps must take at most half a tick, "
            f"{500 * tick:.1f} ms at {bpm:g} bpm, got {1000 * slow:.1f} ms"
        }
    return {"milliseconds": round(1000 * slow, 3), "way": str(getattr(model, "way", ""))}


def step_seconds(model: StepModel, source: str) -> list[float]:
    """Return how long each of some steps took that were taken now and then, as when a model plays.

    It is the processor's time, so that a busy machine does not make a model look slow; on Windows, where that is
    counted in 16 ms, the clock's. Raises ModelError for a step that fails or is not finite.
    """
    clock = time.perf_counter if sys.platform == "win32" else time.thread_time
    rng = np.random.default_rng(0)
    vocabulary, state = model.info.vocabulary, model.initial_state()
    taken: list[float] = []
    for number in range(STEPS):
        token = int(rng.integers(vocabulary.size))
        where = Position(number % vocabulary.ticks_per_beat, number % MAX_BEATS, 4)
        time.sleep(PACE_SECONDS)
        before = clock()
        try:
            logits, state = model.step(token, where, state)
        except Exception as error:
            raise ModelError(f"{source}: the model must take a step: {error}") from error
        taken.append(clock() - before)
        if not (np.isfinite(logits).all() and np.isfinite(state).all()):
            raise ModelError(f"{source}: step {number} must give finite numbers, got NaN or infinity")
    return taken


def confine(model_bytes: int) -> None:
    """Let this process have only so much memory and time, after others, where the system can do that."""
    if sys.platform == "win32":
        return
    import resource

    os.nice(NICE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + COPIES * model_bytes + SPARE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> int:
    """Try the model that comes in; its name and the tempo are the arguments."""
    import onnxruntime  # noqa: F401  what it takes by itself is not the model's to answer for

    name, bpm = sys.argv[1], float(sys.argv[2])
    content = read_in_stretches(sys.stdin.fileno(), MAX_BYTES + 1)
    confine(len(content))
    try:
        found = answer(name, content, bpm)
    except Exception as error:  # noqa: BLE001  whatever goes wrong is the answer
        found = {"error": f"model {name}: {type(error).__name__}: {error}"}
    print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
