"""What `make test` leaves out in one environment, it runs in the other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ELSEWHERE = ("resource", "pty")
"""Modules of Python itself that only some systems have."""


def run_twice() -> set[Path]:
    """Return the test files that `make test` runs both without and with the extras of training."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.search(r"^WITH_AND_WITHOUT := (.*)$", makefile, re.MULTILINE)
    assert found is not None
    named = [path for pattern in found[1].split() for path in ROOT.glob(pattern)]
    return {file for path in named for file in ([path] if path.is_file() else path.rglob("test_*.py"))}


def test_what_needs_a_package_that_plays_without_is_run_where_it_is_installed() -> None:
    """A module that is skipped without a package is among those that are run again with all of them."""
    twice = run_twice()
    skipping = re.compile(r"importorskip\(\"(?!" + "|".join(ELSEWHERE) + r")")
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if skipping.search(path.read_text(encoding="utf-8"))]
    assert files
    assert [path for path in files if path not in twice and "pytest.mark.train" not in path.read_text()] == []
