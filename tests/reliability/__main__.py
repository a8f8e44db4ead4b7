"""Every fault as often as docs/reliability.md says, one test after the other: ``python -m tests.reliability``.

Rows of tests that passed are in the table at once, and such tests are left out the next time: what was broken off, or
failed, goes on where it was.
"""

from __future__ import annotations

import sys

from tests.reliability.rows import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
