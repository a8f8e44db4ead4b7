"""What was changed, so that it can be taken back; a change that the daemon refused is none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from musicrnn.control import ControlValue
from musicrnn.tui.pending import same

DEPTH = 100


@dataclass(slots=True)
class Change:
    """Values before and after; ``held`` once the daemon told the latter, ``doubted`` if it may not hold."""

    name: str
    part: str
    before: ControlValue
    after: ControlValue
    held: bool = False
    doubted: bool = False


@dataclass(slots=True)
class History:
    """The last changes, the newest last.

    The daemon does not say which message it refuses. What it has not told yet is doubted then, and is forgotten if it
    tells another value, which it is asked for.
    """

    changes: list[Change] = field(default_factory=list)

    def add(self, change: Change, *, same: bool = False) -> None:
        """Keep a change; where it is the ``same`` that goes on, the value before it stays."""
        last = self.changes[-1] if self.changes else None
        if same and last is not None and (last.name, last.part) == (change.name, change.part):
            change.before = self.changes.pop().before
        self.changes = [*self.changes, change][-DEPTH:]

    def doubt(self) -> None:
        """Doubt what the daemon has not told yet: it refused something."""
        for change in self.changes:
            change.doubted = not change.held

    def told(self, name: str, part: str, value: ControlValue) -> None:
        """Learn a control's value: the last change to it holds, and those before; or the doubted ones never did."""
        of_it = [change for change in self.changes if (change.name, change.part) == (name, part)]
        held = next((place for place in reversed(range(len(of_it))) if same(of_it[place].after, value)), -1)
        for change in of_it[: held + 1]:
            change.held, change.doubted = True, False
        gone = [change for change in of_it[held + 1 :] if change.doubted]
        self.changes = [change for change in self.changes if not any(change is one for one in gone)]

    def take_back(self, parts: Collection[str]) -> Change | None:
        """Return the last change, once, None where there is none; what is still doubted is passed over.

        Changes of a part that is none of these stay: a model that has it may come back, muted as it was.
        """
        for change in reversed([one for one in self.changes if not one.part or one.part in parts]):
            self.changes = [one for one in self.changes if one is not change]
            if not change.doubted:
                return change
        return None
