"""The engine: told the time and the commands, it returns MIDI messages at their moments.

It reads no clock, opens no port and starts no thread. :mod:`musicrnn.daemon.protocols` shows how it is driven.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from musicrnn.config.play import PlaySettings
from musicrnn.control import (
    CONTROLS,
    Command,
    Continue,
    Model,
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
from musicrnn.daemon.account import Account
from musicrnn.daemon.clock_out import ClockOut
from musicrnn.daemon.host_transport import HostTransport
from musicrnn.daemon.ledger import NoteEvent, silencers
from musicrnn.daemon.lineup import Lineup
from musicrnn.daemon.performance import MAX_FAILURES, Performance
from musicrnn.daemon.presence import Presence
from musicrnn.daemon.protocols import TimedMessage
from musicrnn.daemon.recording import Take
from musicrnn.daemon.session import Entry, Header, make_header, recording_of
from musicrnn.daemon.sources import ClockSource
from musicrnn.daemon.steering import choice_of, ordered, values_of
from musicrnn.daemon.succession import Coming
from musicrnn.daemon.tap import Taps
from musicrnn.daemon.timeline import Made
from musicrnn.daemon.transport import START_DELAY_SECONDS, Transport
from musicrnn.daemon.watch import Ahead, Glimpse, Watch
from musicrnn.errors import ControlError
from musicrnn.models.generator import Generator
from musicrnn.models.metadata import ModelInfo

EASED = ": A is eased until they come back"


class Engine:
    """Plays one model, and others after it.

    ``play`` must have a seed and a tempo (see `musicrnn.daemon.session.resolved`); ``prime`` is the
    text to start from, ``model_hash`` what the session log is to say of the model's file; ``source`` is the
    clock to follow, None for its own; ``clock_out`` tells whether to send MIDI clock; ``name`` is what the model is
    known by, its own where it is empty. Raises ControlError for a prime
    that cannot be read. Nothing plays before ``handle(Start(), now)``, and with a source before its host rolls.

    ``offset_ms`` is the control of that name, which its surroundings obey; ``watch`` is for those who look on;
    ``made`` counts the ticks made ahead.
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
        name: str = "",
    ) -> None:
        info = generator.model.info
        self._name = name or info.name
        grid = info.vocabulary.ticks_per_beat
        self.header: Header = make_header(replace(info, name=self._name), play, prime, model_hash)
        self.recording = recording_of(self.header)
        self.finished = False
        self.offset_ms = 0.0
        self.watch = Watch()
        self.made = 0
        self._play = play
        self._account = Account()
        self._lineup = Lineup(generator, choice_of(play), self.recording, prime, self._account)
        self._transport = Transport(grid, play.tempo) if source is None else HostTransport(grid, play.tempo, source)
        self._clock_out = ClockOut(grid, self._performance.bar_ticks, sends=clock_out)
        self._presence = Presence(play, self._lineup, self._transport, self._clock_out, self._account)
        self._taps = Taps()
        self._logged_prime = prime
        self._over = False
        self._exponent = play.mu
        self._watchdog_acts = False

    @property
    def _performance(self) -> Performance:
        return self._lineup.performance

    @property
    def _info(self) -> ModelInfo:
        return self._performance.generator.model.info

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
                return self._presence.start(now)
            case Continue():
                return self._presence.go_on(now)
            case Stop():
                return self._presence.leave(now, command.at_once, command.again)
            case Panic():
                return self.panic(now)
            case Quit():
                self.finished = True
                return self._presence.stop(now)
        self._steer(command, now)
        return []

    def foresee(self, command: Command) -> None:
        """Do in the thread of whoever gives a command soon what would take long in that which plays."""
        if isinstance(command, Prime):
            self._lineup.foresee(command.text)

    @property
    def prime(self) -> str:
        """The text that a model would begin from."""
        return self._lineup.prime

    def _steer(self, command: Command, now: float) -> None:
        """Obey a command that changes what is made from now on, and sends nothing itself."""
        match command:
            case Set():
                self._set(command)
            case Prime(text):
                self._lineup.read(text)
            case Model(name):
                raise ControlError(f"a model must be loaded before it is played, got {name!r}")
            case Ramp():
                self._transport.ramp(
                    self.tick, command.tempo, round(command.beats * self._info.vocabulary.ticks_per_beat)
                )
            case Tap(moment):
                self._tap(now if moment is None else moment)
            case Reset():
                self._lineup.begin_at_bar("reset")

    def _set(self, command: Set) -> None:
        if command.name == "tempo":
            bpm = CONTROLS["tempo"].number(command.value)
            self._transport.bend(self.tick, bpm)
            self._tempo_is(bpm)
            return
        if command.name == "offset":
            self.offset_ms = CONTROLS["offset"].number(command.value)
        else:
            self._lineup.steer(command)
        of_part: dict[str, Any] = {"part": command.part} if command.part else {}
        self._log("set", name=command.name, value=command.value, **of_part)

    def _tap(self, now: float) -> None:
        bpm = self._taps.tap(now)
        if bpm is not None:
            self._set(Set("tempo", bpm))

    def _tempo_is(self, bpm: float) -> None:
        """Keep what the tempo is from the next tick on."""
        self.recording.tempo(self.tick, bpm)
        self._log("set", name="tempo", value=bpm)

    def hear(self, messages: Sequence[TimedMessage], now: float, ahead: float = 0.0) -> list[TimedMessage]:
        """Take the MIDI that came in, with the moments of its arrival; return what is to be sent at once.

        Whoever drives it lets it live ``ahead`` of those moments, in seconds.
        """
        return self._presence.hear(messages, now, ahead)

    def halt_followers(self, now: float) -> list[TimedMessage]:
        """Return what stops those who follow the clock that is sent, on a port that has come back."""
        return self._clock_out.begin_again(now)

    # Another model.

    def take_over(self, generator: Generator, name: str, digest: str = "") -> None:
        """Let another model play from the next bar line on for which it is ready, or soon where nothing plays.

        It is known by ``name``; that and ``digest`` are what the session log says of it. Raises ControlError where its
        grid and those of the models before it have none in common, and so could not be recorded.
        """
        self._lineup.take_over(generator, name, digest)

    def take_retired(self) -> list[Performance]:
        """Return what never will play again, since the last call; to let go of it may take long."""
        return self._lineup.take_retired()

    def _change_model(self, coming: Coming, moment: float) -> list[TimedMessage]:
        """Let the model that is ready play from this bar line on; what the other one holds ends."""
        old, new = self._performance, coming.performance
        messages = self._events(moment, old.release_all())
        vocabulary = new.vocabulary
        self._log("model", name=coming.name, sha256=coming.digest, vocabulary=vocabulary.fingerprint, to=new.tick)
        self._transport.change_grid(old.tick, new.tick, vocabulary.ticks_per_beat)
        self._clock_out.change_grid(old.tick, new.tick, vocabulary.ticks_per_beat, new.bar_ticks)
        self._presence.change_grid(old, new)
        self._name = coming.name
        self._lineup.change_to(coming, moment)
        return messages + self._presence.programs(moment) if self._presence.playing else messages

    # Work ahead.

    def prepare(self, now: float) -> bool:
        """Do one small piece of work ahead, a tick or a bit of a prime; return whether there is more."""
        return self._lineup.read_some(now) or self._make_some(now) or self._prepare_coming(now)

    def _make_some(self, now: float) -> bool:
        future = self._performance.timeline.future
        enough = 1 if self._transport.short_of_time else self._play.lookahead
        if not self._presence.playing or len(future) >= enough:
            return False
        if not future and self._transport.too_late(self.tick, now):
            return False
        self._performance.make()
        self.made += 1
        return len(future) < enough

    def _prepare_coming(self, now: float) -> bool:
        if self._lineup.make_ready(now, self._play.lookahead if self._presence.playing else 0):
            return True
        coming = self._lineup.coming
        if coming is not None and not self._presence.playing:
            before = self.tick
            self._lineup.stand(coming)
            self._transport.leave_out(before, self.tick)
            self._change_model(coming, now)
        return False

    def next_deadline(self) -> float | None:
        """Return the moment in seconds at which `release` has something to do, None while nothing plays."""
        if self._presence.starting:
            return 0.0
        if not self._presence.playing:
            return None
        again = self._presence.encore.tick
        return self._transport.due(self.tick if again is None else again)

    @property
    def goes_on(self) -> bool:
        """Whether it plays and was not told to stop at the next beat or bar."""
        return self._presence.goes_on

    @property
    def starting(self) -> bool:
        """Whether a piece is to begin once its prime is read."""
        return self._presence.starting

    # What it plays.

    def release(self, now: float) -> list[TimedMessage]:
        """Return the messages of the ticks whose moment has come, in order of time, ends before begins.

        A tick that comes too late is skipped, so that nothing is ever played in a burst.
        """
        messages = self._presence.started(now) + self._play_again(now)
        while self._presence.playing and self._transport.due(self.tick) <= now:
            moment = self._transport.due(self.tick)
            if self._presence.ends_at <= self.tick:
                self.finished = self._presence.is_over
                stop = self._presence.stop if self.finished else self._presence.stop_with_host
                messages += stop(moment)
            elif self._is_skipped(now):
                messages += self._skip(now, now - moment)
            elif (coming := self._lineup.relief()) is not None:
                messages += self._change_model(coming, moment)
            else:
                messages += self._play_tick(moment, now)
        return messages

    def _play_again(self, now: float) -> list[TimedMessage]:
        """Return what is to leave a second time, with a host that has held it back."""
        messages: list[TimedMessage] = []
        encore = self._presence.encore
        while (tick := encore.tick) is not None and self._transport.due(tick) <= now:
            messages += self._events(self._transport.due(tick), encore.take())
        return messages

    def _is_skipped(self, now: float) -> bool:
        """Tell whether the next tick comes too late to be played; a host's first is played all the same."""
        first_of_host = self._presence.fresh and not self._transport.free
        return not first_of_host and self._transport.too_late(self.tick, now)

    def _play_tick(self, moment: float, now: float) -> list[TimedMessage]:
        tick, transport = self.tick, self._transport
        self._account.late_ticks += transport.played(tick, now)
        self._presence.fresh = False
        bpm = transport.news(tick)
        if bpm is not None:
            self._tempo_is(bpm)
        made, events = self._performance.play()
        self._presence.encore.played(tick, events)
        if self.watch.on:
            self.watch.played.append(Glimpse(made, self._performance.surroundings))
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
            self._account.failures += 1
            self._log("failure", made.tick, kind=made.failure, error=made.error)
        if made.failure == "reset":
            self.say(f"the model failed {MAX_FAILURES} times in a row and was started anew: {made.error}", now)
        self._tell_watchdog(made, now)
        if made.tick % self._performance.bar_ticks == 0:
            self._log("bar", made.tick, bar=made.tick // self._performance.bar_ticks)

    def _tell_watchdog(self, made: Made, now: float) -> None:
        """Log when the silence watchdog begins to act and when it ends, and say so."""
        acts = made.point.quiet.alarm
        if acts != self._watchdog_acts:
            self._watchdog_acts = acts
            self._log("watchdog", made.tick, acts=acts)
            if acts:
                bars = self._performance.choice.watchdog.bars
                self.say(f"too few notes for {bars} bars{EASED}", now)
            else:
                self._account.unsay(EASED)

    def _ended(self, moment: float) -> list[TimedMessage]:
        """Do what was asked for at the end of a piece."""
        if self._play.end == "restart":
            self._lineup.begin_at_bar("reset")
            return []
        messages = self._presence.end(moment)
        self.say("the piece has ended", moment)
        return messages

    def _skip(self, now: float, late: float) -> list[TimedMessage]:
        """Go on with a tick that can be made in time, or after a bar's delay from the same place.

        Where nothing has been heard yet since the start, the start is what is late.
        """
        performance, transport = self._performance, self._transport
        self._presence.encore.forget()
        is_gap = late > performance.bar_ticks * transport.tick_seconds
        messages = self._gap(now, late) if self._presence.fresh or is_gap else []
        if transport.free and (self._presence.fresh or is_gap):
            transport.anchor(self.tick, now, 0.0 if performance.timeline.future else START_DELAY_SECONDS)
            return messages
        to = int(min(transport.catch_up(self.tick, now), self._presence.ends_at))
        if self._lineup.coming is not None:  # which may be the way out of a model that is too slow
            to = min(to, max(performance.next_bar(transport.tick_from(now)), self.tick + 1))
        self._log("skip", to=to)
        self._account.skipped_ticks += to - self.tick
        messages += self._clock_out.skip(self.tick, to, now)
        return messages + self._events(now, performance.skip_to(to))

    def _gap(self, now: float, late: float) -> list[TimedMessage]:
        """Release all that sounds over a long delay; where nothing was heard yet, there was none."""
        if not self._presence.fresh:
            self._log("gap", seconds=round(late, 3))
        return self._events(now, self._performance.release_all())

    # Silence.

    def silence(self, now: float) -> list[TimedMessage]:
        """Stop for good, and return what ends every sound: note-offs, pedal up, all notes off, all sound off."""
        messages = self._presence.stop(now)
        if not self._over:
            self._log("end")
        self._over = self.finished = True
        return messages + self._account.timed(now, silencers(self._performance.ledger.used))

    def panic(self, now: float) -> list[TimedMessage]:
        """Return what ends every sound; playing goes on with the next attack."""
        self._log("panic")
        messages = self._events(now, self._presence.released())
        return messages + self._account.timed(now, silencers(self._performance.ledger.used))

    # What it answers.

    def status(self, now: float) -> Status:
        """Return what it is doing; the port and the recording are for its surroundings to fill in."""
        performance, choice = self._performance, self._performance.choice
        names = [part.name for part in self._info.vocabulary.parts]
        where = max(self.tick - 1, 0)
        return Status(
            playing=self._presence.playing or self._presence.starting,
            tick=self.tick,
            bar=where // performance.bar_ticks,
            beat=where % performance.bar_ticks // self._info.vocabulary.ticks_per_beat,
            tempo=self._transport.bpm,
            clock=self._transport.clock,
            controls=ordered({**values_of(choice), "tempo": self._transport.bpm, "offset": self.offset_ms}),
            part_controls=performance.part_values(),
            exponent=self._exponent,
            model=self._name,
            parts=tuple(names),
            sounding=tuple((names[part], pitch) for (part, _), pitch in performance.ledger.heard().items()),
            late_ticks=self._account.late_ticks,
            skipped_ticks=self._account.skipped_ticks,
            failures=self._account.failures,
            message=self._account.message(now),
            said=self._account.said,
        )

    def ahead(self) -> Ahead:
        """Return what is made but not yet played, for those who look on."""
        performance = self._performance
        coming = tuple(performance.timeline.future)
        metre, due = self.recording.metre, self.next_deadline()
        return Ahead(coming, performance.surroundings, performance.bar_ticks, metre, due)

    def last_bars(self, bars: int) -> Take:
        """Return the bars played last, the one that is going on included, by whichever models."""
        return self.recording.last_bars(bars, self.tick)

    @property
    def bar_tick(self) -> int:
        """The first tick of the bar that is going on."""
        performance = self._performance
        return min(performance.next_bar(max(self.tick - performance.bar_ticks + 1, 0)), self.tick)

    @property
    def has_entries(self) -> bool:
        """Whether anything was logged since the entries were last taken, such as that another model plays."""
        return bool(self._account.entries)

    def take_entries(self) -> list[Entry]:
        """Return the entries of the session log since the last call."""
        return self._account.take_entries()

    def _log(self, do: str, tick: int | None = None, **facts: Any) -> None:
        self._account.log(self.tick if tick is None else tick, do, **facts)

    def say(self, message: str, now: float) -> None:
        """Let the status say something to people for a minute."""
        self._account.say(message, now)

    def _events(self, moment: float, events: Iterable[NoteEvent]) -> list[TimedMessage]:
        return self._account.events(moment, events)
