"""The `config.ini` of MusicRNN of 2017, read as it is into the settings of today.

Each of its keys has one row in `MAPPINGS`; `docs/old-config.md` shows the same table.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from musicrnn.config.declare import Rule, check, unknown
from musicrnn.config.given import Given
from musicrnn.config.settings import declared
from musicrnn.errors import ConfigError

#: The characters of MIDI notes 21 to 108, in order.
NOTE_CHARS = 'GINSBLDPKUzEJ@ROFMQ=CWHZX;T?V>xA6<Y89[74:{]^a3/5102`+-cb.d*,f(e)hg$i|kj#}ml&!npotq"sruwy'
SEPARATOR = "_"
_GRIDS = (4, 12, 24)


@dataclass(frozen=True, slots=True)
class OldKey:
    """What one old key becomes: ``targets`` by ``read``, with ``meaning`` for the documentation."""

    section: str
    key: str
    targets: tuple[str, ...]
    read: Callable[[str], Any]
    meaning: str


def _text(text: str) -> str:
    return text.strip()


def _number(text: str) -> object:
    """Return a whole number where the text is one, else a float, else the text for the check to refuse."""
    for parse in (int, float):
        try:
            return parse(text.strip())
        except ValueError:
            continue
    return text


def _folders(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(";") if name.strip())


def _grid(text: str) -> object:
    number = _number(text)
    if isinstance(number, str) or not 1 <= number <= 1024:  # type: ignore[operator]
        return number
    return min(_GRIDS, key=lambda grid: (abs(grid - number), -grid))  # type: ignore[operator]


def _dropped(text: str) -> object:
    number = _number(text)
    return round(1 - number, 12) if isinstance(number, int | float) and abs(number) < 1e9 else number


def _alphabet(text: str) -> str:
    if text.strip() != NOTE_CHARS:
        raise ValueError("must be the 88 characters of MusicRNN; texts of another alphabet cannot be read")
    return ""


def _separator(text: str) -> str:
    if text.strip() != SEPARATOR:
        raise ValueError(f"must be {SEPARATOR!r}; texts of another alphabet cannot be read")
    return ""


_MIDI, _FORMAT = "NEW_MIDI_PARAMETERS", "FORMAT_PARAMETERS"
_MODEL, _SAMPLE = "MODEL_PARAMETERS", "SAMPLE_PARAMETERS"

MAPPINGS: tuple[OldKey, ...] = (
    OldKey(
        _MIDI,
        "new_resolution",
        ("corpus.ticks_per_beat",),
        _grid,
        "The nearest of the grids of today: 4, 12 or 24 ticks in a quarter note.",
    ),
    OldKey(
        _MIDI,
        "bpm",
        ("play.tempo",),
        _number,
        "The tempo of what is played. Files of any tempo are read, so it no longer concerns the corpus.",
    ),
    OldKey(
        _FORMAT,
        "note_chars",
        (),
        _alphabet,
        "No effect: scores have a text of their own. Another alphabet than the original's is refused.",
    ),
    OldKey(
        _FORMAT,
        "separation_char",
        (),
        _separator,
        "No effect: scores have a text of their own. Another character than `_` is refused.",
    ),
    OldKey(_MODEL, "layer_size", ("network.units",), _number, "The same."),
    OldKey(_MODEL, "n_layer", ("network.layers",), _number, "The same."),
    OldKey(_MODEL, "batch_size", ("training.lanes",), _number, "Pieces learnt from side by side."),
    OldKey(
        _MODEL,
        "seq_size",
        ("training.window",),
        _number,
        "Counted in tokens, not characters; the state is carried on beyond it.",
    ),
    OldKey(
        _MODEL, "n_epoch", ("training.epochs",), _number, "The same; it also stops when validation no longer improves."
    ),
    OldKey(
        _MODEL, "learning_rate", ("training.learning_rate",), _number, "The same; the schedule is `training.schedule`."
    ),
    OldKey(
        _MODEL,
        "output_keep_prob",
        ("network.dropout", "network.output_dropout"),
        _dropped,
        "What is kept became what is dropped: 1 less the value, between layers and at the output.",
    ),
    OldKey(
        _MODEL, "init_from_model", ("training.init_from",), _text, "A run, weights, a model file or a bundled model."
    ),
    OldKey(_MODEL, "model_save_name", ("training.name",), _text, "The same."),
    OldKey(_MODEL, "midis_folder_name_list", ("corpus.folders",), _folders, "Folders, separated by `;`."),
    OldKey(_MODEL, "folder_name_list", ("corpus.folders",), _folders, "Folders, separated by `;`."),
    OldKey(_SAMPLE, "n", ("sample.seconds",), _number, "The same."),
    OldKey(_SAMPLE, "first_chars", ("play.prime",), _text, "Old characters are read as they are."),
    OldKey(_SAMPLE, "sample_from_model", ("play.model",), _text, "The name of a model, or a path."),
    OldKey(_SAMPLE, "sample_dir", ("sample.output",), _text, "The folder of `sample_name`."),
    OldKey(_SAMPLE, "sample_name", ("sample.output",), _text, "Its name, with `.mid` unless that, `.midi` or `.txt`."),
    OldKey(
        _SAMPLE, "mu", ("play.mu",), _number, "The same, from 0 to 16; one draw holds for the whole run, as it did."
    ),
    OldKey(
        _SAMPLE,
        "sigma",
        ("play.sigma",),
        _number,
        "The same, from 0 to 16; one draw holds for the whole run, as it did.",
    ),
)


def read_old(text: str, file: str) -> Given:
    """Read the text of an old `config.ini`; ``file`` is its name in messages.

    Its notes tell what each key with another meaning became, and which have no effect. Raises ConfigError.
    """
    found = list(_keys(_parsed(text, file), file))
    values: dict[str, Any] = {}
    notes: list[str] = []
    for mapping, raw in found:
        if raw.strip():
            new = _values(mapping, raw, file)
            values |= new
            notes += _notes(mapping, raw, new, file)
    values |= _output({mapping.key: raw.strip() for mapping, raw in found}, file)
    if "play.mu" in values or "play.sigma" in values:
        values["play.exponent_span"] = "run"
    return Given(values, dict.fromkeys(values, file), tuple(notes))


def _parsed(text: str, file: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None, default_section="\0")
    try:
        parser.read_string(text, source=file)
    except (configparser.Error, ValueError) as error:
        raise ConfigError(f"{file} must be an INI file: {' '.join(str(error).split())[:300]}") from None
    return parser


def _keys(parser: configparser.ConfigParser, file: str) -> list[tuple[OldKey, str]]:
    """Return the rows of the keys that are there, with their texts, in the table's order."""
    rows = {(row.section, row.key): row for row in MAPPINGS}
    sections = list(dict.fromkeys(row.section for row in MAPPINGS))
    for section in parser.sections():
        if section not in sections:
            raise ConfigError(unknown(f"{file}: [{section}]", section, sections))
        for key in parser[section]:
            if (section, key) not in rows:
                known = [row.key for row in MAPPINGS if row.section == section]
                raise ConfigError(unknown(f"{file}: [{section}] {key}", key, known))
    return [(row, parser[row.section][row.key]) for row in MAPPINGS if parser.has_option(row.section, row.key)]


def _values(mapping: OldKey, raw: str, file: str) -> dict[str, Any]:
    label = f"{file}: [{mapping.section}] {mapping.key}"
    try:
        value = mapping.read(raw)
    except ValueError as error:
        raise ConfigError(f"{label} {error}, got {raw[:100]!r}") from None
    known: Mapping[str, Rule] = dict(declared(mapping.targets)) if mapping.targets else {}
    targets = [] if mapping.targets == ("sample.output",) else mapping.targets
    return {name: check(known[name], value, f"{label} ({name})") for name in targets}


def _output(raw: Mapping[str, str], where: str) -> dict[str, Any]:
    """Join the folder and the name of the sample to one path."""
    folder, name = raw.get("sample_dir", ""), raw.get("sample_name", "")
    if not folder and not name:
        return {}
    file = name or "sample"
    file = file if file.lower().endswith((".mid", ".midi", ".txt")) else f"{file}.mid"
    rule = dict(declared(("sample.output",)))["sample.output"]
    path = f"{folder.rstrip('/')}/{file}" if folder else file
    return {"sample.output": check(rule, path, f"{where}: [{_SAMPLE}] sample_dir and sample_name (sample.output)")}


def _notes(mapping: OldKey, raw: str, new: Mapping[str, Any], file: str) -> list[str]:
    """Tell of a key without effect, and of a grid that is not the one asked for."""
    if not mapping.targets:
        return [f"{file}: {mapping.key} has no effect: scores have a text of their own"]
    grid = new.get("corpus.ticks_per_beat")
    if grid is not None and _number(raw) != grid:
        return [f"{file}: {mapping.key} {raw.strip()} is not a grid of today; the nearest, {grid}, is taken"]
    return []


def table() -> str:
    """Return the mapping as a Markdown table."""
    lines = ["| section | key | setting of today | how |", "|---|---|---|---|"]
    for row in MAPPINGS:
        names = ", ".join(f"`{name}`" for name in row.targets) or "none"
        lines.append(f"| {row.section} | `{row.key}` | {names} | {row.meaning} |")
    return "\n".join(lines)
