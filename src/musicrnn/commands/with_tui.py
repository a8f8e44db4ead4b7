"""`musicrnn-daemon --tui`: the music in one process, the terminal UI in another, and this one to look after both.

Whatever happens to the UI, the music goes on. Only the player ends it: by quitting, or by Ctrl-C once the UI is gone.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType

from musicrnn.commands.tui import check_terminal
from musicrnn.config.flags import flag_of
from musicrnn.config.settings import Settings, declared
from musicrnn.errors import PortError

PROGRAM = (sys.executable, "-m", "musicrnn")
READY = "Ctrl-C stops."
LEAVE_SCREEN = "".join(f"\x1b[?{mode}l" for mode in (1000, 1002, 1003, 1006, 1015, 1004, 2004, 1049)) + "\x1b[?25h"
OSC_PORT = "--osc-port"  # always given, so that a port that is taken ends the daemon, which else plays on without OSC
LISTENS = re.compile(r"OSC +(\S+) port (\d+)")


def flags_typed(args: argparse.Namespace) -> list[str]:
    """Return the settings that were typed as flags again."""
    words = [f"--config={args.config}"] if getattr(args, "config", None) else []
    for name, rule in declared():
        if name not in vars(args):
            continue
        flag, value = flag_of(name, rule), getattr(args, name)
        if isinstance(value, bool):
            words.append(flag if value else f"--no-{flag[2:]}")
        else:
            words += [f"{flag}={one}" for one in (value if isinstance(value, list) else [value])]
    return words


def play(args: argparse.Namespace, settings: Settings) -> int:
    """Play, with the UI in front; return the music's exit status.

    Raises TerminalError where there is no terminal, and PortError where OSC is off, before anything plays.
    """
    check_terminal()
    if not settings.osc.enabled:
        raise PortError("--tui must have OSC to reach the music by, got osc.enabled = false")
    with _music([*flags_typed(args), f"{OSC_PORT}={settings.osc.port}"]) as music:
        said = _Said(music)
        found = said.until_ready()
        if found is None:  # it has ended, and its own words say why
            said.print_all()
            return music.wait()
        host, port = found
        shown = [f"--config={args.config}"] if getattr(args, "config", None) else []
        with _terminal_kept():
            status = subprocess.call([*PROGRAM, "tui", "--asks", f"--host={host}", f"--osc-port={port}", *shown])
        if status == 0:
            with contextlib.suppress(ProcessLookupError):
                music.send_signal(signal.SIGINT)
        else:
            said.add(f"The music goes on. Ctrl-C ends it; musicrnn-tui --osc-port {port} shows it again.")
        said.print_all()
        return music.wait()


@contextlib.contextmanager
def _music(flags: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run the daemon; signals sent to this process are passed on to it, those of the terminal it gets itself."""
    command = [*PROGRAM, "daemon", *flags]
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=out, text=True) as music:

        def pass_on(number: int, _: FrameType | None) -> None:
            music.send_signal(number)

        before = {signal.SIGINT: signal.signal(signal.SIGINT, _left_to_the_music)}
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, pass_on)
        try:
            yield music
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the terminal as it was, whatever becomes of the UI: its modes, its screen, cursor and mouse."""
    try:
        import termios

        before = termios.tcgetattr(sys.stdin)
    except (ImportError, OSError, ValueError, termios.error):
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        print(LEAVE_SCREEN, end="", flush=True)


def _left_to_the_music(_: int, __: FrameType | None) -> None:
    """Do nothing: the terminal's Ctrl-C reaches the daemon as well, which ends as it should."""


class _Said:
    """The lines that the daemon says: kept while the UI has the terminal, printed from then on."""

    def __init__(self, music: subprocess.Popen[str]) -> None:
        self._music = music
        self._kept: list[str] = []
        self._printing = False
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="musicrnn-said", daemon=True)

    def until_ready(self) -> tuple[str, str] | None:
        """Return the address and port of OSC once the daemon is ready; None where it has ended."""
        found = None
        for line in self._lines():
            self.add(line.rstrip("\n"))
            found = found or LISTENS.match(line)
            if line.startswith(READY):
                break
        else:
            found = None
        self._reader.start()
        return (found[1], found[2]) if found else None

    def add(self, line: str) -> None:
        """Keep a line, or print it."""
        with self._lock:
            self._kept.append(line)
            if self._printing:
                self._flush()

    def print_all(self) -> None:
        """Print what was kept, and from now on each line as it comes, to the end."""
        with self._lock:
            self._printing = True
            self._flush()
        self._reader.join()

    def _flush(self) -> None:
        for line in self._kept:
            print(line, flush=True)
        self._kept.clear()

    def _read(self) -> None:
        for line in self._lines():
            self.add(line.rstrip("\n"))

    def _lines(self) -> Iterable[str]:
        return self._music.stdout or ()
