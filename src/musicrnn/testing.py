"""Stand-ins for what is outside: a clock that a test moves, a port that remembers, models that need no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from musicrnn.daemon.protocols import TimedMessage
from musicrnn.errors import PortError
from musicrnn.models.frames import Frame
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.score import Part
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import METRES, Position
from musicrnn.models.tokens import frame_tokens
from musicrnn.models.vocabulary import SUSTAIN, Kind, Vocabulary
from musicrnn.models.weights import Floats, LayerWeights, StepWeights


class ManualClock:
    """A clock that stands still until it is waited on or moved."""

    def __init__(self, seconds: float = 1000.0) -> None:
        self._seconds = seconds
        self._woken = False
        self.waits: list[float] = []

    def now(self) -> float:
        """Return the moment at which it stands."""
        return self._seconds

    def wait_until(self, seconds: float) -> None:
        """Be at that moment, unless woken."""
        self.waits.append(seconds)
        if not self._woken:
            self._seconds = max(self._seconds, seconds)
        self._woken = False

    def wake(self) -> None:
        """End the next wait at once."""
        self._woken = True

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds


class RecordingPort:
    """A MIDI output that keeps what is sent; after ``lasts`` messages it is lost, and keeps the one that it refused."""

    def __init__(self, name: str = "test port", lasts: int | None = None) -> None:
        self._name = name
        self._lasts = lasts
        self.messages: list[TimedMessage] = []
        self.refused = TimedMessage(0.0, b"")
        self.closed = False

    @property
    def name(self) -> str:
        """The port's name."""
        return self._name

    def send(self, message: TimedMessage) -> None:
        """Keep a message; PortError once the port is lost."""
        if self.closed or (self._lasts is not None and len(self.messages) >= self._lasts):
            self.refused = message
            raise PortError(f"the port {self._name} must be open, got none")
        self.messages.append(message)

    def close(self) -> None:
        """Close it."""
        self.closed = True


class TimedPort(RecordingPort):
    """A port that keeps messages until their moments, as the player does; it is gone once ``gone`` is set.

    What is put into ``incoming`` is heard at the next turn.
    """

    def __init__(self, name: str = "timed port", lead: float = 0.005, latency: float = 0.0) -> None:
        super().__init__(name)
        self.lead = lead
        self.latency = latency
        self.incoming: list[TimedMessage] = []
        self.late = self.dropped = 0
        self.gone = False
        self.beats: list[float] = []
        self.panics = 0

    def send(self, message: TimedMessage) -> None:
        """Keep a message; PortError once the port is gone."""
        self._check()
        super().send(message)

    def panic(self) -> None:
        """Count it; PortError once the port is gone."""
        self._check()
        self.panics += 1

    def beat(self, now: float) -> None:
        """Keep its moment; PortError once the port is gone."""
        self._check()
        self.beats.append(now)

    def heard(self) -> list[TimedMessage]:
        """Return what came in, and forget it."""
        messages, self.incoming = self.incoming, []
        return messages

    def _check(self) -> None:
        if self.gone:
            raise PortError(f"the port {self.name} must be there; it has gone")


class ScriptedModel:
    """A model that plays given frames, over and over; the script starts anew with every new piece.

    ``certainty`` is the logit of the scripted token, the others having 0.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        frames: Sequence[Frame],
        *,
        metre: tuple[int, int] = (4, 4),
        tempo: float = 120.0,
        certainty: float = 1000.0,
    ) -> None:
        self._info = ModelInfo("scripted", vocabulary, layers=1, units=2, metre=metre, tempo=tempo)
        self._certainty = certainty
        self._first = _tokens(frames, (), vocabulary) or [SUSTAIN]
        self._again = _tokens(frames, frames[-1] if frames else (), vocabulary) or [SUSTAIN]

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._info

    def initial_state(self) -> NetworkState:
        """Return the state in which the first token of the script is next, float32[1, 2, 1, 2]."""
        return np.zeros((1, 2, 1, 2), np.float32)

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the logits for the next token of the script."""
        del token, position
        at = int(state[0, 0, 0, 0])
        rest = at - len(self._first)
        scripted = self._first[at] if rest < 0 else self._again[rest % len(self._again)]
        logits = np.zeros(self._info.vocabulary.size, np.float32)
        logits[scripted] = self._certainty
        after = state.copy()
        after[0, 0, 0, 0] = at + 1
        return logits, after


def _tokens(frames: Sequence[Frame], before: Frame, vocabulary: Vocabulary) -> list[int]:
    tokens: list[int] = []
    for frame in frames:
        tokens += frame_tokens(frame, before, vocabulary)
        before = frame
    return tokens


class FailingModel:
    """Another model that fails where it is told to: ``fails(call)`` says how, for each call of `step`.

    "raise" raises, "logits" and "state" answer with numbers that are not finite, anything else is well.
    """

    def __init__(self, model: StepModel, fails: Callable[[int], str]) -> None:
        self._model = model
        self._fails = fails
        self.calls = 0

    @property
    def info(self) -> ModelInfo:
        """What the model says of itself."""
        return self._model.info

    def initial_state(self) -> NetworkState:
        """Return the other model's."""
        return self._model.initial_state()

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the other model's step, or fail."""
        how = self._fails(self.calls)
        self.calls += 1
        if how == "raise":
            raise RuntimeError("the model fails, as told")
        logits, after = self._model.step(token, position, state)
        if how == "logits":
            logits = np.full_like(logits, np.nan)
        if how == "state":
            after = np.full_like(after, np.inf)
        return logits, after


def random_model(
    vocabulary: Vocabulary,
    seed: int = 0,
    *,
    units: int = 8,
    scale: float = 1.0,
    metre: tuple[int, int] = (4, 4),
    calm: float = 0.0,
) -> NumpyStepModel:
    """Return a small LSTM with random weights: it plays nonsense, and anything that is legal.

    ``calm`` is added to the logits of what lets notes go on.
    """
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Floats:
        return rng.normal(scale=scale, size=shape).astype(np.float32)

    goes_on = vocabulary.is_kind(Kind.HOLD) | vocabulary.is_kind(Kind.SUSTAIN)
    weights = StepWeights(
        token=normal(vocabulary.size, units),
        tick=normal(vocabulary.ticks_per_beat, units),
        beat=normal(16, units),
        metre=normal(METRES, units),
        layers=(LayerWeights(normal(units, 4 * units), normal(units, 4 * units), normal(4 * units)),),
        output=normal(units, vocabulary.size),
        output_bias=normal(vocabulary.size) + calm * goes_on.astype(np.float32),
    )
    return NumpyStepModel(weights, ModelInfo("random", vocabulary, layers=1, units=units, metre=metre))


def small_vocabulary(
    *, ticks_per_beat: int = 4, articulation: bool = True, velocity_bins: int = 0, drums: bool = True
) -> Vocabulary:
    """Return a vocabulary of two voices and, unless ``drums`` is false, a drum part."""
    parts = [
        Part("soprano", 60, 72, channel=1, program=52, polyphony=2),
        Part("bass", 40, 52, channel=2, program=32, polyphony=1),
    ]
    if drums:
        parts.append(Part("drums", 36, 42, channel=10, percussive=True, polyphony=3))
    return Vocabulary(ticks_per_beat, tuple(parts), articulation, velocity_bins, max_polyphony=5)
