"""Getting a model ready: from its name to a generator, and every way in which that can fail."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from musicrnn.daemon.loader import Loaded, Loader, Refused, Wish
from musicrnn.errors import ModelError
from musicrnn.models.catalogue import named, names, sealed
from musicrnn.models.model_file import load_checked
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.testing import random_model, small_vocabulary
from tests.daemon.driving import driver
from tests.daemon.text_read import TextRead
from tests.models.model_files import SMALL, SMALL_INT8
from tests.models.wrong_models import wrong_contents

WRONG = wrong_contents()
SECONDS = 60.0
SOME = 4
LONG = bool(os.environ.get("MUSICRNN_LONG"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user's folder of models, with one in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    models = tmp_path / "musicrnn" / "models"
    models.mkdir(parents=True)
    (models / "small.onnx").write_bytes(SMALL.read_bytes())
    return models


def python(code: str) -> list[str]:
    """Return the command of a process that stands in for a trial."""
    return [sys.executable, "-c", code]


GOOD = python("print('{}')")
HANGS = python("import time; time.sleep(600)")


@dataclass
class Desk:
    """A loader and what it said."""

    command: list[str] | None = None
    commands: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = SECONDS
    refused: list[str] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    patience: float = 0.0
    prime: str = ""

    def __post_init__(self) -> None:
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        command = self.command or []
        self.loader = Loader(
            lambda: self._news.put(None),
            self.files,
            seconds=self.seconds,
            command=None if not command and not self.commands else lambda name, _: self.commands.get(name, command),
            patience=self.patience,
        )

    def want(self, name: str) -> None:
        """Want a model at 120 bpm."""
        self.loader.want(Wish(name, 120.0, self.refused.append, lambda: self.prime))

    def result(self) -> Loaded | Refused | None:
        """Wait for news, and return what there is."""
        self.news()
        return self.loader.result()

    def news(self) -> None:
        """Wait for news."""
        self._news.get(timeout=SECONDS)

    def reason(self, name: str) -> str:
        """Want a model that is refused, and return why."""
        self.want(name)
        result = self.result()
        assert isinstance(result, Refused)
        return result.reason


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Give a desk whose trials are all stood."""
    given = Desk(GOOD)
    yield given
    given.loader.close()


def test_a_model_is_loaded_by_its_name(folder: Path) -> None:
    """After a real trial; it is ready to play, and its hash is its file's."""
    given = Desk()
    given.want("small")
    assert given.loader.loading == "small"
    result = given.result()
    assert isinstance(result, Loaded)
    assert result.digest == load_checked(folder / "small.onnx").digest
    assert result.generator.model.info.name == "small"
    assert given.loader.loading == ""
    assert given.loader.result() is None
    given.loader.close()


def test_the_model_that_the_program_was_started_with_is_known_too(folder: Path, tmp_path: Path) -> None:
    """By the name that it has in itself, wherever its file lies: there is a way back to it."""
    elsewhere = tmp_path / "elsewhere.onnx"
    elsewhere.write_bytes(SMALL.read_bytes())
    given = Desk(files={"mine": elsewhere})
    given.want("mine")
    result = given.result()
    assert isinstance(result, Loaded)
    assert result.digest == load_checked(elsewhere).digest
    assert "untrained, mine" in given.reason("yours")
    given.loader.close()


def test_the_model_that_the_program_was_started_with_comes_before_one_of_its_name_that_ships(tmp_path: Path) -> None:
    """The way back leads to what was left, not to another that is called the same."""
    mine = tmp_path / "model.onnx"
    mine.write_bytes(SMALL.read_bytes())
    given = Desk(GOOD, files={"drums": mine})
    given.want("drums")
    result = given.result()
    assert isinstance(result, Loaded)
    assert result.digest == load_checked(mine).digest
    given.loader.close()


def test_a_wrong_model_is_refused_by_a_real_trial(folder: Path) -> None:
    """Some of them here, all in the long run; test_trial has each without the process."""
    given = Desk()
    for what in list(WRONG)[:: 1 if LONG else len(WRONG) // SOME]:
        (folder / "wrong.onnx").write_bytes(WRONG[what])
        assert given.reason("wrong").startswith("model wrong: "), what
    given.loader.close()


def test_a_name_that_nobody_knows_is_refused_with_those_that_are_known(folder: Path, desk: Desk) -> None:
    """And the nearest."""
    assert "a model must be one of chorales" in desk.reason("smal")
    assert "did you mean small" in desk.reason("smal")


def test_a_name_is_never_a_path(folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's folder of that name, right here, is not looked at."""
    run = folder.parent / "run"
    run.mkdir()
    (run / "model.onnx").write_bytes(SMALL.read_bytes())
    monkeypatch.chdir(folder.parent)
    assert "a model must be one of" in desk.reason("run")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import os; os._exit(3)", "3"),
        ("import os; os.abort()", "-6"),
        ("print('no JSON')", "0"),
        ("print('[1]')", "0"),
    ],
)
def test_a_trial_that_falls_is_a_refusal(folder: Path, code: str, status: str) -> None:
    """With the status that the process ended with."""
    given = Desk(python(code))
    assert f"must stand its trial, which ended with status {status}" in given.reason("small")
    given.loader.close()


def test_a_trial_that_hangs_is_ended(folder: Path) -> None:
    """After the seconds that it may take."""
    given = Desk(HANGS, seconds=0.2)
    assert "at most 0.2 seconds" in given.reason("small")
    given.loader.close()


def test_what_the_trial_says_is_the_reason(folder: Path) -> None:
    """Word for word."""
    given = Desk(python("""print('{"error": "model small: too slow"}')"""))
    assert given.reason("small") == "model small: too slow"
    given.loader.close()


def test_it_is_built_in_the_way_that_the_trial_found(folder: Path) -> None:
    """Here the slowest one, which nothing here would choose."""
    given = Desk(python("""print('{"way": "file"}')"""))
    given.want("small")
    result = given.result()
    assert isinstance(result, Loaded)
    assert isinstance(result.generator.model, OnnxStepModel)
    assert result.generator.model.way == "file"
    given.loader.close()


def test_the_prime_is_read_for_it_before_it_takes_over(folder: Path) -> None:
    """In the loader's thread: whoever plays is not held up by 200 bars of text."""
    given = Desk(GOOD, prime=TextRead("C4 . -9 D4 . -3"))
    player = driver(random_model(small_vocabulary()), given.prime)
    given.want("small")
    result = given.result()
    assert isinstance(result, Loaded)
    player.engine.take_over(result.generator, "small", result.digest)
    assert isinstance(given.prime, TextRead)
    assert given.prime.readers == ["MainThread", "musicrnn-loader"]
    given.loader.close()


@pytest.mark.parametrize(("way", "seconds"), [("blas", 0.012), ("file", 0.030), ("", 0.030)])
def test_where_onnx_runtime_has_no_part_others_are_held_up_less(folder: Path, way: str, seconds: float) -> None:
    """Of a model of 10 MB it says so before the model is read."""
    (folder / "large.onnx").write_bytes(bytes(10_000_000))
    given = Desk(python(f"""print('{{"way": "{way}"}}')"""), patience=SECONDS)
    given.want("large")
    assert given.result() is None
    assert given.loader.holdup == pytest.approx(seconds)
    given.loader.close()


def test_it_says_how_long_it_will_hold_others_up_and_builds_when_it_may(folder: Path) -> None:
    """Somewhat longer for a bigger model; afterwards it is nothing again."""
    given = Desk(GOOD, patience=SECONDS)
    given.want("small")
    assert given.result() is None
    assert given.loader.holdup == pytest.approx(0.01, abs=0.005)
    given.loader.go_ahead()
    assert isinstance(given.result(), Loaded)
    assert given.loader.holdup == 0.0
    given.loader.close()


def test_the_last_wish_wins_and_the_others_are_told(folder: Path, desk: Desk) -> None:
    """Whether they were begun or not."""
    (folder / "other.onnx").write_bytes(SMALL_INT8.read_bytes())
    for name in ("small", "small", "other"):
        desk.want(name)
    result = desk.result()
    assert isinstance(result, Loaded)
    assert result.wish.name == "other"
    assert len(desk.refused) == 2
    assert all("another was wanted after it" in reason for reason in desk.refused)


def test_a_wish_ends_the_trial_that_hangs(folder: Path) -> None:
    """Long before its time is over."""
    (folder / "other.onnx").write_bytes(SMALL_INT8.read_bytes())
    given = Desk(commands={"small": HANGS, "other": GOOD}, seconds=600.0)
    given.want("small")
    given.want("other")
    result = given.result()
    assert isinstance(result, Loaded)
    assert result.wish.name == "other"
    assert given.refused == ["model small is not loaded: another was wanted after it"]
    given.loader.close()


def test_a_name_that_nobody_knows_leaves_the_load_under_way_alone(folder: Path, tmp_path: Path) -> None:
    """It is refused while the other stands its trial, and that one is loaded."""
    may_end = tmp_path / "may-end"
    given = Desk(
        python(f"import os, time\nwhile not os.path.exists({str(may_end)!r}): time.sleep(0.01)\nprint('{{}}')")
    )
    given.want("small")
    given.want("smal")
    refused = given.result()
    assert isinstance(refused, Refused)
    assert refused.wish.name == "smal"
    assert given.loader.loading == "small"
    may_end.touch()
    result = given.result()
    assert isinstance(result, Loaded)
    assert result.wish.name == "small"
    assert given.loader.loading == ""
    assert given.refused == []
    given.loader.close()


def test_a_name_that_nobody_knows_is_told_beside_a_result_that_waits(folder: Path, desk: Desk) -> None:
    """What became of each wish is told, in their order."""
    desk.want("small")
    desk.news()
    desk.want("smal")
    desk.news()
    assert isinstance(desk.loader.result(), Loaded)
    assert isinstance(desk.loader.result(), Refused)
    assert desk.loader.result() is None


def test_closing_gives_up_what_is_being_loaded(folder: Path) -> None:
    """And nobody is told of a result."""
    given = Desk(HANGS, seconds=600.0)
    given.want("small")
    given.loader.close()
    assert given.loader.result() is None


def test_the_bytes_that_were_tried_are_those_that_play(folder: Path) -> None:
    """The trial itself puts another model in the file's place: it is the first that is loaded."""
    digest = load_checked(folder / "small.onnx").digest
    given = Desk(
        python(f"import shutil; shutil.copy({str(SMALL_INT8)!r}, {str(folder / 'small.onnx')!r}); print('{{}}')")
    )
    given.want("small")
    result = given.result()
    assert isinstance(result, Loaded)
    assert result.digest == digest
    assert load_checked(folder / "small.onnx").digest != digest
    given.loader.close()


def test_a_model_of_a_session_is_found_by_its_hash_whatever_it_is_called_now(folder: Path) -> None:
    """Another file under the old name is not it."""
    digest = load_checked(SMALL).digest
    (folder / "small.onnx").rename(folder / "renamed.onnx")
    (folder / "small.onnx").write_bytes(SMALL_INT8.read_bytes())
    assert sealed("small", digest) == folder / "renamed.onnx"
    (folder / "renamed.onnx").unlink()
    with pytest.raises(ModelError, match="another of that name is there"):
        sealed("small", digest)
    (folder / "small.onnx").unlink()
    with pytest.raises(ModelError, match="there is none of that name"):
        sealed("small", digest)


def test_every_name_of_a_file_can_be_named(folder: Path) -> None:
    """The untrained model has no file."""
    assert {"chorales", "small", "untrained"} <= set(names())
    assert named("small") == folder / "small.onnx"
