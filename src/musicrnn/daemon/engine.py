"""The engine: told the time and the commands, it returns MIDI messages at their moments.

It reads no clock, opens no port and starts no thread. :mod:`musicrnn.daemon.protocols` shows how it is driven.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from musicrnn.config.play import PlaySettings
from musicrnn.control import (
    Command,
    Continue,
    Model,
    Mute,
    Panic,
    Prime,
    Quit,
    Ramp,
    Reset,
    Set,
    Start,
    Status,
    Stop,
    Tap,
)
from musicrnn.daemon.clock_out import ClockOut
from musicrnn.daemon.host_transport import HostTransport
from musicrnn.daemon.ledger import NoteEvent, program, silencers
from musicrnn.daemon.performance import MAX_FAILURES, Performance
from musicrnn.daemon.priming import Primer
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.session import Entry, Header, changed, choice_of, make_header, recording_of
from musicrnn.daemon.sources import Began, ClockSource, Halted, Lost
from musicrnn.daemon.succession import Coming, hand_over
from musicrnn.daemon.tap import Taps
from musicrnn.daemon.timeline import Begin, Made
from musicrnn.daemon.transport import START_DELAY_SECONDS, Transport
from musicrnn.daemon.voices import channel_of
from musicrnn.errors import ControlError, ModelError
from musicrnn.models.generator import Generator

MESSAGE_SECONDS = 60.0


class Engine:
    """Plays one model, and others after it.

    ``play`` must have a seed and a tempo (see `musicrnn.daemon.session.resolved`); ``prime`` is the
    text to start from, ``model_hash`` what the session log is to say of the model's file; ``source`` is the
    clock to follow, None for its own; ``clock_out`` tells whether to send MIDI clock. Raises ControlError for a prime
    that cannot be read. Nothing plays before ``handle(Start(), now)``, and with a source before its host rolls.
    """

    def __init__(
        self,
        generator: Generator,
        play: PlaySettings,
        *,
        prime: str = "",
        model_hash: str = "",
        source: ClockSource | None = None,
        clock_out: bool = False,
    ) -> None:
        self._info = generator.model.info
        self.header: Header = make_header(self._info, play, prime, model_hash)
        self.recording = recording_of(self.header)
        self.finished = False
        self._play = play
        self._generator = generator
        self._performance = Performance(generator, choice_of(play), self.recording)
        grid = self._info.vocabulary.ticks_per_beat
        self._transport = Transport(grid, play.tempo) if source is None else HostTransport(grid, play.tempo, source)
        self._clock_out = ClockOut(grid, sends=clock_out)
        self._taps = Taps()
        self._wants_to_play = False
        self._leave_at: int | None = None
        self._primer = Primer(generator, prime)
        self._new_primer: Primer | None = None
        self._coming: Coming | None = None
        self._retired: list[Performance] = []
        self._wanted = ""
        self._prime = self._logged_prime = prime
        self._entries: list[Entry] = []
        self._playing = self._starting = self._begun = self._fresh = self._over = False
        self._limit: int | None = None
        self._sent = -math.inf
        self._late_ticks = self._skipped_ticks = self._failures = 0
        self._exponent = play.mu
        self._message = ("", -math.inf)

    @property
    def tick(self) -> int:
        """The next tick to be played: the length of the recording so far."""
        return self._performance.tick

    @property
    def last(self) -> Made | None:
        """The tick played last, None before the first."""
        past = self._performance.timeline.past
        return past[-1] if past else None

    # What it is told.

    def handle(self, command: Command, now: float) -> list[TimedMessage]:
        """Obey a command; return what is to be sent at once. ControlError: refused, and nothing has changed."""
        match command:
            case Start():
                return self._start(now)
            case Continue():
                return self._continue(now)
            case Stop():
                return self._leave(now, command.at_once)
            case Panic():
                return self.panic(now)
            case Quit():
                self.finished = True
                return self._stop(now)
        self._steer(command, now)
        return []

    def _steer(self, command: Command, now: float) -> None:
        """Obey a command that changes what is made from now on, and sends nothing itself."""
        match command:
            case Set():
                self._set(command)
            case Mute():
                self._mute(command)
            case Prime(text):
                self._new_primer = Primer(self._generator, text)
                self._prime = text
                if self._coming is not None:
                    self._coming.read(text)
            case Model(name):
                raise ControlError(f"a model must be loaded before it is played, got {name!r}")
            case Ramp():
                self._transport.ramp(self.tick, command.tempo, round(command.beats * self._ticks_per_beat))
            case Tap():
                self._tap(now)
            case Reset():
                self._begin_at_bar("reset")

    def _set(self, command: Set) -> None:
        if command.name == "tempo":
            self._transport.bend(self.tick, command.value)
            self._tempo_is(command.value)
            return
        self._performance.choice = changed(self._performance.choice, command.name, command.value)
        if self._coming is not None:
            self._coming.performance.choice = self._performance.choice
        self._log("set", name=command.name, value=command.value)

    def _tap(self, now: float) -> None:
        bpm = self._taps.tap(now)
        if bpm is not None:
            self._set(Set("tempo", bpm))

    def _tempo_is(self, bpm: float) -> None:
        """Keep what the tempo is from the next tick on."""
        self.recording.tempo(self.tick, bpm)
        self._log("set", name="tempo", value=bpm)

    def _mute(self, command: Mute) -> None:
        names = [part.name for part in self._info.vocabulary.parts]
        if command.part not in names:
            raise ControlError(f"a part must be one of {', '.join(names)}, got {command.part!r}")
        self._performance.mute(names.index(command.part), command.muted)
        self._log("mute", part=command.part, muted=command.muted)

    # Starting and stopping.

    def _start(self, now: float) -> list[TimedMessage]:
        self._wants_to_play = True
        if self._new_primer is not None:
            self._primer, self._new_primer = self._new_primer, None
        if self._playing:
            self._begin_at_bar("start")
            return []
        return self._enter_anew(now)

    def _enter_anew(self, now: float, beat: float | None = None) -> list[TimedMessage]:
        """Start as soon as the prime is read; with a host, once it rolls."""
        if not self._transport.rolls:
            return self._wait_for_host(now)
        self._starting = True
        return self._started(now, beat) if self._primer.done else []

    def _wait_for_host(self, now: float) -> list[TimedMessage]:
        self.say("waiting for the host to start", now)
        return []

    def _started(self, now: float, beat: float | None = None) -> list[TimedMessage]:
        """Begin at the head of a bar; the ticks before it never were."""
        performance = self._performance
        bar_ticks = performance.bar_ticks
        performance.skip_to(self._transport.enter(performance.tick, bar_ticks, bar_ticks, now, beat))
        self._starting, self._begun = False, True
        self._begin_at_bar("start")
        if self._limit is None and self._play.bars:
            self._limit = performance.tick + self._play.bars * performance.bar_ticks
        return self._go(now)

    def _continue(self, now: float) -> list[TimedMessage]:
        self._leave_at = None
        if self._playing or self._starting:
            return []
        self._wants_to_play = True
        if not self._transport.rolls:
            return self._wait_for_host(now)
        return self._enter_again(now, self._unit)

    def _enter_again(self, now: float, unit: int, beat: float | None = None) -> list[TimedMessage]:
        """Go on from where it stopped, in a bar's place that is the host's; without a piece, begin one."""
        performance = self._performance
        if not self._begun or performance.timeline.point.over:
            return self._enter_anew(now, beat)
        if not self._transport.free:
            performance.skip_to(self._transport.enter(performance.tick, unit, performance.bar_ticks, now, beat))
        self._log("continue")
        return self._clock_out.go_on(self.tick, now) + self._go(now)

    @property
    def _unit(self) -> int:
        """How many ticks apart the places are at which to enter and to leave."""
        units = {"beat": self._ticks_per_beat, "bar": self._performance.bar_ticks}
        return units.get(self._play.quantise, 1)

    @property
    def _ticks_per_beat(self) -> int:
        return self._info.vocabulary.ticks_per_beat

    def hear(self, messages: Sequence[TimedMessage], now: float) -> list[TimedMessage]:
        """Take the MIDI that came in, with the moments of its arrival; return what is to be sent at once."""
        sent: list[TimedMessage] = []
        for event in self._transport.hear(messages, now):
            match event:
                case Began(beat, anew):
                    sent += self._join(beat, anew, now)
                case Halted():
                    sent += self._stop(now)
                case Lost():
                    sent += [] if self._transport.rolls else self._stop(now)
                    self.say(f"{self._transport.clock}: no clock comes any more", now)
        return sent

    def _join(self, beat: float, anew: bool, now: float) -> list[TimedMessage]:
        """Play with a host that begins to roll, if it was asked to play at all."""
        if not self._wants_to_play or not self._transport.rolls:
            return []
        messages = self._stop(now) if self._playing else []
        return messages + (self._enter_anew(now, beat) if anew else self._enter_again(now, 1, beat))

    def _leave(self, now: float, at_once: bool) -> list[TimedMessage]:
        """Stop at once or, where that is asked for, at the next beat or bar; a second time, at once."""
        self._wants_to_play = False
        unit = self._unit
        if not self._playing or at_once or unit == 1 or self._leave_at is not None:
            return self._stop(now)
        self._leave_at = -(-self.tick // unit) * unit
        return []

    def _go(self, now: float) -> list[TimedMessage]:
        """Let the next tick be a moment from now, and choose the programs."""
        self._playing = self._fresh = True
        self._message = ("", -math.inf)
        self._transport.anchor(self.tick, max(now, self._sent))
        return self._programs(now)

    def _programs(self, now: float) -> list[TimedMessage]:
        programs = {channel_of(part): part.program for part in self._info.vocabulary.parts}
        self._performance.ledger.used.update(programs)
        return self._timed(now, [program(channel, number) for channel, number in sorted(programs.items())])

    def _stop(self, now: float) -> list[TimedMessage]:
        if self._playing:
            self._log("stop")
        self._playing = self._starting = False
        self._leave_at = None
        return self._clock_out.stop(now) + self._events(now, self._performance.release_all())

    def _begin_at_bar(self, kind: str) -> None:
        """Let a piece begin at the next bar, once the prime is read; a start is not undone by less."""
        begin = self._performance.begin
        if begin is not None and begin.kind == "start":
            kind = "start"
        self._wanted = kind
        if self._primer.done:
            tick = self._performance.next_bar()
            self._performance.begin_at(Begin(tick, self._primer.snapshot, kind, self._primer.text))
            self._wanted = ""

    # Another model.

    def take_over(self, generator: Generator, name: str, digest: str = "") -> None:
        """Let another model play from the next bar line on for which it is ready, or soon where nothing plays.

        ``name`` and ``digest`` are what the session log says of it. Raises ControlError where its grid and those of
        the models before it have none in common, and so could not be recorded.
        """
        grid = generator.vocabulary.ticks_per_beat
        if not self.recording.takes(grid):
            raise ControlError(f"a model's grid must have one in common with those before it, got {grid} ticks a beat")
        self._coming = Coming(self._performance, generator, self._prime, name, digest)

    def take_retired(self) -> list[Performance]:
        """Return what played and never will again, since the last call; to let go of it may take long."""
        retired, self._retired = self._retired, []
        return retired

    @property
    def _kind(self) -> str:
        """How the piece of a model that takes over begins."""
        begin = self._performance.begin
        starting = self._wanted == "start" or (begin is not None and begin.kind == "start")
        return "start" if starting else "reset"

    def _prepare_coming(self, now: float) -> bool:
        coming = self._coming
        if coming is None:
            return False
        try:
            if coming.work(self._performance, self._kind, self._play.lookahead if self._playing else 0):
                return True
        except ModelError as error:
            self._refuse(f"model {coming.name} is not played: {error}", now)
        except Exception as error:  # noqa: BLE001  whatever a model does, the music goes on
            self._refuse(f"model {coming.name} is not played: it could not read the prime: {error}", now)
        else:
            if not self._playing:
                self._performance.skip_to(self._performance.next_bar())
                coming.stand(self._performance, self._kind)
                self._change_model(coming, now)
        return False

    def _refuse(self, reason: str, now: float) -> None:
        if self._coming is not None:
            self._retired.append(self._coming.performance)
        self._coming = None
        self.say(reason, now)

    def _relief(self) -> Coming | None:
        """Return the model whose first tick is next, None where the present one goes on."""
        performance, coming = self._performance, self._coming
        if coming is None or self.tick != performance.next_bar() or not coming.ready(performance, self._kind):
            return None
        return coming

    def _change_model(self, coming: Coming, moment: float) -> list[TimedMessage]:
        """Let the model that is ready play from this bar line on; what the other one holds ends."""
        old = self._performance
        new = coming.performance
        messages = self._events(moment, old.release_all())
        vocabulary = new.vocabulary
        self._log("model", name=coming.name, sha256=coming.digest, vocabulary=vocabulary.fingerprint, to=new.tick)
        self._transport.change_grid(old.tick, new.tick, vocabulary.ticks_per_beat)
        self._clock_out.change_grid(old.tick, new.tick, vocabulary.ticks_per_beat)
        if self._leave_at is not None:  # at this bar line, or a beat of the old grid
            self._leave_at = new.tick + (self._leave_at - old.tick) * new.bar_ticks // old.bar_ticks
        hand_over(old, new)
        if self._limit is not None:
            self._limit = self._limit // old.bar_ticks * new.bar_ticks
        self._retired.append(old)
        self._performance, self._generator, self._primer = new, new.generator, coming.primer
        self._info = new.generator.model.info
        self._coming, self._new_primer, self._wanted = None, None, ""
        fits = coming.primer.text == self._prime
        self.say("" if fits else f"the prime does not fit the model {coming.name} and is not used", moment)
        return messages + self._programs(moment) if self._playing else messages

    # Work ahead.

    def prepare(self, now: float) -> bool:
        """Do one small piece of work ahead, a tick or a bit of a prime; return whether there is more."""
        if self._new_primer is not None or not self._primer.done:
            self._prime_some(now)
            return True
        return self._make_some(now) or self._prepare_coming(now)

    def _make_some(self, now: float) -> bool:
        future = self._performance.timeline.future
        enough = 1 if self._transport.short_of_time else self._play.lookahead
        if not self._playing or len(future) >= enough:
            return False
        if not future and self._transport.too_late(self.tick, now):
            return False
        self._performance.make()
        return len(future) < enough

    def _prime_some(self, now: float) -> None:
        primer = self._new_primer or self._primer
        try:
            if primer.work():
                return
        except Exception as error:  # noqa: BLE001  whatever a model does, the music goes on
            self._failures += 1
            self.say(f"the model could not read the prime, which is not used: {error}", now)
            if self._new_primer is not None:
                self._new_primer = None
                return
            primer = Primer(self._generator, "")
        if self._new_primer is not None:
            self._wanted = self._wanted or "prime"
        self._primer, self._new_primer = primer, None
        if self._wanted:
            self._begin_at_bar(self._wanted)

    def next_deadline(self) -> float | None:
        """Return the moment in seconds at which `release` has something to do, None while nothing plays."""
        if self._starting:
            return 0.0
        return self._transport.due(self.tick) if self._playing else None

    # What it plays.

    def release(self, now: float) -> list[TimedMessage]:
        """Return the messages of the ticks whose moment has come, in order of time, ends before begins.

        A tick that comes too late is skipped, so that nothing is ever played in a burst.
        """
        messages = self._started(now) if self._starting and self._primer.done else []
        while self._playing and self._transport.due(self.tick) <= now:
            moment = self._transport.due(self.tick)
            if self._is_skipped(now):
                messages += self._skip(now, now - moment)
            elif self._leave_at is not None and self.tick >= self._leave_at:
                messages += self._stop(moment)
            elif self._limit is not None and self.tick >= self._limit:
                self.finished = True
                messages += self._stop(moment)
            elif (coming := self._relief()) is not None:
                messages += self._change_model(coming, moment)
            else:
                messages += self._play_tick(moment, now)
        return messages

    def _is_skipped(self, now: float) -> bool:
        """Tell whether the next tick comes too late to be played; a host's first is played all the same."""
        first_of_host = self._fresh and not self._transport.free
        return not first_of_host and self._transport.too_late(self.tick, now)

    def _play_tick(self, moment: float, now: float) -> list[TimedMessage]:
        tick, transport = self.tick, self._transport
        self._late_ticks += transport.played(tick, now)
        self._fresh = False
        bpm = transport.news(tick)
        if bpm is not None:
            self._tempo_is(bpm)
        made, events = self._performance.play()
        self._note(made, now)
        starts = made.begins is not None and made.begins.kind == "start"
        messages = self._clock_out.start(tick, moment) if starts else []
        messages += self._events(moment, events) + self._clock_out.tick(tick, moment, transport.tick_seconds)
        return messages + self._ended(moment) if made.record.ended else messages

    def _note(self, made: Made, now: float) -> None:
        """Log what the tick was."""
        if made.record.exponents:
            self._exponent = made.record.exponents[-1]
        if made.begins is not None:
            text = made.begins.prime
            news = {} if text == self._logged_prime else {"prime": text}
            self._logged_prime = text
            self._log(made.begins.kind, made.tick, **news)
        if made.failure:
            self._failures += 1
            self._log("failure", made.tick, kind=made.failure, error=made.error)
        if made.failure == "reset":
            self.say(f"the model failed {MAX_FAILURES} times in a row and was started anew: {made.error}", now)
        if made.tick % self._performance.bar_ticks == 0:
            self._log("bar", made.tick, bar=made.tick // self._performance.bar_ticks)

    def _ended(self, moment: float) -> list[TimedMessage]:
        """Do what was asked for at the end of a piece."""
        if self._play.end == "restart":
            self._begin_at_bar("reset")
            return []
        messages = self._stop(moment)
        self.say("the piece has ended", moment)
        return messages

    def _skip(self, now: float, late: float) -> list[TimedMessage]:
        """Go on with a tick that can be made in time, or after a bar's delay from the same place.

        Where nothing has been heard yet since the start, the start is what is late.
        """
        performance, transport = self._performance, self._transport
        is_gap = late > performance.bar_ticks * transport.tick_seconds
        messages = self._gap(now, late) if self._fresh or is_gap else []
        if transport.free and (self._fresh or is_gap):
            transport.anchor(self.tick, now, 0.0 if performance.timeline.future else START_DELAY_SECONDS)
            return messages
        to = transport.catch_up(self.tick, now)
        if self._coming is not None:  # which may be the way out of a model that is too slow
            to = min(to, max(performance.next_bar(transport.tick_from(now)), self.tick + 1))
        self._log("skip", to=to)
        self._skipped_ticks += to - self.tick
        messages += self._clock_out.skip(self.tick, to, now)
        return messages + self._events(now, performance.skip_to(to))

    def _gap(self, now: float, late: float) -> list[TimedMessage]:
        """Release all that sounds over a long delay; where nothing was heard yet, there was none."""
        if not self._fresh:
            self._log("gap", seconds=round(late, 3))
        return self._events(now, self._performance.release_all())

    # Silence.

    def silence(self, now: float) -> list[TimedMessage]:
        """Stop for good, and return what ends every sound: note-offs, pedal up, all notes off, all sound off."""
        messages = self._stop(now)
        if not self._over:
            self._log("end")
        self._over = self.finished = True
        return messages + self._timed(now, silencers(self._performance.ledger.used))

    def panic(self, now: float) -> list[TimedMessage]:
        """Return what ends every sound; playing goes on with the next attack."""
        self._log("panic")
        messages = self._events(now, self._performance.release_all())
        return messages + self._timed(now, silencers(self._performance.ledger.used))

    # What it answers.

    def status(self, now: float) -> Status:
        """Return what it is doing; the port and the recording are for its surroundings to fill in."""
        performance, choice = self._performance, self._performance.choice
        names = [part.name for part in self._info.vocabulary.parts]
        where = max(self.tick - 1, 0)
        message, since = self._message
        return Status(
            playing=self._playing or self._starting,
            tick=self.tick,
            bar=where // performance.bar_ticks,
            beat=where % performance.bar_ticks // self._info.vocabulary.ticks_per_beat,
            tempo=self._transport.bpm,
            clock=self._transport.clock,
            mu=choice.mu,
            sigma=choice.sigma,
            seed=choice.seed,
            density=choice.density,
            exponent=self._exponent,
            model=self._info.name,
            parts=tuple(names),
            muted=frozenset(names[index] for index in performance.muted),
            sounding=tuple((names[part], pitch) for part, pitch in performance.ledger.sounding()),
            late_ticks=self._late_ticks,
            skipped_ticks=self._skipped_ticks,
            failures=self._failures,
            message=message if now - since <= MESSAGE_SECONDS else "",
        )

    def take_entries(self) -> list[Entry]:
        """Return the entries of the session log since the last call."""
        entries, self._entries = self._entries, []
        return entries

    def _log(self, do: str, tick: int | None = None, **facts: Any) -> None:
        self._entries.append({"tick": self.tick if tick is None else tick, "do": do, **facts})

    def say(self, message: str, now: float) -> None:
        """Let the status say something to people for a minute."""
        self._message = (message[:200], now)

    def _events(self, moment: float, events: Iterable[NoteEvent]) -> list[TimedMessage]:
        return self._timed(moment, [event.data for event in events])

    def _timed(self, moment: float, data: Iterable[bytes]) -> list[TimedMessage]:
        """Return messages at a moment; time never goes back from one to the next."""
        self._sent = max(self._sent, moment)
        return [TimedMessage(self._sent, item) for item in data]
