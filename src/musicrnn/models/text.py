"""Score text: the score for people, to read, edit, compare and type; docs/score-text.md is its reference."""

from __future__ import annotations

from musicrnn.models.text_read import score_of_text
from musicrnn.models.text_write import text_of

__all__ = ["score_of_text", "text_of"]
