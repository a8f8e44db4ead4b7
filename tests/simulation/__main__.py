"""The soak: ``python -m tests.simulation --hours 1000``, or one session again: ``--session SEED``."""

from __future__ import annotations

import sys

from tests.simulation.soak import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
