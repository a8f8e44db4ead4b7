"""What more lanes cost: `python -m tests.trainer.step_memory CELL` prints bytes that were taken, and as estimated."""

from __future__ import annotations

import sys

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.network import NetworkSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.models.grammar import Grammar
from musicrnn.models.network import Network, NetworkShape
from musicrnn.trainer.backend import start, stepper
from musicrnn.trainer.lanes import Lanes
from musicrnn.trainer.material import material
from musicrnn.trainer.memory import peak_memory
from musicrnn.trainer.room import step_bytes
from tests.trainer.pieces import tunes

FEW, MANY, WINDOW = 8, 160, 128


def main(cell: str) -> None:
    """Take two steps with few lanes and two with many; the peak of the process grows by what the many need more."""
    start(TrainingSettings(threads=2))
    settings = NetworkSettings(layers=2, units=128, embedding=32, cell=cell)
    prepared = material(tunes(20), CorpusSettings(ticks_per_beat=4, transpose=0))
    network, size = Network(prepared.vocabulary, NetworkShape.of(settings)), prepared.vocabulary.size
    peaks, estimates = [], []
    for lanes in (FEW, MANY):
        stream = Lanes(prepared.train, Grammar(prepared.vocabulary), lanes, WINDOW, seed=1)
        learner = stepper(network, lanes, weight_decay=0.0, clip=1.0)
        for _ in range(2):
            if (batch := stream.next()) is not None:
                learner.train(batch, 1e-3)
        peaks.append(peak_memory())
        estimates.append(step_bytes(settings, size, lanes, WINDOW))
    print(peaks[1] - peaks[0], estimates[1] - estimates[0])


if __name__ == "__main__":
    main(sys.argv[1])
