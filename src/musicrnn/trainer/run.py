"""`musicrnn train`: from settings to a run folder with a model in it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Bar

from musicrnn.config.settings import Settings
from musicrnn.config.training import check_name
from musicrnn.errors import CorpusError, RunFolderError
from musicrnn.models.corpus import Corpus, NamedRows, read_corpus
from musicrnn.printable import printable
from musicrnn.same_signal import SAME_SECONDS
from musicrnn.trainer.backend import Device, is_out_of_memory, start
from musicrnn.trainer.beginning import beginning_of, check_beginning
from musicrnn.trainer.material import Material, material
from musicrnn.trainer.origin import origin_of, told_by_file
from musicrnn.trainer.resuming import check_corpus, check_not_over, corpus_fact, kept_settings, settings_of_run
from musicrnn.trainer.run_folder import RunFolder, default_folder
from musicrnn.trainer.store import PieceWriter
from musicrnn.trainer.team import Place, place_of


class StopRequest:
    """Set by the first SIGINT or SIGTERM; the second one, not at the same time, ends the process at once.

    ``now`` is the time in seconds, of which only the difference counts.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.signal = 0
        self._now, self._first_at = now, 0.0

    def __call__(self, number: int, _: FrameType | None) -> None:
        """Note the signal, or end."""
        now = self._now()
        if self.signal:
            if now - self._first_at < SAME_SECONDS:
                return
            _tell("stopped at once; --resume goes on from the last checkpoint")
            os._exit(128 + number)
        self.signal, self._first_at = number, now
        _tell("stopping as soon as can be, and keeping what is learnt; once more stops at once")

    @contextmanager
    def listening(self) -> Iterator[StopRequest]:
        """Listen while the block runs."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _tell(line: str) -> None:
    """Write a line from a signal handler, where printing is not safe."""
    os.write(2, f"\nmusicrnn: {line}\n".encode())


def run(settings: Settings) -> int:
    """Train as the settings say; return the exit status: 0, or 143 after SIGTERM.

    Where TF_CONFIG names several workers, all of them train together. Only the chief makes, reads and
    writes the run folder; the others look there for the settings to go on with.
    """
    place = place_of(os.environ)
    resume = bool(settings.training.resume)
    folder = RunFolder(Path(settings.training.resume) if resume else _folder(settings))
    if settings.training.init_from and not resume:
        _check_apart(folder, settings.training.init_from)
        check_beginning(settings)
    if resume:
        settings = settings_of_run(folder, settings)
    with StopRequest().listening() as stop, closing(folder):
        if place.is_chief and resume:
            folder.reopen()
            check_not_over(folder, settings.training.epochs, settings.training.minutes)
        elif place.is_chief:
            folder.create(settings.training.overwrite)
        if not _train(settings, folder, stop, resume, place):
            return 128 + stop.signal
    return 143 if stop.signal == signal.SIGTERM else 0


def _check_apart(folder: RunFolder, init_from: str) -> None:
    """Refuse a run folder with the weights in it that are begun from: they would be deleted before others are kept."""
    source = beginning_of(init_from)
    if Path(os.path.realpath(source)).is_relative_to(os.path.realpath(folder.path)):
        raise RunFolderError(
            f"{folder.path}: the run folder must not hold what training.init_from names, got {init_from}; "
            "choose another (--run-folder)"
        )


def _train(settings: Settings, folder: RunFolder, stop: StopRequest, resume: bool, place: Place) -> bool:
    """Train; False where it was asked to stop before there was anything to keep. A new folder without a run goes."""
    try:
        has_begun = _try_to_train(settings, folder, stop, resume, place)
    except BaseException:
        folder.discard()
        raise
    if not has_begun:
        folder.discard()
        _tell("stopped before a step was made; there is nothing new to keep")
    return has_begun


def _try_to_train(settings: Settings, folder: RunFolder, stop: StopRequest, resume: bool, place: Place) -> bool:
    console, lanes_told = Console(), ""
    if place.is_chief and not resume:
        _say(told_by_file(settings), console, folder)
    corpus = _read_again(settings, console, folder) if resume else _read(settings, console)
    prepared = None if stop.signal else _prepare(corpus, settings, console, _room(folder, place))
    if prepared is not None and not stop.signal:
        settings, lanes_told = _settled(settings, prepared, start(settings.training, place.size), place)
    if stop.signal or prepared is None:
        return False
    if place.is_chief and resume:
        folder.write_manifest(_manifest(corpus, prepared))
    elif place.is_chief:
        folder.stage(kept_settings(settings), _manifest(corpus, prepared))
    if place.is_chief:
        _say(lanes_told, console, folder)
    facts, origin = _facts(settings, corpus), _origin(settings, corpus)
    from musicrnn.trainer.halving import room_for
    from musicrnn.trainer.training import Training

    with room_for(settings.training, is_out_of_memory):
        if place.size == 1:
            Training(settings, folder, prepared, facts, origin, console).run(stop, resume)
            return True
        from musicrnn.trainer.follower import Follower
        from musicrnn.trainer.workers import Workers, in_touch

        kept = shlex.quote(str(folder.path)) if place.is_chief else "the chief's run folder"
        with in_touch(f"musicrnn-train --resume {kept}"):
            team = Workers(place)
            kind = Training if place.is_chief else Follower
            kind(settings, folder, prepared, facts, origin, console, team).run(stop, resume)
            team.part()
    return True


def _say(line: str, console: Console, folder: RunFolder) -> None:
    """Print a line, if there is one, and keep it in the run's diary."""
    if line:
        console.print(printable(line), highlight=False, markup=False, soft_wrap=True)
        folder.log(printable(line))


def _settled(settings: Settings, prepared: Material, device: Device, place: Place) -> tuple[Settings, str]:
    """Return settings that leave no number to the device, and what to say of that.

    What cannot be done there, or could not be played, is refused, before there is anything to keep.
    """
    from musicrnn.trainer.recurrence import recurrence_of
    from musicrnn.trainer.room import check_file, with_lanes

    check_file(settings.network, prepared.vocabulary.size)
    recurrence_of(settings.training, settings.network, device)
    return with_lanes(settings, prepared, device, place.size)


def _folder(settings: Settings) -> Path:
    named, name = settings.training.run_folder, settings.training.name
    check_name(name, "training.name")
    return Path(named) if named else default_folder(name)


def _read(settings: Settings, console: Console) -> Corpus:
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)

        def progress(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=shown_name(name))

        corpus = read_corpus(settings.corpus.folders, settings.corpus, progress)
    twice = f", {len(corpus.duplicates)} the same as others" if corpus.duplicates else ""
    console.print(f"{len(corpus.pieces)} pieces read, {len(corpus.left_out)} left out{twice}", highlight=False)
    for left in corpus.left_out[:10]:
        console.print(printable(f"  left out: {left.reason}"), highlight=False, markup=False, soft_wrap=True)
    if len(corpus.left_out) > 10:
        console.print(f"  and {len(corpus.left_out) - 10} more; corpus.json names them all", highlight=False)
    return corpus


def shown_name(name: str) -> str:
    """Return the end of a file's name as a bar shows it: brackets in it are no markup."""
    return escape(printable(name[-40:]))


def _read_again(settings: Settings, console: Console, folder: RunFolder) -> Corpus:
    """Read the corpus of a run that goes on; CorpusError, with the run's folder, where that is gone or has changed."""
    try:
        corpus = _read(settings, console)
    except CorpusError as error:
        raise CorpusError(f"{folder.path}: the run's corpus must still be there; {error}") from error
    check_corpus(folder, [(piece.name, piece.sha256) for piece in corpus.pieces])
    return corpus


def _room(folder: RunFolder, place: Place) -> Path:
    """Return where a corpus that is too large for memory goes: only the chief has a run folder."""
    return folder.path if place.is_chief else Path(tempfile.gettempdir())


def _prepare(corpus: Corpus, settings: Settings, console: Console, room: Path) -> Material:
    named = NamedRows(corpus.pieces)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("encoding", total=len(named))
        prepared = material(named, settings.corpus, lambda done: bar.update(task, completed=done), PieceWriter(room))
    tokens = sum(map(len, prepared.train))
    console.print(
        f"{len(prepared.train)} pieces ({tokens:,} tokens) to train on, {len(prepared.valid)} for validation, "
        f"{len(prepared.test)} for the test; {prepared.vocabulary.size} tokens in the vocabulary",
        highlight=False,
        soft_wrap=True,
    )
    for words in prepared.balance.told(len(prepared.train), tokens, settings.corpus.bars_a_piece):
        console.print(f"note: {printable(words)}", highlight=False, markup=False, soft_wrap=True)
    return prepared


def _manifest(corpus: Corpus, prepared: Material) -> dict[str, Any]:
    return {
        "pieces": [{"name": piece.name, "sha256": piece.sha256} for piece in corpus.pieces],
        "left_out": [{"name": left.name, "reason": left.reason} for left in corpus.left_out],
        "shares": prepared.names,
        "notes_out_of_range": prepared.fit.out_of_range,
        "notes_over_polyphony": prepared.fit.over_polyphony,
        "vocabulary": prepared.vocabulary.to_dict(),
    }


def _facts(settings: Settings, corpus: Corpus) -> dict[str, Any]:
    """Return what must not change between an interruption and its resumption."""
    kept = ("lanes", "window", "seed", "learning_rate", "schedule", "weight_decay", "clip")
    training = {key: getattr(settings.training, key) for key in kept}
    return {
        "corpus": corpus_fact([piece.sha256 for piece in corpus.pieces]),
        "network": json.loads(json.dumps({key: getattr(settings.network, key) for key in settings.network.__slots__})),
        "training": training,
    }


def _origin(settings: Settings, corpus: Corpus) -> dict[str, Any]:
    """Return where the model comes from, for its file."""
    told = {"source": settings.training.source, "licence": settings.training.licence}
    return told | origin_of(corpus, settings.corpus)
