"""`python -m musicrnn` is `musicrnn`."""

import sys

from musicrnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
