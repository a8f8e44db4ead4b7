"""A text that knows who has read it."""

from __future__ import annotations

import threading


class TextRead(str):
    """A prime that remembers the names of the threads in which it was read, each time."""

    __slots__ = ("readers",)
    readers: list[str]

    def __new__(cls, text: str) -> TextRead:
        """Have been read nowhere."""
        made = super().__new__(cls, text)
        made.readers = []
        return made

    def strip(self, characters: str | None = None, /) -> str:
        """Remember this thread: to strip a prime is the first that is done with it."""
        self.readers.append(threading.current_thread().name)
        return super().strip(characters)
