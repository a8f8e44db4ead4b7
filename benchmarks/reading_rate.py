"""How many MIDI files a core reads in a second: ``python -m benchmarks.reading_rate FOLDER… [--files 300]``.

A line for each folder, one for the files of about 40 kB in all of them, and two for damaged copies of those: cut off
somewhere in their second half, or with ten bytes changed. *Read* is the reader alone, as ``benchmarks/midi_reading.py``
has it; *to the grid* is all that a reading process of the trainer does with a file: reading, quantising, and packing
the result for the cache. Counted is processor time, the best of three rounds over all files of a line, so that other
work on the machine counts as little as can be; it still slows a core that it shares caches with.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from musicrnn.bench.machine import machine
from musicrnn.errors import MusicRNNError
from musicrnn.models.corpus_codec import encode_pieces
from musicrnn.models.corpus_files import find_files
from musicrnn.models.corpus_worker import keep_memory, read_pieces
from musicrnn.models.midi_read import read_midi
from musicrnn.models.quantise import GridSettings

ROUNDS = 3
LARGE = range(34_000, 46_000)
CHANGED = 10
Content = tuple[str, bytes]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", type=int, default=300, help="most files of a folder")
    options = parser.parse_args()
    keep_memory()  # as a reading process does
    print(f"{time.strftime('%Y-%m-%d')}, {machine().words()}\n")
    print(
        "| files | of them | mean kB | read, files/s | to the grid, files/s | refused |\n|---|---:|---:|---:|---:|---:|"
    )
    large: list[Path] = []
    for folder in options.folders:
        paths = [file.path for file in find_files([folder]) if file.path.suffix.lower() in (".mid", ".midi")]
        large += [path for path in paths if path.stat().st_size in LARGE]
        if paths:
            line(folder.name, contents(paths[:: max(1, len(paths) // options.files)]))
    whole = contents(large)
    line("of about 40 kB", whole)
    line("the same, cut off", damaged(whole, cut))
    line("the same, ten bytes changed", damaged(whole, changed))


def contents(paths: Sequence[Path]) -> list[Content]:
    """Return files with their names."""
    return [(path.name, path.read_bytes()) for path in paths]


def damaged(files: Sequence[Content], damage: Callable[[bytes, random.Random], bytes]) -> list[Content]:
    """Return files, each damaged in the same way at each call."""
    return [(name, damage(content, random.Random(name))) for name, content in files]


def cut(content: bytes, rng: random.Random) -> bytes:
    """Return the first half of a file or more."""
    return content[: rng.randrange(len(content) // 2, len(content))]


def changed(content: bytes, rng: random.Random) -> bytes:
    """Return a file with some bytes changed, the header's not."""
    changes = bytearray(content)
    for _ in range(CHANGED):
        changes[rng.randrange(14, len(changes))] = rng.randrange(256)
    return bytes(changes)


def line(label: str, files: Sequence[Content]) -> None:
    """Measure some files and print their line."""
    if not files:
        return
    settings = GridSettings(longest_silence=8)
    read, refused = rate(files, lambda name, content: read_midi(content, name))
    gridded, _ = rate(files, lambda name, content: encode_pieces(read_pieces(content, name, settings)))
    size = sum(len(content) for _, content in files) / len(files) / 1e3
    print(f"| {label} | {len(files):,} | {size:.1f} | {read:,.0f} | {gridded:,.0f} | {refused} |", flush=True)


def rate(files: Sequence[Content], work: Callable[[str, bytes], object]) -> tuple[float, int]:
    """Return how many files a second of processor time are worked on, and how many are refused."""
    best, refused = float("inf"), 0
    for _ in range(ROUNDS):
        begun, refused = time.process_time(), 0
        for name, content in files:
            try:
                work(name, content)
            except MusicRNNError:
                refused += 1
        best = min(best, time.process_time() - begun)
    return len(files) / best, refused


if __name__ == "__main__":
    main()
