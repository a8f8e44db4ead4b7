"""What was played lately, to be played once more where a host held back what was on its way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from musicrnn.daemon.ledger import NoteEvent

MOST_TICKS = 64
Keys = dict[tuple[int, int], NoteEvent]


class Encore:
    """The note events of the latest ticks, and those of them that are to leave a second time.

    The session has them once: they are the same ticks, whose moments have moved. Until all of them have left, what
    sounds is not what the ledger has: some of that is silent, and a note that it has ended may sound.
    """

    def __init__(self) -> None:
        self._lately: deque[tuple[int, Sequence[NoteEvent]]] = deque(maxlen=MOST_TICKS)
        self._again: deque[tuple[int, Sequence[NoteEvent]]] = deque()
        self._in_the_end: Keys = {}
        self._sounding: Keys = {}

    @property
    def tick(self) -> int | None:
        """The next tick to be played once more, None where there is none."""
        return self._again[0][0] if self._again else None

    def played(self, tick: int, events: Sequence[NoteEvent]) -> None:
        """Keep what a tick was."""
        self._lately.append((tick, events))

    def begin(self, tick: int) -> list[NoteEvent]:
        """Play all from that tick on once more, each at its moment; return what ends until then what it began."""
        silent, more = self._apart()
        since = tick if self.tick is None else min(tick, self.tick)
        self._in_the_end, self._sounding = {}, {}
        lately = [one for one in self._lately if one[0] >= since]
        self._again = deque((number, _carry_out(events, self._in_the_end)) for number, events in lately)
        return [end for end in _ends(self._in_the_end) if _key(end) not in silent] + more

    def take(self) -> Sequence[NoteEvent]:
        """Return the events of the next tick to be played once more."""
        _, events = self._again.popleft()
        _carry_out(events, self._sounding)
        if not self._again:
            self._in_the_end, self._sounding = {}, {}
        return events

    def released(self, events: Iterable[NoteEvent]) -> list[NoteEvent]:
        """Play nothing once more; return what ends what sounds, ``events`` being what ends what the ledger has."""
        silent, more = self._apart()
        self.forget()
        return [end for end in events if _key(end) not in silent] + more

    def forget(self) -> None:
        """Let nothing be played once more of what was played up to now."""
        self._lately.clear()
        self._again.clear()
        self._in_the_end, self._sounding = {}, {}

    def _apart(self) -> tuple[set[tuple[int, int]], list[NoteEvent]]:
        """Return the keys of what the ledger has that are silent, and what ends those that only sound."""
        only = {key: event for key, event in self._sounding.items() if key not in self._in_the_end}
        return self._in_the_end.keys() - self._sounding.keys(), _ends(only)


def _key(event: NoteEvent) -> tuple[int, int]:
    return event.channel, event.pitch


def _ends(keys: Keys) -> list[NoteEvent]:
    return [replace(event, velocity=0) for event in keys.values()]


def _carry_out(events: Iterable[NoteEvent], keys: Keys) -> list[NoteEvent]:
    """Let events press keys and let go of them; return those that do."""
    done = []
    for event in events:
        if event.velocity:
            keys[_key(event)] = event
        elif keys.pop(_key(event), None) is None:
            continue
        done.append(event)
    return done
