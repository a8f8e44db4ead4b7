"""Processes that read files, replaced when one of them dies or takes too long."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from musicrnn.models.corpus_worker import question, read_frame
from musicrnn.models.quantise import GridSettings

SECONDS_A_FILE = 5.0
_COMMAND = (sys.executable, "-m", "musicrnn.models.corpus_worker")
_FILES_A_WORKER = 24


class Job(NamedTuple):
    """A file to read: its name, and how to get its content when its turn comes."""

    name: str
    content: Callable[[], bytes]


class Answer(NamedTuple):
    """What became of a job: the block of its pieces, or the reason why there is none."""

    job: int
    block: bytes = b""
    reason: str = ""


def workers_for(files: int) -> int:
    """Return how many processes are worth starting for so many files."""
    return max(1, min(os.cpu_count() or 1, 8, -(-files // _FILES_A_WORKER)))


@dataclass(slots=True)
class ReaderPool:
    """Reads jobs in ``workers`` processes, each file within ``seconds``.

    A process that dies or is too slow costs its file and is started anew; ``command`` is what is started.
    """

    settings: GridSettings
    workers: int = 1
    seconds: float = SECONDS_A_FILE
    command: Sequence[str] = _COMMAND
    _answers: queue.SimpleQueue[Answer | None] = field(default_factory=queue.SimpleQueue)

    def read(self, jobs: Iterable[Job]) -> Generator[Answer, None, None]:
        """Yield an answer a job, in the order in which they come."""
        waiting: queue.SimpleQueue[tuple[int, Job]] = queue.SimpleQueue()
        for numbered in enumerate(jobs):
            waiting.put(numbered)
        stop = threading.Event()
        threads = [threading.Thread(target=self._serve, args=(waiting, stop)) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        try:
            running = len(threads)
            while running:
                answer = self._answers.get()
                if answer is None:
                    running -= 1
                else:
                    yield answer
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _serve(self, waiting: queue.SimpleQueue[tuple[int, Job]], stop: threading.Event) -> None:
        """Keep one process busy until nothing is waiting."""
        worker: _Worker | None = None
        try:
            while not stop.is_set():
                try:
                    index, job = waiting.get_nowait()
                except queue.Empty:
                    return
                worker = worker or _Worker(self.command)
                answer = worker.ask(index, job, self.settings, self.seconds)
                if not worker.alive:
                    worker.close()
                    worker = None
                self._answers.put(answer)
        finally:
            if worker is not None:
                worker.close()
            self._answers.put(None)


class _Worker:
    """One reading process."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self._late = threading.Event()
        self.alive = True

    def ask(self, index: int, job: Job, settings: GridSettings, seconds: float) -> Answer:
        """Have one file read; a process that did not answer is not ``alive`` any more."""
        try:
            content = job.content()
        except OSError as error:
            return Answer(index, reason=f"{job.name}: a file must be readable, got {error.strerror or error}")
        limit = threading.Timer(seconds, self._stop)
        limit.start()
        try:
            answer = self._exchange(question(content, job.name, settings))
        except (OSError, EOFError):
            self.alive = False
            died = f"the process that read it ended with status {self._process.wait()}"
            late = f"reading must take at most {seconds:g} s, got no answer"
            return Answer(index, reason=f"{job.name}: {late if self._late.is_set() else died}")
        finally:
            limit.cancel()
            limit.join()
        if answer[:1] == b"+":
            return Answer(index, block=answer[1:])
        return Answer(index, reason=answer[1:].decode("utf-8", "replace"))

    def _exchange(self, asked: bytes) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EOFError("the process has no pipes")
        stdin.write(asked)
        stdin.flush()
        return read_frame(stdout)  # type: ignore[arg-type]

    def _stop(self) -> None:
        self._late.set()
        self._process.kill()

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()
