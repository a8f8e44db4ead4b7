"""Tables of a page of `docs/`, and the tests that it names as ``tests/FILE.py::NAME``."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def page(name: str) -> str:
    """Return the text of a page."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """Return the cells of each line of the tables of a page, heads and rulers among them."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def missing(text: str) -> list[str]:
    """Return the tests that are named and are not there; AssertionError for one that is named in another form."""
    named = TEST.findall(text)
    assert len(named) == text.count("::"), text
    return [f"{file}::{name}" for file, name in named if name not in _names(file)]


@cache
def _names(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return frozenset(name for name in names if name.startswith("test_"))
