"""Settings of the network's shape."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class NetworkSettings(Section):
    """The shape of the network; a fact of the model once it is trained."""

    cell: str = setting("lstm", choices=("lstm", "gru", "rnn"), help="Kind of recurrent cell; rnn is the plain one.")
    layers: int = setting(2, low=1, high=6, help="Recurrent layers.")
    units: int = setting(256, low=8, high=4096, help="Units in each layer.")
    embedding: int = setting(64, low=4, high=1024, help="Numbers that stand for a token at the input.")
    dropout: float = setting(0.2, low=0, high=0.95, help="Share of values dropped between layers in training.")
    input_dropout: float = setting(0.0, low=0, high=0.95, help="Share of values dropped at the input in training.")
    output_dropout: float = setting(
        0.2, low=0, high=0.95, help="Share of values dropped before the output in training."
    )
    recurrent_dropout: float = setting(
        0.2,
        low=0,
        high=0.95,
        help="Share of the recurrent weights dropped in training, other ones for each window (DropConnect).",
    )
    variational: bool = setting(
        True, help="Drop the same values at all steps of a window, instead of others at each step."
    )
