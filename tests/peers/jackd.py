"""A private JACK server with the dummy driver: real MIDI routing with neither sound card nor user."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from types import TracebackType

from tests.peers.program import PeerError, Program, wait_until

SAMPLE_RATE = 48_000

NAMES = tuple(f"musicrnn-test-{number}" for number in range(4))
"""A server takes the first of these that nobody runs. Few and always the same, because JACK has places for 8 servers,
and the place of one that was killed becomes free only when a server of the same name starts."""


def may_run_in_real_time() -> bool:
    """Say whether this user may have real-time scheduling, without which jackd loses MIDI when it is late."""
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, *before)
    except PermissionError:
        return False
    return True


class JackServer:
    """A jackd of its own name; a client joins it with ``environment``."""

    name: str

    def __init__(self, period: int = 1024, name: str = "") -> None:
        self.period = period
        self._names = (name,) if name else NAMES

    @property
    def environment(self) -> dict[str, str]:
        """Return what a client must have in its environment to join this server."""
        return {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}

    @property
    def period_seconds(self) -> float:
        """Return the length of one period in seconds."""
        return self.period / SAMPLE_RATE

    def __enter__(self) -> JackServer:
        assert shutil.which("jackd"), "jackd is not installed (Debian: jackd2)"
        for name in self._names:
            self.name = name
            if self._starts():
                return self
        raise PeerError("\n".join([f"none of {', '.join(self._names)} starts:", *self._program.printed[-5:]]))

    def _starts(self) -> bool:
        """Start the server of the present name; False if it does not, as where one of that name runs."""
        urgency = ["-R", "-P", "70"] if may_run_in_real_time() else ["--no-realtime"]
        driver = ["-d", "dummy", "-r", str(SAMPLE_RATE), "-p", str(self.period)]
        self._program = Program(["jackd", "-n", self.name, *urgency, *driver])
        self._program.__enter__()
        try:
            self._program.wait_for_line("JACK server starting", 10)
            self._ask("jack_wait", "-w", "-t", "10")
        except BaseException as error:
            self._program.stop()
            if isinstance(error, PeerError):
                return False
            raise
        return True

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.stop()

    def kill(self) -> None:
        """End the server as a crash would."""
        self._program.send_signal(signal.SIGKILL)
        self._program.wait(5)

    def stand_still(self, seconds: float) -> None:
        """Stop the server for a moment, as a busy machine does."""
        self._program.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._program.send_signal(signal.SIGCONT)

    def set_period(self, frames: int) -> None:
        """Change the period while it runs."""
        self._ask("jack_bufsize", str(frames))
        self.period = frames

    def ports(self) -> list[str]:
        """Return the names of all ports, as ``client:port``."""
        return self._ask("jack_lsp").splitlines()

    def wait_for_port(self, part: str, seconds: float = 20.0) -> str:
        """Wait for a port whose name contains ``part`` and return its whole name."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [name for name in self.ports() if part in name]
            return bool(found)

        wait_until(there, seconds, f"a JACK port with {part!r} in its name")
        return found[0]

    def connect(self, source: str, destination: str) -> None:
        """Connect two ports by their whole names."""
        self._ask("jack_connect", source, destination)

    def disconnect(self, source: str, destination: str) -> None:
        """Disconnect two ports by their whole names."""
        self._ask("jack_disconnect", source, destination)

    def connections(self, port: str) -> list[str]:
        """Return the names of the ports that a port is connected to; none for a port that is not there."""
        found: list[str] = []
        name = ""
        for line in self._ask("jack_lsp", "-c").splitlines():
            name = name if line.startswith(" ") else line
            if line.startswith(" ") and name == port:
                found.append(line.strip())
        return found

    def _ask(self, *command: str) -> str:
        answer = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, timeout=15, check=True
        )
        return answer.stdout
