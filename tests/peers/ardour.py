"""Ardour without a window, as the recorder of what somebody plays."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.peers.program import PeerError, Program

EMPTY_TAKE_BYTES = 26  # a header and an end of track: Ardour makes the file of the next take beforehand
SCRIPT = Path(__file__).with_name("ardour_record.lua")


class Ardour:
    """A session of Ardour that records the port ``source`` from entering this context until ``finish``."""

    def __init__(self, folder: Path, source: str, environment: Mapping[str, str]) -> None:
        self._session = folder / "session"
        self._stop_file = folder / "stop"
        program = next((name for name in ("ardour8-lua", "ardour7-lua", "ardour6-lua") if shutil.which(name)), "")
        assert program, "Ardour is not installed (Debian: ardour)"
        command: list[str | Path] = [program, SCRIPT, self._session, source, self._stop_file]
        self._program = Program(command, {**environment, "HOME": str(folder)})

    def __enter__(self) -> Ardour:
        self._program.__enter__()
        try:
            self._program.wait_for_line("ROLLING", 90)
        except PeerError:
            self._program.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program.stop()

    def finish(self) -> Path:
        """Stop recording, save the session and return the file of the take."""
        self._stop_file.touch()
        self._program.wait_for_line("SAVED", 30)
        files = self._session.glob("interchange/*/midifiles/*.mid")
        takes = [path for path in files if path.stat().st_size > EMPTY_TAKE_BYTES]
        if len(takes) != 1:
            raise PeerError(f"Ardour left {len(takes)} takes, expected 1")
        return takes[0]
