"""The piano roll is drawn, whatever is on it."""

from __future__ import annotations

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
def test_a_roll_is_a_picture(scores: tuple[Score, ...]) -> None:
    """Of voices, of drums, of nothing, of pieces longer than is shown."""
    content = draw_rolls([(f"score {i}", score) for i, score in enumerate(scores)], bars=4)
    assert content.startswith(b"\x89PNG")
    assert len(content) > 5_000


@pytest.mark.parametrize("title", ["caf\udce9.mid", "a $ for $\\nothing$", "two\nlines\x00"])
def test_any_file_name_is_a_title(title: str) -> None:
    """Bytes that are no characters, formulas that are none, control characters."""
    assert draw_rolls([(title, SILENT)]).startswith(b"\x89PNG")
