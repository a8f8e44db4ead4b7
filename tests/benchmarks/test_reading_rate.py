"""The benchmark of reading damages files in the same way at each run, and counts what is refused."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.reading_rate import CHANGED, changed, contents, cut, damaged, rate
from musicrnn.models.midi_read import read_midi

SONG = Path(__file__).parent.parent / "fixtures" / "midi" / "song.mid"


def test_damage_is_the_same_at_each_run() -> None:
    """A cut file is a head of the whole one; a changed one is as long, and differs in a few bytes after its header."""
    ((_, whole),) = files = contents([SONG])
    ((_, head),) = damaged(files, cut)
    assert damaged(files, cut) == [(SONG.name, head)]
    assert whole.startswith(head)
    assert len(whole) // 2 <= len(head) < len(whole)
    other = changed(whole, random.Random(1))
    assert 0 < sum(a != b for a, b in zip(whole, other, strict=True)) <= CHANGED
    assert other[:14] == whole[:14]


def test_what_is_refused_is_counted_and_not_left_out_of_the_rate() -> None:
    """A file that is no music costs its time too."""
    files = [*contents([SONG]), ("none.mid", b"no music")]
    found, refused = rate(files, lambda name, content: read_midi(content, name))
    assert refused == 1
    assert found > 0
