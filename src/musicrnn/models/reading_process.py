"""One process that reads files, some of them waiting at its door so that it never has to."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Sequence

from musicrnn.models.corpus_worker import READY, question, read_frame
from musicrnn.models.quantise import GridSettings
from musicrnn.models.reading_time import Limits, Spent, seconds_left, spent_by

_LOOKED_AFTER = (0.01, 0.5)  # seconds between two looks of the thread that watches, at the least and at the most


class ReadingProcess:
    """A process that says when it is ready and answers questions in their order, each within ``limits``.

    Questions are written by a thread, so that a process that waits for its answer to be taken holds up nobody; another
    thread ends a process that takes too long, or whose answers nobody waits for any more (``stop``). Not thread-safe:
    one thread asks and takes the answers.
    """

    def __init__(self, command: Sequence[str], limits: Limits, stop: threading.Event) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self.late = False
        self._limits, self._stop = limits, stop
        self._questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._turn: tuple[Spent, Limits] | None = None  # since when an answer is awaited, and within what
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=target) for target in (self._write, self._watch)]
        for thread in self._threads:
            thread.start()

    def ask(self, content: bytes, name: str, settings: GridSettings) -> None:
        """Put a question behind the others."""
        self._questions.put(question(content, name, settings))

    def wait_until_ready(self) -> None:
        """Wait until it has started, which costs no file its time; EOFError or OSError where it does not."""
        start = self._limits.start
        if self._awaited(Limits(start, start, start)) != READY:
            raise EOFError("a process must say first that it is ready")

    def answer(self) -> bytes:
        """Return the answer to the oldest question without one; EOFError or OSError where none comes."""
        return self._awaited(self._limits)

    def status(self) -> int:
        """Return how the process ended, when it has."""
        return self._process.wait()

    def close(self) -> None:
        """End the process and its threads."""
        self._closed.set()
        self._questions.put(b"")
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _awaited(self, limits: Limits) -> bytes:
        stdout = self._process.stdout
        if stdout is None:
            raise EOFError("the process has no pipes")
        self._turn = (spent_by(self._process.pid), limits)
        try:
            return read_frame(stdout)  # type: ignore[arg-type]
        finally:
            self._turn = None

    def _write(self) -> None:
        stdin = self._process.stdin
        while stdin is not None and (asked := self._questions.get()):
            try:
                stdin.write(asked)
                stdin.flush()
            except OSError:
                return

    def _watch(self) -> None:
        least, most = _LOOKED_AFTER
        while not self._closed.wait(min(max(self._left(), least), most)):
            self.late = self._left() <= 0
            if self.late or self._stop.is_set():
                self._process.kill()
                return

    def _left(self) -> float:
        turn = self._turn
        return seconds_left(turn[0], spent_by(self._process.pid), turn[1]) if turn else self._limits.processor
