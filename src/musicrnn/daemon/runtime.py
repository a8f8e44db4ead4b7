"""The one thread that touches the engine and the port: it takes commands, waits for the next tick, and sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from musicrnn.control import Command, Continue, Forget, Keep, Learn, Model, Panic, Record, Set, Start, Stop, Tap
from musicrnn.daemon.clock_out import InOrder
from musicrnn.daemon.complaints import Complaints
from musicrnn.daemon.display import note
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.inbox import Inbox, Request
from musicrnn.daemon.keepsakes import Keepsakes, NoKeepsakes
from musicrnn.daemon.ledger import Keys
from musicrnn.daemon.loader import Loaded, ModelLoader, NoLoader, Refused, Wish
from musicrnn.daemon.midi_map import MidiMap
from musicrnn.daemon.protocols import Clock, MidiOut, TimedMessage, TimedOut
from musicrnn.daemon.session import Entry
from musicrnn.daemon.takes import Takes
from musicrnn.errors import ControlError, MusicRNNError, PortError

IDLE_SECONDS = 0.5
PACE_SECONDS = 0.01
MARGIN_SECONDS = 0.003
SUSPENDED_SECONDS = 1.0
STEP_SECONDS = 0.01
SYSTEM = 0xF0
ROOM_STEP_SECONDS = 0.004
LATE_WAIT_SECONDS = 0.001


class Keeper(Protocol):
    """Finds a lost port again, in its own time."""

    def lost(self, port: MidiOut) -> None:
        """Be told that a port is lost; close it, and begin to look for it."""
        ...

    def found(self) -> MidiOut | None:
        """Return the port once it is there again; None until then, and for a port that was not lost."""
        ...


class Runtime:
    """Drives one engine until it is finished or :meth:`leave` is called.

    The engine lives ahead of the clock by ``lead`` seconds, so that a port that keeps messages until their
    moments (a `TimedOut`) has them in time, and further ahead while the loader may hold this thread up.
    ``log`` takes the session's entries and must not wait; ``loader`` loads the models that are wanted; ``asleep`` tells
    how long the machine has been suspended so far, in seconds; ``recording`` what to say of the recording in the
    status; ``stand_still`` stops the process until its user lets it go on. ``silencing`` tells that the last notes are
    being released, which nothing should break off; ``kept_before_end`` is what was kept last before that.

    Each message leaves ``delay`` seconds later than at its moment, which follows the control ``offset``. Where the
    engine ``follows`` a host, it lives ahead by the port's latency too, so that what it plays is heard with the host's
    beat and not after it.
    ``keepsakes`` writes the bars that are to be kept. ``hands`` says which MIDI controllers move which controls, and
    ``save_hands`` keeps that; where one is refused the status says why.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        port: MidiOut,
        inbox: Inbox,
        *,
        log: Callable[[Sequence[Entry]], None],
        keeper: Keeper,
        loader: ModelLoader | None = None,
        asleep: Callable[[], float] = lambda: 0.0,
        recording: Callable[[], str] = str,
        stand_still: Callable[[], None] = lambda: None,
        keepsakes: Keepsakes | None = None,
        hands: MidiMap | None = None,
        save_hands: Callable[[str], None] = lambda _: None,
        follows: bool = False,
    ) -> None:
        self._engine = engine
        self._follows = follows
        self._latest, self._order = float("-inf"), InOrder()
        self._timed = port if isinstance(port, TimedOut) else None
        self.delay = self._delay()
        self.lead = self._timed.lead if self._timed is not None else 0.0
        self.status = replace(
            engine.status(clock.now() + self.lead - self.delay), port=port.name, recording=recording()
        )
        self.silencing = False
        self.kept_before_end = ""
        self._watch = engine.watch
        self._hands = hands if hands is not None else MidiMap()
        self._save_hands = save_hands
        self._complaints = Complaints(clock.wake)
        self._keepsakes: Keepsakes = keepsakes if keepsakes is not None else NoKeepsakes()
        self._takes = Takes(self._keepsakes)
        self._clock = clock
        self._port: MidiOut | None = port
        self._late = self._dropped = 0
        self._headroom, self._turned = 0.0, clock.now()
        self._keys = Keys()
        self._unheard: list[TimedMessage] = []
        self._inbox = inbox
        inbox.foresee = engine.foresee
        self._log = log
        self._keeper = keeper
        self._loader: ModelLoader = loader if loader is not None else NoLoader()
        self._asleep = asleep
        self._slept = asleep()
        self._recording = recording
        self._stand_still = stand_still
        self._next_taking = float("-inf")
        self._leaving = self._pausing = False

    def leave(self) -> None:
        """Ask the loop to end; safe in a signal handler and from any thread."""
        self._leaving = True
        self._clock.wake()

    def pause(self) -> None:
        """Ask the loop to stand still, all notes released; safe in a signal handler and from any thread."""
        self._pausing = True
        self._clock.wake()

    def run(self, first: Iterable[Command] = ()) -> None:
        """Obey the first commands and those that come, and play, until the end; whatever ends it, no note is left."""
        try:
            for command in first:
                self._do(Request(command))
            while not (self._engine.finished or self._leaving):
                self._turn()
        finally:
            self._fall_silent()

    def _turn(self) -> None:
        self._obey()
        self._look_around()
        self._listen()
        self._make_ahead()
        self._wait()
        self._release()
        self._let_build()
        self._tell()
        self._beat()

    def _wait(self) -> None:
        """Wait until the next moment; a hold-up takes of the room that was made for it, so that no tick looks late."""
        until = self._next_moment() - self._ahead
        self._clock.wait_until(until)
        until, self._turned = max(until, self._turned), self._clock.now()
        self._headroom = max(self._headroom - max(self._turned - until, 0.0), 0.0)

    def _now(self) -> float:
        """Return the moment at which the engine is: what it gives out now must be in place before it."""
        return self._clock.now() + self._ahead

    @property
    def _ahead(self) -> float:
        return self.lead + self._headroom - self.delay

    def _make_room(self) -> None:
        """Live as far ahead as the loader may hold this up, by small steps: in a large one ticks would look late."""
        step = self._wanted_room - self._headroom
        self._headroom += min(max(step, -ROOM_STEP_SECONDS), ROOM_STEP_SECONDS)

    @property
    def _wanted_room(self) -> float:
        return self._loader.holdup if self._timed is not None else 0.0

    def _let_build(self) -> None:
        """Tell the loader that whatever is due while it holds this up has been sent.

        A wait ends late on every machine, and the room is less by so much: that little is in the lead.
        """
        if self._loader.holdup and self._headroom >= self._wanted_room - LATE_WAIT_SECONDS:
            self._loader.go_ahead()

    def _move(self) -> None:
        """Come nearer to the offset that is asked for: while it plays in small steps, so that no tick is too late."""
        if self._port is None:
            return
        way = self._delay() - self.delay
        step = min(max(way, -STEP_SECONDS), STEP_SECONDS) if self.status.playing else way
        self.delay += step

    def _delay(self) -> float:
        """Return how much later than the engine has it a message is to be sent through the port, in seconds."""
        latency = self._timed.latency if self._follows and self._timed is not None else 0.0
        return self._engine.offset_ms / 1000.0 - latency

    def _listen(self) -> None:
        """Obey MIDI controllers; let an engine that follows know what came in, and that time goes by."""
        messages, self._unheard = self._unheard, []
        messages += self._timed.heard() if self._timed is not None else []
        for message in messages:
            self._obey_hand(message)
        if self._follows:
            sent = self._engine.hear(messages, self._now(), self._ahead)
            self._send(sent)
            if sent:
                self._tell()

    def _obey_hand(self, message: TimedMessage) -> None:
        learning = self._hands.learning
        command = self._hands.hear(message.data, self.status)
        if isinstance(command, Tap):  # it may have waited for the next tick
            command = Tap(message.seconds + self._ahead)
        if learning and not self._hands.learning:
            self._engine.say(self._hands.learnt, self._now())
            self._save_hands(self._hands.text())
        if command is not None:
            self._inbox.put(Request(command, self._complaints.refuser(command)))

    def _complain(self) -> None:
        """Let the status say why a controller was refused; that may come from the thread that writes takes."""
        reason = self._complaints.due(self._clock.now())
        if reason:
            self._engine.say(reason, self._now())
            self._tell()

    def _obey(self) -> None:
        """Take what waits, but not at once again after the last time: each change makes the future anew."""
        now = self._clock.now()
        if self._inbox.waiting and (now >= self._next_taking or self._inbox.urgent):
            self._next_taking = now + PACE_SECONDS
            for request in self._inbox.take():
                self._do(request)

    def _do(self, request: Request) -> None:
        if isinstance(request.command, Panic):
            self._with_player(lambda port: port.panic())
            self._send(self._keys.ends(self._now()))
        try:
            match request.command:
                case Model(name):
                    self._loader.want(Wish(name, self.status.tempo, request.refuse, lambda: self._engine.prime))
                case Learn() as target:
                    self._check_part(target.part)
                    self._hands.learn(target)
                case Forget(name, part):
                    if self._hands.forget(name, part):
                        self._save_hands(self._hands.text())
                case Keep(bars):
                    self._keep(bars, request)
                case Record(on):
                    self._takes.switch(on, self._engine, request.refuse)
                case command:
                    self._send(self._engine.handle(command, self._now()))
        except MusicRNNError as error:
            request.refuse(str(error))
        self._tell()
        if isinstance(request.command, Set):
            self._hands.settle(request.command, self.status)

    def _keep(self, bars: int, request: Request) -> None:
        """Let the last bars be written. ControlError where they have no notes."""
        played = self._engine.last_bars(bars)
        if not len(played):
            raise ControlError("the last bars must have notes, got none; nothing was written")
        self._keepsakes.keep(played, request.refuse)

    def _check_part(self, part: str) -> None:
        """Raise ControlError for a part that the model has not; a map from a file may be of others."""
        if part and part not in self.status.parts:
            raise ControlError(f"a part must be one of {', '.join(self.status.parts)}, got {part[:64]!r}")

    def _change_models(self) -> None:
        """Give the engine a model that has been loaded, and let go of one that has played its last."""
        while (result := self._loader.result()) is not None:
            self._change_model(result)
        self._loader.discard(self._engine.take_retired())

    def _change_model(self, result: Loaded | Refused) -> None:
        match result:
            case Loaded(wish, generator, digest):
                try:
                    self._engine.take_over(generator, wish.name, digest)
                except MusicRNNError as error:
                    self._refuse(wish, f"model {wish.name}: {error}")
            case Refused(wish, reason):
                self._refuse(wish, reason)

    def _refuse(self, wish: Wish, reason: str) -> None:
        self._engine.say(f"not played: {reason}", self._now())
        wish.refuse(reason)

    def _make_ahead(self) -> None:
        """Let the engine work ahead, but leave off where the next tick comes near."""
        while self._prepare():
            deadline = self._engine.next_deadline()
            if self._leaving or (deadline is not None and deadline - self._now() < MARGIN_SECONDS):
                break
        if self._has_news():
            self._tell()

    def _has_news(self) -> bool:
        """Tell whether a host, or a model that came while nothing played, made the status untrue."""
        status, plays = self.status, self._engine.next_deadline() is not None
        return status.tick != self._engine.tick or status.playing != plays or self._engine.has_entries

    def _prepare(self) -> bool:
        if not self._watch.on:
            return self._engine.prepare(self._now())
        began, made = self._clock.now(), self._engine.made
        more = self._engine.prepare(self._now())
        if self._engine.made > made:
            self._watch.making.append(self._clock.now() - began)
        return more

    def _release(self) -> None:
        """Send what is due."""
        due = self._engine.next_deadline()
        now = self._now()
        if self._watch.on and due and due <= now:
            self._watch.lateness.append(now - due)
        self._send(self._engine.release(now))
        self._move()

    def _next_moment(self) -> float:
        moments = [self._now() + IDLE_SECONDS]
        deadline = self._engine.next_deadline()
        if deadline is not None:
            moments.append(deadline)
        if self._inbox.waiting:
            moments.append(self._next_taking + self._ahead)
        if self._headroom != self._wanted_room:
            moments.append(self._now() + PACE_SECONDS)
        return min(moments)

    def _look_around(self) -> None:
        """See whether the port is back, and whether the machine has been suspended."""
        port = self._keeper.found()
        if port is not None:
            self._port, self._latest, self._order = port, float("-inf"), InOrder()
            self._timed = port if isinstance(port, TimedOut) else None
            self.delay = self._delay()
            self.lead = self._timed.lead if self._timed is not None else 0.0
            self._begin_again()
        self._change_models()
        self._complain()
        self._make_room()
        if self._pausing:
            self._pausing = False
            self._pause()
        slept = self._asleep()
        if slept - self._slept > SUSPENDED_SECONDS:
            self._do(Request(Panic()))
        self._slept = slept

    def _pause(self) -> None:
        """Stand still in silence, however long, and go on from the same place."""
        command = self._break_off()
        self._do(Request(Panic()))
        self._stand_still()
        if command is not None:
            self._do(Request(command))

    def _begin_again(self) -> None:
        """Tell a port that has come back the programs, and nothing of the time without it but what it was left with.

        Who follows our clock may still roll there, having heard no stop.
        """
        self._do(Request(Panic()))
        self._send(self._engine.halt_followers(self._now()))
        command = self._break_off()
        if command is not None:
            self._do(Request(command))

    def _break_off(self) -> Command | None:
        """Stop what plays at once; return what lets it go on, None where it was about to stop at a beat or bar.

        A piece that was to begin once its prime is read is begun.
        """
        starting, goes_on = self._engine.starting, self._engine.goes_on
        if self.status.playing:
            self._do(Request(Stop(at_once=True)))
        return (Start() if starting else Continue()) if goes_on else None

    def _send(self, messages: Sequence[TimedMessage]) -> None:
        """Send messages, without the ends of notes whose begin was not sent."""
        if self._port is None:
            return
        try:
            for message in messages:
                if self._keys.will_send(message):
                    self._port.send(self._moved(message))
                    self._keys.was_sent(message)
        except PortError:
            self._lose(self._port)

    def _moved(self, message: TimedMessage) -> TimedMessage:
        """Return the message at the moment at which it leaves: no note before one that was sent before it.

        The delay may have fallen since, also in what tells others of the clock.
        """
        seconds = message.seconds + self.delay
        if message.data[0] >= SYSTEM:
            seconds = self._order.at(seconds, message.data[0])
        else:
            seconds = self._latest = max(seconds, self._latest)
        return replace(message, seconds=seconds) if seconds != message.seconds else message

    def _beat(self) -> None:
        """Let the port know that there was a turn; a loop that stands still says nothing."""
        self._with_player(lambda port: port.beat(self._clock.now()))

    def _with_player(self, act: Callable[[TimedOut], None]) -> None:
        if self._timed is None:
            return
        try:
            act(self._timed)
        except PortError:
            self._lose(self._timed)

    def _lose(self, port: MidiOut) -> None:
        if self._timed is not None:
            self._late += self._timed.late
            self._dropped += self._timed.dropped
            self._unheard += self._timed.heard()
        self._port = self._timed = None
        self._keeper.lost(port)

    def _tell(self) -> None:
        self._log(self._engine.take_entries())
        timed = self._timed
        self.status = replace(
            self._engine.status(self._now()),
            port=self._port.name if self._port is not None else "lost; looking for it",
            late_messages=self._late + (timed.late if timed is not None else 0),
            dropped_messages=self._dropped + (timed.dropped if timed is not None else 0),
            recording=self._recording(),
            taking=self._takes.taking,
            kept_lately=self._keepsakes.lately,
            loading=self._loader.loading,
        )
        if self._watch.on:
            ahead = self._engine.ahead()
            due = None if ahead.due is None else ahead.due + self.delay
            self._watch.ahead = ahead._replace(due=due)

    def _fall_silent(self) -> None:
        """Release every note and close the port, even where one of these fails.

        What was sent decides which notes end: the engine may have been broken off in the middle of a tick.
        """
        self.silencing = True
        self.kept_before_end = self.status.kept
        try:
            self._send(self._keys.ends(self._now()))
            self._send(self._engine.silence(self._now()))
            self._do(Request(Record(on=False), note))
            self._complaints.end()
        finally:
            if self._port is not None:
                self._port.close()
            self.silencing = False


class NoKeeper:
    """For ports that cannot be lost."""

    def lost(self, port: MidiOut) -> None:
        """Pass it over."""

    def found(self) -> MidiOut | None:
        """Return None."""
        return None
