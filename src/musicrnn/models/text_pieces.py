"""Score texts to pieces on the grid, beside MIDI files in a corpus."""

from __future__ import annotations

from dataclasses import replace

from musicrnn.errors import ScoreTextError
from musicrnn.models.grid_piece import GridPiece
from musicrnn.models.legacy_text import is_legacy_text, read_legacy_text
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.score import Score
from musicrnn.models.score_pieces import piece_of_score
from musicrnn.models.text_read import score_of_text


def score_of_file(content: bytes, name: str, ticks_per_beat: int = 12) -> Score:
    """Read a score text or an old text of 89 characters; ``ticks_per_beat`` is the grid of the old ones."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScoreTextError(f"{name}: a score text must be UTF-8, got byte {content[error.start]:#04x}") from None
    if is_legacy_text(text):
        return read_legacy_text(text, ticks_per_beat, name)
    return score_of_text(text, name=name, ticks_per_beat=ticks_per_beat)


def pieces_of_text(content: bytes, name: str, settings: GridSettings) -> list[GridPiece]:
    """Read a score text, or an old text of 89 characters, to a piece on the grid of the settings, or its own."""
    score = score_of_file(content, name, settings.ticks_per_beat)
    if not score.notes:
        raise ScoreTextError(f"{name}: a piece must hold a note, got none")
    if settings.own_grid:
        settings = replace(settings, ticks_per_beat=score.ticks_per_beat)
    return [quantise(piece_of_score(score, name), settings)]
