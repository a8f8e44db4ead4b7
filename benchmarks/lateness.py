"""How late notes leave where no server keeps their time: ``python -m benchmarks.lateness [--seconds 25]``.

Without JACK a message is handed to the system when its moment has come. How late that is depends on the machine, and
on who sends: here MusicRNN's player, by its own sender for such systems, a loop of sleeps, mido's ``MidiFile.play``,
and the way of python-rtmidi's sequencer example, each into a UDP port of the loop-back interface (`lateness_senders`),
where the kernel stamps what comes within the call that sends it (`lateness_receiver`). So the figures are those of the
handing over, without a MIDI system's own way; what stamping costs is told by a loop that sends at the very moment
(``watching``).

The player's notes are compared with the moments that it was given. The others have none: theirs are compared with the
even line on which the soonest of their notes lies, which is in their favour. Linux only. Run it in the repository's
root.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.output_timing import BUSY, here
from benchmarks.timing_senders import TICK_SECONDS
from tests.peers.program import Program

SENDERS = ("watching", "player", "sleep", "mido", "sequencer")
PRIORITIES = ("fifo", "ordinary")
BUSY_LOOPS = {"idle": 0, "one core busy": 1, "two cores busy": 2}
SHARES = (0.5, 0.99, 0.999, 1.0)
START_SECONDS = 60.0
HEAD = "| machine | priority | sender | notes | p50 ms | p99 | p99.9 | max |\n" + "|---" * 8 + "|"


def lateness(heard: Sequence[tuple[float, str]], notes: int, start: float | None) -> list[float]:
    """Return by how many seconds each note was late, sorted; ValueError where one did not come."""
    moments = [moment for moment, data in heard if data.startswith("9")]
    if len(moments) != notes:
        raise ValueError(f"all {notes} notes must come, got {len(moments)}")
    early = [moment - tick * TICK_SECONDS for tick, moment in enumerate(moments)]
    line = min(early) if start is None else start
    return sorted(moment - line for moment in early)


def at(late: Sequence[float], share: float) -> float:
    """Return what such a share of sorted figures does not exceed."""
    return late[max(math.ceil(share * len(late)) - 1, 0)]


def measured(folder: Path, sender: str, priority: str, machine: str, notes: int) -> str:
    """Let a sender send so many notes; return a row of the table."""
    out = folder / "heard.json"
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(Program([sys.executable, "-m", "benchmarks.lateness_receiver", out]))
        port = receiver.wait_for_line("RECORDING", START_SECONDS).split()[1]
        command = [sys.executable, "-m", "benchmarks.lateness_senders", sender, port, str(notes), priority]
        sending = stack.enter_context(Program(command))
        sending.wait_for_line("READY", START_SECONDS)
        for _ in range(BUSY_LOOPS[machine]):
            stack.enter_context(Program([sys.executable, "-c", BUSY]))
        sending.send_line("")
        status = sending.wait(3 * notes * TICK_SECONDS + START_SECONDS)
        receiver.send_line("")
        if status or receiver.wait(START_SECONDS):
            raise SystemExit("\n".join([f"{sender} must end well", *sending.printed, *receiver.printed]))
    starts = [float(line.split()[1]) for line in sending.printed if line.startswith("START")]
    late = lateness(json.loads(out.read_text()), notes, starts[0] if starts else None)
    cells = [f"{1000 * at(late, share):.3f}" for share in SHARES]
    return f"| {machine} | {priority} | {sender} | {notes} | {' | '.join(cells)} |"


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--machines", nargs="+", choices=tuple(BUSY_LOOPS), default=["idle", "one core busy"])
    parser.add_argument("--priorities", nargs="+", choices=PRIORITIES, default=PRIORITIES)
    parser.add_argument("--senders", nargs="+", choices=SENDERS, default=SENDERS)
    chosen = parser.parse_args(words)
    notes = round(chosen.seconds / TICK_SECONDS)
    print(f"{here()}; {chosen.seconds:g} s a run\n\n{HEAD}", flush=True)
    for machine in chosen.machines:
        for priority in chosen.priorities:
            for sender in chosen.senders:
                with tempfile.TemporaryDirectory() as folder:
                    print(measured(Path(folder), sender, priority, machine, notes), flush=True)


if __name__ == "__main__":
    main()
