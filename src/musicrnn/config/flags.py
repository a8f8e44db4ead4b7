"""The flags that come from the settings, and the settings that come from the flags.

Every flag's default is "not typed", so that a flag beats the settings file only if it was typed.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from musicrnn.config.declare import Rule, Section, check
from musicrnn.config.given import Given
from musicrnn.config.load import read_own_settings, read_settings, settings_of
from musicrnn.config.settings import SECTIONS, Settings, declared
from musicrnn.config.write import default_text, to_toml
from musicrnn.errors import ConfigError
from musicrnn.files import named_path

_SHAPE = ("polyphony", "transpose", "scale", "root", "velocity")
_SAMPLE_PLAY = (
    *("model", "mu", "sigma", "exponent_span", "chance", "seed", "tempo", "prime", "density", "memory"),
    *_SHAPE,
    *("watchdog_bars", "watchdog_notes", "watchdog_step", "watchdog_return", "watchdog_least"),
    "end",
)
_MEASURED_PLAY = ("mu", "sigma", "exponent_span", "seed", "density", "memory")
_MEASURED = ("evaluate.pieces", "evaluate.most_bars", "evaluate.tokens")

#: The sections, or single settings, that each command has flags for.
COMMANDS: dict[str, tuple[str, ...]] = {
    "check": ("corpus.folders", "corpus.ticks_per_beat", "corpus.pedal", "corpus.parts", "corpus.cache"),
    "train": ("corpus", "network", "training"),
    "export": ("export",),
    "sample": (*(f"play.{key}" for key in _SAMPLE_PLAY), "sample"),
    "evaluate": ("corpus", *(f"play.{key}" for key in _MEASURED_PLAY), "evaluate"),
    "card": ("corpus", *(f"play.{key}" for key in _MEASURED_PLAY), *_MEASURED, "card"),
    "daemon": ("midi", "play", "osc", "record"),
    "bench": ("bench", "play.tempo", "midi.api"),
    "tui": ("tui", "osc.port"),
}
#: Commands that read the user's own settings file where no other is named.
PLAYING = ("sample", "daemon", "bench", "tui")
#: The setting that needs no flag: ``musicrnn sample songs``.
MODEL = "play.model"
_WORD, _WAY = "MODEL", "model_given_as"


class _OneWay(argparse.Action):
    """Takes the model as a word or with its flag, of several flags the last; refuses both, as either could be meant."""

    def __call__(
        self,
        _: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store it. Raises ConfigError where it was given in the other way before."""
        way, before = option_string or _WORD, getattr(namespace, _WAY, None)
        if before not in (None, way):
            given = f"{getattr(namespace, self.dest)!r:.80} and {values!r:.80}"
            raise ConfigError(f"the model must be given as {_WORD} or with --model, got both: {given}")
        setattr(namespace, _WAY, way)
        setattr(namespace, self.dest, values)


def flag_of(name: str, rule: Rule) -> str:
    """Return the flag of a setting, such as ``--learning-rate`` of ``training.learning_rate``."""
    return "--" + (rule.flag or name.split(".")[1].replace("_", "-"))


def add_settings(parser: argparse.ArgumentParser, names: tuple[str, ...]) -> None:
    """Add ``--config``, ``--show-config`` and a flag for each setting of the sections and settings named."""
    group = parser.add_argument_group("settings file")
    about = "settings file: musicrnn.toml, or an old config.ini"
    group.add_argument("--config", metavar="FILE", type=named_path, help=about)
    group.add_argument(
        "--show-config", action="store_true", help="print the settings in effect and where each is from, and end"
    )
    for section, kind in SECTIONS.items():
        mine = [(name, rule) for name, rule in declared(names) if name.startswith(f"{section}.")]
        if mine:
            group = parser.add_argument_group(f"[{section}]", first_line(kind))
        for name, rule in mine:
            _add(group, name, rule)
            if name == MODEL:
                absent = argparse.SUPPRESS
                group.add_argument(name, nargs="?", metavar=_WORD, action=_OneWay, default=absent, help="as --model")


def settings_from(args: argparse.Namespace, command: str = "") -> Settings:
    """Return the settings in effect: defaults, then the settings file, then the flags that were typed.

    Where no file is named, ``PLAYING`` commands read the user's own. What a file of old holds without
    effect, and a folder of the user's that is closed, is told on standard error. Raises ConfigError.
    """
    path: Path | None = getattr(args, "config", None)
    own = read_own_settings() if path is None and command in PLAYING else Given()
    file = read_settings(path) if path is not None else own
    for note in file.notes:
        print(f"musicrnn: {note}", file=sys.stderr)
    return settings_of(file, typed(args))


def shown(args: argparse.Namespace, settings: Settings, names: tuple[str, ...]) -> bool:
    """Print the settings if ``--show-config`` asks for it; tell whether it did."""
    if getattr(args, "show_config", False):
        print(to_toml(settings, names, origins=True), end="")
        return True
    return False


def typed(args: argparse.Namespace) -> Given:
    """Return the values of the flags that were typed, checked."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, rule in declared():
        if name in vars(args):
            origins[name] = name.split(".")[1] if rule.positional else flag_of(name, rule)
            values[name] = from_text(rule, getattr(args, name), origins[name])
    return Given(values, origins)


def from_text(rule: Rule, text: Any, label: str) -> object:
    """Return the value that a text, or a list of texts, stands for; raise ConfigError that begins with ``label``."""
    if rule.plural:
        return check(rule, [_parse(rule, item, label) for item in text], label)
    return check(rule, _parse(rule, text, label), label)


def _parse(rule: Rule, text: Any, label: str) -> object:
    if isinstance(text, bool) or rule.kind is str:
        return text
    if issubclass(rule.kind, Section):
        return _parse_table(text, label)
    if rule.kind is bool:
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    parse: Callable[[str], object] = rule.kind
    try:
        return parse(text)
    except ValueError:
        return text


def _parse_table(text: str, label: str) -> object:
    try:
        return tomllib.loads(f"table = {{ {text} }}")["table"]
    except (ValueError, RecursionError):
        raise ConfigError(f"{label} must be like 'name = \"voice\", tracks = [1]', got {text[:80]!r}") from None


def _add(group: argparse._ArgumentGroup, name: str, rule: Rule) -> None:
    options: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(rule)}
    key = name.split(".")[1]
    if rule.positional:
        group.add_argument(name, nargs="*" if rule.plural else "?", metavar=key.rstrip("s").upper(), **options)
    elif rule.kind is bool:
        group.add_argument(flag_of(name, rule), dest=name, action=argparse.BooleanOptionalAction, **options)
    else:
        action = _OneWay if name == MODEL else "append" if rule.plural else "store"
        group.add_argument(flag_of(name, rule), dest=name, action=action, metavar=_metavar(rule), **options)


def _help(rule: Rule) -> str:
    """Say what the setting is, what it may be, and its default."""
    about = [rule.range or ", ".join(str(choice) for choice in rule.choices), rule.unit]
    about = [" ".join(part for part in about if part)] if any(about) else []
    if not rule.positional and not rule.plural:
        about.append(f"default {default_text(rule.default)}")
    text = rule.help.rstrip(".")
    return (f"{text} ({'; '.join(about)})" if about else text).replace("%", "%%")


def _metavar(rule: Rule) -> str:
    if rule.path:
        return "PATH"
    return {int: "N", float: "X", str: "NAME" if rule.choices else "TEXT"}.get(rule.kind, "TABLE")


def first_line(section: type[Section]) -> str:
    """Return what a section is, as the pages and `--help` say it."""
    return (section.__doc__ or "").partition("\n")[0]
