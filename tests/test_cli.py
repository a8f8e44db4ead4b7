"""The command line imports what it uses, and tells a person what a person can mend."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musicrnn import __version__, cli
from musicrnn.errors import ConfigError, ModelError, OutputError

HEAVY = ("numpy", "onnxruntime", "rtmidi", "mido", "tensorflow", "keras", "rich", "textual", "symusic")


@pytest.fixture(autouse=True)
def no_user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings file of who runs the tests out of them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", ["--help", "train --help", "daemon --help", "sample --help", "train --show-config"])
def test_help_imports_nothing_heavy(words: str) -> None:
    """It is there at once, and on a machine where a library is broken."""
    code = (
        "import sys; from musicrnn import cli\n"
        f"try: cli.main({words.split()!r})\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_names_every_verb_and_each_has_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """And so does the program without a verb."""
    assert cli.main([]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert [verb for verb in listed if verb in cli.VERBS] == list(cli.VERBS)
    assert {"check", "convert", "train", "export", "card", "sample", "daemon", "doctor"} <= set(listed)
    assert all(importlib.util.find_spec(f"musicrnn.commands.{verb}") is not None for verb in cli.VERBS)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """By the program and by each verb."""
    for words in (["--version"], ["daemon", "--version"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(words)
        assert ended.value.code == 0
        assert capsys.readouterr().out == f"musicrnn {__version__}\n"


def test_an_unknown_verb_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and the status of a wrong setting."""
    assert cli.main(["trian"]) == ConfigError.exit_status
    assert capsys.readouterr().err == "musicrnn: error: the verb 'trian' is unknown: did you mean 'train'?\n"


def test_a_wrong_flag_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With the rule and the value."""
    assert cli.main(["daemon", "--mu", "17"]) == 78
    assert capsys.readouterr().err == "musicrnn: error: --mu must be a number in 0..16, got 17.0\n"


def test_flags_may_stand_between_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before OUT, and between one folder and the next; after ``--`` nothing is a flag."""
    (tmp_path / "a.txt").write_text("C4 .")
    (tmp_path / "-b.txt").write_text("D4 .")
    names = str(tmp_path / "a.txt"), str(tmp_path / "-b.txt")
    assert cli.main(["convert", names[0], "--to", "mid", str(tmp_path / "c.mid")]) == 0
    assert (tmp_path / "c.mid").read_bytes()[:4] == b"MThd"
    capsys.readouterr()
    for words in ([names[0], "--no-cache", names[1]], ["--no-cache", "--", *names]):
        assert cli.main(["check", *words]) == 0
        assert "2 of 2 files usable." in capsys.readouterr().out


LONG = "a" * 300
GUITAR = Path(__file__).parent / "fixtures" / "midi" / "guitar.mid"


@pytest.mark.skipif(os.name == "nt", reason="the length of names is another there")
@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["inspect", LONG], 65, "the model must be a file that can be read: File name too long"),
        (
            ["inspect", "~nobody-of-this-name/a.onnx"],
            65,
            "the model must be a file that can be read, and there is none",
        ),
        (["sample", LONG], 65, "the model must be a file that can be read: File name too long"),
        (["bench", LONG], 65, "the model must be a file that can be read: File name too long"),
        (["evaluate", LONG], 65, "the model must be a file that can be read: File name too long"),
        (["evaluate", "~nobody-of-this-name/a"], 65, "the model must be a file that can be read, and there is none"),
        (["layouts", LONG], 78, "must be a folder that can be written, got: File name too long"),
        (["convert", LONG, "a.txt"], 65, "IN must be a folder or a file, got File name too long"),
    ],
)
def test_a_path_that_cannot_be_looked_at_is_one_line(
    words: list[str],
    status: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name that is too long, as a folder that is closed, or the home of nobody."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


@pytest.mark.skipif(os.name == "nt", reason="the length of names is another there")
def test_a_home_that_cannot_be_looked_into_keeps_nobody_from_playing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As that of a service is closed to it: there are no own models, and that no settings are read is told."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / LONG))
    assert cli.main(["sample", "untrained", "--bars", "1", "--seed", "1"]) == 0
    assert "musicrnn.toml must be where it can be read, got: File name too long; the defaults hold" in (
        capsys.readouterr().err
    )
    assert cli.main(["inspect", "drums"]) == 0


def test_a_thousand_words_too_many_are_not_all_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As a shell makes them of a pattern."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["sample", "songs", *(f"corpus/{number:05}.mid" for number in range(1000))])
    told = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert "corpus/00000.mid" in told
    assert told.endswith("characters more)")
    assert len(told) < 500


def test_an_unknown_flag_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """No beginning of a flag is taken for the whole."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "--learning", "0.1"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --learning" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["daemon", "--clock-out"], "--clock-out; did you mean --midi-clock-out?"),
        (["daemon", "--tempoo=90"], "--tempoo=90; did you mean --tempo?"),
        (["train", "music", "--rate", "1"], "--rate 1; did you mean --learning-rate?"),
        (["daemon", "--qqq"], "--qqq"),
        (["train", "music", "--batch", "3"], "--batch 3"),
        (["check", "a.mid", "--jsn"], "--jsn; did you mean --json?"),
    ],
)
def test_the_flag_that_may_be_meant_is_asked_after(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the last of a few lines: all the flags of a verb before it would hide it."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert lines[-1] == f"musicrnn {words[0]}: error: unrecognized arguments: {told}"
    assert len(lines) < 10


@pytest.mark.parametrize(("program", "verb"), [("train", "train"), ("daemon", "daemon")])
def test_the_verbs_used_daily_are_programs_of_their_own(
    program: str, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same settings under a shorter name."""
    monkeypatch.setattr("sys.argv", [f"musicrnn-{program}", "--show-config"])
    assert getattr(cli, program)() == 0
    short = capsys.readouterr().out
    assert cli.main([verb, "--show-config"]) == 0
    assert capsys.readouterr().out == short


def test_training_without_its_extra_says_how_to_install_it() -> None:
    """TensorFlow is half a gigabyte that what plays does not need; JAX would do."""
    done = run(
        "import sys, importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name in ('tensorflow', 'jax') else find(name, *a)\n"
        "from musicrnn import cli; sys.exit(cli.main(['train', 'midi']))"
    )
    assert done.returncode == 70
    assert "not installed (tensorflow" in done.stderr
    assert "in the folder of MusicRNN's source, pip install '.[train]'" in done.stderr
    assert "[jax] for [train], to train with JAX" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("verb", "message"),
    [("train", "corpus.folders must name at least one folder"), ("export", "export.run must name the folder")],
)
def test_a_verb_without_its_folder_is_refused(verb: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything heavy is imported."""
    assert cli.main([verb]) == ConfigError.exit_status
    assert capsys.readouterr().err.startswith(f"musicrnn: error: {message}")


def refuse() -> int:
    """Fail as a damaged model does."""
    raise ModelError("model.onnx must be an ONNX file, got 3 bytes")


def interrupt() -> int:
    """Fail as Ctrl-C does."""
    raise KeyboardInterrupt


def fall() -> int:
    """Fail as a bug does."""
    raise RuntimeError("a bug")


def test_what_a_person_can_mend_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The status says of what kind it is."""
    assert cli.guarded(refuse) == ModelError.exit_status
    assert capsys.readouterr().err == "musicrnn: error: model.onnx must be an ONNX file, got 3 bytes\n"


def test_an_interruption_has_its_status() -> None:
    """130, as shells have it."""
    assert cli.guarded(interrupt) == 130


def test_a_bug_keeps_its_traceback() -> None:
    """It must not look like something that a person can mend."""
    with pytest.raises(RuntimeError, match="a bug"):
        cli.guarded(fall)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_reader_that_goes_away_leaves_no_traceback() -> None:
    """`musicrnn train --show-config | head -1` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        code = "import sys; from musicrnn import cli; sys.exit(cli.main(['train', '--show-config']))"
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=closed, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.stderr == b""
    assert done.returncode == 141


def test_a_name_that_standard_output_cannot_say_is_escaped(tmp_path: Path) -> None:
    """As in a pipe on Windows, whose encoding has some two hundred letters."""
    (tmp_path / "日本.mid").write_bytes(GUITAR.read_bytes())
    code = "from musicrnn import cli; cli.main(['check', '--no-cache', '日本.mid'])"
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, cwd=tmp_path, timeout=60, check=False
    )
    assert done.stderr == b""
    assert rb"\u65e5\u672c.mid" in done.stdout


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("words", "before"),
    [
        ("train --show-config", ""),
        ("inspect drums", ""),
        ("inspect drums nosuch", "musicrnn: error: a model must be one of"),
        ("sample --bars 1 --seed 3", ""),
        ("check tests/fixtures/midi/guitar.mid --no-cache", ""),
        ("daemon --list-models", ""),
        ("--help", ""),
        ("daemon --help", ""),
        ("--version", ""),
    ],
)
def test_a_full_disk_under_standard_output_is_one_line(words: str, before: str, unbuffered: str) -> None:
    """Whether Python writes at once or when it ends: no traceback, and a status of its own."""
    code = f"import sys; from musicrnn import cli; sys.exit(cli.main({words.split()!r}))"
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=Path(__file__).parent.parent,
            timeout=60,
            check=False,
            text=True,
        )
    *earlier, last = done.stderr.splitlines()
    assert last == "musicrnn: error: standard output must be writable, got No space left on device"
    assert not earlier or (before and len(earlier) == 1 and earlier[0].startswith(before))
    assert done.returncode == OutputError.exit_status == 74


def test_another_file_that_cannot_be_written_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Only standard output is told of: a disk that is full elsewhere was to be told by who writes there."""

    def fall_elsewhere() -> int:
        print("so far")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cli.guarded(fall_elsewhere)
    assert capsys.readouterr() == ("so far\n", "")


@pytest.mark.parametrize(
    "words", [["inspect", "untrained"], ["check", "--no-cache", str(GUITAR)], ["sample", "--list-models"], ["doctor"]]
)
def test_without_a_standard_output_nothing_is_written(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a desktop starts a program without a terminal."""
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(words) == 0


def test_onnx_runtime_leaves_no_trace_and_tells_nobody(tmp_path: Path) -> None:
    """It would write a device number into the cache folder before it reports to its maker."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    for name in ("ORT_DISABLE_TELEMETRY", "CI"):
        environment.pop(name, None)
    command = [sys.executable, "-c", "import musicrnn, onnxruntime"]
    subprocess.run(command, env=environment, timeout=60, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("own", "expected"), [(None, "1"), ("3", "3")])
def test_products_stay_on_one_thread_unless_a_user_says_otherwise(own: str | None, expected: str) -> None:
    """NumPy's BLAS reads the variable when it is loaded, so a verb sets it before it imports anything."""
    environment = {name: value for name, value in os.environ.items() if name not in cli.BLAS_THREADS}
    if own:
        environment |= dict.fromkeys(cli.BLAS_THREADS, own)
    code = (
        "import os, sys; from musicrnn import cli; assert 'numpy' not in sys.modules; cli.main(['inspect', 'drums']); "
        "print([os.environ[name] for name in cli.BLAS_THREADS])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode().splitlines()[-1] == str([expected] * len(cli.BLAS_THREADS))
