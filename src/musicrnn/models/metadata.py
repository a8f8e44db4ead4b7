"""What a model file says of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from musicrnn.errors import ModelError
from musicrnn.models.cells import CELLS
from musicrnn.models.vocabulary import Vocabulary

FORMAT = 1
KEY = "musicrnn"


@dataclass(frozen=True)
class ModelInfo:
    """The facts of a model: its language, its size, where it comes from and how good it is.

    ``tempo`` (bpm) is the middle one of those at which the corpus' pieces begin, ``metre`` that of most ticks;
    ``figures`` are measured values by name, such as ``valid_nats_a_tick``; ``corpus`` says what it was trained on, with
    licences.
    """

    name: str
    vocabulary: Vocabulary
    layers: int
    units: int
    cell: str = "lstm"
    precision: str = "float32"
    tempo: float = 120.0
    metre: tuple[int, int] = (4, 4)
    licence: str = ""
    corpus: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    version: str = ""

    def state_shape(self, lanes: int = 1) -> tuple[int, int, int, int]:
        """Return the shape of the network's state: [layers, rows, lanes, units], with the rows of the cell."""
        return self.layers, CELLS[self.cell].rows, lanes, self.units

    def to_json(self) -> str:
        """Return canonical JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values["vocabulary"] = self.vocabulary.to_dict()
        return json.dumps({"format": FORMAT, **values}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, source: str) -> ModelInfo:
        """Read :meth:`to_json`'s text; ModelError, naming ``source``, for anything else."""
        try:
            values = json.loads(text)
            if values.pop("format") != FORMAT:
                raise ModelError(f"{source}: the model's format must be {FORMAT}; a newer MusicRNN wrote it")
            values["vocabulary"] = Vocabulary.from_dict(values["vocabulary"])
            values["metre"] = (int(values["metre"][0]), int(values["metre"][1]))
            return cls(**values)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
            raise ModelError(f"{source}: the model's description must be whole, got {error!r}") from error

    def describe(self) -> dict[str, Any]:
        """Return all facts as plain values."""
        return asdict(self)
