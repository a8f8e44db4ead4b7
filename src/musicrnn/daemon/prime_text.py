"""A prime's setting, a text or the path of a file, to its text."""

from __future__ import annotations

from pathlib import Path

from musicrnn.daemon.prime_score import fitted
from musicrnn.daemon.priming import prime_frames
from musicrnn.errors import ControlError, MidiFileError, PrimeFileError
from musicrnn.files import named_path
from musicrnn.models.midi_read import read_midi
from musicrnn.models.part_plan import plan_parts
from musicrnn.models.parts import assign, discover_parts
from musicrnn.models.quantise import GridSettings, quantise
from musicrnn.models.score import Score
from musicrnn.models.text_pieces import score_of_file
from musicrnn.models.text_write import text_of
from musicrnn.models.vocabulary import Vocabulary

MIDI_ENDINGS = (".mid", ".midi", ".kar", ".smf")
MAX_FILE_BYTES = 16 * 2**20


def prime_text(setting: str, vocabulary: Vocabulary) -> str:
    """Return the text of a prime given as a text, or as the path of a text or MIDI file.

    A file is read on the model's grid and written as text. Raises PrimeFileError for a file that
    cannot be read or does not fit the model, MidiFileError or ScoreTextError for one that is none.
    """
    path = _path_of(setting)
    if path is None:
        return setting
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PrimeFileError(f"{path}: a prime must have at most {MAX_FILE_BYTES} bytes, got {path.stat().st_size}")
        content = path.read_bytes()
    except OSError as error:
        raise PrimeFileError(f"{path}: the prime's file must be readable, got: {error.strerror}") from error
    is_midi = content.startswith((b"MThd", b"RIFF")) or path.suffix.lower() in MIDI_ENDINGS
    score = (_score_of_midi if is_midi else score_of_file)(content, str(path), vocabulary.ticks_per_beat)
    try:
        text = text_of(fitted(score, vocabulary))
        prime_frames(text, vocabulary)
    except (ValueError, ControlError) as error:
        raise PrimeFileError(f"{path}: the prime must fit the model: {error}") from error
    return text


def _path_of(setting: str) -> Path | None:
    if not setting or len(setting) > 4096 or "\n" in setting or "\0" in setting:
        return None
    path = named_path(setting)
    looks = setting.lower().endswith((*MIDI_ENDINGS, ".txt"))
    try:
        return path if looks or path.is_file() else None
    except OSError:
        return None


def _score_of_midi(content: bytes, name: str, grid: int) -> Score:
    pieces = read_midi(content, name)
    if not pieces:
        raise MidiFileError(f"{name}: a piece must hold a note, got none")
    piece = quantise(pieces[0], GridSettings(grid))
    plan = plan_parts([piece])
    return assign(piece, plan, discover_parts([piece], plan))[0]
