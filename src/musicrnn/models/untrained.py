"""The network before it has learnt anything, to compare: made on the fly, never stored."""

from __future__ import annotations

import numpy as np

from musicrnn.models.cells import CELLS
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.score import Part
from musicrnn.models.timing import MAX_BEATS, METRES
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import Floats, LayerWeights, StepWeights

NAME = "untrained"
LAYERS, UNITS, EMBEDDING = 2, 128, 64
SPREAD = 0.05
VOICES = (
    Part("soprano", 57, 84, channel=1, program=52, polyphony=1),
    Part("alto", 50, 77, channel=2, program=52, polyphony=1),
    Part("tenor", 43, 72, channel=3, program=52, polyphony=1),
    Part("bass", 33, 65, channel=4, program=52, polyphony=1),
)


def untrained(seed: int = 0) -> NumpyStepModel:
    """Return a network for four voices with weights as they are before training, the same for the same seed."""
    vocabulary = Vocabulary(12, VOICES, max_polyphony=4)
    info = ModelInfo(NAME, vocabulary, LAYERS, UNITS, licence="CC0-1.0", corpus={"title": "none", "seed": seed})
    return NumpyStepModel(random_weights(vocabulary, LAYERS, UNITS, EMBEDDING, seed), info)


def random_weights(
    vocabulary: Vocabulary, layers: int, units: int, embedding: int, seed: int = 0, cell: str = "lstm"
) -> StepWeights:
    """Return weights drawn as Keras draws them before training: Glorot's for products, 1 for the forget gates."""
    rng, kind = np.random.default_rng(seed), CELLS[cell]
    gates = kind.gates * units

    def normal(*shape: int) -> Floats:
        return (SPREAD * rng.standard_normal(shape)).astype(np.float32)

    def product(inputs: int, outputs: int) -> Floats:
        limit = np.sqrt(6.0 / (inputs + outputs))
        return rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)

    bias = np.zeros(kind.bias_shape(units), np.float32)
    if cell == "lstm":
        bias[units : 2 * units] = 1
    stack = tuple(
        LayerWeights(product(units if i else embedding, gates), product(units, gates), bias) for i in range(layers)
    )
    return StepWeights(
        token=normal(vocabulary.size, embedding),
        tick=normal(vocabulary.ticks_per_beat, embedding),
        beat=normal(MAX_BEATS, embedding),
        metre=normal(METRES, embedding),
        layers=stack,
        output=normal(units, vocabulary.size),
        output_bias=np.zeros(vocabulary.size, np.float32),
        cell=cell,
    )
