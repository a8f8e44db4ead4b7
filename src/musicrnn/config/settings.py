"""All settings together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from musicrnn.config.bench import BenchSettings
from musicrnn.config.card import CardSettings
from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.declare import Rule, Section, rules
from musicrnn.config.evaluate import EvaluateSettings
from musicrnn.config.network import NetworkSettings
from musicrnn.config.play import MidiSettings, OscSettings, PlaySettings, RecordSettings
from musicrnn.config.sample import ExportSettings, SampleSettings
from musicrnn.config.training import TrainingSettings
from musicrnn.config.tui import TuiSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Every section, and where each value that is not a default came from.

    ``origins`` has an entry such as ``{"training.seed": "--seed", "play.mu": "musicrnn.toml"}``.
    """

    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    export: ExportSettings = field(default_factory=ExportSettings)
    midi: MidiSettings = field(default_factory=MidiSettings)
    play: PlaySettings = field(default_factory=PlaySettings)
    osc: OscSettings = field(default_factory=OscSettings)
    record: RecordSettings = field(default_factory=RecordSettings)
    sample: SampleSettings = field(default_factory=SampleSettings)
    evaluate: EvaluateSettings = field(default_factory=EvaluateSettings)
    card: CardSettings = field(default_factory=CardSettings)
    bench: BenchSettings = field(default_factory=BenchSettings)
    tui: TuiSettings = field(default_factory=TuiSettings)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    def value(self, name: str) -> Any:
        """Return the value of a setting by its full name, such as ``"play.mu"``."""
        section, key = name.split(".")
        return getattr(getattr(self, section), key)


SECTIONS: dict[str, type[Section]] = {
    item.name: item.default_factory  # type: ignore[misc]
    for item in dataclasses.fields(Settings)
    if item.name != "origins"
}


def declared(names: tuple[str, ...] = ()) -> Iterator[tuple[str, Rule]]:
    """Yield the full name and the rule of each setting, of those sections and settings that are named or of all."""
    for section, kind in SECTIONS.items():
        for key, rule in rules(kind):
            full = f"{section}.{key}"
            if not names or section in names or full in names:
                yield full, rule
