"""Many sessions, one after the other, until so many hours are simulated."""

from __future__ import annotations

import argparse
import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from tests.simulation.session import Outcome, SimulatedSession
from tests.simulation.violation import Violation

COMMAND = "python -m tests.simulation --session"


@dataclass(frozen=True, slots=True)
class Failure:
    """A session that broke a rule."""

    seed: int
    reason: str
    seconds: float
    trace: str

    def __str__(self) -> str:
        where = f"session {self.seed}, {self.seconds:.3f} s in"
        return f"{self.trace}\n{where}: {self.reason}\nagain:  {COMMAND} {self.seed}"


def play(seed: int) -> Outcome | Failure:
    """Play one session."""
    session = SimulatedSession(seed)
    try:
        return session.run()
    except Exception as raised:  # noqa: BLE001  whatever it is, the seed is to be told
        error = _first(raised)
        reason = f"{type(error).__name__}: {error}"
        return Failure(seed, reason, session.world.awake_seconds, traceback.format_exc())


def _first(error: BaseException) -> BaseException:
    """Return the first rule that was broken: what goes wrong later follows from it."""
    first, at = error, error.__context__
    while at is not None:
        first, at = at if isinstance(at, Violation) else first, at.__context__
    return first


def outcomes(first: int, seconds: float, jobs: int) -> Iterator[Outcome | Failure]:
    """Yield the sessions from seed ``first`` on until they make so many seconds."""
    simulated = 0.0
    seeds = range(first, 2**62)
    with multiprocessing.get_context("spawn").Pool(jobs) if jobs > 1 else nullcontext() as pool:
        for outcome in pool.imap(play, seeds, 4) if pool is not None else map(play, seeds):
            yield outcome
            simulated += outcome.seconds
            if simulated >= seconds:
                return


def soak(
    first: int, hours: float, jobs: int = 1, say: Callable[[str], None] = print, most_failures: int = 5
) -> list[Failure]:
    """Simulate so many hours; say what was simulated, and return what went wrong."""
    began, used, seconds, ticks, notes, sessions, replayed = time.monotonic(), time.process_time(), 0.0, 0, 0, 0, 0
    failures: list[Failure] = []
    for outcome in outcomes(first, hours * 3600.0, jobs):
        sessions += 1
        seconds += outcome.seconds
        if isinstance(outcome, Failure):
            say(str(outcome))
            failures.append(outcome)
            if len(failures) >= most_failures:
                break
            continue
        ticks, notes, replayed = ticks + outcome.ticks, notes + outcome.notes, replayed + outcome.replayed
        if sessions % 200 == 0:
            say(f"{seconds / 3600:.1f} hours, {sessions} sessions, {time.monotonic() - began:.0f} s")
    say(
        f"{seconds / 3600:.1f} hours in {sessions} sessions from seed {first}: {ticks} ticks, {notes} notes, "
        f"{replayed} sessions replayed, {len(failures)} failures, {time.monotonic() - began:.0f} s, "
        f"{time.process_time() - used:.0f} s of this process"
    )
    return failures


def main(words: Sequence[str]) -> int:
    """Run the soak; the exit status is 1 where a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--hours", type=float, default=10.0, help="simulated hours, without jumps of the clock")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first session; each next one is one more")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--session", type=int, help="play only the session of this seed")
    given = parser.parse_args(words)
    if given.session is None:
        return 1 if soak(given.seed, given.hours, given.jobs) else 0
    outcome = play(given.session)
    print(outcome)
    return 1 if isinstance(outcome, Failure) else 0
