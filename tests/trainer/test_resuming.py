"""Going on with a run: what may be asked for anew, and what a run that is over says."""

from __future__ import annotations

import os
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.given import Given
from musicrnn.config.load import settings_of
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.config.write import to_toml
from musicrnn.errors import ConfigError, CorpusError, RunFolderError
from musicrnn.trainer import checkpoint
from musicrnn.trainer.checkpoint import Checkpoint
from musicrnn.trainer.count import Count
from musicrnn.trainer.resuming import (
    check_corpus,
    check_not_over,
    corpus_fact,
    kept_settings,
    minutes_had,
    settings_of_run,
)
from musicrnn.trainer.run_folder import RunFolder

pytestmark = pytest.mark.train

SETTINGS = Settings(network=NetworkSettings(units=64), training=TrainingSettings(epochs=4, minutes=1.0))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return the folder of a run that has had 4 epochs in 61 seconds, and has written its model."""
    folder = RunFolder(tmp_path / "run")
    folder.create(overwrite=False)
    folder.close()
    folder.write_settings(to_toml(SETTINGS, ("corpus", "network", "training")))
    had = {"count": asdict(Count(epoch=4, seconds=61.0))}
    stored = checkpoint.write(folder.checkpoints, "step-00000010", Checkpoint({"weights": np.zeros(2)}, had))
    folder.model.write_bytes(b"a model")
    os.utime(stored, (1.0, 1.0))
    return folder


@pytest.mark.parametrize(
    ("epochs", "minutes", "rule"),
    [
        (4, 0.0, "--epochs counts from the run's beginning, and must be more than the 4 that it has had, got 4"),
        (3, 5.0, "--epochs counts from the run's beginning, and must be more than the 4 that it has had, got 3"),
        (0, 0.2, "--minutes counts from the run's beginning, and must be more than the 1.1 that it has had, got 0.2"),
        (9, 1.0, "--minutes counts from the run's beginning, and must be more than the 1.1 that it has had, got 1"),
    ],
)
def test_a_run_that_has_had_what_it_is_given_is_over(run: RunFolder, epochs: int, minutes: float, rule: str) -> None:
    """The folder is named, what the run has had, and what was asked for."""
    with pytest.raises(ConfigError, match=re.escape(f"{run.path}: the run is over; to go on, {rule}")):
        check_not_over(run, epochs, minutes)


@pytest.mark.parametrize(("epochs", "minutes"), [(5, 0.0), (0, 1.1), (5, 1.1), (0, 0.0)])
def test_a_run_that_is_given_more_goes_on(run: RunFolder, epochs: int, minutes: float) -> None:
    """Also where there is no limit."""
    check_not_over(run, epochs, minutes)


def test_a_run_that_was_killed_before_its_model_was_written_is_gone_on_with(run: RunFolder) -> None:
    """However much it has had: it is to come to its end; so where the model is that of an end before."""
    os.utime(run.model, (0.0, 0.0))
    check_not_over(run, 4, 1.0)
    run.model.unlink()
    check_not_over(run, 4, 1.0)


def test_minutes_are_rounded_up(run: RunFolder) -> None:
    """As many as are told do not suffice, more do."""
    assert [minutes_had(Count(seconds=seconds)) for seconds in (0.0, 0.1, 6.0, 6.1, 61.0)] == [
        "0.0", "0.1", "0.1", "0.2", "1.1",
    ]  # fmt: skip


def _given(values: dict[str, object], origin: str = "") -> Settings:
    flags = {name: origin or f"--{name.split('.')[1].replace('_', '-')}" for name in values}
    return settings_of(Given(values, flags))


def test_how_long_it_goes_on_can_be_asked_for_anew(run: RunFolder) -> None:
    """And nothing else changes."""
    found = settings_of_run(run, _given({"training.epochs": 9, "training.resume": str(run.path)}))
    assert (found.training.epochs, found.training.minutes, found.network.units) == (9, 1.0, 64)


@pytest.mark.parametrize("name", ["none", "a" * 300])
def test_a_folder_without_a_run_is_refused(name: str, tmp_path: Path) -> None:
    """Also one that cannot even be looked for."""
    with pytest.raises(RunFolderError, match=f"{name}: the folder to resume must be that of a run, with settings.toml"):
        settings_of_run(RunFolder(tmp_path / name), SETTINGS)


def test_flags_that_would_be_passed_over_are_refused(run: RunFolder) -> None:
    """They are named with what the run has instead, and those that can be given."""
    given = _given({"network.units": 999, "training.learning_rate": 0.5, "corpus.cache": False, "training.epochs": 9})
    words = (
        "--resume keeps the run's own settings; only --epochs, --minutes, --patience, --profile can be given anew, got "
        "--no-cache (the run has true), --units 999 (the run has 64), --learning-rate 0.5 (the run has 0.003)"
    )
    with pytest.raises(ConfigError, match=re.escape(words)):
        settings_of_run(run, given)


def test_flags_that_say_what_the_run_has_and_settings_files_are_let_be(run: RunFolder) -> None:
    """A command is often typed again with --resume added; a settings file is one's own, for every run."""
    assert settings_of_run(run, _given({"network.units": 64})).network.units == 64
    assert settings_of_run(run, _given({"network.units": 999}, "musicrnn.toml")).network.units == 64


def test_a_run_keeps_its_corpus_folders_by_their_whole_paths(run: RunFolder) -> None:
    """It can be gone on with from any folder, and all else is as it was given."""
    folder = Path(__file__).parent
    given = replace(SETTINGS, corpus=CorpusSettings(folders=(os.path.relpath(folder), "/midi")))
    run.write_settings(kept_settings(given))
    found = settings_of_run(run, Settings())
    assert [Path(os.path.normpath(name)) for name in found.corpus.folders] == [folder, Path("/midi")]
    assert all(Path(name).is_absolute() for name in found.corpus.folders)
    assert (found.network, found.training) == (SETTINGS.network, SETTINGS.training)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (["a", "b", "d", "e"], "the same 3 pieces as before, got 4: 2 came (d.mid, …) and 1 went (c.mid); use --init-"),
        (["a", "b"], "the same 3 pieces as before, got 2: 1 went (c.mid); use --init-from for a new run"),
        (["b", "a", "c"], "the same 3 pieces as before, got 3: they are in another order; use --init-from"),
    ],
)
def test_a_corpus_that_has_changed_is_told_by_what_came_and_went(run: RunFolder, now: list[str], words: str) -> None:
    """With the run's folder; how many, and the first of each."""
    run.write_manifest({"pieces": [{"name": f"{name}.mid", "sha256": name} for name in "abc"]})
    with pytest.raises(CorpusError, match=re.escape(f"{run.path}: to go on exactly the run's corpus must be {words}")):
        check_corpus(run, [(f"{name}.mid", name) for name in now])


def test_a_corpus_that_holds_the_same_is_no_other(run: RunFolder) -> None:
    """Whatever its files are called now; where there is no manifest, or a damaged one, the checkpoint tells."""
    check_corpus(run, [("a.mid", "a")])
    run.write_manifest({"pieces": [{"name": "a.mid", "sha256": "a"}]})
    check_corpus(run, [("other.mid", "a")])
    run.write_manifest({"pieces": [{"name": "audition.mid", "sha256": "x"}]})  # of a resumption that was refused
    had = {"count": asdict(Count()), "facts": {"corpus": corpus_fact(["a", "b"])}}
    checkpoint.write(run.checkpoints, "step-00000011", Checkpoint({}, had))
    check_corpus(run, [("a.mid", "a"), ("b.mid", "b")])
    (run.path / "corpus.json").write_text("[]", encoding="utf-8")
    check_corpus(run, [("b.mid", "b")])
