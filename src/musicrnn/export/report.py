"""What an export is worth: its distance from the network, and what int8 costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from musicrnn.errors import ModelError
from musicrnn.models.evaluation import Distance, Nats, TokenPiece, distances, nats
from musicrnn.models.model_file import check_model
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.models.step import StepModel

LARGEST_DIFFERENCE = 1e-5
PREDICTIONS_WITH_KERAS = 3_000
PREDICTIONS = 40_000


@dataclass(frozen=True, slots=True)
class Change:
    """Nats of the float32 model and of the int8 model over the same pieces."""

    before: Nats
    after: Nats

    @property
    def percent(self) -> float:
        """Change of the nats a tick in percent; above 0 is worse."""
        return 100 * (self.after.a_tick / self.before.a_tick - 1)


def first_pieces(pieces: Sequence[TokenPiece], predictions: int) -> list[TokenPiece]:
    """Return the first pieces that make up at least so many predictions, or all."""
    taken: list[TokenPiece] = []
    for piece in pieces:
        if sum(len(each.tokens) - 1 for each in taken) >= predictions:
            break
        taken.append(piece)
    return taken


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The first predictions of a piece; a ``TokenPiece`` as far as nothing is asked of its length in ticks."""

    tokens: NDArray[Any]
    places: NDArray[Any]
    ticks: int


def beginnings(pieces: Sequence[TokenPiece], predictions: int) -> list[TokenPiece]:
    """Return the first pieces that make up so many predictions, the last cut off there, or all."""
    taken = first_pieces(pieces, predictions)
    over = sum(len(each.tokens) - 1 for each in taken) - predictions
    if over > 0:
        last = taken[-1]
        taken[-1] = _Beginning(last.tokens[:-over], last.places[:-over], last.ticks)
    return taken


def checked_distance(reference: StepModel, content: bytes, pieces: Sequence[TokenPiece], source: str) -> Distance:
    """Compare a float32 export with the network, step for step; ModelError where they differ by more than 1e-5.

    Each keeps its own state over whole pieces; the last one ends where there were steps enough. In a plain rnn with
    nothing to damp it the rounding of float32 itself may grow from step to step, so there each step is taken from the
    network's own state.
    """
    file, some = check_model(content, source), beginnings(pieces, PREDICTIONS_WITH_KERAS)
    one_state = file.info.cell == "rnn"
    as_it_stands_and_plays = [OnnxStepModel(file, source, quick=quick) for quick in (False, True)]
    as_it_stands, as_it_plays = distances(reference, as_it_stands_and_plays, some, one_state=one_state)
    for found in (as_it_stands, as_it_plays):
        if not (found.logits <= LARGEST_DIFFERENCE and found.state <= LARGEST_DIFFERENCE):
            raise ModelError(
                f"{source}: the export must be within {LARGEST_DIFFERENCE:g} of the network, "
                f"got logits {found.logits:g} and state {found.state:g} apart"
            )
    return as_it_stands


def change(before: bytes, after: bytes, pieces: Sequence[TokenPiece]) -> Change:
    """Return how much more, or less, the second model is surprised by pieces than the first."""
    some = first_pieces(pieces, PREDICTIONS)
    models = (OnnxStepModel(check_model(content, "model")) for content in (before, after))
    return Change(*(nats(model, some) for model in models))
