"""What a person sees of a run."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace

import pytest
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


FAR = Progress(
    epoch=1234, epochs=5000, step=1_234_567, share=0.25, train=10.1234, valid_token=10.2345, valid_tick=10.3456,
    best=10.2345, rate=0.00328, tokens_a_second=1_339_272.0, left=172_799, memory=123_456_000_000,
)  # fmt: skip
NEAR = Progress(
    epoch=3, epochs=50, step=1234, share=0.06, train=1.1234, valid_token=1.2345, valid_tick=0.3456, best=1.2345,
    rate=0.00328, tokens_a_second=12_345.6, left=3725, memory=1_500_000_000,
)  # fmt: skip


def _shown(progress: Progress, width: int) -> list[str]:
    """Return the words of each line of the table, the live display's control sequences taken out."""
    screen = io.StringIO()
    with Display(Console(file=screen, force_terminal=True, width=width)) as display:
        display.show(progress)
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue()).replace("\r", "").splitlines()
    assert max(map(len, lines)) <= width
    return [" ".join(line.split()) for line in lines if line.strip()]


def test_in_80_columns_nothing_is_cut_off() -> None:
    """A usual run has all its figures there, with shorter heads; one that is large goes without some of them."""
    heads, figures = _shown(NEAR, 80)[-2:]
    assert heads == "epoch done step train valid tick best rate tokens/s left memory"
    assert figures == "3/50 6% 1234 1.1234 1.2345 0.3456 1.2345 3.28e-03 12,346 1:02:05 1,500 MB"
    heads, figures = _shown(FAR, 80)[-2:]
    assert heads == "epoch done step train valid best tokens/s left memory"
    assert figures == "1234/5000 25% 1234567 10.1234 10.2345 10.2345 1,339,272 47:59:59 123,456 MB"


def test_what_is_not_validation_is_not_headed_so() -> None:
    """Where no pieces are held back the figures are of those to train on."""
    heads, figures = _shown(replace(NEAR, measured="trained"), 80)[-2:]
    assert heads == "epoch done step train trained tick best rate tokens/s left memory"
    assert "1.2345" in figures


@pytest.mark.parametrize("progress", [NEAR, FAR])
@pytest.mark.parametrize("width", range(34, 130, 5))
def test_what_is_shown_is_whole_whatever_the_width(progress: Progress, width: int) -> None:
    """What matters most stays longest: how quick it is, and how long it takes."""
    heads, figures = _shown(progress, width)[-2:]
    assert "…" not in heads + figures
    assert {f"{progress.tokens_a_second:,.0f}", clock(progress.left)} <= set(figures.split())


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
