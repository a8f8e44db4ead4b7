"""The doctor says what there is, what to do about the rest, and never hangs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.commands.doctor import MARKS, Finding, findings
from musicrnn.commands.probe import answer, ask
from tests.peers.jackd import JackServer
from tests.peers.program import Program, wait_until

SMALL = Path(__file__).parent.parent / "fixtures" / "models" / "small-int8.onnx"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home of its own, and no JACK server."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    return tmp_path


def found() -> dict[str, Finding]:
    """Return the findings by subject."""
    return {finding.subject: finding for finding in findings()}


def test_each_finding_has_a_state_and_what_is_missing_has_advice() -> None:
    """A report without a remedy is half a report."""
    for finding in found().values():
        assert finding.state in MARKS
        assert finding.found
        assert finding.state not in ("missing", "broken") or finding.advice


def test_what_plays_is_found_and_no_server_runs() -> None:
    """ONNX Runtime is in the base install; the named JACK server does not exist."""
    by_subject = found()
    assert by_subject["ONNX Runtime"].state == "ok"
    assert by_subject["JACK server"].state == "note"
    assert by_subject["recordings"].state == "ok"


@pytest.mark.parametrize(
    ("name", "advice"),
    [("recordings", "--record-folder FOLDER"), ("own models", "XDG_DATA_HOME"), ("cache", "XDG_CACHE_HOME")],
)
def test_a_folder_that_cannot_be_made_is_named_with_another_way(own_folders: Path, name: str, advice: str) -> None:
    """Nobody is told to open up a folder of the system."""
    (own_folders / "musicrnn").write_text("no folder", encoding="utf-8")
    finding = found()[name]
    assert finding.state == "missing"
    assert str(own_folders / "musicrnn") in finding.found
    assert "it cannot be " in finding.found
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("clock", "state", "advice"),
    [("internal", "ok", ""), ("midi", "ok", ""), ("jack", "missing", "jackd -d alsa"), ("link", "missing", ".[link]")],
)
def test_the_clock_of_the_settings_is_told_with_what_it_lacks(
    own_folders: Path, monkeypatch: pytest.MonkeyPatch, clock: str, state: str, advice: str
) -> None:
    """Neither a JACK server nor Link is there."""
    monkeypatch.setitem(sys.modules, "link", None)
    folder = own_folders / "musicrnn"
    folder.mkdir()
    (folder / "musicrnn.toml").write_text(f'[play]\nclock = "{clock}"\n', encoding="utf-8")
    finding = found()["clock"]
    assert finding.state == state
    assert clock in finding.found
    assert advice in finding.advice


def test_without_a_settings_file_the_clock_is_our_own() -> None:
    """As the defaults say."""
    assert found()["clock"] == Finding("clock", "ok", "internal")


@pytest.mark.jack
def test_of_a_server_the_transport_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it rolls, and whose tempo it has."""
    with JackServer(1024) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        assert "48000 Hz, 1024 frames a period, transport stopped (no timebase master)" in found()["JACK server"].found
        with Program(
            [sys.executable, "-m", "tests.peers.jack_tempo", "97", "97", "0", "1"], server.environment
        ) as leader:
            leader.wait_for_line("LEADING")
            with Program(["jack_transport"], server.environment) as transport:
                transport.send_line("play")
                wait_until(lambda: ask("jack").get("transport") == "rolling", 10, "the transport must roll")
                assert "transport rolling (97 bpm by a timebase master)" in found()["JACK server"].found


def test_under_pipewire_what_must_be_installed_is_told(own_folders: Path) -> None:
    """The player loads PipeWire's own libjack: nothing need be preloaded."""
    (own_folders / "pipewire-0").touch()
    jack = found()["JACK server"]
    assert "PipeWire is running" in jack.found
    assert "apt install pipewire-jack" in jack.advice
    assert "LD_PRELOAD" not in jack.advice


def test_without_python_rtmidi_it_is_told_that_it_may_have_to_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no ready-made package of it for Python 3.13."""
    (tmp_path / "rtmidi.py").write_text("raise ModuleNotFoundError(\"No module named 'rtmidi'\")\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    midi = found()["MIDI"]
    assert midi.state == "missing"
    assert "pip install python-rtmidi; for Python 3.13 that builds it, with a C++ compiler" in midi.advice
    assert "force" not in midi.advice


def test_nothing_is_made_by_looking(own_folders: Path) -> None:
    """The doctor changes nothing."""
    found()
    assert list(own_folders.iterdir()) == []


def test_it_is_told_how_to_make_the_folder_of_own_models(own_folders: Path) -> None:
    """Nothing else makes it, and a model copied to where it should be would become a file of its name."""
    folder = own_folders / "musicrnn" / "models"
    finding = found()["own models"]
    assert finding.state == "note"
    assert finding.found == f"{folder} (not there yet)"
    assert finding.advice.endswith(f"make it first: mkdir -p {folder}")
    folder.mkdir(parents=True)
    assert found()["own models"] == Finding("own models", "ok", str(folder))


def test_a_file_in_the_place_of_a_folder_is_called_one(own_folders: Path) -> None:
    """What a copy to a folder that was not there has made."""
    folder = own_folders / "musicrnn" / "models"
    folder.parent.mkdir()
    shutil.copy(SMALL, folder)
    finding = found()["own models"]
    assert finding.state == "missing"
    assert finding.found == f"{folder}: it cannot be made: a file has its name"
    assert finding.advice.startswith("give that file another name, or ")


def test_the_users_own_models_are_listed(own_folders: Path) -> None:
    """By the names that --model takes."""
    folder = own_folders / "musicrnn" / "models"
    folder.mkdir(parents=True)
    shutil.copy(SMALL, folder / "mine.onnx")
    assert "mine" in found()["models"].found.split(", ")
    assert "model file" not in found()


def test_a_file_that_is_no_model_is_not_counted_as_one(own_folders: Path) -> None:
    """It is named with its reason; MusicRNN can do without it, so the status stays 0."""
    folder = own_folders / "musicrnn" / "models"
    folder.mkdir(parents=True)
    (folder / "bad.onnx").write_bytes(b"bad")
    by_subject = found()
    assert "bad" not in by_subject["models"].found.split(", ")
    assert (
        by_subject["model file"].found
        == f"{folder}/bad.onnx: a model must end with MusicRNN's seal, got 3 bytes without"
    )
    assert by_subject["model file"].state == "missing"


def test_a_broken_settings_file_is_told_and_gives_status_1(
    own_folders: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The daemon would refuse it as well. What C libraries say on standard error is not passed on."""
    (own_folders / "musicrnn").mkdir()
    (own_folders / "musicrnn" / "musicrnn.toml").write_text("[play]\nmu = 99\n", encoding="utf-8")
    assert cli.main(["doctor", "--json"]) == 1
    output = capfd.readouterr()
    states = {item["subject"]: item for item in json.loads(output.out)}
    assert states["settings file"]["state"] == "broken"
    assert "play.mu must be a number in 0..16, got 99.0" in states["settings file"]["found"]
    assert output.err == ""


@pytest.mark.skipif(os.name == "nt", reason="the length of names is another there")
def test_a_home_that_cannot_be_looked_into_is_told(own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is closed: of the settings file and of each folder, with another way."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(own_folders / ("a" * 300)))
    by_subject = found()
    assert by_subject["settings file"].found.endswith("got: File name too long; the defaults hold")
    assert by_subject["settings file"].advice == "set XDG_CONFIG_HOME to a folder that can be read"
    assert by_subject["clock"].found == "internal"
    assert by_subject["models"].state == "ok"


def test_the_report_is_one_line_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    """For people."""
    cli.main(["doctor"])
    text = capsys.readouterr().out
    assert "ONNX Runtime:" in text
    assert "settings file:" in text


def test_a_question_that_hangs_is_given_up() -> None:
    """A sound server that does not answer must not hold up the report."""
    assert ask("hang", seconds=0.2) == {"error": "no answer in 0.2 seconds"}


def test_a_question_that_falls_is_told() -> None:
    """A crash in a C library ends only the process that asked."""
    assert ask("crash") == {"error": "the question ended with status 3"}


def test_an_import_that_fails_is_told() -> None:
    """With its reason."""
    assert ask("import:no_such_module") == {"error": "ModuleNotFoundError: No module named 'no_such_module'"}


def test_an_unknown_question_is_told() -> None:
    """A slip in the doctor shows."""
    assert "unknown question" in answer("weather")["error"]
