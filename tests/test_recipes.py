"""What the pages tell to train is told to whoever gets the model under its own name, source and licence."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"musicrnn-train (?:\\\n|[^`\n])*")
RECIPE = re.compile(r"--config (recipes/\S+\.toml)")
OF_ITS_MUSIC = ("name", "source", "licence")


def commands() -> list[tuple[str, str]]:
    """Return each command that trains by a recipe, and the recipe."""
    found = [match[0] for page in PAGES for match in COMMAND.finditer(page.read_text(encoding="utf-8"))]
    return [(command, recipe[1]) for command in found if (recipe := RECIPE.search(command))]


@pytest.mark.parametrize(("command", "recipe"), commands())
def test_other_music_does_not_get_the_licence_of_a_recipe(command: str, recipe: str) -> None:
    """A recipe that says whose its music is is given another name, source and licence with other music."""
    training = tomllib.loads((ROOT / recipe).read_text(encoding="utf-8"))["training"]
    if "licence" in training:
        assert [key for key in OF_ITS_MUSIC if f"--{key} " not in command] == []


def test_there_are_such_commands() -> None:
    """Else nothing would be looked at."""
    assert len(commands()) >= 2
