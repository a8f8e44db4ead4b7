"""The command line: one program with verbs, and three programs of their own for the verbs used daily.

Only the module of the verb that is used is imported, so that `musicrnn --help` is quick and needs nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from musicrnn import __version__
from musicrnn.errors import ConfigError, MusicRNNError, OutputError
from musicrnn.output import Output
from musicrnn.printable import printable

VERBS = {
    "check": "say what is in MIDI files and what a training would leave out",
    "convert": "turn MIDI files into score text and back",
    "train": "learn a model from folders of MIDI files",
    "export": "write the model file of a training run",
    "inspect": "say what is in a model file",
    "evaluate": "measure how well a model predicts, and what it plays against held-out music",
    "card": "measure what a model plays against held-out music, and write its model card",
    "sample": "make a piece with a model, faster than real time",
    "daemon": "play a model to a MIDI port, live",
    "tui": "steer a playing daemon from the terminal",
    "layouts": "write layouts for Open Stage Control and TouchOSC, made from the table of controls",
    "doctor": "say what this machine has, and how to get what is missing",
    "bench": "measure what this machine can do",
}
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
INTERRUPTED = 128 + 2
PIPE_CLOSED = 128 + 13
LONGEST_MESSAGE = 400
MOST_USAGE_LINES = 8
UNKNOWN = "unrecognized arguments"


class Parser(argparse.ArgumentParser):
    """A parser whose errors stay readable where there are dozens of flags, or a shell made many words of a pattern."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong with the arguments, of a long message its beginning; exit with status 2."""
        hint = self._nearest(message) if message.startswith(UNKNOWN) else ""
        message = printable(message)
        if len(message) > LONGEST_MESSAGE:
            message = f"{message[:LONGEST_MESSAGE]}… ({len(message) - LONGEST_MESSAGE} characters more)"
        usage = self.format_usage()
        if usage.count("\n") > MOST_USAGE_LINES:
            usage = f"usage: {self.prog} ...; {self.prog} --help lists all that may follow\n"
        self.exit(2, f"{usage}{self.prog}: error: {message}{hint}\n")

    def _nearest(self, message: str) -> str:
        """Return the flag that the first unknown one of a message may have been meant to be, as a question; or ''."""
        import difflib

        names = [flag[2:] for flag in self._option_string_actions if flag.startswith("--")]
        for name in (word[2:].partition("=")[0] for word in message.split() if word.startswith("--")):
            holding = [known for known in names if name and name in known]
            near = holding if len(holding) == 1 else difflib.get_close_matches(name[:100], names, n=1, cutoff=0.7)
            return f"; did you mean --{near[0]}?" if near else ""
        return ""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``musicrnn VERB ...`` and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in VERBS:
        return run_verb(words[0], words[1:], f"musicrnn {words[0]}")
    return guarded(lambda: _without_verb(words))


def train() -> int:
    """Run ``musicrnn-train``."""
    return run_verb("train", sys.argv[1:], "musicrnn-train")


def daemon() -> int:
    """Run ``musicrnn-daemon``."""
    return run_verb("daemon", sys.argv[1:], "musicrnn-daemon")


def tui() -> int:
    """Run ``musicrnn-tui``."""
    return run_verb("tui", sys.argv[1:], "musicrnn-tui")


def run_verb(verb: str, words: Sequence[str], program: str) -> int:
    """Run one verb with its arguments, named ``program`` in its help; return the exit status."""
    return guarded(lambda: _verb(verb, words, program))


def _verb(verb: str, words: Sequence[str], program: str) -> int:
    _use_one_thread()
    command = importlib.import_module(f"musicrnn.commands.{verb}")
    parser = Parser(program, description=_sentence(VERBS[verb]), allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"musicrnn {__version__}")
    command.add_arguments(parser)
    return int(command.run(_parsed(parser, words)))


def _parsed(parser: Parser, words: Sequence[str]) -> argparse.Namespace:
    """Return the arguments, flags and others in any order, as after ``IN --to mid OUT``; only ``--`` puts flags first.

    Before Python 3.13 argparse by itself takes nothing for OUT, or for more of FOLDER, once a flag came between.
    """
    return parser.parse_args(words) if "--" in words else parser.parse_intermixed_args(words)


def _use_one_thread() -> None:
    """Keep NumPy's products on the thread that asks for them, unless its user says otherwise: it reads this once."""
    for name in BLAS_THREADS:
        os.environ.setdefault(name, "1")


def _without_verb(words: Sequence[str]) -> int:
    """Answer ``--help``, ``--version``, no verb at all, and a verb that there is not."""
    lines = "\n".join(f"  {verb:9} {purpose}" for verb, purpose in VERBS.items())
    parser = Parser(
        "musicrnn",
        usage="musicrnn [--version] [--help] VERB ...",
        description="Turn a folder of MIDI files into a live instrument.",
        epilog=f"verbs:\n{lines}\n\n'musicrnn VERB --help' says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"musicrnn {__version__}")
    if words and not words[0].startswith("-"):
        from musicrnn.config.declare import unknown

        raise ConfigError(unknown(f"the verb {words[0]!r:.80}", words[0], list(VERBS)))
    parser.parse_args(words)
    parser.print_help()
    return 0


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def guarded(work: Callable[[], int]) -> int:
    """Turn what a person can mend into one line and a status; leave a bug its traceback.

    Standard output that cannot be written is one of them; any other OSError is a bug.
    """
    output = Output(sys.stdout)
    try:
        with output.in_place():
            status = _status(work, output)
            output.flush()
    except BrokenPipeError:
        output.discard()
        return PIPE_CLOSED
    except OSError as error:
        if error is not output.problem:
            raise
        output.discard()
        return _told(OutputError(f"standard output must be writable, got {error.strerror}"))
    return status


def _status(work: Callable[[], int], output: Output) -> int:
    """Do the work; return its status, or that of what a person can mend, which is told."""
    try:
        return work()
    except MusicRNNError as error:
        return _told(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit:  # argparse, after --help and --version
        output.check()
        raise


def _told(error: MusicRNNError) -> int:
    """Print an error as one line, where that can be; return its exit status."""
    with contextlib.suppress(OSError):
        print(f"musicrnn: error: {printable(str(error))}", file=sys.stderr)
    return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
