"""The command `musicrnn sample`: music made as fast as the model goes, or a session played again."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from musicrnn.config.outputs import check_files, named_file, writing
from musicrnn.config.play import PlaySettings
from musicrnn.config.sample import SampleSettings
from musicrnn.config.settings import Settings
from musicrnn.control import Start, fresh_seed
from musicrnn.daemon.bar_text import BarText, whole_text
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.prime_text import prime_text
from musicrnn.daemon.recording import Recording
from musicrnn.daemon.replay import Replay, check_model
from musicrnn.daemon.session import Session, hash_of, read_session, resolved
from musicrnn.errors import ModelError, SessionError
from musicrnn.files import write_text_whole
from musicrnn.models.catalogue import sealed
from musicrnn.models.generator import Generator
from musicrnn.models.score import Score, bar_length
from musicrnn.models.step import StepModel
from musicrnn.models.text_write import text_of
from musicrnn.models.untrained import NAME as UNTRAINED

TEXT = ".txt"
ENDINGS = (".mid", ".midi", TEXT)

Follow = Callable[[Recording, int], None]


def run(settings: Settings) -> int:
    """Sample as the settings say, from the model that they name; return the exit status."""
    from musicrnn.models.onnx_step import load_model

    _check_outputs(settings.sample)
    if not settings.sample.replay:
        return sample(settings, load_model(settings.play.model))
    session = _session(settings.sample.replay)
    typed = settings.origins.get("play.model") == "--model"  # that of a settings file is for what is played anew
    return replay(settings, load_model(settings.play.model if typed else session.header.play.model), session)


def sample(settings: Settings, model: StepModel) -> int:
    """Make something new with a model, and write or print it."""
    play = resolved(settings.play, model.info, fresh_seed())
    if play.seed != settings.play.seed:
        _say(f"seed {play.seed}")
    length = length_in_ticks(settings.sample, play, model)
    prime = prime_text(play.prime, model.info.vocabulary)
    if play.transpose:
        _deliver(made(model, play, prime, length), settings.sample, model)
        return 0
    with _output(settings.sample, model, length) as output:
        output.finish(made(model, play, prime, length, output.follow))
    return 0


def replay(settings: Settings, model: StepModel, session: Session) -> int:
    """Play a session again, and write or print it."""
    check_model(session, Generator(model), hash_of(model))
    swapped = any(entry["do"] == "model" for entry in session.entries)
    transposed = session.header.play.transpose or any(entry.get("name") == "transpose" for entry in session.entries)
    if not session.complete:
        _say(f"{settings.sample.replay}: the session breaks off; it is played up to the last bar in its log")
    length = session.entries[-1]["tick"] if session.entries else 0
    if swapped or transposed:
        _deliver(replayed(model, session), settings.sample, None if swapped else model)
        return 0
    with _output(settings.sample, model, length) as output:
        output.finish(replayed(model, session, output.follow))
    return 0


def session_model(name: str, digest: str) -> StepModel:
    """Return a model that took over in a session, by its name and seal; SessionError where it is not there."""
    from musicrnn.models.onnx_step import load_model

    try:
        return load_model(name if name == UNTRAINED else str(sealed(name, digest)))
    except ModelError as error:
        raise SessionError(f"the session must be replayed with its own models: {error}") from error


def made(model: StepModel, play: PlaySettings, prime: str, length: int, told: Follow | None = None) -> Score:
    """Return ``length`` ticks of new music, or fewer where the piece ends.

    ``play`` must have a seed and a tempo; ``told`` is given the recording and the number of ticks in it
    after each. It is what the daemon would play with the same settings.
    """
    engine = Engine(Generator(model), replace(play, bars=0), prime=prime)
    engine.handle(Start(), 0.0)
    while engine.prepare(0.0):
        pass
    while engine.tick < length:
        deadline = engine.next_deadline()
        if deadline is None:
            break
        engine.release(deadline)
        if told is not None:
            told(engine.recording, engine.tick)
    engine.silence(0.0)
    return engine.recording.score(engine.tick)


def replayed(model: StepModel, session: Session, told: Follow | None = None) -> Score:
    """Return what was played in a session, with the model that it was played with."""

    def heard(tick: int) -> None:
        if told is not None:
            told(again.recording, tick)

    again = Replay(session, Generator(model), lambda made: heard(made.tick + 1), session_model)
    return again.run()


def length_in_ticks(sample: SampleSettings, play: PlaySettings, model: StepModel) -> int:
    """Return the length that the settings ask for, at their tempo."""
    if sample.seconds:
        return max(1, round(sample.seconds * play.tempo * model.info.vocabulary.ticks_per_beat / 60.0))
    return sample.bars * _bar_ticks(model)


def _session(name: str) -> Session:
    try:
        return read_session(Path(name))
    except OSError as error:
        raise SessionError(f"{name}: a session log must be readable, got: {error.strerror}") from error


def _paths(sample: SampleSettings) -> tuple[Path | None, Path | None]:
    """Return the MIDI file and the text file to write."""
    if not sample.output:
        return None, None
    path = named_file("sample.output", sample.output, *ENDINGS)
    if path.suffix.lower() == TEXT:
        return None, path
    return path, path.with_suffix(TEXT) if sample.text else None


def _check_outputs(sample: SampleSettings) -> None:
    """Raise ConfigError, before any music is made, where a file must not or cannot be written."""
    check_files("sample.output", [path for path in _paths(sample) if path is not None], overwrite=sample.overwrite)


def _deliver(score: Score, sample: SampleSettings, model: StepModel | None) -> None:
    """Write or print a score whose text has no lines before the end: its header has the parts and ranges of all of it.

    ``model`` is as for `_write`.
    """
    if sample.output:
        _write(score, sample, model)
    else:
        print(whole_text(score, model.info.vocabulary) if model is not None else text_of(score), end="")


def _write(score: Score, sample: SampleSettings, model: StepModel | None) -> None:
    """Write a score to the files asked for; ``model`` is the one that made it, None where several did.

    Raises FileNotWrittenError.
    """
    from musicrnn.models.midi_write import write_midi

    midi, text = _paths(sample)
    with writing("sample.output"):
        if midi is not None:
            write_midi(score, midi, overwrite=sample.overwrite)
            _say(f"wrote {midi}")
        if text is not None:
            write_text_whole(text, whole_text(score, model.info.vocabulary) if model is not None else text_of(score))
            _say(f"wrote {text}")


class _Output(Protocol):
    """Where music goes: followed tick by tick as it is made, and whole when it is finished."""

    def follow(self, recording: Recording, ticks: int) -> None: ...

    def finish(self, score: Score) -> None: ...


@contextlib.contextmanager
def _output(sample: SampleSettings, model: StepModel, length: int) -> Iterator[_Output]:
    """Yield the files to write, with a progress bar on a terminal, or where there are none the printed text."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    if not sample.output:
        yield _Printer(model)
        return
    console = Console(stderr=True)
    columns = (TextColumn("bar {task.fields[bar]}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=length, bar=0)
        yield _Files(sample, model, lambda ticks, bar: progress.update(task, completed=ticks, bar=bar))


class _Printer:
    """Prints each bar when it is over."""

    def __init__(self, model: StepModel) -> None:
        self._vocabulary = model.info.vocabulary
        self._bar_ticks = _bar_ticks(model)
        self._bars = 0
        self._lines = 0

    def follow(self, recording: Recording, ticks: int) -> None:
        """Print the bars that are over after so many ticks."""
        text = BarText(recording, self._vocabulary)
        while ticks >= (self._bars + 1) * self._bar_ticks:
            if not self._lines:
                self._print(text.header())
            self._print(text.line(self._bars))
            self._bars += 1

    def finish(self, score: Score) -> None:
        """Print what is left: the last bar where it is not over."""
        for line in whole_text(score, self._vocabulary).splitlines()[self._lines :]:
            self._print(line)

    def _print(self, text: str) -> None:
        print(text.rstrip("\n"), flush=True)
        self._lines += len(text.splitlines())


class _Files:
    """Writes the files at the end, and shows how far it is."""

    def __init__(self, sample: SampleSettings, model: StepModel, show: Callable[[int, int], object]) -> None:
        self._sample, self._model, self._show = sample, model, show
        self._bar_ticks = _bar_ticks(model)

    def follow(self, _: Recording, ticks: int) -> None:
        """Show how many bars there are."""
        if ticks % self._bar_ticks == 0:
            self._show(ticks, ticks // self._bar_ticks)

    def finish(self, score: Score) -> None:
        """Write the files."""
        _write(score, self._sample, self._model)


def _bar_ticks(model: StepModel) -> int:
    return bar_length(*model.info.metre, model.info.vocabulary.ticks_per_beat)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
