"""Playing a session again from its log, tick for tick, as fast as the model goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from musicrnn.control import CONTROLS, Set
from musicrnn.daemon.performance import Performance
from musicrnn.daemon.priming import Primer
from musicrnn.daemon.session import Entry, Header, Session, hash_of, recording_of, tick_after
from musicrnn.daemon.steering import OF_TIME, choice_of
from musicrnn.daemon.succession import hand_over, primer_of, successor
from musicrnn.daemon.timeline import Begin, Made
from musicrnn.errors import ControlError, SessionError
from musicrnn.models.generator import Generator
from musicrnn.models.score import Score
from musicrnn.models.step import StepModel

Heard = Callable[[Made], None]
Find = Callable[[str, str], StepModel]


def found_nowhere(name: str, _: str) -> StepModel:
    """Find no model. Raises SessionError."""
    raise SessionError(f"the session must be replayed with its own models, and {name} is not there")


def check_model(session: Session, generator: Generator, model_hash: str) -> None:
    """Raise SessionError unless the model is the one that the session was played with."""
    header = session.header
    if header.vocabulary != generator.vocabulary.fingerprint:
        raise SessionError(f"the session must be replayed with its own model, {header.model}: the vocabularies differ")
    _check_facts(header, generator)
    if header.model_hash and model_hash and header.model_hash != model_hash:
        raise SessionError(
            f"the session must be replayed with its own model, {header.model} with the seal "
            f"{header.model_hash[:12]}, got {model_hash[:12]}"
        )


def _check_facts(header: Header, generator: Generator) -> None:
    """Raise SessionError unless a header says of the model what the model says of itself, and has a tempo."""
    vocabulary = generator.vocabulary
    facts = {
        "ticks_per_beat": (header.ticks_per_beat, vocabulary.ticks_per_beat),
        "metre": (header.metre, generator.model.info.metre),
        "parts": (header.parts, vocabulary.parts),
    }
    for name, (said, true) in facts.items():
        if said != true:
            raise SessionError(f"the session's {name} must be the model's, {true!r:.100}, got {said!r:.100}")
    try:
        Set("tempo", header.play.tempo)
    except ControlError as error:
        raise SessionError(f"the session's play.{error}") from error


class Replay:
    """One session, played again."""

    def __init__(
        self,
        session: Session,
        generator: Generator,
        heard: Heard | None = None,
        find: Find = found_nowhere,
        generator_of: Callable[[StepModel], Generator] = Generator,
    ) -> None:
        """Prepare; ``heard`` is told each tick as it is played. ControlError for a prime that cannot be read.

        ``find`` gives the models that took over, by name and seal; all are asked for here, so that one which is
        missing is told before anything is played. ``generator_of`` makes their ticks.
        """
        header = session.header
        self._session = session
        self._generator = generator
        self._heard = heard
        self.recording = recording_of(header)
        self.performance = Performance(generator, choice_of(header.play), self.recording)
        self._forced = _failures(session.entries)
        self._others = _others(session, generator, find, generator_of)
        self.performance.forced = self._forced.pop(0)
        self._prime = header.prime  # as the log has it; a model between that cannot name its notes does not use it
        self._primer = Primer(generator, header.prime)
        self._playing = False

    def run(self) -> Score:
        """Play it all and return the score of what was heard. Raises SessionError for a log that contradicts itself."""
        until = tick_after(self._session.entries[-1]) if self._session.entries else 0
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
            case "model":
                self._change_model(entry)
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
                self._set({**entry, "name": "mute", "value": int(entry["muted"])})
            case "set":
                self._set(entry)

    def _change_model(self, entry: Entry) -> None:
        """Let the next model take over, as the engine does."""
        old = self.performance
        old.release_all()
        new = successor(old, self._others.pop(0))
        if old.tick % old.bar_ticks or new.tick != entry["to"]:
            raise SessionError(f"tick {entry['tick']}: a model must begin at bar line {new.tick}, got {entry['to']}")
        hand_over(old, new)
        new.forced = self._forced.pop(0)
        self.performance, self._generator = new, new.generator
        self._primer = primer_of(new.generator, self._prime)

    def _begin(self, kind: str, entry: Entry) -> None:
        if "prime" in entry:
            self._prime = entry["prime"]
            self._primer = Primer(self._generator, self._prime)
        self._playing = True
        begin = Begin(self.performance.tick, self._primer.finish(), kind, self._primer.text)
        self.performance.begin_at(begin)

    def _set(self, entry: Entry) -> None:
        """Give a control its value; those of time move no note in a replay."""
        try:
            command = Set(entry["name"], entry["value"], entry.get("part", ""))
            if command.name == "tempo":
                self.recording.tempo(self.performance.tick, CONTROLS["tempo"].number(command.value))
            elif command.name not in OF_TIME:
                self.performance.steer(command.name, command.value, command.part)
        except ControlError as error:
            raise SessionError(f"tick {entry['tick']}: {error}") from error


def _failures(entries: Sequence[Entry]) -> list[dict[int, str]]:
    """Return for each model in turn the ticks that it failed to make, and how."""
    failures: list[dict[int, str]] = [{}]
    for entry in entries:
        if entry["do"] == "model":
            failures.append({})
        elif entry["do"] == "failure":
            failures[-1][entry["tick"]] = entry["kind"]
    return failures


def _others(
    session: Session, first: Generator, find: Find, generator_of: Callable[[StepModel], Generator]
) -> list[Generator]:
    """Return the models that took over, in their order; SessionError where one is another than the session's."""
    header = session.header
    models = {(header.model, header.model_hash): first} if header.model_hash else {}
    order: list[Generator] = []
    for entry in session.entries:
        if entry["do"] == "model":
            key = (entry["name"], entry["sha256"])
            if key not in models:
                models[key] = _checked(entry, generator_of(find(*key)))
            order.append(models[key])
    return order


def _checked(entry: Entry, generator: Generator) -> Generator:
    found = hash_of(generator.model)
    same_file = not (found and entry["sha256"]) or found == entry["sha256"]
    if generator.vocabulary.fingerprint != entry["vocabulary"] or not same_file:
        raise SessionError(
            f"tick {entry['tick']}: the session must be replayed with its own model {entry['name']} with the seal "
            f"{entry['sha256'][:12] or 'unknown'}, got {found[:12] or 'another'}"
        )
    return generator
