"""What every test run shares: hypothesis profiles, and what to leave out where a program or extra is missing."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

TRAIN_MARK = "pytestmark = pytest.mark.train"
MADE_FOR_A_MODULE = 'scope="module"'
HAS_TRAIN = importlib.util.find_spec("tensorflow") is not None
NOTHING_MAY_BE_MISSING = bool(os.environ.get("MUSICRNN_NOTHING_MAY_BE_MISSING"))
PROGRAM_OF_MARK = {"jack": "jackd", "daw": "ardour7-lua", "alsa": "qemu-system-x86_64"}

# JAX, which TensorFlow loads where it is installed, would set 1, for all programs that tests start too.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_SHARED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("normal", _SHARED, max_examples=40)
settings.register_profile("long", _SHARED, max_examples=1000)
settings.load_profile("normal")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background has them, and all programs that they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup() -> None:
    """Give each test arithmetic with subnormal numbers again, which hypothesis insists on.

    ONNX Runtime, told to treat them as zero (they are slow), leaves the thread that ran it so; another test in the
    same process must not notice. FE_DFL_ENV is the pointer -1 in glibc's fenv.h.
    """
    if sys.platform == "linux":
        ctypes.CDLL("libm.so.6").fesetenv(ctypes.c_void_p(-1))


@pytest.fixture(scope="session")
def with_jax() -> None:
    """Skip what needs JAX where it is not installed, unless nothing may be missing."""
    if importlib.util.find_spec("jax") is None and not NOTHING_MAY_BE_MISSING:
        pytest.skip("JAX is not installed")


@cache
def _shares(file: Path) -> bool:
    """Tell whether tests of a file share what is made for all of them."""
    return file.suffix == ".py" and MADE_FOR_A_MODULE in file.read_text(encoding="utf-8")


class Spread(LoadScopeScheduling):  # type: ignore[misc]
    """Give each test to whichever process of pytest-xdist is free, and tests that share something to one, first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _shares(self.config.rootpath / file) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread | None:
    """Spread tests so with `-n`, unless another way is asked for by `--dist`."""
    return Spread(config, log) if config.getoption("dist") == "load" else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave a module that needs the train extra unimported where the extra is not installed."""
    if HAS_TRAIN or collection_path.suffix != ".py":
        return None
    return True if TRAIN_MARK in collection_path.read_text(encoding="utf-8") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of the train extra without it, and of programs that are not here unless nothing may be missing."""
    for item in items:
        if not HAS_TRAIN and item.get_closest_marker("train") is not None:
            item.add_marker(pytest.mark.skip(reason="the train extra is not installed"))
    if NOTHING_MAY_BE_MISSING:
        return
    missing = {mark: program for mark, program in PROGRAM_OF_MARK.items() if shutil.which(program) is None}
    for item in items:
        for mark, program in missing.items():
            if item.get_closest_marker(mark) is not None:
                item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))
