"""One run: everything put together around the loop."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from typing import Any, Protocol

import numpy as np
from rich.console import Console

from musicrnn import __version__
from musicrnn.config.settings import Settings
from musicrnn.errors import NotWrittenError, TrainingError
from musicrnn.files import write_text_whole, write_whole
from musicrnn.models.generator import Choice
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.printable import counted
from musicrnn.trainer import checkpoint, session
from musicrnn.trainer.audition import audition
from musicrnn.trainer.backend import Device, device, failures, is_out_of_memory, reason, stepper
from musicrnn.trainer.board import Board, NoBoard, TensorBoard
from musicrnn.trainer.checkpoint import Checkpoint
from musicrnn.trainer.count import Count, Learner, StepResult, Windows
from musicrnn.trainer.dataset import Piece, total
from musicrnn.trainer.display import MEASURED, Display, clock, megabytes
from musicrnn.trainer.fit import Ending, Fit, Hooks, Limits
from musicrnn.trainer.halving import Sparing
from musicrnn.trainer.keeping import keep
from musicrnn.trainer.lanes import Batch, Lanes
from musicrnn.trainer.material import Material
from musicrnn.trainer.memory import peak_memory
from musicrnn.trainer.recurrence import check_cudnn, recurrence_of, told
from musicrnn.trainer.resuming import check_not_over, minutes_had
from musicrnn.trainer.room import with_lanes
from musicrnn.trainer.rows import excerpt
from musicrnn.trainer.run_folder import RunFolder
from musicrnn.trainer.schedule import Schedule
from musicrnn.trainer.team import ALONE, Team, alike

LOG_EVERY = 10
LOG_SECONDS = 60  # of an epoch that lasts longer, train.log tells as often
EPOCHS, STEPS = 50, 2000
PATIENCE_STEPS = 300
MOST_DISPARITY = 0.01
FEW_TOKENS = 100_000
FEW_LANES, FEW_STEPS = 4, 64
BYTES_A_PARAMETER = 12  # the weight, and AdamW's two moments of it


def precision_told(disparity: float) -> str:
    """Return what to say of bfloat16; TrainingError where its gradients point elsewhere than those of float32."""
    if not disparity <= MOST_DISPARITY:
        raise TrainingError(
            f"training.precision bfloat16 must give gradients within {MOST_DISPARITY:g} of float32's (1 less the "
            f"cosine), got {disparity:.2g}; train with float32"
        )
    return f"bfloat16: gradients are within {disparity:.1g} of float32's (1 less the cosine)"


class Stop(Protocol):
    """Something that can be asked whether the run should end; 0 is no."""

    signal: int


class Training:
    """Holds a run's parts and answers the loop's hooks."""

    def __init__(
        self,
        settings: Settings,
        folder: RunFolder,
        prepared: Material,
        facts: dict[str, Any],
        origin: dict[str, Any],
        console: Console,
        team: Team = ALONE,
        here: Device | None = None,
    ) -> None:
        self.team, self.device = team, here or device()
        self.folder, self.prepared, self.facts = folder, prepared, facts
        self.measured = "valid" if prepared.valid else "trained"
        self.console, self.origin = console, origin
        settings, self.lanes_told = with_lanes(settings, prepared, self.device, team.place.size)
        self.recurrence = recurrence_of(settings.training, settings.network, self.device)
        t = replace(settings.training, recurrence=self.recurrence)
        self.settings = replace(settings, training=t)

        self.network = Network(prepared.vocabulary, NetworkShape.of(settings.network), t.seed, self.recurrence)
        self.lane_count = min(t.lanes, len(prepared.train))
        if self.lane_count < team.place.size:
            raise TrainingError(
                f"training.lanes and the pieces to train on must be at least the workers, got {self.lane_count} lanes "
                f"for {team.place.size}"
            )
        self.kept, self.starts, self.data_told = keep(t.data, self.device, prepared, settings.corpus.transpose)
        self.stepper = stepper(
            self.network,
            self.lane_count,
            weight_decay=t.weight_decay,
            clip=t.clip,
            team=team,
            half=t.precision == "bfloat16",
            kept=self.kept,
            threads=t.threads,
        )
        self.grammar = Grammar(prepared.vocabulary)
        self.lanes = self._lanes(prepared.train, once=False)
        self.board = self._board()
        self.display = Display(console)
        self.folder.spare.warn = self._warn
        self.count = Count()
        self._logged = 0.0  # the run's seconds at the last line in train.log of how far it is
        self._unwritten = ""  # of the last checkpoint, where it could not be written

    def _lanes(self, pieces: Sequence[Piece], once: bool) -> Lanes:
        t, c = self.settings.training, self.settings.corpus
        return Lanes(
            pieces,
            self.grammar,
            self.lane_count,
            t.window,
            transpose=0 if once else c.transpose,
            seed=t.seed,
            bars_a_piece=0 if once else c.bars_a_piece,
            once=once,
            rows=self.team.place.rows(self.lane_count),
            on_bars=t.windows == "bars",
            packed=self.recurrence == "loop",
        )

    def _read(self, lanes: Lanes) -> Windows | None:
        """Return the next windows of lanes, in the form that the stepper takes."""
        return lanes.next() if self.kept is None else excerpt(lanes, self.starts[id(lanes.pieces)])

    def _board(self) -> Board:
        with_files = self.device.backend == "tensorflow" and self.team.place.is_chief
        return TensorBoard(self.folder.tensorboard, self.folder.spare) if with_files else NoBoard()

    def _say_where(self) -> None:
        """Say what computes, and how; TrainingError where it cannot, or not what is asked for."""
        self._say(told(self.recurrence, self.device))
        for line in (self.lanes_told, self.data_told):
            if line:
                self._say(line)
        if self.recurrence == "cudnn":
            self._say(check_cudnn(self.network, self._few_windows(), self.stepper.half))
        if self.device.backend != "tensorflow":
            self._say("no files for TensorBoard, which TensorFlow writes; all figures are in metrics.csv")

    def run(self, stop: Stop, resume: bool) -> None:
        """Train to the end, then write the model, its figures and a last audition."""
        self._say_where()
        count = self._resumed() if resume else self._begun()
        t = self.settings.training
        schedule = Schedule(t.schedule, t.learning_rate, t.warmup_steps, t.decay, t.decay_start)
        limits = Limits(self._epochs(), t.patience, t.minutes, t.save_every, PATIENCE_STEPS)
        self._logged = count.seconds
        with self.display, self._learner() as learner:
            self.fit = Fit(learner, self.lanes, schedule, limits, self._hooks(stop), count, self.read)
            ending = self.fit.run()
        self._finish(self.fit.count, ending)

    def read(self) -> Windows | None:
        """Return the next windows to learn from."""
        return self._read(self.lanes)

    def _check_precision(self) -> None:
        """Compare bfloat16, where that is asked for, with float32 on a batch, which is read again after."""
        if not self.stepper.half:
            return
        position = self.lanes.position()
        batch = self._read(self.lanes)
        self.lanes.go_to(position)
        if batch is None:
            return
        try:
            disparity = self.stepper.disparity(batch)
        except failures() as error:
            if is_out_of_memory(error):
                raise
            why = reason(error)
            raise TrainingError(f"training.precision bfloat16 must run here; {why}; train with float32") from error
        self._say(precision_told(disparity))

    def _few_windows(self) -> Batch:
        """Return the first windows of a few pieces, each of one piece."""
        pieces = self.prepared.train[:FEW_LANES]
        batch = Lanes(pieces, self.grammar, len(pieces), FEW_STEPS, once=True, packed=False).next()
        if batch is None:
            raise TrainingError("there must be pieces to train on, got none")
        return batch

    @contextmanager
    def _learner(self) -> Iterator[Learner]:
        """Give the stepper, which a worker that is alone may halve; with the trace around it where one is asked for."""
        learner: Learner = self.stepper
        if self.team.place.size == 1:
            learner = Sparing(self.stepper, self._restore, is_out_of_memory, self._warn)
        if not (self.settings.training.profile and self.team.place.is_chief):
            yield learner
            return
        from musicrnn.trainer.profile import Profiled

        with closing(Profiled(learner, self.folder.tensorboard, self._say)) as profiled:
            yield profiled

    def _restore(self) -> None:
        """Put back the last checkpoint, but for the count and where the lanes read: their batch is at hand."""
        count, position = self.count, self.lanes.position()
        self._reload()
        self.lanes.go_to(position)
        self.count = count

    def _epochs(self) -> int:
        """Return how many epochs to train at most, 0 where only the time counts."""
        t = self.settings.training
        if t.epochs or t.minutes:
            return t.epochs
        a_step = self.lane_count * t.window
        steps = self.lanes.size // a_step or (self.lanes.size / a_step if self.lanes.packed else 1)
        return max(EPOCHS, math.ceil(STEPS / steps))

    def _hooks(self, stop: Stop) -> Hooks:
        return Hooks(
            save=self._save,
            reload=self._go_back,
            validate=lambda: self.evaluate(self.prepared.valid or self.prepared.train),
            epoch_done=self._epoch_done,
            report=self.display.show,
            step_done=self._step_done,
            warn=self._warn,
            keep_batch=self._keep_batch,
            ends=self._ends,
            stop_asked=lambda: self.team.stop_asked(stop.signal != 0),
            now=self.team.now,
            measured=self.measured,
        )

    def _begun(self) -> Count:
        """Begin a new run; whatever can refuse it does so before anything of an older one is touched."""
        t = self.settings.training
        if t.init_from:
            self._say(f"begun from {session.begin_from(self.network, t.init_from)}")
        self.count = Count()
        self.folder.need_room(BYTES_A_PARAMETER * self.network.count_params())
        self._say(f"{self.network.count_params():,} parameters; run folder {self.folder.path}")
        tokens = total(self.prepared.train)[0]
        if tokens < FEW_TOKENS:
            self._say(
                f"note: {tokens:,} tokens are little to learn from; some {FEW_TOKENS:,} (a few hundred short pieces) "
                "make music, fewer are soon known by heart"
            )
        if self.measured == "trained":
            self._say(
                "note: no pieces are held back for validation; 'trained' is how well those to train on are known after "
                "each epoch, and the best weights are best at that"
            )
        self._check_precision()
        self.folder.begin()
        self._save(must=True)  # before metrics.csv, which tells that there is a run to go on with
        self.folder.rewrite_metrics([])
        return self.count

    def _resumed(self) -> Count:
        self._reload()
        check_not_over(self.folder, self._epochs(), self.settings.training.minutes, self.count)
        self._keep_metrics()
        self._say(f"going on at step {self.count.step}, epoch {self.count.epoch + 1}; run folder {self.folder.path}")
        self._check_precision()
        return self.count

    def _go_back(self) -> Count:
        """Take up the last checkpoint; what the metrics tell of later steps goes, for they are made again."""
        count = self._reload()
        self._keep_metrics()
        return count

    def _keep_metrics(self) -> None:
        """Keep of the metrics what was written before the checkpoint."""
        with self.folder.spare.writing(self.folder.metrics):
            rows = [self._named_rightly(row) for row in self.folder.read_metrics() if self._is_behind(row)]
            self.folder.rewrite_metrics(rows)

    def _is_behind(self, row: dict[str, str]) -> bool:
        """Tell whether a row of the metrics was written before the checkpoint, and will not come again."""
        is_of_an_epoch = row["valid_nats_a_token"] or row["trained_nats_a_token"]
        ahead = bool(is_of_an_epoch) and int(row["epoch"]) > self.count.epoch
        return int(row["step"]) <= self.count.step and not ahead

    def _named_rightly(self, row: dict[str, str]) -> dict[str, str]:
        """Return a row whose figures are not called validation's where there is none, as older runs called them."""
        if self.measured == "valid" or not row["valid_nats_a_token"]:
            return row
        moved = {f"trained_nats_a_{one}": row[f"valid_nats_a_{one}"] for one in ("token", "tick")}
        return {**row, "valid_nats_a_token": "", "valid_nats_a_tick": "", **moved}

    def _reload(self) -> Count:
        path, stored = session.newest(self.folder.checkpoints, self._warn)
        self._hand_out(stored)
        self.count = session.take_up(stored, str(path), self.stepper, self.lanes, self.facts)
        return self.count

    def _save(self, must: bool = False) -> None:
        carried = self.stepper.carried.whole()
        state = session.state_of(self.stepper, carried, self.lanes, self.count, self.facts)
        wrong = checkpoint.not_finite(state)
        if wrong:
            self._warn(f"step {self.count.step}: {wrong} is not finite; the checkpoint before it is kept")
            return
        try:
            session.save(self.folder.checkpoints, state, self.settings.training.keep)
            self._unwritten = ""
        except OSError as error:
            self._unwritten = f"{self.folder.checkpoints}: the checkpoint cannot be written: {error.strerror}"
            if must:
                raise TrainingError(self._unwritten) from error
            self._warn(f"{self._unwritten}; the one before it is kept")
        self._hand_out(state)

    def _keep_batch(self, batch: Windows) -> str:
        """Keep a batch that no loss could be found of, and say where."""
        arrays = {name: getattr(batch, name) for name in batch.__slots__}
        try:
            path = checkpoint.write(self.folder.path, "bad-batch", Checkpoint(arrays, {"count": asdict(self.count)}))
        except OSError as error:
            return f"the batch cannot be written to {self.folder.path}: {error.strerror}"
        return f"the batch is in {path}"

    def _hand_out(self, state: Checkpoint) -> None:
        """Let all workers go on from one state, with the settings that must be alike."""
        if self.team.place.size > 1:
            described = {**state.description, "alike": alike(self.settings)}
            self.team.from_chief(checkpoint.packed(Checkpoint(state.arrays, described)))

    def evaluate(self, pieces: Sequence[Piece]) -> tuple[float, float]:
        """Return nats a token and nats a tick over whole pieces; nan for none."""
        tokens, ticks = total(pieces)
        if not tokens:
            return float("nan"), float("nan")
        lanes = self._lanes(pieces, once=True)
        state = self.network.initial_state(len(lanes.rows))
        nats = 0.0
        while (batch := self._read(lanes)) is not None:
            some, state = self.stepper.evaluate(batch, state)
            nats += some
        nats = float(self.team.totals(np.array([nats]))[0])
        return nats / tokens, nats / ticks

    def info(self, figures: dict[str, float]) -> ModelInfo:
        """Return what the model says of itself."""
        n, prepared = self.settings.network, self.prepared
        return ModelInfo(
            name=self.settings.training.name,
            vocabulary=prepared.vocabulary,
            layers=n.layers,
            units=n.units,
            cell=n.cell,
            tempo=prepared.tempo,
            metre=prepared.metre,
            licence=self.settings.training.licence,
            corpus=self.origin,
            figures={name: round(value, 5) for name, value in figures.items() if np.isfinite(value)},
            version=__version__,
        )

    def _step_done(self, count: Count, result: StepResult, rate: float) -> None:
        self.count = count
        if count.seconds - self._logged >= LOG_SECONDS:
            self._log_step(count)
        if count.step % LOG_EVERY:
            return
        row: dict[str, Any] = {
            "step": count.step,
            "epoch": count.epoch + 1,
            "seconds": round(count.seconds, 1),
            "tokens": count.tokens,
            "rate": f"{rate:.6g}",
            "train_nats_a_token": f"{result.nats / result.tokens:.5f}",
            "gradient_norm": f"{result.gradient_norm:.5f}",
            "parameter_norm": f"{result.parameter_norm:.4f}",
            "seconds_a_step": f"{count.seconds / count.step:.4f}",
        }
        self.folder.add_metrics(row)
        shown = ("train_nats_a_token", "gradient_norm", "parameter_norm", "rate")
        self.board.put(count.step, {name: float(row[name]) for name in shown})

    def _log_step(self, count: Count) -> None:
        """Tell in train.log alone how far an epoch has come that lasts."""
        self._logged, p = count.seconds, self.fit.progress
        self.folder.log(
            f"epoch {p.epoch}, {min(self.lanes.progress - count.epoch, 1.0):.0%} of it, step {count.step}: training "
            f"{p.train:.4f} nats a token; {p.tokens_a_second:,.0f} tokens/s, {clock(p.left)} left"
        )

    def _epoch_done(self, count: Count, better: bool) -> None:
        self.count, self._logged = count, count.seconds
        figures = count.figures
        a_token, a_tick = f"{self.measured}_nats_a_token", f"{self.measured}_nats_a_tick"
        valid, tick = figures[a_token], figures[a_tick]
        self.folder.add_metrics(
            {"step": count.step, "epoch": count.epoch, "seconds": round(count.seconds, 1), "tokens": count.tokens,
             a_token: f"{valid:.5f}", a_tick: f"{tick:.5f}"}
        )  # fmt: skip
        self.board.put(count.step, {a_token: valid, a_tick: tick})
        self.board.flush()
        which = f"epoch {count.epoch}" if count.epoch else "part of epoch 1"
        self.folder.log(
            f"{which}: training {figures['train_nats_a_token']:.4f}, {MEASURED[self.measured]} {valid:.4f} "
            f"nats a token, {tick:.4f} a tick; {count.tokens / max(count.seconds, 1e-9):,.0f} tokens/s, "
            f"{clock(self.fit.progress.left)} left, peak memory {megabytes(peak_memory())}"
        )
        self._keep_weights(count, valid, better)
        self.folder.plot()
        self._audition(count.epoch)

    def _keep_weights(self, count: Count, valid: float, better: bool) -> None:
        info = self.info(count.figures)
        stem = f"epoch-{count.epoch:04}-{self.measured}-{valid:.4f}"
        try:
            session.save_weights(self.folder.checkpoints, stem, self.network, info)
            checkpoint.prune(self.folder.checkpoints, "epoch-", self.settings.training.keep)
            if better:
                session.save_weights(self.folder.checkpoints, f"best-{stem}", self.network, info)
                checkpoint.prune(self.folder.checkpoints, "best-", 1)
        except OSError as error:
            self._warn(f"{self.folder.checkpoints}: the weights cannot be written: {error.strerror}; training goes on")

    def _audition(self, epoch: int) -> None:
        t = self.settings.training
        if not t.audition_bars or epoch % t.audition_every:
            return
        from musicrnn.models.midi_write import write_midi
        from musicrnn.models.text_write import text_of

        model = NumpyStepModel(self.network.step_weights(), self.info({}))
        score = audition(model, t.audition_bars, Choice(seed=t.seed))
        stem = self.folder.auditions / f"epoch-{epoch:04}"
        try:
            write_midi(score, stem.with_suffix(".mid"))
            write_text_whole(stem.with_suffix(".txt"), text_of(score, self.prepared.vocabulary.velocity_bins))
        except OSError as error:
            self._warn(f"{stem}: the audition cannot be written: {error.strerror}; training goes on")

    def _ends(self, ending: Ending) -> None:
        """Say at once that the run ends, and what comes before it has: that may take a while."""
        measuring = "measuring the pieces held back, and " if self._held_back() else ""
        self._say(f"{ending.value}; what is left is {measuring}writing the model")

    def _held_back(self) -> int:
        return len(self.prepared.valid) + len(self.prepared.test)

    def _finish(self, count: Count, ending: Ending) -> None:
        if self._held_back():
            self._say(f"measuring the {counted(self._held_back(), 'piece')} held back")
        figures = self._last_figures(self._take_best() or count.figures)
        info = self.info(figures)
        self._say("writing the model")
        try:
            self._write_model(info)
        except OSError as error:
            elsewhere = f"musicrnn export {self.folder.path} --output FILE.onnx writes it elsewhere"
            raise NotWrittenError(
                f"{self.folder.model}: the model cannot be written: {error.strerror}; {elsewhere}"
            ) from error
        self._keep_figures(info)
        epochs = f"{counted(count.epoch, 'epoch')}, " if count.epoch else ""
        self._say(
            f"{self._why(ending)} after {epochs}{counted(count.step, 'step')}: "
            + ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in figures.items())
        )
        self._say(f"model: {self.folder.model}")
        if not count.epoch:
            self._say(self._little_seen(count))
        more = {
            Ending.ASKED: "",
            Ending.MINUTES: f" --minutes TOTAL (of the whole run: more than {minutes_had(count)})",
            Ending.EPOCHS: f" --epochs TOTAL (of the whole run: more than {count.epoch})",
        }
        if ending in more:
            self._say(f"go on: musicrnn-train --resume {shlex.quote(str(self.folder.path))}{more[ending]}")
        self._say(f"play it: musicrnn-daemon {shlex.quote(str(self.folder.model))}")
        if self._unwritten:
            raise NotWrittenError(f"{self._unwritten}; the model is written, --resume goes on from the one before")

    def _little_seen(self, count: Count) -> str:
        """Return what to say of a model that has not seen all of the corpus."""
        share = self.lanes.progress
        once = f", which takes some {counted(math.ceil(count.seconds / 60 / share), 'minute')}" if share else ""
        plays = "plays much as what it began from" if self.settings.training.init_from else "plays little but noise"
        return f"note: it has seen {share:.0%} of the corpus, not yet all of it once{once}; it {plays}, so let it go on"

    def _why(self, ending: Ending) -> str:
        return ending.value if self.measured == "valid" else ending.value.replace("validation", "training")

    def _last_figures(self, known: Mapping[str, float]) -> dict[str, float]:
        """Return the figure of the training, which is known, and those of the pieces held back, where there are any."""
        figures = {name: value for name, value in known.items() if name == "train_nats_a_token"}
        for share, pieces in (("valid", self.prepared.valid), ("test", self.prepared.test)):
            if pieces:
                figures[f"{share}_nats_a_token"], figures[f"{share}_nats_a_tick"] = self.evaluate(pieces)
        return figures

    def _take_best(self) -> Mapping[str, float]:
        """Take the best weights; return the figures of their epoch, none where no epoch was the best yet."""
        best = checkpoint.stored(self.folder.checkpoints, "best-")
        figures = session.init_from(self.network, best[-1]).figures if best else {}
        if self.team.place.size > 1:
            weights = {name: np.asarray(one) for name, one in session.weight_variables(self.network).items()}
            self.team.from_chief(checkpoint.packed(Checkpoint(weights, {})))
        return figures

    def _keep_figures(self, info: ModelInfo) -> None:
        """Keep what the model says of itself with its weights, for an export of them to say the same."""
        folder = self.folder.checkpoints
        for best in checkpoint.stored(folder, "best-")[-1:]:
            weights = checkpoint.read(best)
            described = weights.description | {session.OF_MODEL: info.to_json()}
            try:
                checkpoint.write(folder, best.name.rpartition("-")[0], Checkpoint(weights.arrays, described))
                checkpoint.prune(folder, "best-", 1)
            except OSError as error:
                self._warn(f"{folder}: the last figures cannot be written: {error.strerror}; export does not know them")

    def _write_model(self, info: ModelInfo) -> None:
        from musicrnn.export.step_graph import export_step

        content = export_step(self.network.step_weights(), info)
        if self.settings.training.quantise == "int8":
            from musicrnn.export.quantise import quantise

            content = quantise(content)
        write_whole(self.folder.model, content)

    def _say(self, line: str) -> None:
        self.display.say(line)
        self.folder.log(line)

    def _warn(self, line: str) -> None:
        self._say(f"warning: {line}")
