"""The piano roll is drawn, whatever is on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.models.score import Note, Part, Score, regular_bars
from musicrnn.trainer.roll import draw_rolls
from tests.trainer.pieces import tune

pytestmark = pytest.mark.train

DRUMS = Score(
    12, (Part("drums", 35, 59, channel=10, percussive=True),), (Note(0, 0, 36, 1, 120), Note(6, 0, 59, 1, 3)),
    regular_bars(48, 12),
)  # fmt: skip
SILENT = Score(4, (Part("voice"),), (), regular_bars(16, 4))


@pytest.mark.parametrize("scores", [(tune(1), tune(2, 40)), (DRUMS,), (SILENT, SILENT), (tune(1), DRUMS)])
def test_a_roll_is_a_picture(scores: tuple[Score, ...], tmp_path: Path) -> None:
    """Of voices, of drums, of nothing, of pieces longer than is shown."""
    draw_rolls(tmp_path / "roll.png", [(f"score {i}", score) for i, score in enumerate(scores)], bars=4)
    content = (tmp_path / "roll.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 5_000
    assert [path.name for path in tmp_path.iterdir()] == ["roll.png"]


@pytest.mark.parametrize("title", ["caf\udce9.mid", "a $ for $\\nothing$", "two\nlines\x00"])
def test_any_file_name_is_a_title(title: str, tmp_path: Path) -> None:
    """Bytes that are no characters, formulas that are none, control characters."""
    draw_rolls(tmp_path / "roll.png", [(title, SILENT)])
    assert (tmp_path / "roll.png").read_bytes().startswith(b"\x89PNG")


def test_a_roll_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """And leaves nothing behind."""
    with pytest.raises(OSError, match="none"):
        draw_rolls(tmp_path / "none" / "roll.png", [("a tune", tune(1))])
