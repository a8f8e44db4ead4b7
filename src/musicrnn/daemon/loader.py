"""Getting another model ready while one plays: in a thread, after a trial in a process of its own."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from musicrnn.daemon.priming import read_ahead
from musicrnn.daemon.priority import unhindered
from musicrnn.daemon.session import hash_of
from musicrnn.errors import ModelError
from musicrnn.files import read_in_stretches, write_in_stretches
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.timing import Position

SECONDS = 90.0
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 2.0
HOLDUP_SECONDS = 0.01
HOLDUP_SECONDS_A_BYTE = 2e-9
BLAS = "blas"  # the way of steps in which ONNX Runtime has no part
BLAS_HOLDUP_SECONDS_A_BYTE = 2e-10  # its bytes are let go of
MOST_HOLDUP_SECONDS = 0.25

Refuse = Callable[[str], None]
Command = Callable[[str, float], list[str]]


@dataclass(frozen=True, slots=True)
class Wish:
    """A model that somebody wants, the tempo that it must keep up with, and how to tell them that it cannot be.

    ``prime`` gives the text that it would begin from now, in any thread.
    """

    name: str
    bpm: float
    refuse: Refuse
    prime: Callable[[], str] = str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to play."""

    wish: Wish
    generator: Generator
    digest: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A model that is not to be played, and why."""

    wish: Wish
    reason: str


class ModelLoader(Protocol):
    """Loads models in its own time; the last one that was wanted, of a name that there is, wins."""

    @property
    def loading(self) -> str:
        """The name of the model that is being loaded, empty while there is none."""
        ...

    @property
    def holdup(self) -> float:
        """For how many seconds it may soon hold up every other thread, 0 while it does not."""
        ...

    def go_ahead(self) -> None:
        """Be told that all that is due within that time is in the player already."""
        ...

    def want(self, wish: Wish) -> None:
        """Begin to load a model, in place of one that is being loaded unless there is none of its name."""
        ...

    def result(self) -> Loaded | Refused | None:
        """Return what became of a wish, each once."""
        ...

    def discard(self, things: Sequence[object]) -> None:
        """Let go of what is not used any more."""
        ...


class NoLoader:
    """For where the model stays what it is."""

    loading = ""
    holdup = 0.0

    def go_ahead(self) -> None:
        """Pass it over."""

    def want(self, wish: Wish) -> None:
        """Refuse it."""
        wish.refuse(f"the model must stay the same here, got a wish for {wish.name}")

    def result(self) -> Loaded | Refused | None:
        """Return None."""
        return None

    def discard(self, things: Sequence[object]) -> None:
        """Pass it over."""


class Loader:
    """Loads models from their files, known by name; ``notify`` is called when there is a result.

    ``files`` holds further models by name: those that this program was started with. Names are looked up in its thread,
    also while a model is tried there: one that nobody knows is refused, and what is loaded is left alone.

    ``patience`` is for how many seconds at most it waits for whoever plays to be ahead, before it builds a model: where
    ONNX Runtime is to run it, that lets no other thread run meanwhile, for a time that grows with the model.
    """

    def __init__(
        self,
        notify: Callable[[], None],
        files: Mapping[str, Path] | None = None,
        *,
        seconds: float = SECONDS,
        command: Command | None = None,
        patience: float = 0.0,
    ) -> None:
        self.holdup = 0.0
        self._patience = patience
        self._may_build = threading.Event()
        self._notify = notify
        self._files = dict(files or {})
        self._seconds = seconds
        self._command = command if command is not None else _trial
        self._jobs: queue.SimpleQueue[list[object] | None] = queue.SimpleQueue()
        self._wishes: deque[Wish] = deque()
        self._next: Wish | None = None
        self._shown: Wish | None = None
        self._results: deque[Loaded | Refused] = deque()
        self._thread: threading.Thread | None = None
        self._closing = False

    @property
    def loading(self) -> str:
        """The name of the model that is being loaded, empty while there is none."""
        shown = self._shown
        return "" if shown is None else shown.name

    def want(self, wish: Wish) -> None:
        """Begin to load a model, in place of one that is being loaded unless there is none of its name."""
        if self._shown is None:
            self._shown = wish
        self._wishes.append(wish)
        self._put([])

    def result(self) -> Loaded | Refused | None:
        """Return what became of a wish, each once."""
        return self._results.popleft() if self._results else None

    def discard(self, things: Sequence[object]) -> None:
        """Let go of what is not used any more, in the loader's thread."""
        if things:
            self._put([*things])

    def go_ahead(self) -> None:
        """Be told that all that is due within ``holdup`` is in the player already."""
        self._may_build.set()

    def close(self) -> None:
        """Give up what is being loaded."""
        self._closing = True
        self._may_build.set()
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout=5.0)

    def _put(self, job: list[object]) -> None:
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="musicrnn-loader", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        with unhindered():
            while (job := self._jobs.get()) is not None:
                del job
                self._fulfil_next()

    def _fulfil_next(self) -> None:
        self._look_at_wishes()
        if self._next is not None:
            wish, self._next = self._next, None
            self._fulfil(wish)

    def _look_at_wishes(self) -> None:
        """Let the last wish for a model that there is be the next, and refuse those for names that nobody knows."""
        while self._wishes and not self._closing:
            wish = self._wishes.popleft()
            refused = self._refusal(wish, partial(self._check_name, wish.name))
            if refused is not None:
                self._report(refused)
                continue
            if self._next is not None:
                _give_up(self._next)
            self._next = self._shown = wish

    def _fulfil(self, wish: Wish) -> None:
        loaded: list[Loaded] = []
        refused = self._refusal(wish, lambda: loaded.append(self._loaded(wish)))
        if self._is_wanted():
            self._report(refused if refused is not None else loaded[0])
        elif not self._closing:
            _give_up(wish)

    def _refusal(self, wish: Wish, work: Callable[[], None]) -> Refused | None:
        """Do some of what a wish needs; return why it cannot be, None where it can."""
        try:
            work()
        except ModelError as error:
            return Refused(wish, str(error))
        except Exception as error:  # noqa: BLE001  a wish must not end the loader
            return Refused(wish, f"model {wish.name}: {type(error).__name__}: {error}")
        return None

    def _report(self, result: Loaded | Refused) -> None:
        if result.wish is self._shown:
            self._shown = None
        self._results.append(result)
        self._notify()

    def _is_wanted(self) -> bool:
        """Tell whether no other is to be loaded in place of the one that is."""
        self._look_at_wishes()
        return self._next is None and not self._closing

    def _check_name(self, name: str) -> None:
        """Raise ModelError for a name that nobody knows."""
        from musicrnn.models.catalogue import named
        from musicrnn.models.untrained import NAME

        if name != NAME:
            named(name, self._files)

    def _loaded(self, wish: Wish) -> Loaded:
        """Load a model: its bytes are read once, and these are what is tried and what plays."""
        from musicrnn.daemon.trial import model_of

        if not self._is_wanted():
            raise ModelError(f"model {wish.name}: another was wanted after it")
        content = _content_of(wish.name, self._files)
        way = self._try(wish, content)
        with self._holding_up(len(content), way):
            generator = Generator(model_of(wish.name, content, way))
            _warm_up(generator)
            del content  # within, as that holds others up as well
        read_ahead(generator, wish.prime())
        return Loaded(wish, generator, hash_of(generator.model))

    @contextlib.contextmanager
    def _holding_up(self, size: int, way: str) -> Iterator[None]:
        """Let whoever plays be ahead while a model of so many bytes is built that is stepped in a way."""
        if self._patience:
            self._may_build.clear()
            a_byte = BLAS_HOLDUP_SECONDS_A_BYTE if way == BLAS else HOLDUP_SECONDS_A_BYTE
            self.holdup = min(HOLDUP_SECONDS + size * a_byte, MOST_HOLDUP_SECONDS)
            self._notify()
            self._may_build.wait(self._patience)
        try:
            yield
        finally:
            self.holdup = 0.0

    def _try(self, wish: Wish, content: bytes) -> str:
        """Let a process try the model; return how it is best stepped, empty where that is not said.

        Raises ModelError where it finds a reason, falls, or takes too long.
        """
        with tempfile.TemporaryFile(buffering=0) as file:
            write_in_stretches(file, content)
            file.seek(0)
            words = self._command(wish.name, wish.bpm)
            with subprocess.Popen(
                words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
            ) as process:
                try:
                    status = self._wait(process, wish)
                finally:
                    process.kill()
                output = process.stdout.read() if process.stdout is not None else b""
        answer = _answer(output)
        if answer is None:
            raise ModelError(f"model {wish.name}: it must stand its trial, which ended with status {status}")
        if "error" in answer:
            raise ModelError(str(answer["error"]))
        return str(answer.get("way", ""))

    def _wait(self, process: subprocess.Popen[bytes], wish: Wish) -> int:
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return process.wait(timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if not self._is_wanted():
                    raise ModelError(f"model {wish.name}: its trial was given up") from None
                if time.monotonic() > deadline:
                    raise ModelError(
                        f"model {wish.name}: its trial must take at most {self._seconds:g} seconds"
                    ) from None


def _trial(name: str, bpm: float) -> list[str]:
    return [sys.executable, "-P", "-m", "musicrnn.daemon.trial", name, repr(bpm)]


def _give_up(wish: Wish) -> None:
    wish.refuse(f"model {wish.name} is not loaded: another was wanted after it")


def _content_of(name: str, files: Mapping[str, Path]) -> bytes:
    """Return the bytes of a model's file, at most one more than is allowed; ModelError where there is none."""
    from musicrnn.models.catalogue import named
    from musicrnn.models.model_file import MAX_BYTES
    from musicrnn.models.untrained import NAME

    if name == NAME:
        return b""
    try:
        return read_in_stretches(named(name, files), MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"model {name}: it must be a file that can be read: {error.strerror}") from error


def _answer(output: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return values if isinstance(values, dict) else None


def _warm_up(generator: Generator) -> None:
    """Make a few ticks that nobody hears: the first of anything is slow."""
    point = generator.begin()
    for tick in range(4):
        point = generator.tick(tick, 0, Position(0, 0, 4), Choice(), point).after
