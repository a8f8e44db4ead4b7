"""``python -m musicrnn.daemon.player ORDERS``: started by the engine, never by hand."""

from __future__ import annotations

import sys

from musicrnn.daemon.player.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
