"""How a corpus grows: ``python -m benchmarks.corpus_growth FOLDER… [--counts 1000 10000 …] [--plot growth.png]``.

Makes N files of the MIDI files in some folders, each a copy transposed by -6 to +5 semitones (drums stay) and a little
quicker than the one before it, so that no two are equal; then prepares them as ``musicrnn-train`` does before its first
step: finding, hashing, reading in processes, the parts, the encoding, and opening the windows. Once with an empty cache
and once more with what the first left; each in a process of its own, whose memory is the system's count of it (peak
resident, the reading processes apart). The copies stand in one scratch folder that grows from count to count and is
deleted at the end, so the disk holds each once; a count for which the disk or, by the last figures, the memory would
not do is not tried, and said. ``--copies`` names a folder for the copies that stays: those that stand there are not
made again, and counts are then rounded up to whole thousands.

``--counts 200000`` of files of 10 kB takes 2 GB of scratch. The times are of one run each. The plot needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symusic.core import ScoreTick, TempoTick

from musicrnn.bench.machine import machine
from musicrnn.config.settings import Settings
from musicrnn.models.corpus_files import find_files
from musicrnn.trainer.memory import peak_memory

COUNTS = (300, 1_000, 3_000, 10_000)
SHIFTS = range(-6, 6)
ROOM = 2**30  # bytes of the disk that stay free
A_FOLDER = 1000
SOME_BATCHES, LANES = 20, 32
Facts = dict[str, Any]


def main() -> None:
    """Measure and print, or prepare one corpus and say what it took."""
    options = _options()
    if options.prepare:
        print(json.dumps(prepare(options.folders)))
        return
    sources = [file.path for file in find_files(options.folders) if file.path.suffix.lower() in (".mid", ".midi")]
    if not sources:
        raise SystemExit(f"{', '.join(options.folders)}: must hold MIDI files, got none")
    random.Random(0).shuffle(sources)  # so that small counts have all folders' music too
    head = f"{time.strftime('%Y-%m-%d')}, {machine().words()}; copies of {len(sources)} files"
    print(head + "\n")
    print(
        "| files | MB on disk | tokens | reading | files/s | again, cached | encoding | windows | "
        "peak after reading | peak | peak, cached | bytes a token |\n" + "|---:" * 12 + "|"
    )
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="growth-") as scratch:
        rows: list[Facts] = []
        for row in _rows(sources, Path(scratch), options):
            rows.append(row)
            if options.json:
                Path(options.json).write_text(json.dumps({"head": head, "rows": rows}, indent=1), encoding="utf-8")
    if options.plot:
        plot(rows, head, Path(options.plot))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS), help="files")
    parser.add_argument("--scratch", default=None, help="folder for the copies; none is the system's")
    parser.add_argument("--copies", default="", help="folder for the copies that stays, and may have some already")
    parser.add_argument("--memory", type=float, default=0.0, help="GiB that may be taken; 0 is 80 %% of the machine's")
    parser.add_argument("--plot", default="", help="PNG to draw")
    parser.add_argument("--json", default="", help="file for the figures")
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def grow(folder: Path, sources: Sequence[Path], first: int, end: int) -> int:
    """Write the files numbered from ``first`` to before ``end``; return their bytes.

    File number i is version i // len(sources) of source i % len(sources), so the sources are gone through evenly.
    """
    size = 0
    for number in range(first, end):
        turn, source = divmod(number, len(sources))
        path = folder / f"{number // A_FOLDER:05}" / f"{number:07}.mid"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(version(sources[source].read_bytes(), turn))
        size += path.stat().st_size
    return size


def version(source: bytes, number: int) -> bytes:
    """Return a MIDI file in one of twelve keys and a tempo of its own; as it is where it cannot be read."""
    try:
        score = ScoreTick.from_midi(source)
    except (RuntimeError, ValueError):
        return source
    shift = SHIFTS[number % len(SHIFTS)]
    for track in score.tracks:
        pitches = [note.pitch for note in track.notes] or [60]
        if not track.is_drum and min(pitches) + shift >= 0 and max(pitches) + shift <= 127:
            track.shift_pitch(shift, inplace=True)
    if not len(score.tempos):
        score.tempos.append(TempoTick(0, mspq=500_000))
    for tempo in score.tempos:
        tempo.mspq = round(tempo.mspq / (1 + number / 1000))
    content: bytes = score.dumps_midi()
    return content


def _rows(sources: Sequence[Path], scratch: Path, options: argparse.Namespace) -> Iterator[Facts]:
    folder, made, size = Path(options.copies or scratch / "music"), 0, 0
    folder.mkdir(parents=True, exist_ok=True)
    allowed = options.memory * 2**30 or 0.8 * machine().memory_bytes
    last: Facts = {}
    for count in sorted(options.counts):
        if trouble := _trouble(count, made, size, last, scratch, allowed):
            print(f"\n{count:,} files: not tried, {trouble}")
            return
        size += grow(folder, sources, made, count)
        made = count
        shutil.rmtree(scratch / "cache", ignore_errors=True)
        first, again = (_prepared(_folders(folder, count), scratch) for _ in range(2))
        last = {"files": count, "bytes": size, "first": first, "again": again}
        print(f"| {' | '.join(_cells(last))} |", flush=True)
        yield last


def _folders(folder: Path, count: int) -> list[str]:
    """Return the folders that hold the first so many copies."""
    return [str(folder / f"{number:05}") for number in range(-(-count // A_FOLDER))]


def _trouble(count: int, made: int, size: int, last: Facts, scratch: Path, allowed: float) -> str:
    """Say why a count cannot be tried, as the last one lets expect; nothing where it can."""
    if not last:
        return ""
    free = shutil.disk_usage(scratch).free
    wanted = 2 * size / made * (count - made) + ROOM
    if wanted > free:
        return f"it would take {wanted / 1e9:.1f} GB of {scratch.parent}, which has {free / 1e9:.1f}"
    peak = max(last["first"]["peak"], last["again"]["peak"]) * count / made
    if peak > allowed:
        return f"it would take up to {peak / 2**30:.1f} GiB of memory, {allowed / 2**30:.1f} are allowed"
    return ""


def _prepared(folders: Sequence[str], scratch: Path) -> Facts:
    """Return what another process says that the preparation took."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(scratch / "cache"), "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "benchmarks.corpus_growth", *folders, "--prepare"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    facts: Facts = json.loads(done.stdout.splitlines()[-1])
    return facts


def prepare(folders: Sequence[str]) -> Facts:
    """Prepare a corpus as the trainer does; return seconds, bytes of memory, tokens and pieces."""
    from musicrnn.models.corpus import NamedRows, read_corpus
    from musicrnn.models.grammar import Grammar
    from musicrnn.trainer.lanes import Lanes
    from musicrnn.trainer.material import material
    from musicrnn.trainer.store import PieceWriter

    settings = Settings()
    settings = replace(settings, corpus=replace(settings.corpus, folders=tuple(folders)))
    before, began = peak_memory(), time.perf_counter()
    corpus = read_corpus(settings.corpus.folders, settings.corpus)
    read, after_reading = time.perf_counter(), peak_memory()
    named = NamedRows(corpus.pieces)
    prepared = material(named, settings.corpus, writer=PieceWriter(Path(tempfile.gettempdir())))
    encoded = time.perf_counter()
    lanes = Lanes(
        prepared.train, Grammar(prepared.vocabulary), LANES, settings.training.window,
        transpose=settings.corpus.transpose,
    )  # fmt: skip
    for _ in range(SOME_BATCHES):
        lanes.next()
    return {
        "reading": read - began,
        "encoding": encoded - read,
        "batch": (time.perf_counter() - encoded) / SOME_BATCHES,
        "before": before,
        "after_reading": after_reading,
        "peak": peak_memory(),
        "tokens": sum(len(piece) for share in (prepared.train, prepared.valid, prepared.test) for piece in share),
        "pieces": len(corpus.pieces),
        "left_out": len(corpus.left_out),
        "duplicates": len(corpus.duplicates),
    }


def _cells(row: Facts) -> list[str]:
    first, again = row["first"], row["again"]
    return [
        f"{row['files']:,}",
        f"{row['bytes'] / 1e6:,.0f}",
        f"{first['tokens']:,}",
        f"{first['reading']:,.1f} s",
        f"{row['files'] / first['reading']:,.0f}",
        f"{again['reading']:,.1f} s",
        f"{first['encoding']:,.1f} s",
        f"{first['batch'] * 1e3:.1f} ms",
        f"{first['after_reading'] / 1e6:,.0f} MB",
        f"{first['peak'] / 1e6:,.0f} MB",
        f"{again['peak'] / 1e6:,.0f} MB",
        f"{(first['peak'] - first['before']) / max(first['tokens'], 1):.0f}",
    ]


def plot(rows: Sequence[Facts], head: str, path: Path) -> None:
    """Draw time and peak memory against the number of files into a PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullLocator

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
    files = [row["files"] for row in rows]
    for key, label, run in (("reading", "reading", "first"), ("reading", "reading, cached", "again"),
                            ("encoding", "encoding", "first")):  # fmt: skip
        left.plot(files, [row[run][key] for row in rows], marker="o", markersize=3.5, label=label)
    for key, label, run in (("peak", "peak", "first"), ("after_reading", "peak after reading", "first"),
                            ("peak", "peak, cached", "again")):  # fmt: skip
        right.plot(files, [row[run][key] / 1e6 for row in rows], marker="o", markersize=3.5, label=label)
    for axis, unit in ((left, "seconds"), (right, "MB")):
        axis.set(xlabel="files", ylabel=unit, xscale="log", yscale="log")
        for one, labelled in ((axis.xaxis, (1, 3)), (axis.yaxis, (1, 2, 5))):
            one.set_major_locator(LogLocator(subs=labelled))
            one.set_major_formatter(lambda value, _: f"{value:,g}")
            one.set_minor_locator(NullLocator())
        axis.grid(color="#dddddd", linewidth=0.6)
        axis.legend(fontsize=7, frameon=False)
    figure.suptitle(head, fontsize=6, color="#777777")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
