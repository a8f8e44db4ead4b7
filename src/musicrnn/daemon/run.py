"""The program `musicrnn-daemon`: everything that plays, built, started and ended."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from musicrnn.config.folders import user_map_file
from musicrnn.config.play import MidiSettings, RecordSettings
from musicrnn.config.settings import Settings
from musicrnn.control import Command, Start, Status, fresh_seed
from musicrnn.daemon.announce import OSC, OSC_QUERY, Announcement
from musicrnn.daemon.clock import MonotonicClock, seconds_asleep
from musicrnn.daemon.display import StatusLine, note, say
from musicrnn.daemon.engine import Engine
from musicrnn.daemon.first_model import first_model
from musicrnn.daemon.host_clock import HostClock, check_api, host_clock
from musicrnn.daemon.inbox import Inbox
from musicrnn.daemon.instance import Instance
from musicrnn.daemon.journal import Journal
from musicrnn.daemon.keeper import PortKeeper
from musicrnn.daemon.keepsakes import KeepsakeFiles
from musicrnn.daemon.loader import PATIENCE_SECONDS, Loader
from musicrnn.daemon.midi_map import MidiMap
from musicrnn.daemon.midi_map_file import MapFile, load_map
from musicrnn.daemon.osc_query import QueryServer, url_of
from musicrnn.daemon.osc_senders import is_loopback
from musicrnn.daemon.osc_server import OscServer
from musicrnn.daemon.player.program import Orders
from musicrnn.daemon.player_port import PlayerPort, Players
from musicrnn.daemon.ports import NullPort
from musicrnn.daemon.priority import punctual, real_time_allowed
from musicrnn.daemon.protocols import Clock
from musicrnn.daemon.runtime import Runtime
from musicrnn.daemon.session import Entry, hash_of, header_line, resolved
from musicrnn.daemon.shelf import folder_of, log_of, new_recording, trim
from musicrnn.daemon.signals import EndedBySignal, Signals
from musicrnn.daemon.watch import Watch
from musicrnn.errors import ConfigError, PortError
from musicrnn.models.generator import Generator
from musicrnn.models.step import StepModel
from musicrnn.models.vocabulary import Vocabulary

HOST_HINT = "--osc-host must be an address of this machine, such as 127.0.0.1"
PORT_HINT = "--osc-port 0 takes a free one"
LONGEST_NAME = 60  # of a port; JACK takes 63 bytes
SETTLE_SECONDS = 0.06
NOT_RECORDED = 74  # EX_IOERR of sysexits.h


def run(settings: Settings) -> int:
    """Play until the end that was asked for, or a signal; return the exit status."""
    from musicrnn.models.onnx_step import load_model

    return play(settings, load_model(settings.play.model))


def play(settings: Settings, model: StepModel, *, engine: type[Engine] = Engine) -> int:
    """Play a model with that kind of engine; return the exit status."""
    with contextlib.ExitStack() as stack:
        daemon = build(settings, model, stack, engine=engine)
        return daemon.run([Start()] if settings.play.autostart else [], daemon.first_lines())


@dataclass
class Daemon:
    """What plays, ready to run."""

    settings: Settings
    engine: Engine
    runtime: Runtime
    port: NullPort | PlayerPort
    osc: OscServer | None
    query: QueryServer | None
    announcement: Announcement | None
    journal: Journal | None
    recording: Path | None
    host: HostClock
    keepsakes: KeepsakeFiles
    notices: list[str] = field(default_factory=list)

    def first_lines(self) -> Iterator[str]:
        """Yield what a player wants to know first."""
        play, parts = self.engine.header.play, self.engine.header.parts
        voices = f"{len(parts)} parts: " if len(parts) > 1 else ""
        yield f"Playing   {self.engine.header.model} ({voices}{', '.join(part.name for part in parts)})"
        yield f"          {play.tempo:g} bpm, mu {play.mu:g}, sigma {play.sigma:g}, seed {play.seed}"
        if not isinstance(self.port, NullPort):
            aim = "" if self.settings.midi.port else "; connect a synth or a DAW's track to it"
            yield f"MIDI port {self.port.name}{aim}"
            yield from _facts(self.port, follows=self.host.source is not None)
        if self.host.words:
            yield f"Clock     {self.host.words}"
        yield f"Recording {self.recording}" if self.recording else "Recording off"
        yield f"OSC       {self.osc.address[0]} port {self.osc.address[1]}" if self.osc else "OSC       off"
        if self.query:
            yield f"OSCQuery  {url_of(self.query.address)}"
        if self.announcement:
            reach = "this machine" if is_loopback(self.settings.osc.host) else "the network"
            yield f"Announced to {reach} by zeroconf"
        yield f"Priority  {'real time' if real_time_allowed() else 'normal: this user may not have real time'}"
        yield from (f"Note      {notice}" for notice in self.notices)
        yield "Ctrl-C stops."

    def run(self, first: list[Command], lines: Iterable[str] = ()) -> int:
        """Say these lines, play to the end, save the recording, and return the exit status.

        It is 74 where the recording, or what was to be kept, is not there. Signals are answered before the first line
        is said.
        """
        signals = Signals(self.runtime.leave, lambda: not self.runtime.silencing, self.runtime.pause)
        line = StatusLine(lambda: self.runtime.status)
        saved: bool | None = None
        broken_off = False
        try:
            with signals.installed():
                try:
                    for words in lines:
                        say(words)
                    self._play(first, line)
                finally:
                    line.close()
                    saved = self._save()
                    self._name_keepsakes()
        except EndedBySignal:
            broken_off = self._say_unwritten(saved)
        return NOT_RECORDED if saved is False or broken_off else 0

    def _say_unwritten(self, saved: bool | None) -> bool:
        """Say what is not written as a second signal came; return whether anything may be missing."""
        if saved is None and self.recording is not None:
            note("ended at once; the recording can be made from its log with musicrnn sample --replay")
        elif self.keepsakes.writing:
            note("ended at once; what was still to be kept is not written")
        else:
            return False
        return True

    def _play(self, first: list[Command], line: StatusLine) -> None:
        if self.osc is not None:
            self.osc.start()
        if self.query is not None:
            self.query.start()
        if self.announcement is not None:
            self.announcement.start()
        line.start()
        with punctual():
            self.runtime.run(first)

    def _save(self) -> bool:
        """Write the recording; False where it could not be written."""
        if self.recording is None or self.journal is None:
            return True
        self.journal.close()
        if self.journal.problem:
            note(self.journal.problem)
        if not len(self.engine.recording):
            say("Nothing was played, so nothing was recorded.")
            with contextlib.suppress(OSError):
                self.journal.path.unlink(missing_ok=True)
            return True
        return self._write(self.recording, self.journal)

    def _name_keepsakes(self) -> None:
        """Say what was kept last of all, such as a take that was still on: no status tells of it."""
        self.keepsakes.close(say)
        for file in self.keepsakes.since(self.runtime.kept_before_end):
            say(f"Kept      {file}")

    def _write(self, recording: Path, journal: Journal) -> bool:
        from musicrnn.models.midi_write import write_midi

        try:
            write_midi(self.engine.recording.score(self.engine.tick), recording)
        except OSError as error:
            note(f"the recording must be written to {recording}, got: {error.strerror}")
            if not journal.problem:
                note(f"its log is whole and makes it again: musicrnn sample --replay {journal.path} --output FILE.mid")
            return False
        say(f"Recorded  {recording}")
        return True


def build(
    settings: Settings,
    model: StepModel,
    stack: contextlib.ExitStack,
    *,
    clock: Clock | None = None,
    engine: type[Engine] = Engine,
) -> Daemon:
    """Build everything and start nothing but the writing of the log; ``stack`` closes it all again."""
    clock = clock if clock is not None else _own_clock(stack)
    first = first_model(model.info, settings.play.model)
    notices = [*first.notices]
    chosen = resolved(settings.play, model.info, fresh_seed())
    prime = _prime(chosen.prime, model.info.vocabulary)
    check_api(chosen, settings.midi.api)
    host = host_clock(chosen, model.info.metre, clock.wake, stack)
    player = engine(
        Generator(model),
        chosen,
        prime=prime,
        model_hash=hash_of(model),
        source=host.source,
        clock_out=settings.midi.clock_out,
        name=first.name,
    )
    player.offset_ms = settings.midi.offset_ms
    map_file = Path(settings.midi.map_file) if settings.midi.map_file else user_map_file()
    hands = _hands(map_file, bool(settings.midi.map_file), notices)
    inbox = Inbox(clock.wake)
    osc = _osc(settings, inbox, lambda: runtime.status, player.watch, first.files, stack, notices)
    query = _query(settings, osc, lambda: runtime.status, first.files, stack, notices)
    announcement = _announcement(settings, osc, query, stack)
    players = _players(settings.midi, clock, host)
    port, why = _port(settings.midi, players, settings.midi.api != "auto" or host.needs_jack, stack)
    asked = bool(settings.record.file or settings.record.folder) or "record.enabled" in settings.origins
    recording, journal = _recording(settings.record, asked, player, stack, notices)
    keeper = PortKeeper(players.open, clock.wake, note)
    stack.callback(keeper.close)
    if why:
        notices.append(f"{why}. It is looked for while this plays{' into the recording' if recording else ''}.")
        keeper.missing()
    loader = Loader(clock.wake, first.files, patience=PATIENCE_SECONDS)
    stack.callback(loader.close)
    keepsakes = _keepsakes(settings.record, recording, clock.wake, stack)
    runtime = Runtime(
        player,
        clock,
        port,
        inbox,
        log=journal.add if journal is not None else _no_log,
        keeper=keeper,
        loader=loader,
        asleep=seconds_asleep,
        recording=lambda: _recording_words(recording, journal),
        stand_still=_stand_still,
        hands=hands,
        save_hands=MapFile(map_file, note, hands.text()).save,
        keepsakes=keepsakes,
        follows=host.source is not None,
    )
    if host.needs_input and isinstance(port, NullPort):
        notices.append("there is no port at which a clock could come in, so nothing will play; --clock internal does")
    return Daemon(
        settings, player, runtime, port, osc, query, announcement, journal, recording, host, keepsakes, notices
    )


def _prime(setting: str, vocabulary: Vocabulary) -> str:
    if not setting:
        return ""
    from musicrnn.daemon.prime_text import prime_text  # reads MIDI files too, which takes long to import

    return prime_text(setting, vocabulary)


def _own_clock(stack: contextlib.ExitStack) -> MonotonicClock:
    clock = MonotonicClock()
    stack.callback(clock.close)
    return clock


def _players(midi: MidiSettings, clock: Clock, host: HostClock) -> Players:
    orders = Orders(
        midi.api,
        midi.virtual_port,
        midi.port,
        midi.heartbeat_seconds,
        repeat_offs=midi.repeat_offs_ms / 1000.0,
        transport=host.needs_jack,
        listens=host.needs_input,
    )
    return Players(orders, clock.wake, host.place)


def _port(
    midi: MidiSettings, players: Players, asked: bool, stack: contextlib.ExitStack
) -> tuple[NullPort | PlayerPort, str]:
    """Open the port; without a MIDI system, and unless one was asked for, return none and why."""
    if not midi.port and not 1 <= len(midi.virtual_port.strip()) <= LONGEST_NAME:
        rule = f"must be a name of 1 to {LONGEST_NAME} characters"
        raise ConfigError(f"midi.virtual_port {rule}, got {midi.virtual_port!r:.100}")
    if midi.api == "none":
        return NullPort(), ""
    if not midi.port:
        stack.callback(Instance(midi.virtual_port).release)
    try:
        port = players.open()
    except PortError as error:
        if asked or midi.port:
            raise
        return NullPort(), str(error)
    stack.callback(port.close)
    return port, ""


def _osc(
    settings: Settings,
    inbox: Inbox,
    status: Callable[[], Status],
    watch: Watch,
    files: Collection[str],
    stack: contextlib.ExitStack,
    notices: list[str],
) -> OscServer | None:
    osc = settings.osc
    if not osc.enabled:
        return None
    try:
        server = OscServer(osc.host, osc.port, inbox, status, watch, osc.allow, files)
    except (OSError, UnicodeError) as error:
        reason = f"OSC must be able to listen on {osc.host} port {osc.port}, got: {_words(error)}"
        at_fault, hint = ("osc.host", HOST_HINT) if _is_of_host(error) else ("osc.port", PORT_HINT)
        if at_fault in settings.origins or "osc.port" in settings.origins:
            raise PortError(f"{reason}; {hint}") from error
        notices.append(f"{reason}; it is off ({hint})")
        return None
    stack.callback(server.close)
    if not is_loopback(osc.host):
        notices.append(f"OSC listens on {osc.host} to {', '.join(osc.allow)}: a sender's address can be forged")
    return server


def _query(
    settings: Settings,
    osc: OscServer | None,
    status: Callable[[], Status],
    files: Collection[str],
    stack: contextlib.ExitStack,
    notices: list[str],
) -> QueryServer | None:
    if osc is None or not settings.osc.query:
        return None
    host, port = settings.osc.host, settings.osc.query_port or osc.address[1]
    try:
        server = QueryServer(host, port, osc.address, status, settings.osc.allow, files)
    except OSError as error:
        reason = f"OSCQuery must be able to listen on {host} TCP port {port}, got: {_words(error)}"
        if "osc.query_port" in settings.origins or "osc.query" in settings.origins:
            raise PortError(f"{reason}; --osc-query-port names another") from error
        notices.append(f"{reason}; it is off (--osc-query-port names another)")
        return None
    stack.callback(server.close)
    return server


def _announcement(
    settings: Settings, osc: OscServer | None, query: QueryServer | None, stack: contextlib.ExitStack
) -> Announcement | None:
    if osc is None or not settings.osc.announce:
        return None
    ports = {OSC: osc.address[1]} | ({OSC_QUERY: query.address[1]} if query is not None else {})
    announcement = Announcement(settings.osc.host, ports, note)
    stack.callback(announcement.close)
    return announcement


def _is_of_host(error: OSError | UnicodeError) -> bool:
    """Tell whether it is the address, not the port, that cannot be listened on."""
    return isinstance(error, (UnicodeError, socket.gaierror)) or error.errno == errno.EADDRNOTAVAIL


def _words(error: OSError | UnicodeError) -> str:
    return str(getattr(error, "strerror", None) or error)


def _recording(
    record: RecordSettings, asked: bool, engine: Engine, stack: contextlib.ExitStack, notices: list[str]
) -> tuple[Path, Journal] | tuple[None, None]:
    """Begin the recording; where that cannot be, and unless one was asked for, play without one."""
    if not record.enabled:
        return None, None
    now = datetime.now().astimezone()
    header = header_line(replace(engine.header, started=now.isoformat(timespec="seconds")))
    try:
        path = new_recording(record, engine.header.model, now)
        journal = Journal(log_of(path), header)
    except OSError as error:
        folder = Path(record.file).parent if record.file else folder_of(record)
        reason = f"a recording must have a folder that can be written to, got {folder}: {error.strerror}"
        if asked:
            raise ConfigError(f"{reason}; --no-recording plays without one") from error
        notices.append(f"{reason}; this plays without one (--record-folder names another folder)")
        return None, None
    stack.callback(journal.close)
    if not record.file:
        trim(folder_of(record), record.keep_megabytes, path)
    return path, journal


def _hands(path: Path, asked: bool, notices: list[str]) -> MidiMap:
    try:
        hands = load_map(path)
    except ConfigError as error:
        if asked:
            raise
        notices.append(f"{error}; this begins without one")
        return MidiMap()
    if asked and not path.exists():
        notices.append(f"{path} is not there yet: it begins with no controllers, and what is learnt is written to it")
    return hands


def _keepsakes(
    record: RecordSettings, recording: Path | None, notify: Callable[[], None], stack: contextlib.ExitStack
) -> KeepsakeFiles:
    """Return what writes bars and takes: they are asked for one by one, so a session without recording has them too."""
    files = KeepsakeFiles(recording.parent if recording is not None else folder_of(record), notify)
    stack.callback(files.close)
    return files


def _stand_still() -> None:
    """Stop this process, as Ctrl-Z does, once the last messages and the log have left it."""
    time.sleep(SETTLE_SECONDS)
    os.kill(os.getpid(), signal.SIGSTOP)


def _facts(port: PlayerPort, *, follows: bool) -> Iterator[str]:
    """Yield how punctual a port is."""
    opened = port.opened
    if opened.exact and follows:
        yield f"          on the host's beat: the {opened.latency * 1000:.1f} ms that the port needs are made up for"
    elif opened.exact:
        yield f"          {opened.latency * 1000:.1f} ms after the beat, the same for each note"
    if not opened.real_time:
        yield "          without real-time scheduling, which this user may not have: notes may be late now and then"


def _no_log(_: Sequence[Entry]) -> None:
    """Keep no log."""


def _recording_words(recording: Path | None, journal: Journal | None) -> str:
    if recording is None or journal is None:
        return ""
    return journal.problem or str(recording)
