"""A new network that begins with what a model file has learnt: a bundled model, or one whose run is gone.

A file has one row for each token; the network sums it from tables of factors (kind, part, pitch, slot). The factors are
found by least squares, nearest to those that it began with, so that the sums are the rows of the file exactly; a
token that the file does not have gets what its factors tell, such as the pitch that another part knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from musicrnn.errors import TrainingError
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network
from musicrnn.models.step_reader import ReadWeights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import Floats
from musicrnn.trainer.beginning import differences, no_part_of, opened


@dataclass(frozen=True, slots=True)
class Taken:
    """What was begun from, and how many of the network's tokens it knew."""

    info: ModelInfo
    known: int
    tokens: int

    def __str__(self) -> str:
        return f"{self.info.name} ({self.info.precision} weights), which knows {self.known} of {self.tokens} tokens"


def take_model(network: Network, path: Path) -> Taken:
    """Give a new network the weights of a model file.

    Raises ModelError where the file is none, TrainingError where the sizes, the grid or all parts differ; nothing is
    changed then.
    """
    info, weights = opened(path)
    others = differences(info, weights, network.shape, network.vocabulary.ticks_per_beat)
    if others:
        raise TrainingError(f"{path}: {'; '.join(others)}")
    mine, theirs = _shared(network.vocabulary, info.vocabulary)
    if not (network.vocabulary.part[mine] >= 0).any():
        parts = (part.name for part in network.vocabulary.parts)
        raise TrainingError(f"{path}: {no_part_of(info.vocabulary, parts)}")
    _assign(network, weights, mine, theirs)
    return Taken(info, len(mine), network.vocabulary.size)


def _shared(mine: Vocabulary, theirs: Vocabulary) -> tuple[list[int], list[int]]:
    """Return the tokens of both that mean the same, by name; levels of loudness do where there are as many."""
    levels = mine.velocity_bins == theirs.velocity_bins
    there = {theirs.name(token): token for token in range(theirs.size)}
    pairs = [
        (token, there[name])
        for token in range(mine.size)
        if (name := mine.name(token)) in there and (levels or not name.startswith("!"))
    ]
    return [token for token, _ in pairs], [token for _, token in pairs]


def _assign(network: Network, weights: ReadWeights, mine: list[int], theirs: list[int]) -> None:
    token, *places = weights.tables
    index = network.token_factors
    _fit(network.inputs_of, index, mine, token[theirs])
    _fit(network.outputs_of, index, mine, weights.output.as_floats().T[theirs])
    bias = np.asarray(ops.convert_to_numpy(network.output_bias)).copy()
    bias[mine] = weights.output_bias[theirs]
    network.output_bias.assign(bias)
    for variable, place in zip(network.places.values(), places, strict=True):
        variable.assign(place)
    for layer, read in zip(network.stack, weights.layers, strict=True):
        kernel, recurrent, bias = layer.trainable_variables
        kernel.assign(read.kernel.as_floats())
        recurrent.assign(read.recurrent.as_floats())
        bias.assign(read.bias)


def _fit(tables: dict[str, Any], index: dict[str, np.ndarray], tokens: list[int], rows: Floats) -> None:
    """Move the tables as little as will make the sums of these tokens' factors the rows, float32[tokens, width]."""
    before = {name: np.asarray(ops.convert_to_numpy(table), np.float64) for name, table in tables.items()}
    columns, first = [], 0
    places = np.zeros((len(tokens), sum(len(table) for table in before.values())))
    for name, table in before.items():
        columns.append(slice(first, first + len(table)))
        places[np.arange(len(tokens)), first + index[name][tokens]] = 1.0
        first += len(table)
    start = np.concatenate(list(before.values()))
    moved = start + np.linalg.lstsq(places, rows - places @ start, rcond=None)[0]
    for column, table in zip(columns, tables.values(), strict=True):
        table.assign(moved[column].astype(np.float32))
