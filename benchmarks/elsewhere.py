"""A call that is made in a process of its own, where it may have settings that hold for a whole process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Call = Callable[[], int]


class Elsewhere:
    """Calls what ``build`` returns, each time that it is called itself, in a process of its own; needs to be closed.

    What ``build`` raises is raised here. It and its arguments must be such that they can be pickled.
    """

    def __init__(self, build: Callable[..., Call], *given: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_answer, args=(theirs, build, given), daemon=True)
        self._process.start()
        theirs.close()
        self._heard()

    def __call__(self) -> int:
        """Let it be called once; return what it returns."""
        self._ours.send(True)
        return self._heard()

    def close(self) -> None:
        """End the process."""
        self._ours.close()
        self._process.join()

    def _heard(self) -> int:
        answer = self._ours.recv()
        if isinstance(answer, Exception):
            raise answer
        return int(answer)


def _answer(asked: Connection, build: Callable[..., Call], given: tuple[Any, ...]) -> None:
    try:
        call = build(*given)
        asked.send(0)
    except Exception as error:  # noqa: BLE001  it is raised in the other process
        asked.send(error)
        return
    try:
        while asked.recv():
            asked.send(call())
    except EOFError:
        return
