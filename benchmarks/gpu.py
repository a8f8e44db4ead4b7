"""Training on a GPU: ``python -m benchmarks.gpu``, in under eight minutes; ``--small`` tries it out on any machine.

Tokens a second of the trainer's own steps, by size, lanes and numbers, with the corpus on the device and, once a size,
in the host's memory; beside them the peak of the device's memory and what the trainer would estimate. Then how the
losses of the same steps on this device and on the CPU agree, from the same weights, without dropout: the device's as
it computes by itself, and in full float32. What would not fit into the time is left out, and said. Music is made up.

With ``--mat SET.mat --run-folder DIR`` that is all followed by ten minutes of training on a set of piano rolls
(:mod:`benchmarks.likelihood`), which prints nats a frame on its validation split.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from rich.console import Console

from benchmarks.train_speed import made_up
from musicrnn.bench.machine import machine
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.trainer.backend import Device, exact, start
from musicrnn.trainer.material import Material, material
from musicrnn.trainer.memory import peak_memory
from musicrnn.trainer.run_folder import RunFolder

if TYPE_CHECKING:  # it loads Keras, with the backend of that moment
    from musicrnn.trainer.training import Training

RATE = 1e-3
RECIPE = Path(__file__).parent / "likelihood" / "recipes" / "gpu.toml"
SAME = NetworkSettings(
    layers=2, units=128, embedding=32, dropout=0.0, output_dropout=0.0, recurrent_dropout=0.0, variational=False
)
MILESTONES = (1, 10, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and for how long; ``budget`` in seconds of the whole table."""

    sizes: tuple[tuple[int, int], ...] = ((2, 512), (3, 1024))
    lanes: tuple[int, ...] = (128, 512)
    window: int = 256
    bars: int = 24
    seconds: float = 12.0
    steps: int = 200
    budget: float = 300.0


SMALL = Plan(((1, 16),), (4,), 32, 4, 0.2, 10, 120.0)


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(given)
    plan, device = SMALL if options.small else Plan(), start(TrainingSettings())
    if options.losses:
        np.save(options.losses, losses(plan, device))
        return
    print(f"{time.strftime('%Y-%m-%d')}, {machine().words()}, {device}, Keras {version('keras')}")
    print(f"windows of {plan.window} tokens; each row {plan.seconds:g} s after three steps\n")
    _print_rates(plan, device)
    _print_agreement(options.small)
    if options.mat:
        run = ["-m", "benchmarks.likelihood", options.mat, "--run-folder", options.run_folder, "--config", str(RECIPE)]
        subprocess.run([sys.executable, *run], check=True)


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a little of each, to see that it runs")
    parser.add_argument("--mat", default="", help="a set of piano rolls to train on for ten minutes, after all else")
    parser.add_argument("--run-folder", default="runs/gpu", help="folder of that run")
    parser.add_argument("--losses", default="", help="write the losses of some steps into a file, and do nothing else")
    return parser.parse_args(given)


def pieces(plan: Plan) -> Material:
    """Return made-up music, a piece for each lane and some to go on with."""
    settings = replace(Settings().corpus, transpose=0)
    scores = (made_up(i, settings.ticks_per_beat, plan.bars) for i in range(max(plan.lanes) * 5 // 4 + 2))
    return material([(f"piece {i}", score) for i, score in enumerate(scores)], settings)


def _cases(plan: Plan) -> Iterator[tuple[NetworkSettings, TrainingSettings]]:
    for layers, units in plan.sizes:
        network = NetworkSettings(layers=layers, units=units)
        for lanes in reversed(plan.lanes):
            for precision in ("float32", "bfloat16"):
                training = TrainingSettings(lanes=lanes, window=plan.window, precision=precision, data="device")
                yield network, training
        yield network, TrainingSettings(lanes=max(plan.lanes), window=plan.window, data="host")


def _print_rates(plan: Plan, device: Device) -> None:
    print(
        "| layers x units | lanes | numbers | over windows | corpus | tokens a second | peak MB | estimated MB |\n"
        "|---|---:|---|---|---|---:|---:|---:|"
    )
    began, prepared = time.monotonic(), pieces(plan)
    for network, training in _cases(plan):
        if time.monotonic() - began > plan.budget:
            print(f"| {network.layers} x {network.units} | {training.lanes} | {training.precision} | no time left |")
            continue
        cells = _row(plan, device, prepared, network, training)
        print(f"| {' | '.join(cells)} |", flush=True)


def _row(
    plan: Plan, device: Device, prepared: Material, network: NetworkSettings, training: TrainingSettings
) -> list[str]:
    from musicrnn.trainer.room import step_bytes
    from musicrnn.trainer.training import Training

    head = [f"{network.layers} x {network.units}", str(training.lanes), training.precision]
    settings = replace(Settings(training=training, network=network), corpus=replace(Settings().corpus, transpose=0))
    with tempfile.TemporaryDirectory() as folder:
        _forget_peak(device)
        try:
            run = Training(settings, RunFolder(Path(folder)), prepared, {}, {}, Console(quiet=True), here=device)
            rate = _rate(run, plan.seconds)
        except Exception as error:  # noqa: BLE001  (what a row cannot do is a finding; the others go on)
            return [*head, f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"]
    size = step_bytes(network, prepared.vocabulary.size, training.lanes, training.window)
    place = "device" if run.kept else "host"
    return [*head, run.recurrence, place, f"{rate:,.0f}", f"{_peak(device) / 1e6:,.0f}", f"{size / 1e6:,.0f}"]


def _rate(run: Training, seconds: float) -> float:
    """Return predictions learnt from a second, after three steps in which all is built."""
    for _ in range(3):
        _step(run)
    began, tokens, took = time.perf_counter(), 0, 0.0
    while took < seconds:
        tokens += _step(run)[1]
        took = time.perf_counter() - began
    return tokens / took


def _step(run: Training) -> tuple[float, int]:
    windows = run.read()
    if windows is None:
        raise TrainingError("the stream of training windows must not end")
    result = run.stepper.train(windows, RATE)
    return result.nats, result.tokens


def _forget_peak(device: Device) -> None:
    if device.backend == "tensorflow" and device.kind == "gpu":
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats("GPU:0")


def _peak(device: Device) -> int:
    """Return the most of the device's memory that was taken; of the process on a CPU. JAX counts from the start."""
    if device.kind != "gpu":
        return peak_memory()
    if device.backend == "tensorflow":
        import tensorflow as tf

        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    import jax

    return int(jax.devices()[0].memory_stats()["peak_bytes_in_use"])


def losses(plan: Plan, device: Device) -> np.ndarray:
    """Return nats a token of each step of a small network, as it is computed by itself and in full float32."""
    prepared = pieces(plan)
    ways: tuple[AbstractContextManager[None], ...] = (nullcontext(), exact())
    return np.stack([_losses(plan, device, prepared, way) for way in ways])


def _losses(plan: Plan, device: Device, prepared: Material, way: AbstractContextManager[None]) -> np.ndarray:
    """Return them over windows of one piece each, whatever the device."""
    from musicrnn.trainer.training import Training

    training = TrainingSettings(lanes=min(32, *plan.lanes), window=64)
    settings = Settings(training=training, network=SAME, corpus=replace(Settings().corpus, transpose=0))
    with tempfile.TemporaryDirectory() as folder, way:
        run = Training(settings, RunFolder(Path(folder)), prepared, {}, {}, Console(quiet=True), here=device)
        run.lanes.packed = False
        return np.array([nats / tokens for nats, tokens in (_step(run) for _ in range(plan.steps))])


def _print_agreement(small: bool) -> None:
    """Print how far the losses of the device are from those of the CPU, after how many steps."""
    cpu = _told(small, {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"})[1]
    here = zip(("as it computes by itself", "in full float32"), _told(small, {}), strict=True)
    steps = [step for step in MILESTONES if step <= len(cpu)]
    print(f"\nnats a token on the CPU after {len(cpu)} steps: {cpu[-1]:.4f}; the device's differ by at most\n")
    print(f"| up to step | {' | '.join(map(str, steps))} |\n|---|{'---:|' * len(steps)}")
    for name, found in here:
        print(f"| {name} | {' | '.join(f'{np.abs(found - cpu)[:step].max():.1g}' for step in steps)} |")


def _told(small: bool, environment: dict[str, str]) -> np.ndarray:
    """Return the losses that a process of its own finds, one row for each way."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "losses.npy"
        command = [sys.executable, "-m", "benchmarks.gpu", "--losses", str(target), *["--small"] * small]
        subprocess.run(command, env={**os.environ, **environment}, check=True)
        found: np.ndarray = np.load(target, allow_pickle=False)
        return found


if __name__ == "__main__":
    main()
