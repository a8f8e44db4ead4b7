"""Add up the examples in hypothesis' statistics: ``count_examples.py FILE LEAST``; exit status 1 if below LEAST."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PASSING = re.compile(r"(\d+) passing examples")


def main(file: Path, least: int) -> int:
    """Print how many examples passed and return the exit status."""
    tests = [sum(map(int, PASSING.findall(part))) for part in file.read_text().split("during generate phase")[1:]]
    total = sum(tests)
    print(f"{total} examples in {len(tests)} property tests; at least {least} are wanted")
    return 0 if total >= least else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
