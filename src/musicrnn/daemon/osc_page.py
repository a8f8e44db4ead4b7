"""The table in docs/osc.md, written from that of the program: ``python -m musicrnn.daemon.osc_page docs``."""

from __future__ import annotations

import sys
from pathlib import Path

from musicrnn.daemon.osc import ADDRESSES, QUESTIONS
from musicrnn.files import write_text_whole

BEGIN, END = "<!-- addresses: begin -->\n", "<!-- addresses: end -->"
HEAD = "| address | values | what it does | when |\n|---|---|---|---|\n"


def address_table() -> str:
    """Return all addresses that are taken, one a line."""
    rows = [(address, row.values, row.meaning, row.when) for address, row in ADDRESSES.items()]
    rows += [(address, values, meaning, "at once") for address, (_, values, meaning) in QUESTIONS.items()]
    return HEAD + "".join(f"| `{row[0]}` | {' | '.join(row[1:])} |\n" for row in rows)


def renewed(page: str) -> str:
    """Return the page with its table as it should be. Raises ValueError where it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page must have {BEGIN.strip()} and {END}, got neither or one")
    return before + BEGIN + address_table() + END + after


def main() -> int:
    """Write the table into osc.md in the folder named on the command line (default ``docs``)."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "docs") / "osc.md"
    write_text_whole(path, renewed(path.read_text(encoding="utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
