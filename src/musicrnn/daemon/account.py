"""What the engine tells: its messages in order of time, the entries of the session log, a word to people, counts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from musicrnn.daemon.ledger import NoteEvent
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.session import Entry

MESSAGE_SECONDS = 60.0


class Account:
    """Keeps what was said until it is asked for; ``sent`` is the moment of the last message, ``said`` counts words."""

    def __init__(self) -> None:
        self.sent = -math.inf
        self.late_ticks = self.skipped_ticks = self.failures = self.said = 0
        self.entries: list[Entry] = []
        self._message = ("", -math.inf)

    def log(self, tick: int, do: str, **facts: Any) -> None:
        """Put an entry into the session log."""
        self.entries.append({"tick": tick, "do": do, **facts})

    def take_entries(self) -> list[Entry]:
        """Return the entries since the last call."""
        entries, self.entries = self.entries, []
        return entries

    def say(self, message: str, now: float) -> None:
        """Let the status say something to people for a minute."""
        self._message = (message[:200], now)
        self.said += 1

    def hush(self) -> None:
        """Take back what was said."""
        self._message = ("", -math.inf)

    def unsay(self, ending: str) -> None:
        """Take back what was said, if it is what ends so: it is true no more."""
        if self._message[0].endswith(ending):
            self.hush()

    def message(self, now: float) -> str:
        """Return what was said to people last, empty once it is old."""
        message, since = self._message
        return message if now - since <= MESSAGE_SECONDS else ""

    def events(self, moment: float, events: Iterable[NoteEvent]) -> list[TimedMessage]:
        """Return the messages of note events at a moment."""
        return self.timed(moment, [event.data for event in events])

    def timed(self, moment: float, data: Iterable[bytes]) -> list[TimedMessage]:
        """Return messages at a moment; time never goes back from one to the next."""
        self.sent = max(self.sent, moment)
        return [TimedMessage(self.sent, item) for item in data]
