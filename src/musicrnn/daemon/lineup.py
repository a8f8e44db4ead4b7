"""Who plays and who is to play: the model, the prime that its next piece begins with, and the model to come."""

from __future__ import annotations

from musicrnn.control import Set
from musicrnn.daemon.account import Account
from musicrnn.daemon.performance import Performance
from musicrnn.daemon.priming import Primer, read_ahead
from musicrnn.daemon.recording import Recording
from musicrnn.daemon.succession import Coming, hand_over
from musicrnn.daemon.timeline import Begin
from musicrnn.errors import ControlError, ModelError
from musicrnn.models.generator import Choice, Generator


class Lineup:
    """Has one performance at a time, and reads primes and makes ready the next model beside it.

    ``prime`` is the text to start from. Raises ControlError where it cannot be read.
    """

    def __init__(
        self, generator: Generator, choice: Choice, recording: Recording, prime: str, account: Account
    ) -> None:
        self.performance = Performance(generator, choice, recording)
        self.prime = prime
        self._account = account
        self._primer = Primer(generator, prime)
        self._new_primer: Primer | None = None
        self._wanted = ""
        self._coming: Coming | None = None
        self._retired: list[Performance] = []

    # The prime, and the pieces that begin with it.

    @property
    def primed(self) -> bool:
        """Whether a piece can begin: its prime is read."""
        return self._primer.done

    def steer(self, command: Set) -> None:
        """Give a control its value from the next tick on. Raises ControlError for a part that is not there."""
        self.performance.steer(command.name, command.value, command.part)
        if self._coming is not None:
            self._coming.performance.choice = self.performance.choice

    def read(self, prime: str) -> None:
        """Begin from another prime once it is read. Raises ControlError where it cannot be."""
        self._new_primer = Primer(self.performance.generator, prime)
        self.prime = prime
        if self._coming is not None:
            self._coming.read(prime)

    def foresee(self, prime: str) -> None:
        """Read a prime that is soon to be begun from, in a thread that has time."""
        coming = self._coming
        for performance in (self.performance, *(() if coming is None else (coming.performance,))):
            read_ahead(performance.generator, prime)

    def hurry(self) -> None:
        """Begin from the new prime even if it is not read yet."""
        if self._new_primer is not None:
            self._primer, self._new_primer = self._new_primer, None

    def begin_at_bar(self, kind: str) -> None:
        """Let a piece begin at the next bar, once the prime is read; a start is not undone by less."""
        begin = self.performance.begin
        if begin is not None and begin.kind == "start":
            kind = "start"
        self._wanted = kind
        if self._primer.done:
            tick = self.performance.next_bar()
            self.performance.begin_at(Begin(tick, self._primer.snapshot, kind, self._primer.text))
            self._wanted = ""

    def read_some(self, now: float) -> bool:
        """Read a bit of a prime; return whether there was anything to read."""
        if self._new_primer is None and self._primer.done:
            return False
        primer = self._new_primer or self._primer
        try:
            if primer.work():
                return True
        except Exception as error:  # noqa: BLE001  whatever a model does, the music goes on
            self._account.failures += 1
            self._account.say(f"the model could not read the prime, which is not used: {error}", now)
            if self._new_primer is not None:
                self._new_primer = None
                return True
            primer = Primer(self.performance.generator, "")
        self._is_read(primer)
        return True

    def _is_read(self, primer: Primer) -> None:
        if self._new_primer is not None:
            self._wanted = self._wanted or "prime"
        self._primer, self._new_primer = primer, None
        if self._wanted:
            self.begin_at_bar(self._wanted)

    # Another model.

    def take_over(self, generator: Generator, name: str, digest: str) -> None:
        """Let another model play from the next bar line on for which it is ready.

        Raises ControlError where its grid and those of the models before it have none in common.
        """
        grid = generator.vocabulary.ticks_per_beat
        if not self.performance.recording.takes(grid):
            raise ControlError(f"a model's grid must have one in common with those before it, got {grid} ticks a beat")
        self._retire_coming()
        self._coming = Coming(self.performance, generator, self.prime, name, digest)

    def take_retired(self) -> list[Performance]:
        """Return what never will play again, since the last call."""
        retired, self._retired = self._retired, []
        return retired

    @property
    def coming(self) -> Coming | None:
        """The model that is to take over."""
        return self._coming

    @property
    def _kind(self) -> str:
        """How the piece of a model that takes over begins."""
        begin = self.performance.begin
        starting = self._wanted == "start" or (begin is not None and begin.kind == "start")
        return "start" if starting else "reset"

    def make_ready(self, now: float, ahead: int) -> bool:
        """Do a bit of the coming model's work, so many ticks ahead; return whether any was to be done."""
        if self._coming is None:
            return False
        try:
            return self._coming.work(self.performance, self._kind, ahead)
        except ModelError as error:
            self._refuse(f"model {self._coming.name} is not played: {error}", now)
        except Exception as error:  # noqa: BLE001  whatever a model does, the music goes on
            self._refuse(f"model {self._coming.name} is not played: it could not read the prime: {error}", now)
        return False

    def _refuse(self, reason: str, now: float) -> None:
        self._retire_coming()
        self._account.say(reason, now)

    def _retire_coming(self) -> None:
        if self._coming is not None:
            self._retired.append(self._coming.performance)
        self._coming = None

    def relief(self) -> Coming | None:
        """Return the model whose first tick is next, None where the present one goes on."""
        performance, coming = self.performance, self._coming
        if coming is None or performance.tick != performance.next_bar() or not coming.ready(performance, self._kind):
            return None
        return coming

    def stand(self, coming: Coming) -> None:
        """Let the model that comes take its place at the next bar line, unless something plays."""
        self.performance.skip_to(self.performance.next_bar())
        coming.stand(self.performance, self._kind)

    def change_to(self, coming: Coming, moment: float) -> None:
        """Let the model that is ready play in place of the other, of which nothing sounds any more."""
        hand_over(self.performance, coming.performance)
        self._retired.append(self.performance)
        self.performance, self._primer = coming.performance, coming.primer
        self._coming, self._new_primer, self._wanted = None, None, ""
        fits = coming.primer.text == self.prime
        reason = f"the prime does not fit the model {coming.name} and is not used"
        self._account.say("" if fits else reason, moment)
