"""`musicrnn daemon`: what is typed is obeyed or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn import cli

OSC_OFF = "osc.enabled is off (--no-osc)"
HERE_ONLY = "which only this machine reaches"
ALL = "0.0.0.0"  # noqa: S104


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
        *(
            ((flag, value), f"{flag} must not be given while midi.api is none, which opens no port, got {value}")
            for flag, value in (
                ("--heartbeat-seconds", "5.0"),
                ("--repeat-offs-ms", "100.0"),
                ("--midi-offset-ms", "-20.0"),
            )
        ),
        (
            ("--virtual-port", "Second"),
            "--virtual-port must not be given while midi.api is none, which opens no port, got 'Second'",
        ),
        (("--record", "a.mid"), "--record must not be given while record.enabled is off (--no-recording), got 'a.mid'"),
        (("--osc-query",), f"--osc-query must not be given while {OSC_OFF}"),
        (("--osc-query-port", "9001"), f"--osc-query-port must not be given while {OSC_OFF}, got 9001"),
        (("--osc-announce",), f"--osc-announce must not be given while {OSC_OFF}"),
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


def plays(*words: str) -> int:
    """Run the daemon for a moment with OSC, if it plays at all."""
    return cli.main(["daemon", "--midi-api", "none", "--osc-port", "0", "--bars", "1", "--tempo", "300", *words])


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--no-osc", "--osc-port", "9001"), f"--osc-port must not be given while {OSC_OFF}, got 9001"),
        (("--no-osc", "--osc-host", ALL), f"--osc-host must not be given while {OSC_OFF}, got '{ALL}'"),
        (
            ("--no-osc", "--osc-allow", "10.0.0.1", "--osc-allow", "10.1.0.0/16"),
            f"--osc-allow must not be given while {OSC_OFF}, got '10.0.0.1', '10.1.0.0/16'",
        ),
        (
            ("--osc-allow", "10.0.0.1"),
            f"--osc-allow must not be given while osc.host (--osc-host) is 127.0.0.1, {HERE_ONLY}, got '10.0.0.1'",
        ),
        (
            ("--osc-allow", "10.0.0.1", "--osc-host", "localhost"),
            f"--osc-allow must not be given while osc.host (--osc-host) is localhost, {HERE_ONLY}, got '10.0.0.1'",
        ),
        (
            ("--no-osc-query", "--osc-query-port", "9001"),
            "--osc-query-port must not be given while osc.query is off (--no-osc-query), got 9001",
        ),
        (
            ("--record", "a.mid", "--record-folder", "b"),
            "--record-folder must not be given while record.file (--record) names the file, got 'b'",
        ),
        (
            ("--record", "a.mid", "--keep-megabytes", "5"),
            "--keep-megabytes must not be given while record.file (--record) names the file, got 5",
        ),
        (
            ("--no-recording", "--keep-megabytes", "5"),
            "--keep-megabytes must not be given while record.enabled is off (--no-recording), got 5",
        ),
        *(
            (
                ("--watchdog-bars", "0", f"--watchdog-{name}", value),
                f"--watchdog-{name} must not be given while play.watchdog_bars is 0 (--watchdog-bars), got {value}",
            )
            for name, value in (("notes", "3"), ("step", "0.5"), ("return", "0.5"), ("least", "2.0"))
        ),
    ],
)
def test_a_flag_that_another_one_makes_useless_is_refused(
    words: tuple[str, ...], refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names both."""
    assert plays(*words) == 78
    assert capsys.readouterr().err == f"musicrnn: error: {refusal}\n"


def test_the_name_of_a_virtual_port_is_refused_beside_a_port(capsys: pytest.CaptureFixture[str]) -> None:
    """Only one is opened."""
    assert play("--port", "synth", "--virtual-port", "Second") == 78
    told = "--virtual-port must not be given while midi.port (--port) names the port, got 'Second'"
    assert capsys.readouterr().err == f"musicrnn: error: {told}\n"


def test_what_the_settings_file_has_beside_such_a_flag_is_no_wish(settings_file: Path, tmp_path: Path) -> None:
    """It is shared between machines, and between evenings. The folder of recordings is that of kept bars, too."""
    settings_file.write_text(
        '[osc]\nallow = ["10.0.0.1"]\nquery_port = 9001\n[record]\nfolder = "there"\nkeep_megabytes = 5\n'
        '[play]\nwatchdog_notes = 3\n[midi]\nvirtual_port = "Second"\noffset_ms = -20\n',
        encoding="utf-8",
    )
    quiet = ("--no-osc-query", "--watchdog-bars", "0")
    assert plays(*quiet, "--no-recording") == 0
    assert plays(*quiet, "--no-recording", "--record-folder", str(tmp_path / "kept")) == 0
    assert plays(*quiet, "--record", str(tmp_path / "a.mid")) == 0


def test_a_port_of_the_settings_file_does_not_keep_it_from_playing_without(settings_file: Path) -> None:
    """The flag is for this once."""
    settings_file.write_text('[midi]\nport = "synth"\n', encoding="utf-8")
    assert play("--midi-api", "none") == 0
