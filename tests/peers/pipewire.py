"""A private PipeWire session with no sound card, whose JACK library JACK programs are given."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.peers.program import PeerError, Program, wait_until

SAMPLE_RATE = 48_000
LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


def jack_library() -> Path:
    """Return PipeWire's own libjack."""
    for folder in LIBRARY_FOLDERS:
        path = Path(folder) / "pipewire-0.3/jack/libjack.so.0"
        if path.exists():
            return path
    raise PeerError("PipeWire's libjack.so.0 is not installed (Debian: pipewire-jack)")


class PipeWire:
    """D-Bus, PipeWire and WirePlumber of their own; a JACK client joins with ``environment`` or ``preloading``.

    ``environment`` is for programs linked with the system's libjack. python-rtmidi's wheel brings its own libjack,
    which knows nothing of PipeWire: ``preloading`` puts PipeWire's in front of it.
    """

    def __init__(self, quantum: int = 1024) -> None:
        self.quantum = quantum
        self._stack = ExitStack()

    @property
    def period_seconds(self) -> float:
        """Return the length of one quantum in seconds."""
        return self.quantum / SAMPLE_RATE

    def __enter__(self) -> PipeWire:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="musicrnn-pw-"))
            bus = f"unix:path={folder}/bus"
            session = {
                "XDG_RUNTIME_DIR": folder,
                "XDG_CONFIG_HOME": f"{folder}/config",
                "XDG_STATE_HOME": f"{folder}/state",
                "PIPEWIRE_RUNTIME_DIR": folder,
                "DBUS_SESSION_BUS_ADDRESS": bus,
            }
            library = jack_library()
            self.environment = {**session, "LD_LIBRARY_PATH": str(library.parent)}
            self.preloading = {**session, "LD_PRELOAD": str(library)}
            stack.enter_context(Program(["dbus-daemon", "--session", "--nofork", f"--address={bus}"], session))
            wait_until(Path(folder, "bus").exists, 10, "the session's D-Bus")
            stack.enter_context(Program(["pipewire"], session))
            wait_until(Path(folder, "pipewire-0").exists, 10, "PipeWire's socket")
            stack.enter_context(Program(["wireplumber"], session))
            wait_until(self._has_session_manager, 15, "WirePlumber")
            self._ask("pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(self.quantum))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def ports(self) -> list[str]:
        """Return the names of all JACK ports."""
        return self._ask("jack_lsp").splitlines()

    def wait_for_port(self, part: str, seconds: float = 20.0) -> str:
        """Wait for a port whose name contains ``part`` and return its whole name."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [name for name in self.ports() if part in name]
            return bool(found)

        wait_until(there, seconds, f"a port of PipeWire with {part!r} in its name")
        return found[0]

    def _has_session_manager(self) -> bool:
        return "WirePlumber" in self._ask("pw-cli", "list-objects", "Client")

    def _ask(self, *command: str) -> str:
        answer = subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, timeout=20, check=True
        )
        return answer.stdout
