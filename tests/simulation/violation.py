"""What a session ends with where something goes wrong in it: unasked for, or as the simulation asked."""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818 - an invariant is violated; pytest shows it as a failed assertion
    """Something that must never happen did."""


class AsTold(RuntimeError):  # noqa: N818 - it stands for any fault
    """A fault in the program, which the simulation asked for."""
