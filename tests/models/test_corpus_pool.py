"""Reading processes that die, hang and are started anew."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from musicrnn.errors import CorpusError
from musicrnn.models.cores import usable_cores
from musicrnn.models.corpus_codec import decode_pieces
from musicrnn.models.corpus_pool import Job, ReaderPool, workers_for
from musicrnn.models.quantise import GridSettings
from musicrnn.models.reading_time import Limits
from tests.models.raw_midi import ONE_NOTE, file

FAKE = (sys.executable, str(Path(__file__).with_name("fake_reader.py")))


AS_ON_MACOS = """
import resource
from musicrnn.models import corpus_worker

def refuse(*_):
    raise ValueError("current limit exceeds maximum limit")

resource.setrlimit = refuse
corpus_worker.main()
"""


def jobs(*names: str) -> list[Job]:
    """Return jobs of one good file under several names."""
    return [Job(name, partial(file, *ONE_NOTE)) for name in names]


def test_real_processes_read_files_and_refuse_bad_ones() -> None:
    """The reason comes back in words."""
    pool = ReaderPool(GridSettings(), workers=2)
    good, bad = jobs("good.mid")[0], Job("bad.mid", lambda: b"no music")
    answers = sorted(pool.read([good, bad, good]))
    assert [answer.job for answer in answers] == [0, 1, 2]
    assert [bool(answer.block) for answer in answers] == [True, False, True]
    assert answers[1].reason == "bad.mid: a MIDI file must begin with MThd, got b'no m'"
    assert decode_pieces(answers[0].block)[0].note_count == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_system_that_refuses_to_limit_memory_reads_files_all_the_same() -> None:
    """As macOS does, whatever the limit."""
    pool = ReaderPool(GridSettings(), command=(sys.executable, "-c", AS_ON_MACOS))
    assert [bool(answer.block) for answer in pool.read(jobs("good.mid"))] == [True]


def test_a_reason_names_a_file_whose_name_is_no_text() -> None:
    """Byte for byte, and its process lives on."""
    name = "bad\udcff.mid"
    pool = ReaderPool(GridSettings())
    answers = sorted(pool.read([Job(name, lambda: b"no music"), *jobs("good\udcff.mid")]))
    assert answers[0].reason == f"{name}: a MIDI file must begin with MThd, got b'no m'"
    assert answers[1].block


def test_a_process_that_dies_costs_one_file() -> None:
    """The next file goes to a new one."""
    answers = sorted(ReaderPool(GridSettings(), command=FAKE).read(jobs("a.mid", "die.mid", "b.mid")))
    assert [bool(answer.block) for answer in answers] == [True, False, True]
    assert answers[1].reason == "die.mid: the process that read it ended with status 9"


def test_what_waited_for_a_process_that_died_is_read_by_the_next() -> None:
    """Each of two that die costs itself and nothing else, however many wait behind them."""
    names = ["a.mid", "die 1.mid", *(f"{number}.mid" for number in range(10)), "die 2.mid", "z.mid"]
    answers = sorted(ReaderPool(GridSettings(), command=FAKE).read(jobs(*names)))
    assert [answer.job for answer in answers] == list(range(len(names)))
    assert [names[answer.job] for answer in answers if not answer.block] == ["die 1.mid", "die 2.mid"]


def test_a_process_that_hangs_is_ended() -> None:
    """After the time that a file may take, though it uses no processor; the file that waited behind it is read."""
    pool = ReaderPool(GridSettings(), limits=Limits(wall=0.5), command=FAKE)
    answers = sorted(pool.read(jobs("hang.mid", "b.mid")))
    rule = "reading must take at most 5 s of a processor, 0.5 s in all, got no answer"
    assert answers[0].reason == f"hang.mid: {rule}"
    assert answers[1].block


def test_a_process_that_goes_round_in_a_circle_is_ended() -> None:
    """By its own time, where the system tells that: the clock's limit is far."""
    pool = ReaderPool(GridSettings(), limits=Limits(processor=0.2, wall=86_400), command=FAKE)
    rule = "reading must take at most 0.2 s of a processor, 86400 s in all, got no answer"
    assert [answer.reason for answer in pool.read(jobs("circle.mid"))] == [f"circle.mid: {rule}"]


def test_starting_a_process_costs_no_file_its_time() -> None:
    """Python, NumPy and symusic take longer to load than this file may take to be read."""
    answers = list(ReaderPool(GridSettings(), limits=Limits(processor=0.1)).read(jobs("a.mid")))
    assert [answer.reason for answer in answers] == [""]


def test_a_file_that_was_late_is_read_once_more(tmp_path: Path) -> None:
    """When the others are done; the second time it is no later than they."""
    pool = ReaderPool(GridSettings(), workers=2, limits=Limits(processor=0.2), command=(*FAKE, str(tmp_path)))
    answers = list(pool.read(jobs("once.mid", "b.mid", "c.mid")))
    assert [answer.job for answer in answers][-1] == 0
    assert all(answer.block for answer in answers)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("how", "start", "got"),
    [("unready", 0.5, "was not ready after 0.5 s"), ("die", 86_400, "ended with status 9 before it was ready")],
)
def test_a_process_that_does_not_start_is_no_files_fault(how: str, start: float, got: str) -> None:
    """A training would begin without files that nobody tried to read."""
    pool = ReaderPool(GridSettings(), limits=Limits(start=start), command=(*FAKE, how))
    with pytest.raises(CorpusError, match=f"files must be read by a process of their own, got one that {got}"):
        list(pool.read(jobs("a.mid", "b.mid")))


def test_leaving_early_does_not_wait_for_what_hangs() -> None:
    """Ctrl-C ends a process that may hang for a day."""
    threads = set(threading.enumerate())
    pool = ReaderPool(GridSettings(), limits=Limits(processor=86_400, wall=86_400), command=FAKE)
    answers = pool.read(jobs("a.mid", "hang.mid"))
    next(answers)
    answers.close()
    assert set(threading.enumerate()) == threads


def test_a_file_that_cannot_be_read_any_more_is_told() -> None:
    """Its process lives on."""
    gone = Job("gone.mid", partial(Path("/nonexistent/gone.mid").read_bytes))
    answers = sorted(ReaderPool(GridSettings(), command=FAKE).read([gone, *jobs("a.mid")]))
    assert answers[0].reason == "gone.mid: a file must be readable, got No such file or directory"
    assert answers[1].block


def test_files_that_no_process_could_be_started_for_are_not_passed_over() -> None:
    """A training would begin without them, and nobody be told."""
    threads = set(threading.enumerate())
    pool = ReaderPool(GridSettings(), workers=2, command=("/nonexistent/python",))
    rule = "files must be read by a process of their own, got none: No such file or directory"
    with pytest.raises(CorpusError, match=rule):
        list(pool.read(jobs("a.mid", "b.mid")))
    assert set(threading.enumerate()) == threads


def test_a_fault_in_a_thread_is_raised_where_the_answers_are_awaited() -> None:
    """Not printed beside a corpus with less in it."""

    def content() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(ReaderPool(GridSettings(), command=FAKE).read([Job("a.mid", content), *jobs("b.mid")]))


def test_leaving_early_ends_the_processes() -> None:
    """Ctrl-C in the middle of a corpus leaves nothing behind: neither threads nor what they started."""
    threads, read = set(threading.enumerate()), list[bytes]()

    def content() -> bytes:
        read.append(b"MThd")
        return read[-1]

    answers = ReaderPool(GridSettings(), command=FAKE).read([Job("a.mid", content)] * 500)
    next(answers)
    answers.close()
    assert set(threading.enumerate()) == threads
    assert len(read) < 500


def test_few_files_need_few_processes() -> None:
    """A process is worth its start-up for some two dozen files."""
    assert workers_for(1) == 1
    assert workers_for(10_000) == min(usable_cores(), 8)
