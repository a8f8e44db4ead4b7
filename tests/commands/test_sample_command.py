"""`musicrnn sample`: what is typed is obeyed or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn import cli

FEW = "play.density (--density) is below 0, which asks for few notes"


@pytest.fixture(autouse=True)
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the user's settings would be: a folder of this test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "musicrnn").mkdir()
    return tmp_path / "musicrnn" / "musicrnn.toml"


def test_a_replay_refuses_the_flags_that_it_could_not_obey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its session log has them all; each is named."""
    words = ["--replay", str(tmp_path / "a.jsonl"), "--bars", "2", "--seed", "99", "--mu", "5", "--output", "a.mid"]
    assert cli.main(["sample", *words]) == 78
    told = capsys.readouterr().err
    assert (
        told
        == "musicrnn: error: --replay must not be given with what its session log decides, got --mu, --seed, --bars\n"
    )


def test_a_replay_obeys_the_others_and_settings_of_a_file_do_not_matter(
    settings_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next thing that is wrong is told: there is no log."""
    settings_file.write_text("[play]\nmu = 2.0\n[sample]\nbars = 4\n", encoding="utf-8")
    words = ["--model", "drums", "--output", str(tmp_path / "a.mid"), "--no-text", "--overwrite"]
    assert cli.main(["sample", "--replay", str(tmp_path / "a.jsonl"), *words]) == 65
    assert "a.jsonl: a session log must be readable" in capsys.readouterr().err


def test_a_replay_takes_the_model_of_its_log_whatever_a_settings_file_names(
    settings_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the file names is for what is played anew; a flag would count."""
    played, again = tmp_path / "a.mid", tmp_path / "b.mid"
    quick = ["--midi-api", "none", "--no-osc", "--tempo", "480", "--bars", "4", "--record", str(played)]
    assert cli.main(["daemon", "untrained", *quick]) == 0
    settings_file.write_text('[play]\nmodel = "drums"\n', encoding="utf-8")
    words = ["--replay", str(played.with_suffix(".jsonl")), "--output", str(again), "--no-text"]
    assert cli.main(["sample", *words]) == 0, capsys.readouterr().err
    assert again.read_bytes() == played.read_bytes()
    assert cli.main(["sample", *words, "--overwrite", "--model", "drums"]) == 65


@pytest.mark.parametrize(("words", "got"), [([], "none, which prints the text"), (["--output", "a.TXT"], "a.TXT")])
def test_no_text_where_there_would_be_nothing_else_is_refused(
    words: list[str], got: str, settings_file: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """It was passed over. A settings file may hold it, for the files that are to come."""
    monkeypatch.chdir(settings_file.parent)
    assert cli.main(["sample", "untrained", "--no-text", *words]) == 78
    assert f"--no-text must be given with a MIDI file as --output, got {got}\n" in capsys.readouterr().err
    settings_file.write_text("[sample]\ntext = false\n", encoding="utf-8")
    assert cli.main(["sample", "untrained", "--bars", "1"]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("prime", "status", "words"),
    [
        ("H5 .", 78, "the prime must be score text or the old characters"),
        ("C9 .", 78, "the prime must fit the model"),
        ("none.mid", 65, "none.mid: the prime's file must be readable"),
        ("wrong.txt", 65, "wrong.txt"),
        ("many.txt", 65, "many.txt: the prime must fit the model"),
    ],
)
def test_a_wrong_prime_is_the_fault_of_who_gave_it(
    prime: str, status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Not one of MusicRNN, which alone has status 1; the daemon ends alike."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.txt").write_text("H5 .", encoding="utf-8")
    (tmp_path / "many.txt").write_text(
        "[4/4] " + " ".join(f"C{octave}" for octave in range(2, 8)) + " .", encoding="utf-8"
    )
    quiet = ["--midi-api", "none", "--no-osc", "--no-recording"]
    for command in (["sample", "untrained"], ["daemon", "untrained", *quiet]):
        assert cli.main([*command, "--seed", "1", "--prime", prime]) == status
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


def test_a_flag_of_the_watchdog_is_refused_where_it_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    """As by the daemon."""
    assert cli.main(["sample", "untrained", "--watchdog-bars", "0", "--watchdog-notes", "3"]) == 78
    why = "play.watchdog_bars is 0 (--watchdog-bars)"
    assert capsys.readouterr().err == f"musicrnn: error: --watchdog-notes must not be given while {why}, got 3\n"


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (
            ("--seconds", "1", "--bars", "4"),
            "--bars must not be given while sample.seconds (--seconds) says how long the piece is, got 4",
        ),
        (("--root", "D"), "--root must not be given while play.scale (--scale) is chromatic, which has none, got 'D'"),
        (
            ("--exponent-span", "bar"),
            "--exponent-span must not be given while play.sigma (--sigma) is 0, which keeps A at mu, got 'bar'",
        ),
        *(
            (("--density", "-1", flag, "1"), f"{flag} must not be given while {FEW}, got 1")
            for flag in ("--watchdog-bars", "--watchdog-notes")
        ),
    ],
)
def test_a_flag_that_changes_nothing_beside_another_is_refused(
    words: tuple[str, ...], refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was passed over: whoever gave it heard other music than was asked for."""
    assert cli.main(["sample", "untrained", *words]) == 78
    assert capsys.readouterr().err == f"musicrnn: error: {refusal}\n"


def test_a_flag_is_obeyed_beside_what_makes_it_of_use(settings_file: Path) -> None:
    """A settings file may have it beside anything."""
    scale = ("--scale", "dorian", "--root", "D", "--sigma", "0.5", "--exponent-span", "bar")
    assert cli.main(["sample", "untrained", "--bars", "1", *scale]) == 0
    settings_file.write_text('[play]\nroot = "D"\nexponent_span = "bar"\n[sample]\nbars = 4\n', encoding="utf-8")
    assert cli.main(["sample", "untrained", "--seconds", "1"]) == 0
