"""The folder of one training run, and what stands in it."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from musicrnn.errors import RunFolderError, TrainingError
from musicrnn.files import FOLDER, HALVES, clear_halves, what_is_at, write_text_whole, write_whole
from musicrnn.models.catalogue import RUNS, near_run
from musicrnn.printable import json_text
from musicrnn.trainer import checkpoint
from musicrnn.trainer.spare import Spare

METRICS = (
    "step", "epoch", "seconds", "tokens", "rate", "train_nats_a_token", "gradient_norm",
    "parameter_norm", "seconds_a_step", "valid_nats_a_token", "valid_nats_a_tick", "trained_nats_a_token",
    "trained_nats_a_tick",
)  # fmt: skip
SINCE = ("trained_nats_a_token", "trained_nats_a_tick")  # without these, runs of before called them valid
CURVES = {"train_nats_a_token": "training", "valid_nats_a_token": "validation", "trained_nats_a_token": "trained"}

FROM_THE_START = (".lock", "settings.toml", "corpus.json", "train.log", "checkpoints", "auditions", "tensorboard")
BESIDES = ("loss.png", "train.log", "model.onnx", "model-int8.onnx")  # of a run's files, with those of its export
_AUDITION = re.compile(r"epoch-\d+\.(mid|txt)")


def default_folder(name: str) -> Path:
    """Return runs/NAME-DATE for a run that names no folder."""
    return RUNS / f"{name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"


class RunFolder:
    """Paths of a run, and the lock that keeps a second trainer out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.auditions = path / "auditions"
        self.tensorboard = path / "tensorboard"
        self.metrics = path / "metrics.csv"
        self.model = path / "model.onnx"
        self.spare = Spare()
        self._lock: IO[str] | None = None
        self._is_new = False
        self._is_torn = False
        self._staged: tuple[str, dict[str, Any] | None] | None = None
        self._held: list[str] | None = None  # lines of the diary of a run that has not begun

    def create(self, overwrite: bool) -> None:
        """Make the folder; RunFolderError where it holds anything already and ``overwrite`` is not asked for.

        What is in it stays until :meth:`begin`.
        """
        try:
            self._is_new = not self.path.exists()
            if not overwrite and self.path.is_dir():
                self._must_be_new()
            for folder in (self.checkpoints, self.auditions, self.tensorboard):
                folder.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            for folder in (self.path, self.checkpoints, self.auditions, self.tensorboard):
                tempfile.TemporaryFile(dir=folder).close()
            self._held = []
        except OSError as error:
            raise RunFolderError(f"{self.path}: the run folder cannot be made: {error.strerror}") from error

    def _must_be_new(self) -> None:
        """Refuse a folder with more in it than a run leaves that was killed before its first checkpoint."""
        known = FROM_THE_START if (self.path / ".lock").exists() else ()
        for path in sorted([*self.path.iterdir(), *self.checkpoints.glob("*"), *self.auditions.glob("*")]):
            is_known = path.parent == self.path and path.name in known
            if not is_known and not path.match(HALVES):
                onwards = f"go on with it (--resume {shlex.quote(str(self.path))}), " if self.metrics.exists() else ""
                raise RunFolderError(
                    f"{self.path}: the run folder must be new, got one with {path.name} in it; {onwards}"
                    "choose another (--run-folder), or allow --overwrite"
                )

    def stage(self, settings: str, manifest: dict[str, Any] | None = None) -> None:
        """Take what the run will keep of its settings and its corpus; nothing is written before :meth:`begin`."""
        self._staged = settings, manifest

    def begin(self) -> None:
        """Put a run in the place of what was there, right before its first checkpoint: nothing may refuse it any more.

        What a run before left goes first and the settings come after, so that a kill in between leaves the old run,
        however much of it, or one that has no checkpoint yet; never checkpoints with the settings of others.
        """
        if self._staged is not None:
            settings, manifest = self._staged
            self._clear()
            self.write_settings(settings)
            if manifest is not None:
                self.write_manifest(manifest)
        self._is_new = False
        held, self._held = self._held or [], None
        for line in held:
            self._add_to_log(line)

    def _stale(self) -> Iterator[Path]:
        """Yield the files that a run before made, and none of others; first the one that tells that there is a run."""
        yield self.metrics
        for stem in ("step-", "epoch-", "best-"):
            yield from checkpoint.stored(self.checkpoints, stem)
        yield from checkpoint.stored(self.path, "bad-batch-")
        yield from (self.path / name for name in BESIDES)
        yield from (path for path in self.auditions.glob("epoch-*") if _AUDITION.fullmatch(path.name))
        yield from self.tensorboard.glob("events.*")

    def _clear(self) -> None:
        """Delete what a run before left."""
        try:
            for stale in list(self._stale()):
                if stale.is_file() or stale.is_symlink():
                    stale.unlink(missing_ok=True)
            shutil.rmtree(self.tensorboard / "plugins", ignore_errors=True)
            for folder in (self.path, self.checkpoints, self.auditions):
                clear_halves(folder)
        except OSError as error:
            raise RunFolderError(f"{self.path}: the run folder cannot be written over: {error.strerror}") from error

    def reopen(self) -> None:
        """Take up the folder of an interrupted run; RunFolderError where there is none."""
        if what_is_at(self.checkpoints) != FOLDER:
            near = near_run(self.path, "checkpoints")
            raise RunFolderError(
                f"{self.path}: the folder to resume must be that of a run, with checkpoints in it{near}"
            )
        try:
            self._take_lock()
            for folder in (self.path, self.checkpoints):
                tempfile.TemporaryFile(dir=folder).close()
            for folder in (self.path, self.checkpoints, self.auditions):
                clear_halves(folder)
        except OSError as error:
            raise RunFolderError(f"{self.path}: the run folder cannot be written to: {error.strerror}") from error

    def discard(self) -> None:
        """Delete the folder if it was made by this run, which has not begun."""
        self.close()
        if self._is_new:
            shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Let another trainer work in the folder."""
        if self._lock is not None:
            self._lock.close()

    def _take_lock(self) -> None:
        self._lock = (self.path / ".lock").open("w")
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise RunFolderError(f"{self.path}: another trainer works in this folder") from error

    def need_room(self, size: int) -> None:
        """Raise TrainingError unless the disk has room for three checkpoints of ``size`` bytes.

        What the run will delete when it begins counts as room.
        """
        free = shutil.disk_usage(self.path).free
        if self._staged is not None:
            free += sum(path.stat().st_size for path in self._stale() if path.is_file())
        if free < 3 * size:
            raise TrainingError(f"{self.path}: the disk must have {3 * size:,} bytes for checkpoints, got {free:,}")

    def write_settings(self, text: str) -> None:
        """Keep the effective settings as TOML."""
        self._must_write("settings.toml", text)

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Keep what the corpus consists of."""
        self._must_write("corpus.json", json_text(manifest) + "\n")

    def files_read(self) -> list[tuple[str, str]]:
        """Return name and SHA-256 of each piece in the manifest; none where there is no manifest, or a damaged one."""
        try:
            pieces = json.loads((self.path / "corpus.json").read_bytes())["pieces"]
            return [(str(piece["name"]), str(piece["sha256"])) for piece in pieces]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _must_write(self, name: str, text: str) -> None:
        try:
            write_text_whole(self.path / name, text)
        except OSError as error:
            raise TrainingError(f"{self.path / name}: it cannot be written: {error.strerror}") from error

    def log(self, line: str) -> None:
        """Add a line to the run's diary; of a new run that has not begun it is held until then."""
        stamped = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {line}"
        if self._held is None:
            self._add_to_log(stamped)
        else:
            self._held.append(stamped)

    def _add_to_log(self, line: str) -> None:
        path = self.path / "train.log"
        with self.spare.writing(path), path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def read_metrics(self) -> list[dict[str, str]]:
        """Return the rows written so far."""
        if not self.metrics.exists():
            return []
        with self.metrics.open(encoding="utf-8", newline="") as file:
            return [dict.fromkeys(METRICS, "") | row for row in csv.DictReader(file) if _is_whole(row)]

    def rewrite_metrics(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write all rows anew, whole."""
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, METRICS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with self.spare.writing(self.metrics):
            write_text_whole(self.metrics, buffer.getvalue())

    def add_metrics(self, row: dict[str, Any]) -> None:
        """Add one row, on a line of its own also after one that was not written whole."""
        was_torn, self._is_torn = self._is_torn, True
        with self.spare.writing(self.metrics):
            with self.metrics.open("a", encoding="utf-8", newline="") as file:
                file.write("\n" if was_torn else "")
                csv.DictWriter(file, METRICS, lineterminator="\n").writerow(row)
            self._is_torn = False

    def plot(self) -> None:
        """Draw the curves of training and validation, or of what it is trained on, as loss.png."""
        target = self.path / "loss.png"
        with self.spare.writing(target):
            write_whole(target, self._drawn(self.read_metrics()))

    def _drawn(self, rows: Sequence[dict[str, str]]) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        for label, points in curves(rows).items():
            axes.plot(*zip(*points, strict=True), label=label, marker="" if label == "training" else ".")
        axes.set_xlabel("step")
        axes.set_ylabel("nats a token")
        axes.grid(alpha=0.3)
        if rows:
            axes.legend()
        buffer = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def curves(rows: Sequence[dict[str, str]]) -> dict[str, list[tuple[int, float]]]:
    """Return the steps and nats a token of each curve that has any, by what it is called."""
    found = {label: [(int(row["step"]), float(row[key])) for row in rows if row[key]] for key, label in CURVES.items()}
    return {label: points for label, points in found.items() if points}


def _is_whole(row: dict[str, str]) -> bool:
    """Tell whether all of a row came to the disk."""
    has_all = set(METRICS) - set(SINCE) <= set(row) <= set(METRICS)
    return has_all and None not in row.values() and row["step"].isdigit() and row["epoch"].isdigit()
