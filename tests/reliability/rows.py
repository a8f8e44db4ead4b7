"""The rows of the table of reliability, each made by a run of its own, in as many sittings as it takes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

TESTS = (
    "tests/reliability",
    "tests/daemon/test_swaps_on_jack.py",
    "tests/daemon/test_loader.py",
    "tests/end_to_end/test_jack_transport.py",
    "tests/end_to_end/test_clock.py",
    "tests/trainer/test_workers.py::test_four_workers_of_which_one_is_killed_learn_what_one_worker_learns",
)
HEAD = "| fault | times | median ms | worst ms | limit ms |\n|---|---|---|---|---|\n"
PYTEST = [sys.executable, "-m", "pytest", "-q"]

Run = Callable[[str, Path], bool]


class Rows:
    """A table at ``path``, and beside it a list of the tests whose rows are in it."""

    def __init__(self, path: Path) -> None:
        self._table = path
        self._list = path.with_suffix(".done")

    def forget(self) -> None:
        """Begin anew."""
        self._table.unlink(missing_ok=True)
        self._list.unlink(missing_ok=True)

    @property
    def done(self) -> set[str]:
        """The tests that passed."""
        return set(self._list.read_text(encoding="utf-8").splitlines()) if self._list.exists() else set()

    def make(self, tests: Sequence[str], run: Run) -> list[str]:
        """Run the tests that did not pass yet, add what each has written once it passed; return those that failed."""
        failed: list[str] = []
        for test in tests:
            if test in self.done:
                print(f"passed before: {test}")
            elif not self._passes(test, run):
                failed.append(test)
        return failed

    def _passes(self, test: str, run: Run) -> bool:
        with tempfile.TemporaryDirectory(prefix="musicrnn-") as folder:
            rows = Path(folder) / "rows"
            passes = run(test, rows)
            written = rows.read_text(encoding="utf-8") if rows.exists() else ""
        if passes:
            self._add(test, written)
        return passes

    def _add(self, test: str, written: str) -> None:
        self._table.parent.mkdir(parents=True, exist_ok=True)
        head = "" if self._table.exists() else HEAD
        with self._table.open("a", encoding="utf-8") as table:
            table.write(head + written)
        with self._list.open("a", encoding="utf-8") as done:
            done.write(f"{test}\n")

    def __str__(self) -> str:
        return self._table.read_text(encoding="utf-8") if self._table.exists() else HEAD


def tests_named(words: Sequence[str]) -> list[str]:
    """Return the names of the tests that pytest collects; RuntimeError with what it says where there are none."""
    found = subprocess.run(
        [*PYTEST, "--collect-only", *words, *TESTS], env=_environment(), capture_output=True, text=True, check=False
    )
    names = [line for line in found.stdout.splitlines() if "::" in line]
    if found.returncode or not names:
        raise RuntimeError(f"no tests: {found.stdout}{found.stderr}")
    return names


def run_test(test: str, rows: Path) -> bool:
    """Run one test, which adds its rows to a file; tell whether it passed."""
    print(f"\n{test}", flush=True)
    return subprocess.run([*PYTEST, "-s", test], env=_environment(rows), check=False).returncode == 0


def _environment(rows: Path | None = None) -> dict[str, str]:
    table = {} if rows is None else {"MUSICRNN_RELIABILITY_TABLE": str(rows)}
    return {**os.environ, "MUSICRNN_LONG": "1", **table}


def main(words: Sequence[str]) -> int:
    """Make the table, or as much of it as is asked for; the exit status is 1 where a test failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability")
    parser.add_argument("-k", metavar="EXPRESSION", default="", help="only the tests that pytest chooses by it")
    parser.add_argument("--table", type=Path, default=Path("build/reliability.md"), help="where the rows go")
    parser.add_argument("--anew", action="store_true", help="run what passed before too, and begin the table anew")
    given = parser.parse_args(words)
    rows = Rows(given.table)
    if given.anew:
        rows.forget()
    failed = rows.make(tests_named(["-k", given.k] if given.k else []), run_test)
    print(f"\n{rows}", *(f"failed: {test}" for test in failed), sep="\n")
    return 1 if failed else 0
