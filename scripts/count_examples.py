"""Add up the examples in hypothesis' statistics: ``count_examples.py FILE LEAST``; exit status 1 if below LEAST."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PASSING = re.compile(r"^ +- (\d+) passing", re.MULTILINE)
A_TEST = "during generate phase"


def main(file: Path, least: int) -> int:
    """Print how many examples passed and return the exit status."""
    statistics = file.read_text(encoding="utf-8")
    total = sum(map(int, PASSING.findall(statistics)))
    print(f"{total} examples in {statistics.count(A_TEST)} property tests; at least {least} are wanted")
    return 0 if total >= least else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
