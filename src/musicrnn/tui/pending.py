"""What was sent and has not come back: until it does, what is told may be older than what was sent."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from musicrnn.control import ControlValue

ECHO_SECONDS = 0.5  # so long after the last change another value for that control is passed over
Key = tuple[str, str]  # control, and part where it is a part's
_SENT = struct.Struct(">f")  # as a number with a fraction is sent


@dataclass(slots=True)
class Sent:
    """The value that was sent last, the one before the first of those sent, and the newest that was passed over."""

    value: ControlValue
    before: ControlValue
    until: float
    told: ControlValue | None = None

    def instead(self) -> ControlValue:
        """Return what holds if what was sent does not."""
        return self.before if self.told is None else self.told


@dataclass(slots=True)
class Pending:
    """The values that were sent and are waited for, by control and part."""

    _sent: dict[Key, Sent] = field(default_factory=dict)

    def __contains__(self, key: Key) -> bool:
        return key in self._sent

    def send(self, key: Key, value: ControlValue, before: ControlValue, now: float) -> None:
        """Wait for a value; where one is waited for already, for this one in its place."""
        first = self._sent.get(key)
        self._sent[key] = Sent(value, before, now + ECHO_SECONDS)
        if first is not None:
            self._sent[key].before, self._sent[key].told = first.before, first.told

    def passes_over(self, key: Key, told: ControlValue, now: float) -> bool:
        """Tell whether another value than this one is still waited for; this one is kept, should that not come."""
        sent = self._sent.get(key)
        if sent is None or now >= sent.until or same(sent.value, told):
            self._sent.pop(key, None)
            return False
        sent.told = told
        return True

    def overdue(self, now: float) -> dict[Key, ControlValue]:
        """Wait no longer for what has not come in time; return what was told in its place, if anything was."""
        late = [key for key, sent in self._sent.items() if now >= sent.until]
        ended = {key: self._sent.pop(key) for key in late}
        return {key: sent.told for key, sent in ended.items() if sent.told is not None}

    def refused(self, name: str) -> dict[Key, ControlValue]:
        """Wait no longer for a control, of any part; return what holds in its place."""
        ended = {key: self._sent.pop(key) for key in list(self._sent) if key[0] == name}
        return {key: sent.instead() for key, sent in ended.items()}


def same(one: ControlValue, other: ControlValue) -> bool:
    """Tell whether two values are the same once sent: whole numbers and words as they are, others in 32 bits."""
    if isinstance(one, float) and isinstance(other, float):
        return _SENT.pack(one) == _SENT.pack(other)
    return one == other
