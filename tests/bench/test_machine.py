"""A figure says on what it was taken."""

from __future__ import annotations

import os
import platform

from musicrnn.bench.machine import Machine, free_memory, machine


def test_the_machine_is_described() -> None:
    """As far as the system tells."""
    found = machine()
    assert found.processor
    assert 1 <= found.usable_cores <= found.cores == os.cpu_count()
    assert found.versions["Python"] == platform.python_version()


def test_free_memory_is_no_more_than_there_is() -> None:
    """Where the system tells of both."""
    assert free_memory() > 0
    if machine().memory_bytes:
        assert free_memory() <= machine().memory_bytes


def test_nobody_is_named() -> None:
    """A pasted table must not tell whose machine it was."""
    assert platform.node() not in machine().words().split()


def test_words_say_what_there_is_and_leave_out_the_rest() -> None:
    """One line, to stand above a table."""
    found = Machine("Chip", 4, 2, 8 * 2**30, "performance", 0.25, "Linux 6 x86_64", {"Python": "3.12.1"})
    assert found.words() == (
        "Chip, 2 of 4 cores, 8.0 GiB, governor performance, load 0.2; Linux 6 x86_64; Python 3.12.1"
    )
    bare = Machine("Chip", 4, 4, 0, "", 0.0, "Darwin 24 arm64", {})
    assert bare.words() == "Chip, 4 cores, load 0.0; Darwin 24 arm64; "
