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
from musicrnn.models.reading_time import Limits

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


_Numbered = tuple[int, Job]


class _Waiting:
    """Jobs with their numbers, each made when a thread asks for it; those that were late, where they may be again."""

    def __init__(self, jobs: Iterable[_Numbered], late: list[_Numbered] | None) -> None:
        self._jobs = iter(jobs)
        self._lock = threading.Lock()
        self.late = late

    def next(self) -> _Numbered | None:
        """Return the next job, None when there is no more."""
        with self._lock:
            return next(self._jobs, None)


def workers_for(files: int) -> int:
    """Return how many processes are worth starting for so many files."""
    return max(1, min(usable_cores(), 8, -(-files // _FILES_A_WORKER)))


@dataclass(slots=True)
class ReaderPool:
    """Reads jobs in ``workers`` processes, each file within ``limits``.

    A process that dies or is too slow costs the file that it was at, and another goes on with those that waited for
    it. One that was too slow is read once more when all others are done, so that they are not why. ``command`` is what
    is started.
    """

    settings: GridSettings
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    command: Sequence[str] = _COMMAND
    _answers: queue.SimpleQueue[Answer | Exception | None] = field(default_factory=queue.SimpleQueue)

    def read(self, jobs: Iterable[Job]) -> Generator[Answer, None, None]:
        """Yield an answer a job, in the order in which they come.

        Raises CorpusError where a process cannot be started, and what a fault in a thread raises: files that nobody
        read must not look like files that are not there.
        """
        late: list[_Numbered] = []
        yield from self._read(_Waiting(enumerate(jobs), late), self.workers)
        if late:
            yield from self._read(_Waiting(late, None), 1)

    def _read(self, waiting: _Waiting, workers: int) -> Generator[Answer, None, None]:
        stop = threading.Event()
        threads = [threading.Thread(target=self._serve, args=(waiting, stop)) for _ in range(workers)]
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
        asked: deque[_Numbered] = deque()  # what the process has been given, the oldest first
        process: ReadingProcess | None = None
        try:
            while not stop.is_set():
                process = self._ask(process, asked, waiting, stop)
                if process is None or not asked:
                    return
                if not self._take(process, asked.popleft(), waiting):
                    process.close()
                    process = None
        except Exception as error:  # noqa: BLE001 - it is raised where the answers are awaited
            self._answers.put(error)
        finally:
            if process is not None:
                process.close()
            self._answers.put(None)

    def _ask(
        self, process: ReadingProcess | None, asked: deque[_Numbered], waiting: _Waiting, stop: threading.Event
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
            process = process or self._started(stop)
            process.ask(content, job.name, self.settings)
            asked.append((index, job))
        return process

    def _started(self, stop: threading.Event) -> ReadingProcess:
        """Return a process that is ready; CorpusError where there is none, for which no file is to blame."""
        rule = "files must be read by a process of their own, got"
        try:
            process = ReadingProcess(self.command, self.limits, stop)
        except OSError as error:
            raise CorpusError(f"{rule} none: {error.strerror}") from error
        try:
            process.wait_until_ready()
        except (OSError, EOFError) as error:
            process.close()
            late = f"was not ready after {self.limits.start:g} s"
            got = late if process.late else f"ended with status {process.status()} before it was ready"
            raise CorpusError(f"{rule} one that {got}") from error
        return process

    def _take(self, process: ReadingProcess, numbered: _Numbered, waiting: _Waiting) -> bool:
        """Put what became of a job among the answers, or among those to read again; tell if its process lives on."""
        index, job = numbered
        try:
            answer = process.answer()
        except (OSError, EOFError):
            if process.late and waiting.late is not None:
                waiting.late.append(numbered)
            else:
                self._answers.put(Answer(index, reason=f"{job.name}: {self._why(process)}"))
            return False
        block, reason = (answer[1:], b"") if answer[:1] == b"+" else (b"", answer[1:])
        self._answers.put(Answer(index, block, reason.decode(errors=UNCHANGED)))
        return True

    def _why(self, process: ReadingProcess) -> str:
        if not process.late:
            return f"the process that read it ended with status {process.status()}"
        processor, wall = self.limits.processor, self.limits.wall
        return f"reading must take at most {processor:g} s of a processor, {wall:g} s in all, got no answer"
