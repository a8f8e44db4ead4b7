"""How much memory this process has had."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Return the most memory that was resident, in bytes; 0 where the system does not tell.

    Linux is asked for VmHWM, since its ``ru_maxrss`` starts from that of the program that started this one.
    """
    with contextlib.suppress(OSError):
        if found := re.search(r"VmHWM:\s*(\d+) kB", _STATUS.read_text(encoding="ascii", errors="replace")):
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
