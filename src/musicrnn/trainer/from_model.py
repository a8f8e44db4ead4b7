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
from musicrnn.models.model_check import known_values
from musicrnn.models.model_file import load_checked
from musicrnn.models.network import Network
from musicrnn.models.onnx_graph import read_graph
from musicrnn.models.step_reader import ReadWeights, read_weights
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.models.weights import Floats


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
    file = load_checked(path)
    info, graph = file.info, read_graph(file.content)
    _check_sizes(network, info, str(path))
    weights = read_weights(graph, info, known_values(graph, info))
    if weights is None:
        raise TrainingError(f"{path}: to begin from it a model must be an LSTM as musicrnn export writes it")
    width = weights.tables[0].shape[1]
    if width != network.shape.embedding:
        raise TrainingError(f"{path}: the embedding must be {width} as in the model, got {network.shape.embedding}")
    mine, theirs = _shared(network.vocabulary, info.vocabulary)
    if not (network.vocabulary.part[mine] >= 0).any():
        raise TrainingError(
            f"{path}: a part must have the name of one of the model's ({_names(info.vocabulary)}), "
            f"got {_names(network.vocabulary)}; [[corpus.parts]] names them"
        )
    _assign(network, weights, mine, theirs)
    return Taken(info, len(mine), network.vocabulary.size)


def _check_sizes(network: Network, info: ModelInfo, source: str) -> None:
    shape, vocabulary = network.shape, network.vocabulary
    for name, wanted, found in (
        ("cell", info.cell, shape.cell),
        ("layers", info.layers, shape.layers),
        ("units", info.units, shape.units),
        ("ticks_per_beat", info.vocabulary.ticks_per_beat, vocabulary.ticks_per_beat),
    ):
        if wanted != found:
            raise TrainingError(f"{source}: {name} must be {wanted} as in the model, got {found}")


def _names(vocabulary: Vocabulary) -> str:
    return ", ".join(part.name for part in vocabulary.parts)


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
