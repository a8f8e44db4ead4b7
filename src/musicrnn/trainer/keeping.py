"""Whether a run's corpus is kept on the device, and what to say of it."""

from __future__ import annotations

from numpy import int64
from numpy.typing import NDArray

from musicrnn.errors import TrainingError
from musicrnn.trainer.backend import Device
from musicrnn.trainer.dataset import total
from musicrnn.trainer.display import megabytes
from musicrnn.trainer.kept import Kept, word_bytes
from musicrnn.trainer.material import Material
from musicrnn.trainer.rows import MOST_ROWS, MOST_TOKENS, rows_of, starts_of, width

SHARE = 0.25  # of a device's memory, at most, for the corpus; the rest is for learning
Starts = dict[int, NDArray[int64]]


def keep(wanted: str, device: Device, prepared: Material, transpose: int) -> tuple[Kept | None, Starts, str]:
    """Return the corpus on the device, where each of its sets' pieces begin by the set's id, and what to say.

    It is not kept where ``wanted`` is host, nor with auto where the device is no GPU or has no room for it.
    TrainingError where it must be and cannot.
    """
    sets = (prepared.train, prepared.valid, prepared.test)
    rows = 1 + sum(total(pieces)[0] for pieces in sets)
    size = rows * width(prepared.vocabulary) * word_bytes()
    if wanted == "host" or (wanted == "auto" and device.kind != "gpu"):
        return None, {}, ""
    why_not = _why_not(rows, prepared.vocabulary.size, size, device)
    if why_not and wanted == "device":
        raise TrainingError(f"training.data device: {why_not}; auto or host leave the corpus in the host's memory")
    if why_not:
        return None, {}, f"the corpus stays in the host's memory, and each batch is sent: {why_not}"
    kept = Kept(rows_of(sets, prepared.vocabulary), prepared.vocabulary, transpose)
    starts = {id(pieces): first for pieces, first in zip(sets, starts_of(sets), strict=True)}
    return kept, starts, f"the corpus is on the device ({megabytes(size)}); batches are made there"


def _why_not(rows: int, tokens: int, size: int, device: Device) -> str:
    """Return what keeps a corpus from a device, an empty string for nothing."""
    room = int(device.memory * SHARE)
    if device.kind == "gpu" and size > room:
        return f"it takes {megabytes(size)}, and a quarter of the device's memory is {megabytes(room)}"
    if rows > MOST_ROWS or tokens > MOST_TOKENS:
        return f"at most {MOST_ROWS:,} tokens of {MOST_TOKENS:,} kinds can be, got {rows:,} of {tokens:,}"
    return ""
