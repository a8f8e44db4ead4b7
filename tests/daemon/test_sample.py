"""`musicrnn sample`: what the daemon would play, to files or as text, and sessions played again byte for byte."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from musicrnn.config.play import PlaySettings
from musicrnn.config.sample import SampleSettings
from musicrnn.config.settings import Settings
from musicrnn.control import Panic, Set, Stop
from musicrnn.daemon.bar_text import whole_text
from musicrnn.daemon.sample import length_in_ticks, made, replay, replayed, run, sample
from musicrnn.daemon.session import parse_session
from musicrnn.errors import ConfigError, ControlError, FileNotWrittenError, SessionError
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.text_read import score_of_text
from musicrnn.testing import random_model, small_vocabulary
from tests.daemon.driving import Script, Wait, driver, perform

MODEL = random_model(small_vocabulary(), 9, scale=2.0, calm=3.0)
PLAY = PlaySettings(seed=4, tempo=120.0, sigma=0.3)


def settings(play: PlaySettings = PLAY, **wanted: object) -> Settings:
    """Return settings for so much music."""
    return Settings(play=play, sample=dataclasses.replace(SampleSettings(), **wanted))  # type: ignore[arg-type]


def test_sampled_music_is_what_the_daemon_plays_with_the_same_settings() -> None:
    """Byte for byte."""
    player = driver(MODEL, seed=4, sigma=0.3, bars=4)
    perform(player, [(Wait(ticks=100), Stop())])
    assert midi_bytes(made(MODEL, PLAY, "", 64)) == midi_bytes(player.score)


def test_the_same_seed_makes_the_same_music_and_another_other() -> None:
    """Seed 4 twice, then seed 5."""
    first = made(MODEL, PLAY, "", 64)
    assert made(MODEL, PLAY, "", 64) == first
    assert made(MODEL, dataclasses.replace(PLAY, seed=5), "", 64).notes != first.notes


def test_a_prime_changes_what_follows() -> None:
    """It is not itself in the music."""
    assert made(MODEL, PLAY, "C4 . -15", 64).notes != made(MODEL, PLAY, "", 64).notes


@pytest.mark.parametrize(
    ("wanted", "ticks"),
    [(SampleSettings(bars=3), 48), (SampleSettings(seconds=10.0), 80), (SampleSettings(seconds=0.001), 1)],
)
def test_the_length_is_in_bars_or_seconds(wanted: SampleSettings, ticks: int) -> None:
    """Four ticks a beat at 120 bpm are eight a second."""
    assert length_in_ticks(wanted, PLAY, MODEL) == ticks
    assert made(MODEL, PLAY, "", ticks).tempos[0].bpm == 120.0


def test_a_piece_that_may_end_is_as_long_as_it_is() -> None:
    """With `end = stop`."""
    ending = dataclasses.replace(PLAY, end="stop", mu=0.0)
    assert made(MODEL, ending, "", 16 * 100).length < 16 * 100


def test_the_daemons_own_number_of_bars_does_not_matter() -> None:
    """A settings file may hold both."""
    assert made(MODEL, dataclasses.replace(PLAY, bars=1), "", 64) == made(MODEL, PLAY, "", 64)


def test_files_are_written_beside_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The text reads back as the music, without the accents."""
    assert sample(settings(bars=4, output=str(tmp_path / "a.mid")), MODEL) == 0
    score = made(MODEL, PLAY, "", 64)
    assert (tmp_path / "a.mid").read_bytes() == midi_bytes(score)
    read = score_of_text((tmp_path / "a.txt").read_text(encoding="utf-8"))
    assert [(n.start, n.part, n.pitch, n.length) for n in read.notes] == [
        (n.start, n.part, n.pitch, n.length) for n in score.notes
    ]
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "wrote" in printed.err


def test_without_an_output_the_text_is_printed_as_it_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """Bar by bar, and in all the text of the whole."""
    assert sample(settings(bars=6), MODEL) == 0
    assert capsys.readouterr().out == whole_text(made(MODEL, PLAY, "", 96), MODEL.info.vocabulary)


def test_velocities_are_in_the_printed_text_where_the_model_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    """As bins."""
    model = random_model(small_vocabulary(velocity_bins=4), 9, scale=2.0)
    assert sample(settings(bars=3), model) == 0
    printed = capsys.readouterr().out
    assert printed == whole_text(made(model, PLAY, "", 48), model.info.vocabulary)
    assert "# velocity_bins = 4" in printed


def test_a_seed_of_zero_is_chosen_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """So that the music can be made again."""
    assert sample(settings(dataclasses.replace(PLAY, seed=0), bars=2), MODEL) == 0
    printed = capsys.readouterr()
    seed = int(printed.err.split()[1])
    assert sample(settings(dataclasses.replace(PLAY, seed=seed), bars=2), MODEL) == 0
    assert capsys.readouterr().out == printed.out


def test_nothing_is_written_over_unless_asked(tmp_path: Path) -> None:
    """Neither the MIDI file nor the text, and before any music is made."""
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"must be new, got .*a\.txt; name another, or allow --overwrite"):
        run(settings(output=str(tmp_path / "a.mid")))
    assert not (tmp_path / "a.mid").exists()
    assert sample(settings(bars=1, output=str(tmp_path / "a.mid"), overwrite=True), MODEL) == 0
    assert (tmp_path / "a.txt").read_text() != "mine"


def test_an_output_that_is_a_text_file_is_the_text_alone(tmp_path: Path) -> None:
    """And one without an ending is a MIDI file."""
    assert sample(settings(bars=1, output=str(tmp_path / "a.txt")), MODEL) == 0
    assert sample(settings(bars=1, output=str(tmp_path / "b"), text=False), MODEL) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.mid"]


@pytest.mark.parametrize("name", ["a.wav", "a.mid.gz"])
def test_an_ending_of_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    """No MIDI is written into a file that says it is sound."""
    with pytest.raises(ConfigError, match=r"output must end in \.mid, \.midi or \.txt, got"):
        run(settings(output=str(tmp_path / name)))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Before any music is made."""
    with pytest.raises(ConfigError, match=r"sample\.output must go into a folder that is there, got"):
        run(settings(output=str(tmp_path / "none" / "a.mid")))


@pytest.mark.parametrize("name", ["", "new/"])
def test_a_folder_is_no_output(tmp_path: Path, name: str) -> None:
    """Nothing is written beside it under its name and an ending."""
    with pytest.raises(ConfigError, match=r"sample\.output must be a file, got the folder"):
        run(settings(output=f"{tmp_path}/{name}"))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
def test_a_folder_that_cannot_be_written_to_is_refused() -> None:
    """Before any music is made, and by the name that was asked for."""
    with pytest.raises(ConfigError, match=r"sample\.output must be where files can be written, got /proc/a\.mid: "):
        run(settings(output="/proc/a.mid"))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
def test_an_output_that_is_not_written_at_the_end_is_told_with_its_name() -> None:
    """With the status that the daemon has for a recording that could not be written."""
    with pytest.raises(FileNotWrittenError, match=r"files of sample\.output must be writable, got /proc/a\.mid: ") as e:
        sample(settings(bars=1, output="/proc/a.mid"), MODEL)
    assert e.value.exit_status == 74


def test_a_wrong_prime_is_refused() -> None:
    """With the rule that it breaks."""
    with pytest.raises(ControlError, match="the prime must be score text"):
        sample(settings(dataclasses.replace(PLAY, prime="H")), MODEL)


@pytest.mark.parametrize("transpose", [-30, 14])
def test_a_transposed_piece_is_text_that_can_be_read_again(transpose: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Its header has the ranges that it needs."""
    assert sample(settings(dataclasses.replace(PLAY, transpose=transpose), bars=4), MODEL) == 0
    plain = made(MODEL, PLAY, "", 4 * 16)
    score = score_of_text(capsys.readouterr().out)
    assert len(score.notes) == len(plain.notes)
    moved = {note.pitch - before.pitch for note, before in zip(score.notes, plain.notes, strict=True) if note.part != 2}
    assert moved == {transpose}


def session_of_much() -> tuple[bytes, bytes]:
    """Return the log of a session with all kinds of events, and the bytes of its recording."""
    player = driver(MODEL, sigma=0.4)
    script: Script = [
        (Wait(ticks=20), Set("mu", 0.7)),
        (Wait(ticks=7), Set("tempo", 93.0)),
        (Wait(ticks=3, late=0.9), Set("mute", 1, "bass")),
        (Wait(ticks=9), Panic()),
        (Wait(ticks=30, late=40.0), Set("mute", 0, "bass")),
        (Wait(ticks=30), Set("seed", 12)),
    ]
    perform(player, script)
    return player.log, midi_bytes(player.score)


def test_a_session_is_replayed_to_the_same_bytes(tmp_path: Path) -> None:
    """With skips, a gap, mutes, and changes of tempo."""
    log, played = session_of_much()
    assert b'"skip"' in log
    assert b'"gap"' in log
    session = parse_session(log, "log")
    assert midi_bytes(replayed(MODEL, session)) == played
    assert replay(settings(output=str(tmp_path / "again.mid")), MODEL, session) == 0
    assert (tmp_path / "again.mid").read_bytes() == played


def test_a_session_that_broke_off_is_replayed_up_to_its_last_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """And it is said."""
    log, _ = session_of_much()
    cut = log[: log.rindex(b'{"tick"')]
    assert replay(settings(replay="a.jsonl"), MODEL, parse_session(cut, "log")) == 0
    printed = capsys.readouterr()
    assert "a.jsonl: the session breaks off" in printed.err
    assert "bass" in printed.out


def test_the_text_of_a_replay_is_printed_with_its_changes_of_tempo(capsys: pytest.CaptureFixture[str]) -> None:
    """Bar by bar as the text of the whole has it."""
    log, _ = session_of_much()
    session = parse_session(log, "log")
    replay(settings(), MODEL, session)
    printed = capsys.readouterr().out
    assert printed == whole_text(replayed(MODEL, session), MODEL.info.vocabulary)
    assert "[tempo 93]" in printed


def test_a_last_bar_that_is_not_over_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Nine seconds are four bars and a half."""
    assert sample(settings(seconds=9.0), MODEL) == 0
    assert capsys.readouterr().out == whole_text(made(MODEL, PLAY, "", 72), MODEL.info.vocabulary)


def test_a_replay_with_another_model_is_refused() -> None:
    """Before a note is made."""
    log, _ = session_of_much()
    other = random_model(small_vocabulary(drums=False))
    with pytest.raises(SessionError, match="with its own model, random"):
        replay(settings(), other, parse_session(log, "log"))


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(SessionError, match=r"none\.jsonl: a session log must be readable, got: No such file"):
        run(settings(replay=str(tmp_path / "none.jsonl")))
