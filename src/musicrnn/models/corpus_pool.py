"""Processes that read files, replaced when one of them dies or takes too long."""

from __future__ import annotations

import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from musicrnn.errors import CorpusError
from musicrnn.models.cores import usable_cores
from musicrnn.models.corpus_worker import UNCHANGED
from musicrnn.models.quantise import GridSettings
from musicrnn.models.reading_process import ReadingProcess

SECONDS_A_FILE = 5.0
_COMMAND = (sys.executable, "-m", "musicrnn.models.corpus_worker")
AHEAD = 4
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


class _Waiting:
    """Jobs with their numbers, each made when a thread asks for it."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = enumerate(jobs)
        self._lock = threading.Lock()

    def next(self) -> tuple[int, Job] | None:
        """Return the next job, None when there is no more."""
        with self._lock:
            return next(self._jobs, None)


def workers_for(files: int) -> int:
    """Return how many processes are worth starting for so many files."""
    return max(1, min(usable_cores(), 8, -(-files // _FILES_A_WORKER)))


@dataclass(slots=True)
class ReaderPool:
    """Reads jobs in ``workers`` processes, each file within ``seconds``.

    A process that dies or is too slow costs the file that it was at, and another goes on with those that waited for
    it; ``command`` is what is started.
    """

    settings: GridSettings
    workers: int = 1
    seconds: float = SECONDS_A_FILE
    command: Sequence[str] = _COMMAND
    _answers: queue.SimpleQueue[Answer | Exception | None] = field(default_factory=queue.SimpleQueue)

    def read(self, jobs: Iterable[Job]) -> Generator[Answer, None, None]:
        """Yield an answer a job, in the order in which they come.

        Raises CorpusError where a process cannot be started, and what a fault in a thread raises: files that nobody
        read must not look like files that are not there.
        """
        waiting = _Waiting(jobs)
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
                elif isinstance(answer, Exception):
                    raise answer
                else:
                    yield answer
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _serve(self, waiting: _Waiting, stop: threading.Event) -> None:
        """Keep one process busy until nothing is waiting."""
        asked: deque[tuple[int, Job]] = deque()  # what the process has been given, the oldest first
        process: ReadingProcess | None = None
        try:
            while not stop.is_set():
                process = self._ask(process, asked, waiting)
                if process is None or not asked:
                    return
                index, job = asked.popleft()
                answer, lives = self._answer(process, index, job)
                self._answers.put(answer)
                if not lives:
                    process.close()
                    process = None
        except Exception as error:  # noqa: BLE001 - it is raised where the answers are awaited
            self._answers.put(error)
        finally:
            if process is not None:
                process.close()
            self._answers.put(None)

    def _ask(
        self, process: ReadingProcess | None, asked: deque[tuple[int, Job]], waiting: _Waiting
    ) -> ReadingProcess | None:
        """Give a process, made anew if need be, what the one before it left, and more until enough waits for it."""
        left = deque() if process else asked.copy()
        if left:
            asked.clear()
        while len(asked) < AHEAD:
            numbered = left.popleft() if left else waiting.next()
            if numbered is None:
                break
            index, job = numbered
            try:
                content = job.content()
            except OSError as error:
                reason = f"{job.name}: a file must be readable, got {error.strerror or error}"
                self._answers.put(Answer(index, reason=reason))
                continue
            process = process or self._started()
            process.ask(content, job.name, self.settings)
            asked.append((index, job))
        return process

    def _started(self) -> ReadingProcess:
        try:
            return ReadingProcess(self.command, self.seconds)
        except OSError as error:
            raise CorpusError(f"files must be read by a process of their own, got none: {error.strerror}") from error

    def _answer(self, process: ReadingProcess, index: int, job: Job) -> tuple[Answer, bool]:
        """Return what became of a job, and whether its process lives on."""
        try:
            answer = process.answer()
        except (OSError, EOFError):
            died = f"the process that read it ended with status {process.status()}"
            late = f"reading must take at most {self.seconds:g} s, got no answer"
            return Answer(index, reason=f"{job.name}: {late if process.late else died}"), False
        if answer[:1] == b"+":
            return Answer(index, block=answer[1:]), True
        return Answer(index, reason=answer[1:].decode(errors=UNCHANGED)), True
