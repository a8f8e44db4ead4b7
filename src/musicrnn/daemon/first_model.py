"""The model that a daemon is started with, which may be a file anywhere: the name that brings it back from another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from musicrnn.control import MODEL_NAME
from musicrnn.models.catalogue import bundled, find_model, names, own
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.untrained import NAME as UNTRAINED

LONGEST = 64


@dataclass(frozen=True, slots=True)
class FirstModel:
    """The name of the model that plays first; its file, where a file was named; what is to be said of that."""

    name: str
    files: Mapping[str, Path] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def first_model(info: ModelInfo, source: str) -> FirstModel:
    """Return by what name the model of a source (name, file or run) is known while this daemon lives.

    A model that was named by its file comes before others of its name: what plays by a name comes back by it.
    """
    if source == UNTRAINED or source in bundled():
        return FirstModel(info.name)
    called = source if source in own() else info.name
    name = _usable(called)
    file = find_model(source)
    return FirstModel(name, {name: file}, tuple(_notices(called, name, source, file)))


def _usable(called: str) -> str:
    """Return a name that messages can have, as much like this one as can be, and not the untrained network's."""
    if called == UNTRAINED:
        return f"{UNTRAINED}-file"
    if MODEL_NAME.fullmatch(called):
        return called
    return re.sub(r"[^A-Za-z0-9_-]+", "-", called)[:LONGEST].strip("-") or "model"


def _notices(called: str, name: str, source: str, file: Path) -> list[str]:
    renamed = []
    if name != called:
        renamed = [f"the model calls itself {called!r}; here it is {name}, as messages can name it"]
    if name == source or name not in names():
        return renamed
    where = "that ships" if name in bundled() else "in your folder of models"
    return [*renamed, f"{name} is {file} here, and not the model of that name {where}"]
