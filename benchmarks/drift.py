"""Whether the daemon's beat wanders from the receiver's clock: ``python -m benchmarks.drift [--seconds 3600]``.

The daemon plays a note on every tick, 24 ticks a beat at 120 bpm, to an independent recorder on a private JACK server,
which stamps each with its frame. Printed are, against an ideal grid in the server's own frames and against one in
seconds of the system's monotonic clock: the slope of the notes' errors, and how far the last notes are from the first.
Where the machine stops the server, its frames stand still, and that time is printed too. The player then goes back to
the system's clock by a frame a second, which takes minutes; so one row has only the minutes whose notes all lie within
0.3 ms of each other, which those of a drift under 5 ppm do. Run it in the repository's
root; ``--json FILE`` looks once more at what an earlier run left under ``--keep FOLDER``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.grid import Floats, Recorded, errors, read, ticks_of
from benchmarks.output_timing import BAR_TICKS, DAEMON, Stage, here, record
from benchmarks.timing_senders import TICK_SECONDS
from tests.peers.jackd import JackServer

NOTES_A_SECOND = round(1 / TICK_SECONDS)
QUIET_SECONDS = 3e-4


def line(what: str, ticks: Floats, seconds: Floats, rate: int) -> str:
    """Return a row: how the errors of the notes' moments lie, which are in seconds, as are the moments themselves."""
    off = seconds - ticks * TICK_SECONDS
    off -= np.median(off)
    slope = np.polyfit(ticks * TICK_SECONDS, off, 1)[0]
    some = min(48, len(off) // 2)
    end = np.median(off[-some:]) - np.median(off[:some])
    worst = np.abs(off).max()
    cells = [f"{1e6 * slope:+.4f}", f"{1e3 * end:+.3f} ({rate * end:+.1f})", f"{1e3 * worst:.3f} ({rate * worst:.1f})"]
    return f"| {what} | {len(ticks)} | " + " | ".join(cells) + " |"


def between_stops(recorded: Recorded, ticks: Floats) -> str:
    """Return the row of the stretches in which the server ran, each by itself."""
    found, rate = errors(recorded, ticks, TICK_SECONDS * recorded.rate), recorded.rate
    worst, most = (f"{1e3 * found.at(share) / rate:.3f} ({found.at(share):.1f})" for share in (0.99, 1.0))
    name = "the server's frames, between its stops"
    return f"| {name} | {len(found.frames)} | {1e6 * found.drift:+.4f} | | {most}; p99 {worst} |"


def heard_once(recorded: Recorded) -> Recorded:
    """Return what was heard but for what the server handed over twice: the same pitch at the same frame."""
    _, first = np.unique(np.stack((recorded.frames, recorded.pitches)), axis=1, return_index=True)
    kept = np.sort(first)
    return replace(recorded, frames=recorded.frames[kept], pitches=[recorded.pitches[at] for at in kept.tolist()])


def is_quiet(ticks: Floats, seconds: Floats) -> NDArray[np.bool_]:
    """Tell of each note whether all of its minute are as late or early as each other, within 0.3 ms, bool[notes]."""
    off = seconds - ticks * TICK_SECONDS
    minute = (ticks * TICK_SECONDS // 60).astype(int)
    quiet = np.zeros(len(ticks), np.bool_)
    for one in np.unique(minute):
        quiet[minute == one] = np.ptp(off[minute == one]) <= QUIET_SECONDS
    return quiet


def with_those_left_out(recorded: Recorded, notes: Floats) -> Floats:
    """Return the tick of each note: its number, and how many ticks a stop of the machine had left out by then.

    Those are whole ticks that come all at once, against the second before; what goes slowly is drift, however far.
    """
    late = recorded.seconds_at(recorded.frames) - notes * TICK_SECONDS
    left_out, usual = np.zeros(len(notes)), late[0]
    for begin in range(0, len(notes), NOTES_A_SECOND):
        part = slice(begin, begin + NOTES_A_SECOND)
        left_out[part] = np.round((late[part] - usual) / TICK_SECONDS)
        usual = np.median(late[part] - left_out[part] * TICK_SECONDS)
    return np.asarray(notes + left_out)


def report(recorded: Recorded, notes: Floats) -> str:
    """Return the table of one run."""
    rate, ticks = recorded.rate, with_those_left_out(recorded, notes)
    monotonic = recorded.seconds_at(recorded.frames)
    quiet = is_quiet(ticks, monotonic)
    hours = (recorded.frames[-1] - recorded.frames[0]) / rate / 3600
    still = f"the server stood still for {1000 * recorded.still_seconds:.1f} ms"
    return "\n".join(
        [
            f"{hours:.3f} h, {recorded.xruns} xruns; {still}; {ticks[-1] - notes[-1]:.0f} ticks left out",
            "",
            "| against | notes | slope ppm | end, ms (frames) | worst, ms (frames) |",
            "|---|---|---|---|---|",
            between_stops(recorded, ticks),
            line("the server's frames", ticks, recorded.frames / rate, rate),
            line("the monotonic clock", ticks, monotonic, rate),
            *(
                [line("the monotonic clock, quiet minutes", ticks[quiet], monotonic[quiet], rate)]
                if quiet.any()
                else []
            ),
        ]
    )


def main(words: Sequence[str] | None = None) -> None:
    """Play, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--period", type=int, default=1024)
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--keep", type=Path, default=None)
    chosen = parser.parse_args(words)
    print(f"{here()}; a period of {chosen.period}")
    if chosen.json is not None:
        recorded = read(chosen.json)
    else:
        with tempfile.TemporaryDirectory() as folder, JackServer(chosen.period) as server:
            if chosen.keep is not None:
                chosen.keep.mkdir(parents=True, exist_ok=True)
            notes = round(chosen.seconds / TICK_SECONDS / BAR_TICKS) * BAR_TICKS
            recorded = record(Stage(chosen.keep or Path(folder), server, ""), DAEMON, "idle", notes)
    recorded = heard_once(recorded)
    print(report(recorded, ticks_of(recorded.pitches)))


if __name__ == "__main__":
    main()
