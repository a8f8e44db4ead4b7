"""The growth benchmark makes copies that are all different, and prepares them as the trainer does."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.corpus_growth import A_FOLDER, grow, prepare, version
from musicrnn.models.midi_read import read_midi

SONG = Path(__file__).parent.parent / "fixtures" / "midi" / "song.mid"


def test_no_two_versions_of_a_file_are_equal() -> None:
    """Two rounds of the twelve keys give 24 contents."""
    source = SONG.read_bytes()
    assert len({version(source, number) for number in range(24)}) == 24


def notes_of(content: bytes) -> list[tuple[bool, int, int]]:
    """Return whether it is a drum, the pitch and the length of each note of a file."""
    (piece,) = read_midi(content)
    return [
        (track.drums, pitch, end - start) for track in piece.tracks for start, end, pitch, _ in track.notes.tolist()
    ]


@pytest.mark.parametrize("name", ["song.mid", "drums.mid"])
def test_a_version_has_the_notes_of_its_source_in_another_key(name: str) -> None:
    """Number 11 is five semitones up but for its drums; its lengths are the source's."""
    content = SONG.with_name(name).read_bytes()
    source = notes_of(content)
    assert {drums for drums, _, _ in source} == {name == "drums.mid"}
    assert notes_of(version(content, 11)) == [
        (drums, pitch if drums else pitch + 5, size) for drums, pitch, size in source
    ]


def test_what_cannot_be_read_is_copied_as_it_is() -> None:
    """A corpus has such files too."""
    assert version(b"not MIDI", 3) == b"not MIDI"


def test_a_folder_grows_from_where_it_stands(tmp_path: Path) -> None:
    """Files 0 to 2 and then 3 to 4 make five, and their bytes are told."""
    size = grow(tmp_path, [SONG], 0, 3) + grow(tmp_path, [SONG], 3, 5)
    files = sorted(tmp_path.rglob("*.mid"))
    assert [path.name for path in files] == [f"{i:07}.mid" for i in range(5)]
    assert size == sum(path.stat().st_size for path in files)
    assert {path.parent.name for path in files} == {f"{0 // A_FOLDER:05}"}


def test_a_preparation_says_what_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six copies are six pieces, none a duplicate, with times and memory above nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "music").mkdir()
    grow(tmp_path / "music", [SONG], 0, 6)
    facts = prepare([str(tmp_path / "music")])
    assert (facts["pieces"], facts["duplicates"], facts["left_out"]) == (6, 0, 0)
    assert facts["tokens"] > 0
    assert 0 < facts["before"] <= facts["after_reading"] <= facts["peak"]
    assert facts["reading"] > 0 < facts["encoding"]
