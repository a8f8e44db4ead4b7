"""Trainings that are killed and resumed again and again: ``python -m tests.reliability.killed_training FOLDER TIMES``.

TensorFlow is imported once, before anything of it runs, and each training is a fork of this process: what is killed is
`musicrnn train` from its settings on, without the seconds that an import takes. Prints how many kills hit a write.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from pathlib import Path

SEED = 7
LONGEST = 0.4
CHORALES = Path(__file__).parents[1] / "fixtures" / "chorales"
SMALL = (
    "--ticks-per-beat=4", "--units=16", "--embedding=8", "--lanes=4", "--window=16", "--audition-bars=0",
    "--recurrent-dropout=0.1", "--threads=1", "--deterministic", "--validation-share=0.2", "--test-share=0.2",
    "--no-cache", "--save-every=1", "--patience=0", "--name=killed",
)  # fmt: skip


def begin(*words: str, log: Path) -> int:
    """Start `musicrnn train` in a process of its own; return its number."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        from musicrnn import cli

        status = cli.main(["train", *words])
    finally:
        sys.stdout.flush()
        os._exit(status)


def newest(run: Path) -> str:
    """Return the name of the newest checkpoint."""
    return max((path.name for path in (run / "checkpoints").glob("step-*.npz")), default="")


def kill_at_random(run: Path, pid: int, chance: random.Random) -> bool:
    """Kill a training, one time in ten before its first step, else a while after it; tell whether it was writing."""
    pause, before = threading.Event(), newest(run)
    if chance.random() < 0.1:
        pause.wait(chance.uniform(0.0, 3.0))
    else:
        while newest(run) == before:
            if os.waitpid(pid, os.WNOHANG)[0]:
                raise RuntimeError("the training ended by itself")
            pause.wait(0.005)
        pause.wait(chance.uniform(0.0, LONGEST))
    os.kill(pid, signal.SIGKILL)
    if os.WIFEXITED(os.waitpid(pid, 0)[1]):
        raise RuntimeError("the training ended by itself")
    return any(True for _ in run.rglob(".*.tmp"))


def main(folder: Path, times: int) -> None:
    """Kill a run so many times, then let it end, and another that nobody disturbs."""
    import musicrnn.trainer.training  # noqa: F401  (what takes long, for all of them)

    chance, run, log = random.Random(SEED), folder / "killed", folder / "killed.txt"
    start = (*SMALL, f"--epochs={max(2, times)}", str(CHORALES), "--run-folder")
    hit = steps = 0
    for done in range(times):
        begun = newest(run)
        words: tuple[str, ...] = ("--resume", str(run)) if begun else (*start, str(run), "--overwrite")
        hit += kill_at_random(run, begin(*words, log=log), chance)
        steps = max(steps, int(newest(run).split("-")[1] or 0) if newest(run) else 0)
        print(f"killed {done + 1}: {newest(run)}", file=sys.stderr, flush=True)
    for words in (("--resume", str(run)), (*start, str(folder / "whole"))):
        _, status = os.waitpid(begin(*words, log=log), 0)
        if status:
            raise RuntimeError(log.read_text(encoding="utf-8"))
    print(hit, steps)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
