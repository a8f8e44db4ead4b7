"""One model after another: what is done ahead, so that the new one takes over at a bar line without delay."""

from __future__ import annotations

from typing import NamedTuple

from musicrnn.daemon.performance import Performance
from musicrnn.daemon.priming import Primer
from musicrnn.daemon.timeline import Begin, Point
from musicrnn.errors import ControlError, ModelError
from musicrnn.models.generator import Generator


class Place(NamedTuple):
    """Where a model is to begin: in its own ticks, the bar line and the origin of its random numbers."""

    tick: int
    origin: int
    kind: str


def successor(old: Performance, generator: Generator) -> Performance:
    """Return the performance of another model in the same session: its bars have the same metre and numbers."""
    new = Performance(generator, old.choice, old.recording)
    put_at(new, place_in(new, old, "reset"))
    return new


def place_in(new: Performance, old: Performance, kind: str) -> Place:
    """Return where the new performance begins if it takes over at the next bar line of the old one."""
    bar = old.next_bar() // old.bar_ticks
    origin = old.timeline.point.origin // old.bar_ticks
    return Place(bar * new.bar_ticks, origin * new.bar_ticks, kind)


def put_at(new: Performance, place: Place) -> None:
    """Let a performance begin there, unprimed."""
    new.tick = place.tick
    new.timeline.cut()
    new.timeline.point = Point(new.generator.begin(), place.origin)


def hand_over(old: Performance, new: Performance) -> None:
    """Give the new performance what goes on: muted and soloed parts by name, the channels used, and the recording.

    A name that the new model has not is kept for a model after it, as a part's range is.
    Nothing of the old one sounds any more, and both stand at the same bar line.
    """
    new.mutes, new.solos = old.mutes, old.solos
    new.ledger.used |= old.ledger.used
    new.recording.change(old.tick, new.tick, new.vocabulary.ticks_per_beat, new.vocabulary.parts)


def primer_of(generator: Generator, prime: str) -> Primer:
    """Return the reader of a prime, or of none where the model cannot name its notes."""
    try:
        return Primer(generator, prime)
    except ControlError:
        return Primer(generator, "")


class Coming:
    """A model that is to take over: it reads the prime and makes its first ticks while the other plays.

    ``name`` and ``digest`` are what the session log is to say of it.
    """

    def __init__(self, old: Performance, generator: Generator, prime: str, name: str, digest: str) -> None:
        self.name, self.digest = name, digest
        self.performance = successor(old, generator)
        self.primer = primer_of(generator, prime)
        self._place: Place | None = None

    def read(self, prime: str) -> None:
        """Begin from another prime."""
        self.primer = primer_of(self.performance.generator, prime)
        self._place = None

    def work(self, old: Performance, kind: str, ahead: int) -> bool:
        """Do one small piece of work ahead; return whether any was to be done.

        ``kind`` is how its piece begins, ``ahead`` the ticks to be made. Whatever the model raises while it reads is
        raised; ModelError where it cannot make its first ticks.
        """
        if not self.primer.done:
            self.primer.work()
            self.performance.generator.recall(self.primer.snapshot.past)  # bit by bit: of a long prime it takes 40 ms
            return True
        place = place_in(self.performance, old, kind)
        if place != self._place:
            self._put(place)
            return True
        if len(self.performance.timeline.future) >= ahead:
            return False
        self.performance.make()
        failed = self.performance.timeline.future[-1]
        if failed.failure:
            raise ModelError(f"it must play its first ticks, got: {failed.error}")
        return True

    def ready(self, old: Performance, kind: str) -> bool:
        """Tell whether it can take over at the next bar line."""
        return bool(self.performance.timeline.future) and self._place == place_in(self.performance, old, kind)

    def stand(self, old: Performance, kind: str) -> None:
        """Take its place at the old one's next bar line, where nothing need be made ahead."""
        self._put(place_in(self.performance, old, kind))

    def _put(self, place: Place) -> None:
        put_at(self.performance, place)
        self.performance.begin_at(Begin(place.tick, self.primer.snapshot, place.kind, self.primer.text))
        self._place = place
