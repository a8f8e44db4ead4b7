"""Settings of `musicrnn card`."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class CardSettings(Section):
    """The model card; how the model is measured is in [evaluate], how it plays in [play]."""

    output: str = setting(
        "card.md", path=True, flag="output", help="Model card to write, in Markdown; a piano roll goes beside it."
    )
    also_mu: tuple[float, ...] = setting(
        (), item=float, low=0, high=16, help="Further values of mu to measure in short, beside play.mu."
    )
    after: str = setting(
        "", path=True, help="Recipe of the run that the model's own went on from, for the card to name."
    )
    keep: str = setting("", path=True, help="Folder for the generated pieces as MIDI files, and a held-out one.")
    overwrite: bool = setting(False, help="Allow a card that exists to be written over.")
