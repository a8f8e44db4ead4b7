"""The model that a daemon is started with: the name by which it is shown, listed and brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicrnn.config.play import OscSettings, PlaySettings
from musicrnn.control import Model, Start
from musicrnn.daemon.first_model import first_model
from musicrnn.daemon.osc_desk import model_names
from musicrnn.daemon.osc_packets import message_bytes, messages
from musicrnn.daemon.run import Daemon, build
from musicrnn.daemon.session import read_session
from musicrnn.models.catalogue import named
from musicrnn.models.onnx_step import load_model
from musicrnn.testing import ManualClock
from tests.daemon.test_run import settings
from tests.models.model_files import changed, unchanged


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    """Close at the end what a test opened."""
    with contextlib.ExitStack() as opened:
        yield opened


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty home folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def run_of(folder: Path, name: str) -> Path:
    """Return the folder of a training run whose model calls itself so."""
    run = folder / "run"
    run.mkdir()
    (run / "model.onnx").write_bytes(changed(unchanged, name=name))
    return run


def daemon_of(stack: contextlib.ExitStack, folder: Path, source: str) -> Daemon:
    """Return a daemon that is started with a model."""
    chosen = settings(folder / "takes", play=PlaySettings(model=source, bars=1, seed=1), osc=OscSettings(port=0))
    return build(chosen, load_model(source), stack, clock=ManualClock())


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("mine", "mine"),
        ("drums", "drums"),
        ("mine.v2", "mine-v2"),
        ("my tunes", "my-tunes"),
        ("x" * 64 + "!", "x" * 64),
        ("…", "model"),
        ("untrained", "untrained-file"),
    ],
)
def test_what_plays_is_shown_by_a_name_that_brings_it_back(
    stack: contextlib.ExitStack, home: Path, name: str, known: str
) -> None:
    """Whatever it calls itself, and though a model that ships is called the same."""
    run = run_of(home, name)
    daemon = daemon_of(stack, home, str(run))
    assert daemon.runtime.status.model == known
    assert next(iter(daemon.first_lines())) == f"Playing   {known} (3 parts: lead, bass, drums)"
    assert Model(known).name == known
    assert named(known, first_model(load_model(str(run)).info, str(run)).files) == run / "model.onnx"


def test_a_model_of_the_name_of_one_that_ships_plays_in_its_place(stack: contextlib.ExitStack, home: Path) -> None:
    """That is said, as the other one is not to be had meanwhile; a name that messages cannot have is told of, too."""
    run = run_of(home, "drums")
    lines = list(daemon_of(stack, home, str(run)).first_lines())
    assert f"Note      drums is {run / 'model.onnx'} here, and not the model of that name that ships" in lines
    (home / "other").mkdir()
    other = run_of(home / "other", "mine.v2")
    lines = list(daemon_of(stack, home / "other", str(other)).first_lines())
    assert "Note      the model calls itself 'mine.v2'; here it is mine-v2, as messages can name it" in lines


@pytest.mark.parametrize("source", ["chorales", "untrained", "small"])
def test_a_model_that_was_started_by_its_name_keeps_it(stack: contextlib.ExitStack, home: Path, source: str) -> None:
    """Also one in the user's folder, which may call itself something else; nothing is to be said of it."""
    models = home / "data" / "musicrnn" / "models"
    models.mkdir(parents=True)
    (models / "small.onnx").write_bytes(changed(unchanged, name="model"))
    daemon = daemon_of(stack, home, source)
    assert daemon.runtime.status.model == source
    assert not any(line.startswith("Note      ") and source in line for line in daemon.first_lines())


def test_its_name_is_among_those_that_are_told(stack: contextlib.ExitStack, home: Path) -> None:
    """By OSC, and first: a list that is cut has it."""
    run = run_of(home, "mine.v2")
    daemon = daemon_of(stack, home, str(run))
    answers: list[bytes] = []
    assert daemon.osc is not None
    daemon.osc.desk.answer = lambda data, _: answers.append(data)
    daemon.osc.desk.packet(message_bytes("/musicrnn/models"), ("127.0.0.1", 1), 0.0)
    (answer,) = messages(answers[0])
    assert answer.values == ("mine-v2", "chorales", "drums", "songs", "untrained")
    assert model_names(("drums",)) == ["drums", "chorales", "songs", "untrained"]


def test_the_session_log_has_that_name(stack: contextlib.ExitStack, home: Path) -> None:
    """A replay finds the model again under it when it comes back."""
    daemon = daemon_of(stack, home, str(run_of(home, "mine.v2")))
    assert daemon.run([Start()]) == 0
    (log,) = (home / "takes").glob("*.jsonl")
    assert read_session(log).header.model == "mine-v2"
    assert log.name.endswith("-mine-v2.jsonl")
