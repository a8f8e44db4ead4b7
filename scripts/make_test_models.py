"""Make the small random models of tests/fixtures/models anew; needs the train extra."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from musicrnn.export.quantise import quantise
from musicrnn.export.step_graph import export_step
from musicrnn.files import write_whole
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.score import Part
from musicrnn.models.untrained import random_weights
from musicrnn.models.vocabulary import Vocabulary

FOLDER = Path(__file__).parent.parent / "tests" / "fixtures" / "models"
PARTS = (Part("lead", 60, 67), Part("bass", 36, 43, channel=2, polyphony=1), Part("drums", 35, 38, 10, 0, True))
LAYERS, UNITS, EMBEDDING, SEED = 2, 8, 4, 11


def main() -> None:
    """Write small.onnx and small-int8.onnx."""
    vocabulary = Vocabulary(4, PARTS, velocity_bins=2, max_polyphony=4)
    weights = random_weights(vocabulary, LAYERS, UNITS, EMBEDDING, SEED)
    weights = replace(weights, output_bias=np.linspace(-1, 1, vocabulary.size, dtype=np.float32))
    content = export_step(weights, ModelInfo("small", vocabulary, LAYERS, UNITS, licence="CC0-1.0"))
    write_whole(FOLDER / "small.onnx", content)
    write_whole(FOLDER / "small-int8.onnx", quantise(content))


if __name__ == "__main__":
    main()
