"""How a setting is declared, and the one check that every value of it goes through.

To add a setting, add one line to a section (a subclass of `Section` in this package)::

    warmup_steps: int = setting(100, help="Steps of rising learning rate.", unit="steps", low=0, high=100_000)

The key in `musicrnn.toml`, the flag `--warmup-steps`, its line in `--help`, its row in
`docs/configuration.md` (write it again with `python -m musicrnn.config.reference`) and its check all
come from that line. The type is the default's: bool, int, float, str, or a tuple of `item`. Numbers
need `low` and `high`. A new section is one more field of `Settings`.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from musicrnn.errors import ConfigError

T = TypeVar("T")

_WORDS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of one setting beside its name."""

    default: Any
    help: str
    unit: str
    low: float | None
    high: float | None
    also: tuple[float, ...]
    choices: tuple[Any, ...]
    item: type | None
    flag: str
    positional: bool
    path: bool
    names: Mapping[str, str]

    @property
    def kind(self) -> type:
        """Type of the value; of one item where the value is a tuple."""
        return self.item if self.item is not None else type(self.default)

    @property
    def plural(self) -> bool:
        """Tell whether the value is a tuple of items."""
        return self.item is not None

    @property
    def words(self) -> str:
        """What a value must be, with its unit, as the reference and the messages say it."""
        if self.choices:
            text = "one of " + ", ".join(_shown(choice) for choice in self.choices)
        else:
            text = "a path" if self.path else _WORDS.get(self.kind, "a table")
        if self.low is not None and self.high is not None:
            beside = "".join(f"{value:g} or " for value in self.also)
            text = f"{beside}{text} in {_plain(self.low)}..{_plain(self.high)}"
        return f"{text} {self.unit}".rstrip()

    @property
    def range(self) -> str:
        """Bounds of a number, both included; empty where there are none."""
        if self.low is None or self.high is None:
            return ""
        return " or ".join([*(f"{value:g}" for value in self.also), f"{_plain(self.low)}..{_plain(self.high)}"])


def setting(
    default: T,
    *,
    help: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    also: tuple[float, ...] = (),
    choices: tuple[Any, ...] = (),
    item: type | None = None,
    flag: str = "",
    positional: bool = False,
    path: bool = False,
    names: Mapping[str, str] | None = None,
) -> T:
    """Declare a field of a section.

    ``low`` and ``high`` are both included and ``also`` names values allowed beside them; ``item`` is the
    type of a tuple's items; ``flag`` is the flag's name where it is not the key's; ``positional`` settings
    are given without a flag; a ``path`` may begin with ``~``; ``names`` are all that the choices may be called, each
    as `spelling` has it.
    """
    rule = Rule(default, help, unit, low, high, also, choices, item, flag, positional, path, names or {})
    return dataclasses.field(default=default, metadata={"rule": rule})


def spelling(text: str) -> str:
    """Return how a name is looked up: in lower case, its sharps and flats as they can be typed."""
    return text.casefold().replace("♯", "#").replace("♭", "b")


class Section:
    """Base of the sections: a frozen dataclass whose fields come from `setting` and are checked."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, rule in rules(type(self)):
            object.__setattr__(self, name, check(rule, getattr(self, name), name))
        self.check_together()

    def check_together(self) -> None:
        """Check what concerns several fields; raise ConfigError."""


def rules(section: type[Section]) -> Iterator[tuple[str, Rule]]:
    """Yield the name and the rule of each setting of a section, in the order of declaration."""
    for field in dataclasses.fields(cast("Any", section)):
        yield field.name, field.metadata["rule"]


def check(rule: Rule, value: object, label: str) -> object:
    """Return ``value`` in the setting's own type, or raise ConfigError that begins with ``label``."""
    if not rule.plural:
        return _check_one(rule, value, label)
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{label} must be a list, each item {rule.words}, got {_shown(value)}")
    for index, item in enumerate(value):
        if rule.path and item == "":  # it would be the folder of whoever calls
            raise _refusal(rule, item, f"{label}[{index}]")
    return tuple(_check_one(rule, item, f"{label}[{index}]") for index, item in enumerate(value))


def _check_one(rule: Rule, value: object, label: str) -> object:
    if issubclass(rule.kind, Section):
        return _row(rule.kind, value, label)
    value = _of_kind(rule, value, label)
    if rule.names and isinstance(value, str):
        value = rule.names.get(spelling(value), value)
    allowed = value in rule.choices if rule.choices else _in_range(rule, value)
    if not allowed:
        raise _refusal(rule, value, label)
    if rule.path and isinstance(value, str):
        return os.path.expanduser(value)
    return value


def _of_kind(rule: Rule, value: object, label: str) -> object:
    if rule.kind is float and type(value) is int and abs(value) < 2**63:
        value = float(value)
    if type(value) is not rule.kind:
        raise _refusal(rule, value, label)
    if isinstance(value, str) and ("\0" in value or has_surrogate(value)):
        raise ConfigError(f"{label} must be Unicode text without NUL, got {_shown(value)}")
    return value


def has_surrogate(text: str) -> bool:
    """Tell whether a text holds half a character, as a file name that is not UTF-8 does on the command line."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _in_range(rule: Rule, value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if value in rule.also or rule.low is None or rule.high is None:
        return True
    return rule.low <= value <= rule.high


def _row(section: type[Section], value: object, label: str) -> Section:
    if isinstance(value, section):
        return value
    if not isinstance(value, Mapping):
        raise ConfigError(f"{label} must be a table, got {_shown(value)}")
    known = dict(rules(section))
    for key in value:
        if key not in known:
            raise ConfigError(unknown(f"{label}.{key}", str(key), list(known)))
    checked = {key: check(known[key], item, f"{label}.{key}") for key, item in value.items()}
    try:
        return section(**checked)
    except ConfigError as error:
        raise ConfigError(f"{label}: {error}") from error


def unknown(label: str, word: str, known: list[str]) -> str:
    """Word the refusal of an unknown name, with the nearest known one."""
    import difflib

    begun = [name for name in known if len(word) > 2 and name.startswith(word)]
    near = difflib.get_close_matches(word[:100], known, n=1, cutoff=0.6) or begun
    hint = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(known)
    return f"{label[:200]} is unknown: {hint}"


def _refusal(rule: Rule, value: object, label: str) -> ConfigError:
    return ConfigError(f"{label} must be {rule.words}, got {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return "a number beyond 64 bits"
    text = ("false", "true")[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else f"{bound:g}"
