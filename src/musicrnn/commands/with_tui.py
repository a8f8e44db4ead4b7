"""`musicrnn-daemon --tui`: the music in one process, the terminal UI in another, and this one to look after both.

Whatever happens to the UI, the music goes on. Only the player ends it: by quitting, by Ctrl-C once the UI is gone, or
by closing the terminal. Where the music ends, so does the UI; where this process does, so do both.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from musicrnn.commands.said import Said
from musicrnn.commands.tui import check_terminal
from musicrnn.config.flags import flag_of
from musicrnn.config.settings import Settings, declared
from musicrnn.errors import PortError

PROGRAM = (sys.executable, "-m", "musicrnn")
MODES = (1000, 1002, 1003, 1006, 1015, 1016, 1004, 2004, 2048, 1049)
LEAVE_SCREEN = "".join(f"\x1b[?{mode}l" for mode in MODES) + "\x1b[?25h\x1b[?7h"
OSC_PORT = "--osc-port"  # always given, so that a port that is taken ends the daemon, which else plays on without OSC
FAREWELL_SECONDS = 1.0
GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # without one of its own Windows sends a process nothing
KILLED = 128  # and the number of the signal: the status of a process that a signal ended, as a shell has it


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
        said = Said(music)
        found = said.until_ready()
        if found is not None:  # else it has ended, and its own words say why
            host, port = found
            shown = [f"--config={args.config}"] if getattr(args, "config", None) else []
            status = _show(music, [f"--host={host}", f"{OSC_PORT}={port}", *shown])
            _part(music, said, status, port)
        return _end(music, said)


def _show(music: subprocess.Popen[str], flags: Sequence[str]) -> int:
    """Show the UI until it ends, which it does with the music; return its status."""
    with _terminal_kept(), _ui(flags) as ui:
        threading.Thread(target=_dismiss, args=(music, ui), name="musicrnn-farewell", daemon=True).start()
        return ui.wait()


def _ui(flags: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, "tui", "--asks", *flags], creationflags=GROUP)


def _dismiss(music: subprocess.Popen[str], ui: subprocess.Popen[bytes]) -> None:
    """End the UI with the music: what it hears by OSC does not tell a daemon that ends from a lease that has."""
    music.wait()
    _ask_to_end(ui, signal.SIGTERM)


def _part(music: subprocess.Popen[str], said: Said, status: int, port: str) -> None:
    """End the music with its UI where that was asked for; else, if it plays on, say how to reach and end it."""
    if status == 0:
        _ask_to_end(music, signal.SIGINT)
        return
    try:
        music.wait(FAREWELL_SECONDS)
    except subprocess.TimeoutExpired:
        said.add(f"The music goes on. Ctrl-C ends it; musicrnn-tui --osc-port {port} shows it again.")


def _ask_to_end(process: subprocess.Popen[Any], number: int) -> None:
    """Send that signal; on Windows Ctrl-Break, as no other can be sent there that a process may answer."""
    process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", number))


def _end(music: subprocess.Popen[str], said: Said) -> int:
    """Print what the daemon says until it ends; return its status, and say by which signal it was killed."""
    if not _hung_up(music):
        said.print_all()
    status = music.wait()
    if status >= 0:
        return status
    print(f"The music has ended: its process was ended by signal {-status} ({signal.strsignal(-status)}).", flush=True)
    return KILLED - status


@contextlib.contextmanager
def _music(flags: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run the daemon in a session of its own: each signal of the terminal reaches it once, through this process.

    It ends when this process does, and when the terminal is closed: then its standard input ends.
    """
    command = [*PROGRAM, "daemon", "--ends-with-input", *flags]
    pipe, out = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=out, text=True, start_new_session=True, creationflags=GROUP
    ) as music:
        before = {number: signal.signal(number, handler) for number, handler in _handlers(music)}
        try:
            yield music
        finally:
            _hang_up(music)
            for number, old in before.items():
                signal.signal(number, old)


def _handlers(music: subprocess.Popen[str]) -> Iterator[tuple[int, Callable[[int, FrameType | None], None]]]:
    """Yield what each signal to this process does to the music."""

    def pause(number: int, _: FrameType | None) -> None:
        music.send_signal(number)
        os.kill(os.getpid(), signal.SIGSTOP)
        music.send_signal(signal.SIGCONT)

    yield signal.SIGINT, lambda number, _: _ask_to_end(music, number)
    yield signal.SIGTERM, lambda number, _: _ask_to_end(music, number)
    if sys.platform != "win32":
        yield signal.SIGHUP, lambda *_: _hang_up(music)
        yield signal.SIGTSTP, pause


def _hang_up(music: subprocess.Popen[str]) -> None:
    if music.stdin is not None:
        music.stdin.close()


def _hung_up(music: subprocess.Popen[str]) -> bool:
    """Tell whether nobody is there any more to be told anything."""
    return music.stdin is None or music.stdin.closed


@contextlib.contextmanager
def _terminal_kept() -> Iterator[None]:
    """Leave the terminal as it was, whatever becomes of the UI: its modes, its screen, cursor and mouse."""
    try:
        import termios
    except ImportError:  # Windows, where the UI puts back what it changed
        yield
        return
    try:
        before = termios.tcgetattr(sys.stdin)
    except (OSError, ValueError, termios.error):
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):  # it is gone, too
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
            print(LEAVE_SCREEN, end="", flush=True)
