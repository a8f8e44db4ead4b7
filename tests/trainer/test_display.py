"""What a person sees of a run."""

from __future__ import annotations

import io
import subprocess
import sys

from rich.console import Console

from musicrnn.trainer.display import Display, Progress, clock, megabytes


def test_the_table_shows_speed_time_left_and_memory() -> None:
    """A run of 12,345 tokens a second with an hour and a bit to go and 1.5 GB taken says just that."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    with Display(console) as display:
        display.show(Progress(tokens_a_second=12_345.6, left=3725, memory=1_500_000_000))
    for words in ("tokens/s", "12,346", "time left", "1:02:05", "peak memory", "1,500 MB"):
        assert words in screen.getvalue()


def test_figures_are_written_as_people_read_them() -> None:
    """Times are hours, minutes and seconds, and memory that is not known is a dash."""
    assert (clock(59.9), clock(3600), clock(-1)) == ("0:00:59", "1:00:00", "0:00:00")
    assert (megabytes(0), megabytes(2_000_000)) == ("–", "2 MB")


def test_the_peak_of_memory_never_falls_and_sees_what_is_taken() -> None:
    """In a process of its own, 64 MiB that are filled and let go raise it by as much, for good."""
    program = (
        "from musicrnn.trainer.memory import peak_memory as peak\n"
        "print(peak())\n"
        "len(bytearray(b'1') * 2**26)\n"
        "print(peak())\n"
        "print(peak())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    before, filled, after = map(int, done.stdout.split())
    assert filled >= before + 0.9 * 2**26
    assert after >= filled
