"""Settings as the text of a `musicrnn.toml`, which reads back as the same settings."""

from __future__ import annotations

import json

from musicrnn.config.declare import Section, rules
from musicrnn.config.settings import SECTIONS, Settings, declared


def to_toml(settings: Settings, names: tuple[str, ...] = (), *, origins: bool = False) -> str:
    """Return the settings (of the sections and settings named, or all) as TOML.

    With ``origins`` each line says in a comment where its value came from: default, a file or a flag.
    """
    chosen = dict(declared(names))
    blocks = []
    for section in SECTIONS:
        mine = [name for name in chosen if name.startswith(f"{section}.")]
        lines = [_line(settings, name, origins) for name in mine]
        if lines:
            blocks.append("\n".join([f"[{section}]", *lines, ""]))
    return "\n".join(blocks)


def value_text(value: object) -> str:
    """Return one value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    if isinstance(value, Section):
        return "{ " + ", ".join(_pairs(value)) + " }"
    return repr(value)


def default_text(value: object) -> str:
    """Return a default as the reference and ``--help`` show it."""
    if value == "" or value == ():
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value) if isinstance(value, str) else value_text(value)


def _line(settings: Settings, name: str, origins: bool) -> str:
    text = f"{name.split('.')[1]} = {value_text(settings.value(name))}"
    return f"{text}  # {settings.origins.get(name, 'default')}" if origins else text


def _pairs(row: Section) -> list[str]:
    return [
        f"{key} = {value_text(getattr(row, key))}"
        for key, rule in rules(type(row))
        if getattr(row, key) != rule.default
    ]
