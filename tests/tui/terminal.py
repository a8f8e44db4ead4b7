"""A real terminal: tmux, with a server of its own, in which a program runs and keys are pressed."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.peers.program import PeerError, wait_until

PATIENCE_SECONDS = 60.0
AND_STATUS = 'trap : INT; "$@"; echo $? >"$0"'  # Ctrl-C is the command's; its status goes into a file


class Tmux:
    """Runs a command in a terminal of so many columns and rows; ``folder`` holds the socket."""

    def __init__(
        self, command: Sequence[str], folder: Path, size: tuple[int, int], environment: Mapping[str, str]
    ) -> None:
        self._command = command
        self._socket = folder / f"tmux-{uuid.uuid4().hex[:8]}"
        self._ended = self._socket.with_suffix(".status")
        self._size = size
        self._environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}

    def __enter__(self) -> Tmux:
        given = [word for name, value in self._environment.items() for word in ("-e", f"{name}={value}")]
        columns, rows = (str(length) for length in self._size)
        self._tmux("-f", "/dev/null", "start-server", ";", "set-option", "-g", "remain-on-exit", "on", ";",
                   "set-option", "-g", "status", "off", ";", "new-session", "-d", "-s", "t", "-x", columns, "-y", rows,
                   *given, "sh", "-c", AND_STATUS, str(self._ended), *self._command)  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the terminal, whatever runs in it."""
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], check=False, capture_output=True)

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self._socket), *words]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        if answer.returncode:
            raise PeerError(f"{' '.join(command)}: {answer.stderr}")
        return answer.stdout

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names of them."""
        self._tmux("send-keys", "-t", "t", *keys)

    def screen(self) -> str:
        """Return what is to be seen."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def wait_for(self, part: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until something is to be seen; return the screen."""
        seen = [""]

        def is_there() -> bool:
            seen[0] = self.screen()
            return part in seen[0]

        try:
            wait_until(is_there, seconds, f"{part!r} on the screen")
        except PeerError as error:
            raise PeerError(f"{error}; it shows\n{seen[0]}") from None
        return seen[0]

    @property
    def pid(self) -> int:
        """Process number of the shell that runs the command."""
        return int(self._tmux("display-message", "-p", "-t", "t", "#{pane_pid}"))

    def status(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the command's end; return its exit status."""
        wait_until(lambda: self._ended.is_file() and self._ended.read_text() != "", seconds, "the end of the command")
        return int(self._ended.read_text(encoding="utf-8"))
