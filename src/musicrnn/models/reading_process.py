"""One process that reads files, some of them waiting at its door so that it never has to."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence

from musicrnn.models.corpus_worker import question, read_frame
from musicrnn.models.quantise import GridSettings


class ReadingProcess:
    """A process that answers questions in their order, each within ``seconds`` of the answer before it.

    Questions are written by a thread, so that a process that waits for its answer to be taken holds up nobody; another
    thread ends a process that takes too long. Not thread-safe: one thread asks and takes the answers.
    """

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self.seconds = seconds
        self.late = False
        self._questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._due = time.monotonic() + seconds
        self._closed = threading.Event()
        self._threads = [threading.Thread(target=target) for target in (self._write, self._watch)]
        for thread in self._threads:
            thread.start()

    def ask(self, content: bytes, name: str, settings: GridSettings) -> None:
        """Put a question behind the others."""
        self._questions.put(question(content, name, settings))

    def answer(self) -> bytes:
        """Return the answer to the oldest question without one; EOFError or OSError where none comes."""
        self._due = time.monotonic() + self.seconds
        stdout = self._process.stdout
        if stdout is None:
            raise EOFError("the process has no pipes")
        return read_frame(stdout)  # type: ignore[arg-type]

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

    def _write(self) -> None:
        stdin = self._process.stdin
        while stdin is not None and (asked := self._questions.get()):
            try:
                stdin.write(asked)
                stdin.flush()
            except OSError:
                return

    def _watch(self) -> None:
        while not self._closed.wait(max(self._due - time.monotonic(), 0)):
            if time.monotonic() >= self._due:
                self.late = True
                self._process.kill()
                return
