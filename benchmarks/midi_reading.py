"""How fast MIDI files are read: ``python benchmarks/midi_reading.py FOLDER… [--files 1000] [--json]``.

Three readers take the same files in turn, in one run: mido with notes paired in Python, symusic alone, and this
program's reader (symusic a track at a time, with channels, hanging notes and salvage). Printed are the median and the
95th percentile a file, the total, and the notes that each found; a file that a reader refuses is counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import mido
from symusic.core import ScoreTick

from musicrnn.models.corpus_files import find_files
from musicrnn.models.midi_read import read_midi

ROUNDS = 3
Reader = Callable[[Path], int]


def with_mido(path: Path) -> int:
    """Return the number of notes that mido's messages make, each note-off taken by the oldest note-on."""
    notes = 0
    for track in mido.MidiFile(path).tracks:
        tick = 0
        sounding: dict[tuple[int, int], list[int]] = {}
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                sounding.setdefault((message.channel, message.note), []).append(tick)
            elif message.type in ("note_on", "note_off"):
                started = sounding.get((message.channel, message.note))
                if started:
                    started.pop(0)
                    notes += 1
    return notes


def with_symusic(path: Path) -> int:
    """Return the number of notes that symusic finds."""
    return sum(len(track.notes) for track in ScoreTick.from_midi(path.read_bytes()).tracks)


def with_musicrnn(path: Path) -> int:
    """Return the number of notes that this program's reader finds."""
    return sum(piece.note_count for piece in read_midi(path))


READERS: dict[str, Reader] = {"mido": with_mido, "symusic": with_symusic, "musicrnn": with_musicrnn}


def measure(paths: Sequence[Path]) -> dict[str, dict[str, float]]:
    """Read every file with every reader, best of three; return milliseconds, notes and refusals by reader."""
    best: dict[str, list[float]] = {name: [] for name in READERS}
    notes, refused = dict.fromkeys(READERS, 0), dict.fromkeys(READERS, 0)
    for path in paths:
        path.read_bytes()
        for name, reader in READERS.items():
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                found = _notes(reader, path)
                times.append((time.perf_counter() - start) * 1000)
            best[name].append(min(times))
            notes[name] += max(found, 0)
            refused[name] += int(found < 0)
    return {name: _figures(times) | {"notes": notes[name], "refused": refused[name]} for name, times in best.items()}


def _notes(reader: Reader, path: Path) -> int:
    try:
        return reader(path)
    except Exception:  # noqa: BLE001  (whatever a peer raises is a refusal)
        return -1


def _figures(milliseconds: Sequence[float]) -> dict[str, float]:
    return {
        "median_ms": statistics.median(milliseconds),
        "p95_ms": statistics.quantiles(milliseconds, n=20)[-1],
        "total_s": sum(milliseconds) / 1000,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = [file.path for file in find_files(args.folders) if file.path.suffix == ".mid"]
    step = max(1, len(found) // args.files)
    figures = measure(found[::step][: args.files])
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    for name, row in figures.items():
        ratio = figures["mido"]["total_s"] / row["total_s"]
        print(
            f"{name:9} median {row['median_ms']:7.3f} ms  p95 {row['p95_ms']:7.2f} ms  total {row['total_s']:6.2f} s  "
            f"{ratio:6.1f} x mido  {row['notes']:.0f} notes  {row['refused']:.0f} refused"
        )


if __name__ == "__main__":
    main()
