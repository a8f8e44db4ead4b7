"""Score texts to pieces on the grid, beside MIDI files in a corpus."""

from __future__ import annotations

from musicrnn.errors import ScoreTextError
from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.quantise import GridSettings


def pieces_of_text(content: bytes, name: str, settings: GridSettings) -> list[GridPiece]:
    """Read a score text, or an old text of 89 characters, to a piece on the grid of the settings."""
    raise ScoreTextError(f"{name}: not yet")
