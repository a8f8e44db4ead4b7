"""Tokens a second of training: ``python -m benchmarks.train_speed [--sizes 2x256 …] [--batches 32 …] [--rounds 3]``.

Ours is the trainer's own step on the trainer's own windows, and making the batches is in its time; beside it are
PyTorch's nn.LSTM and Keras' stock fit (:mod:`benchmarks.train_peers`), which get their batches ready made. Same sizes,
dropout, optimiser, loss, batch, length and threads, all in float32; ours with products of bfloat16 is a row of its own.
Keras' fit runs in another process, where TensorFlow's threads are not set up for our way. The rows of a size take
turns, round by round; a row's figure is the median of the rounds, with the lowest and highest; a ratio is the median
of the rounds' ratios. A token is one valid prediction: padding is work that does not count.

The share is of the machine's rate of float32 matrix products, the better of the two makers', measured in the same
rounds: a token costs 3 (forward, and backward to inputs and to weights) x 2 x (a layer's (inputs + units) x 4 units,
and units x vocabulary) floating-point operations.

Music is made up, four voices, unless ``--corpus`` names a folder. The trainer's own window is 256; the default here is
128, so that the table takes minutes, and because tokens a second hardly depend on it.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.elsewhere import Call, Elsewhere
from musicrnn.bench.machine import machine
from musicrnn.config.settings import Settings
from musicrnn.models.corpus import read_corpus
from musicrnn.models.grammar import Grammar
from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.trainer.backend import start
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import Material, material

SIZES, BATCHES = ((2, 256), (2, 512), (3, 512)), (32, 64, 128)
VOICES = tuple(
    Part(name, low, low + 24, i + 1, polyphony=1)
    for i, (name, low) in enumerate(zip(("soprano", "alto", "tenor", "bass"), (57, 52, 45, 36), strict=True))
)
BARS, FIRST_RATE = 64, 1e-3
READY = 8  # batches that the peers go round
OURS, HALF, TORCH, KERAS, XLA = "ours", "ours, bfloat16", "PyTorch nn.LSTM", "Keras LSTM, fit", "Keras LSTM, fit, XLA"


@dataclass
class Row:
    """One way to train, and its rounds in tokens a second; ``making`` is the share of time spent on making batches."""

    name: str
    call: Call
    rates: list[float] = field(default_factory=list)
    making: float = float("nan")


class Ours:
    """The trainer's loop without its figures: the next windows, and a step on them."""

    def __init__(self, prepared: Material, settings: Settings, lanes: int, half: bool = False) -> None:
        from musicrnn.models.network import Network, NetworkShape
        from musicrnn.trainer.backend import stepper

        t = settings.training

        self.network = Network(prepared.vocabulary, NetworkShape.of(settings.network), t.seed)
        self.stepper = stepper(
            self.network, lanes, weight_decay=t.weight_decay, clip=t.clip, half=half, threads=t.threads
        )
        self.lanes = Lanes(
            prepared.train, Grammar(prepared.vocabulary), lanes, t.window,
            transpose=settings.corpus.transpose, seed=t.seed, bars_a_piece=settings.corpus.bars_a_piece,
            on_bars=t.windows == "bars",
        )  # fmt: skip
        self.making = self.whole = 0.0

    def batch(self) -> Batch:
        """Return the next windows."""
        batch = self.lanes.next()
        if batch is None:
            raise RuntimeError("the stream of training windows must not end")
        return batch

    def learn(self) -> int:
        """Take one step of the trainer; return its predictions."""
        began = time.perf_counter()
        batch = self.batch()
        self.making += time.perf_counter() - began
        tokens = self.stepper.train(batch, FIRST_RATE).tokens
        self.whole += time.perf_counter() - began
        return tokens


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _options(given)
    settings = _settings(options)
    start(settings.training)
    import torch

    torch.set_num_threads(options.threads)
    prepared = _material(settings, max(options.batches))
    print(f"{time.strftime('%Y-%m-%d')}, {machine().words()}, {_versions()}")
    print(
        f"{options.threads} threads, windows of {options.window} tokens, {prepared.vocabulary.size} tokens in the "
        f"vocabulary, embedding {settings.network.embedding}; {options.rounds} rounds of {options.seconds:g} s or one "
        "step\n"
    )
    print(
        "| layers x units | batch | trained by | tokens a second | ours to it | bfloat16 to it | "
        "share of the products' rate | making batches |\n|---|---:|---|---:|---:|---:|---:|---:|"
    )
    for layers, units in options.sizes:
        for lanes in options.batches:
            network = replace(settings.network, layers=layers, units=units)
            _measure(prepared, replace(settings, network=network), lanes, options)


def _options(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_size, nargs="+", default=list(SIZES), metavar="LAYERSxUNITS")
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES), help="lanes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each row in each round; one step at least")
    parser.add_argument("--window", type=int, default=128, help="tokens")
    parser.add_argument("--threads", type=int, default=machine().usable_cores)
    parser.add_argument("--corpus", default="", help="folder of MIDI files to train on")
    parser.add_argument("--without", action="append", default=[], help="leave out the makes whose names start so")
    parser.add_argument("--xla", action="store_true", help="a row for Keras' fit with XLA as well")
    return parser.parse_args(given)


def _size(words: str) -> tuple[int, int]:
    layers, units = words.lower().split("x")
    return int(layers), int(units)


def _settings(options: argparse.Namespace) -> Settings:
    settings = Settings()
    training = replace(settings.training, window=options.window, threads=options.threads)
    corpus = replace(settings.corpus, folders=(options.corpus,) if options.corpus else ())
    # The peers drop other values at each step, and have no way to drop recurrent weights.
    network = replace(settings.network, recurrent_dropout=0.0, variational=False)
    return replace(settings, training=training, corpus=corpus, network=network)


def _versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "torch"))


def _material(settings: Settings, lanes: int) -> Material:
    if settings.corpus.folders:
        corpus = read_corpus(settings.corpus.folders, settings.corpus)
        return material([(piece.name, piece.score) for piece in corpus.pieces], settings.corpus)
    grid = settings.corpus.ticks_per_beat
    return material([(f"piece {i}", made_up(i, grid)) for i in range(lanes * 5 // 4 + 2)], settings.corpus)


def made_up(seed: int, grid: int, bars: int = BARS) -> Score:
    """Return four voices that wander by steps in eighths, quarters and halves, the same for the same seed."""
    rng = np.random.default_rng(seed)
    ruler = regular_bars(bars * 4 * grid, grid)
    notes: list[Note] = []
    for index, part in enumerate(VOICES):
        at, pitch = 0, part.low + 12
        while at < ruler[-1].end:
            length = min(int(rng.choice((grid // 2, grid, 2 * grid), p=(0.4, 0.5, 0.1))), ruler[-1].end - at)
            pitch = int(np.clip(pitch + rng.integers(-2, 3), part.low + 6, part.high - 6))
            notes.append(Note(at, index, pitch, length))
            at += length
    return Score(grid, VOICES, tuple(sorted(notes)), ruler)


def _measure(prepared: Material, settings: Settings, lanes: int, options: argparse.Namespace) -> None:
    ours, half = (Ours(prepared, settings, lanes, half) for half in (False, True))
    ready = [ours.batch() for _ in range(READY)]
    mine, products = [Row(OURS, ours.learn), Row(HALF, half.learn)], _products()
    gc.collect()
    with _peers(ours, settings, ready, options) as peers:
        rows = [*mine, *peers]
        for row in rows:
            row.call()
        for one in (ours, half):
            one.making = one.whole = 0.0
        for _ in range(options.rounds):
            for row in [*rows, *products]:
                row.rates.append(_rate(row.call, options.seconds if row in rows else min(options.seconds, 0.5)))
    for row, one in zip(mine, (ours, half), strict=True):
        row.making = one.making / one.whole
    best = max(products, key=lambda row: statistics.median(row.rates))
    n = settings.network
    cost = operations(n.layers, n.units, n.embedding, prepared.vocabulary.size)
    filled = np.mean([batch.valid.mean() for batch in ready])
    for row in rows:
        cells = _cells(row, mine, [rate / cost for rate in best.rates])
        print(f"| {n.layers} x {n.units} | {lanes} | {' | '.join(cells)} |")
    spread = _spread([rate / 1e9 for rate in best.rates])
    print(f"| | | *products by {best.name}* | *{spread} GFLOP/s* | | | | *windows {filled:.0%} full* |", flush=True)


def _without(options: argparse.Namespace) -> list[str]:
    names = (TORCH, KERAS, XLA)
    return [name for name in names if name.startswith(tuple(options.without) or "\0")]


@contextmanager
def _peers(ours: Ours, settings: Settings, ready: list[Batch], options: argparse.Namespace) -> Iterator[list[Row]]:
    from benchmarks import train_peers

    lanes = len(ready[0].fresh)
    with ExitStack() as stack:

        def keras(xla: bool) -> Call:
            return stack.enter_context(closing(Elsewhere(_keras, settings, lanes, options.seconds, xla)))

        builds: dict[str, Callable[[], Call]] = {
            TORCH: lambda: train_peers.pytorch(ours.network, settings.training, ready),
            KERAS: lambda: keras(xla=False),
        }
        if options.xla:
            builds[XLA] = lambda: keras(xla=True)
        rows = []
        for name, build in builds.items():
            if name in _without(options):
                continue
            try:
                rows.append(Row(name, build()))
            except ImportError as error:
                print(f"left out, not installed: {name} ({error.name})", file=sys.stderr)
        yield rows


def _keras(settings: Settings, lanes: int, seconds: float, xla: bool) -> Call:
    """Return Keras' fit, with as many threads within an operation as were asked for."""
    import tensorflow as tf

    from benchmarks import train_peers

    tf.config.threading.set_intra_op_parallelism_threads(settings.training.threads)
    ours = Ours(_material(settings, lanes), settings, lanes)
    ready = [ours.batch() for _ in range(READY)]
    return train_peers.keras_fit(ours.network, settings.training, ready, seconds=seconds, xla=xla)


def _products() -> list[Row]:
    from benchmarks import train_peers

    return [Row(name, call) for name, call in train_peers.product_rate().items()]


def operations(layers: int, units: int, embedding: int, vocabulary: int) -> int:
    """Return the floating-point operations of learning from one token, forward and backward."""
    inputs = [embedding, *[units] * (layers - 1)]
    products = sum((width + units) * 4 * units for width in inputs) + units * vocabulary
    return 3 * 2 * products


def _rate(call: Call, seconds: float) -> float:
    """Return what a call counts, a second."""
    began, done = time.perf_counter(), 0
    while True:
        done += call()
        took = time.perf_counter() - began
        if took >= seconds:
            return done / took


def _cells(row: Row, ours: Sequence[Row], limits: list[float]) -> list[str]:
    ratios = [[mine / other for mine, other in zip(one.rates, row.rates, strict=True)] for one in ours]
    shares = [rate / limit for rate, limit in zip(row.rates, limits, strict=True)]
    return [
        row.name,
        _spread(row.rates),
        *("" if row in ours else _spread(each, ".2f") for each in ratios),
        f"{statistics.median(shares):.0%}",
        f"{row.making:.1%}" if np.isfinite(row.making) else "",
    ]


def _spread(values: list[float], form: str = ",.0f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    main()
