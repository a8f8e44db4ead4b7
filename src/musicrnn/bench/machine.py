"""What machine it is that is measured."""

from __future__ import annotations

import math
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from musicrnn import __version__
from musicrnn.models.cores import usable_cores


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine in words and figures; ``memory_bytes`` and ``governor`` are 0 and empty where the system does not tell.

    ``load`` is how many programs wanted a processor in the last minute, before the measurement.
    """

    processor: str
    cores: int
    usable_cores: int
    memory_bytes: int
    governor: str
    load: float
    system: str
    versions: dict[str, str]

    def words(self) -> str:
        """Return it in one line."""
        some = f"{self.usable_cores} of " if self.usable_cores != self.cores else ""
        memory = f", {self.memory_bytes / 2**30:.1f} GiB" if self.memory_bytes else ""
        governor = f", governor {self.governor}" if self.governor else ""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        hardware = f"{self.processor}, {some}{self.cores} cores{memory}{governor}"
        return f"{hardware}, load {self.load:.1f}; {self.system}; {versions}"


def machine() -> Machine:
    """Look at this machine."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        usable_cores=usable_cores(),
        memory_bytes=_memory(),
        governor=_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        versions={
            "MusicRNN": __version__,
            "Python": platform.python_version(),
            "ONNX Runtime": version("onnxruntime"),
            "NumPy": version("numpy"),
        },
    )


def free_memory() -> float:
    """Return how many bytes of memory programs can still have; infinity where the system does not tell."""
    for line in _text("/proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024.0
    return _memory() / 2 or math.inf


def _processor() -> str:
    for line in _text("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0


def _line(path: str) -> str:
    return _text(path).strip()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
