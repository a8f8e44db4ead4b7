"""`musicrnn daemon`: what is typed is obeyed or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn import cli


@pytest.fixture(autouse=True)
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the user's settings would be: a folder of this test, as is that of recordings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "musicrnn").mkdir()
    return tmp_path / "musicrnn" / "musicrnn.toml"


def play(*words: str) -> int:
    """Run the daemon for a moment, if it plays at all."""
    return cli.main(["daemon", "--no-osc", "--no-recording", "--bars", "1", "--tempo", "300", *words])


def test_a_port_is_refused_without_a_midi_system(settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever it is said that there is none."""
    told = "musicrnn: error: --port must not be given while midi.api is none, which opens none, got 'synth'\n"
    assert play("--midi-api", "none", "--port", "synth") == 78
    assert capsys.readouterr().err == told
    settings_file.write_text('[midi]\napi = "none"\n', encoding="utf-8")
    assert play("--port", "synth") == 78
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--midi-clock-out",), "--midi-clock-out must not be given while midi.api is none, which sends none"),
        (("--record", "a.mid"), "--record must not be given while record.enabled is off, got 'a.mid'"),
        (("--osc-query",), "--osc-query must not be given while osc.enabled is off"),
        (("--osc-query-port", "9001"), "--osc-query-port must not be given while osc.enabled is off, got 9001"),
        (("--osc-announce",), "--osc-announce must not be given while osc.enabled is off"),
        (
            ("--lost-clock", "stop"),
            "--lost-clock must not be given while play.clock is internal, which is never lost, got 'stop'",
        ),
        (("--link-starts",), "--link-starts must not be given while play.clock is internal"),
    ],
)
def test_a_flag_that_could_do_nothing_is_refused(
    words: tuple[str, ...], refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside --no-osc, --no-recording, without a MIDI system and by the internal clock; switched off it is no wish."""
    assert play("--midi-api", "none", *words) == 78
    assert capsys.readouterr().err == f"musicrnn: error: {refusal}\n"
    assert play("--midi-api", "none", "--no-osc-query", "--no-link-starts", "--no-midi-clock-out") == 0


def test_a_port_of_the_settings_file_does_not_keep_it_from_playing_without(settings_file: Path) -> None:
    """The flag is for this once."""
    settings_file.write_text('[midi]\nport = "synth"\n', encoding="utf-8")
    assert play("--midi-api", "none") == 0
