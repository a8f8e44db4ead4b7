"""Hold back what TensorFlow's C++ parts say of absent GPUs on every machine without one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet() -> Iterator[None]:
    """Send standard error to nowhere while the block runs, unless TF_CPP_MIN_LOG_LEVEL asks for messages."""
    if os.environ.setdefault(LEVEL, "3") != "3":
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
