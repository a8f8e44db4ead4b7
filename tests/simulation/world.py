"""Virtual time, and what is to happen in it: nothing sleeps, and one seed decides everything."""

from __future__ import annotations

import hashlib
import heapq
import itertools
import random
from collections.abc import Callable

Act = Callable[[], None]
BEGIN_SECONDS = 1000.0
SHORTEST_WAIT_SECONDS = 1e-9  # else what is due by a rounding error later would never come


class World:
    """A clock that only what happens moves, the happenings that wait, and a digest of all that was seen.

    Happenings are counted in time awake: a jump of the clock, such as a debugger makes, puts them off.
    """

    def __init__(self, seed: int) -> None:
        self.seconds = BEGIN_SECONDS
        self.asleep = 0.0
        self.jumped = 0.0
        self.seen = 0
        self._seed = seed
        self._count = itertools.count()
        self._waiting: list[tuple[float, int, Act]] = []
        self._digest = hashlib.sha256()

    def random(self, purpose: str) -> random.Random:
        """Return random numbers for one purpose: what others draw does not change them."""
        return random.Random(f"{self._seed} {purpose}")

    @property
    def awake_seconds(self) -> float:
        """Time that passed without a jump: what counts as simulated."""
        return self.seconds - BEGIN_SECONDS - self.jumped

    def after(self, seconds: float, act: Act) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self._waiting, (self.seconds - self.jumped + seconds, next(self._count), act))

    def next_happening(self) -> float:
        """Return the moment of the next happening, in seconds of the clock."""
        return self._waiting[0][0] + self.jumped if self._waiting else float("inf")

    def happen(self) -> None:
        """Go to the next happening and let it happen."""
        moment, _, act = heapq.heappop(self._waiting)
        self.seconds = max(self.seconds, moment + self.jumped)
        act()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and happen what is due meanwhile."""
        until = self.seconds + seconds
        while self.next_happening() <= until:
            self.happen()
        self.seconds = max(self.seconds, until)

    def jump(self, seconds: float) -> None:
        """Let the clock leap: nothing of this process ran meanwhile."""
        self.seconds += seconds
        self.jumped += seconds

    def see(self, what: bytes) -> None:
        """Take something that came out into the digest."""
        self.seen += 1
        self._digest.update(what)

    @property
    def digest(self) -> str:
        """What came out so far, as a checksum."""
        return self._digest.hexdigest()


class SimulatedClock:
    """The world's time as the runtime sees it.

    ``before_wait`` is told each wait, which is once a turn; ``oversleeps`` are what the next waits last too long.
    """

    def __init__(self, world: World, before_wait: Callable[[float], None]) -> None:
        self._world = world
        self._before_wait = before_wait
        self._woken = False
        self.oversleeps: list[float] = []

    def now(self) -> float:
        """Return the moment."""
        return self._world.seconds

    def wait_until(self, seconds: float) -> None:
        """Let happen what is due before that moment, or until something wakes the runtime."""
        self._before_wait(seconds)
        world = self._world
        while not self._woken and world.next_happening() <= seconds:
            world.happen()
        if not self._woken:
            world.seconds = max(world.seconds + SHORTEST_WAIT_SECONDS, seconds)
        self._woken = False
        if self.oversleeps:
            world.pass_time(self.oversleeps.pop())

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        self._woken = True
