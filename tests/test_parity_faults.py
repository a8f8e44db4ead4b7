"""Faults of the predecessors that no other test holds out: literal files and models in, literal music out."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.play import PlaySettings
from musicrnn.daemon.sample import made
from musicrnn.models.corpus import read_corpus
from musicrnn.models.frames import Sounding
from musicrnn.models.generator import Choice, Generator
from musicrnn.models.midi_read import read_midi
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.score import Part, regular_bars
from musicrnn.models.timing import Position, positions
from musicrnn.models.vocabulary import START, Vocabulary
from musicrnn.testing import ScriptedModel, random_model, small_vocabulary
from tests.models.raw_midi import END, ONE_NOTE, file, header, track

NO_CACHE = CorpusSettings(cache=False)
PLAY = PlaySettings(seed=1, tempo=120.0)


def test_a_piece_is_as_long_as_its_longest_track(tmp_path: Path) -> None:
    """The original cut it to the shortest: one beat here, seventeen there."""
    one_beat = track(*ONE_NOTE, END)
    longer = track("00 91 30 50", "60 81 30 00", "8b 20 91 32 50", "60 81 32 00", END)
    (tmp_path / "a.mid").write_bytes(header(1, 2, 96) + one_beat + longer)
    (piece,) = read_corpus([tmp_path], NO_CACHE).pieces
    assert [(note.start, note.pitch, note.length) for note in piece.score.notes] == [
        (0, 60, 12),
        (0, 48, 12),
        (16 * 12, 50, 12),
    ]


def test_a_file_that_was_changed_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its name, size and date are what they were: no corpus gives its data to the next one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "corpus" / "a.mid"
    path.parent.mkdir()
    for pitch in ("3c", "40"):
        path.write_bytes(file(f"00 90 {pitch} 50", f"60 80 {pitch} 00"))
        os.utime(path, (1_000_000_000, 1_000_000_000))
        (piece,) = read_corpus([path.parent], CorpusSettings()).pieces
        assert [note.pitch for note in piece.score.notes] == [int(pitch, 16)]


def test_no_tick_holds_more_notes_than_the_vocabulary_allows() -> None:
    """Uniform chance over 88 keys would fill every tick; a tick costs a bounded number of steps."""
    vocabulary = Vocabulary(4, (Part("piano", 21, 108, polyphony=88),), max_polyphony=6)
    generator = Generator(random_model(vocabulary, 2))
    point, places = generator.begin(), positions(regular_bars(64, 4), 4)
    most = 0
    for tick in range(64):
        record = generator.tick(tick, 0, places[tick], Choice(mu=0.0, seed=3), point)
        most, point = max(most, len(record.frame)), record.after
        assert len(record.tokens) <= 7
    assert most == 6


def test_notes_that_still_sound_at_the_end_get_their_note_offs() -> None:
    """A note held for ever, in a piece of ten ticks, ends with it."""
    held = ScriptedModel(small_vocabulary(), [(Sounding(0, 60),), *[(Sounding(0, 60, False),)] * 40])
    (piece,) = read_midi(midi_bytes(made(held, PLAY, "", 10)), "a.mid")
    (found,) = piece.tracks
    assert found.hanging == 0
    assert found.notes[:, :3].tolist() == [[0, 10 * 120, 60]]


def test_the_second_note_of_a_tick_depends_on_the_first() -> None:
    """The network reads the soprano before it is asked for the bass, in the same tick (P48)."""
    vocabulary = small_vocabulary()
    model = random_model(vocabulary, 3)
    here = Position(0, 0, 4)
    _, state = model.step(START, here, model.initial_state())
    basses = [vocabulary.attack(1, pitch) for pitch in range(40, 53)]
    after_c, after_e = (model.step(vocabulary.attack(0, pitch), here, state)[0][basses] for pitch in (60, 64))
    assert np.abs((after_c - after_c.max()) - (after_e - after_e.max())).max() > 0.1
