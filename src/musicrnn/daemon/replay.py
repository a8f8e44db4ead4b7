"""Playing a session again from its log, tick for tick, as fast as the model goes."""

from __future__ import annotations

from collections.abc import Callable

from musicrnn.control import CONTROLS
from musicrnn.daemon.performance import Performance
from musicrnn.daemon.priming import Primer
from musicrnn.daemon.session import Entry, Session, changed, choice_of, recording_of
from musicrnn.daemon.timeline import Begin, Made
from musicrnn.errors import ControlError, SessionError
from musicrnn.models.generator import Generator
from musicrnn.models.score import Score

Heard = Callable[[Made], None]


def check_model(session: Session, generator: Generator, model_hash: str) -> None:
    """Raise SessionError unless the model is the one that the session was played with."""
    header = session.header
    if header.vocabulary != generator.vocabulary.fingerprint:
        raise SessionError(f"the session must be replayed with its own model, {header.model}: the vocabularies differ")
    if header.model_hash and model_hash and header.model_hash != model_hash:
        raise SessionError(
            f"the session must be replayed with its own model, {header.model} with SHA-256 "
            f"{header.model_hash[:12]}, got {model_hash[:12]}"
        )


class Replay:
    """One session, played again."""

    def __init__(self, session: Session, generator: Generator, heard: Heard | None = None) -> None:
        """Prepare; ``heard`` is told each tick as it is played. ControlError for a prime that cannot be read."""
        header = session.header
        self._session = session
        self._generator = generator
        self._heard = heard
        self.recording = recording_of(header)
        self.performance = Performance(generator, choice_of(header.play), self.recording)
        self.performance.forced = {
            entry["tick"]: entry["kind"] for entry in session.entries if entry["do"] == "failure"
        }
        self._primer = Primer(generator, header.prime)
        self._playing = False

    def run(self) -> Score:
        """Play it all and return the score of what was heard. Raises SessionError for a log that contradicts itself."""
        until = self._session.entries[-1]["tick"] if self._session.entries else 0
        for entry in self._session.entries:
            self._advance(entry["tick"])
            self._obey(entry)
        return self.recording.score(until)

    def _advance(self, tick: int) -> None:
        performance = self.performance
        if not self._playing and tick > performance.tick:
            performance.skip_to(tick)
        while performance.tick < tick:
            made, _ = performance.play()
            if self._heard is not None:
                self._heard(made)

    def _obey(self, entry: Entry) -> None:
        performance = self.performance
        match entry["do"]:
            case "start" | "reset" | "prime" as kind:
                self._begin(kind, entry)
            case "continue":
                self._playing = True
            case "stop" | "end":
                self._playing = False
                performance.release_all()
            case "panic" | "gap":
                performance.release_all()
            case "skip":
                performance.skip_to(max(entry["to"], performance.tick))
            case "mute":
                self._mute(entry)
            case "set":
                self._set(entry)

    def _begin(self, kind: str, entry: Entry) -> None:
        if "prime" in entry:
            self._primer = Primer(self._generator, entry["prime"])
        self._playing = True
        begin = Begin(self.performance.tick, self._primer.finish(), kind, self._primer.text)
        self.performance.begin_at(begin)

    def _mute(self, entry: Entry) -> None:
        names = [part.name for part in self._session.header.parts]
        if entry["part"] not in names:
            raise SessionError(f"tick {entry['tick']}: a part must be one of {', '.join(names)}, got {entry['part']!r}")
        self.performance.mute(names.index(entry["part"]), entry["muted"])

    def _set(self, entry: Entry) -> None:
        control = CONTROLS.get(entry["name"])
        if control is None:
            raise SessionError(f"tick {entry['tick']}: a control must be one of {', '.join(CONTROLS)}")
        try:
            value = control.check(entry["value"])
        except ControlError as error:
            raise SessionError(f"tick {entry['tick']}: {error}") from error
        if control.name == "tempo":
            self.recording.tempo(self.performance.tick, value)
        else:
            self.performance.choice = changed(self.performance.choice, control.name, value)
