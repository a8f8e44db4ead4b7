"""What the pages link to is there: files, headings, and the tests and modules that they name by path."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"\b((?:tests|benchmarks|scripts|src)/[\w/]+\.\w+)")
OUTSIDE = ("http://", "https://", "mailto:")
PATTERN = "benchmarks/NAME.py"


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    plain = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = [re.sub(r"[^\w\- ]", "", head.lower()) for head in re.findall(r"^#+ (.*)$", plain, re.MULTILINE)]
    return {head.strip().replace(" ", "-") for head in heads}


def leads_nowhere(page: Path, link: str) -> bool:
    """Tell whether a link to a file or a heading finds none."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return not target.exists() or bool(anchor and target.suffix == ".md" and anchor not in headings(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_what_is_named_is_there(page: Path) -> None:
    """A module that is moved takes its name in the pages with it."""
    text = page.read_text(encoding="utf-8")
    links = [link for link in LINK.findall(text) if not link.startswith(OUTSIDE)]
    assert [link for link in links if leads_nowhere(page, link)] == []
    assert [name for name in NAMED.findall(text) if name != PATTERN and not (ROOT / name).exists()] == []
