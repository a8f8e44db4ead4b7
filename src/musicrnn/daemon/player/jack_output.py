"""JACK, by the JACK-Client package: each message leaves at its own frame.

What comes to the player is written in the process callback, at its moment plus two periods: by then every message that
was given in time is there, whatever the period. PipeWire answers in JACK's place where its own libjack is loaded.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import math
import os
import platform
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from musicrnn.daemon.player.core import GREETING_SECONDS, LATE_SECONDS, STALE_SECONDS, Core, Greet, Parting, is_on
from musicrnn.daemon.player.frame_map import FrameMap
from musicrnn.daemon.player.outputs import NotThere, Output
from musicrnn.daemon.player.repeats import Repeats
from musicrnn.daemon.player.transport_watch import TransportWatch
from musicrnn.daemon.player.wire import Heard, is_message
from musicrnn.daemon.ports import IN, OUT, match

PERIODS = 2
INPUT = " >"  # at the end of the name of a port that ours hears
FIRST_SECONDS = 2.0
NAME_SECONDS = 2.0
SWITCH_SECONDS = 0.5
STILL_SECONDS = 2.0
SETTLE_SECONDS = 0.05
MOST_PLACES = 4_096
PARTED_SECONDS = 2.0
QUIET_CYCLES = 3
_FOLDERS = ("/usr/lib/{}-linux-gnu", "/usr/lib64", "/usr/lib")
_PIPEWIRES = "pipewire-0.3/jack/libjack.so.0"
NO_LIBRARY = "JACK's library must be there (Debian: apt install libjack-jackd2-0, or pipewire-jack under PipeWire)"


class JackOutput(Output):
    """A JACK client with the ports ``out`` and ``in``.

    ``wake`` is called, from any thread, when there is something to look at; ``transport`` tells to watch the server's.
    ``now`` tells the time, in seconds.
    """

    exact = True

    def __init__(
        self,
        jack: Any,
        client: Any,
        core: Core,
        wake: Callable[[], None],
        wanted: Iterable[str],
        *,
        transport: bool = False,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._now = now
        self._jack = jack
        self._client = client
        self._core = core
        self._wake = wake
        self._wanted = set(wanted)
        self._present: set[str] = set()
        self._were_joined: set[str] = set()
        self._parted: dict[str, float] = {}
        self._just_joined: deque[str] = deque()
        self._just_come: deque[str] = deque()
        self._new_listener = self._let_go = -math.inf
        self._frames = client.blocksize
        self._map = FrameMap(client.samplerate)
        self._watch = TransportWatch(client.samplerate, self._map.seconds_at) if transport else None
        self.places = deque(maxlen=MOST_PLACES)
        self._repeats = Repeats()
        self._problem = ""
        self._cycles = self._quiet_cycles = self._switches = 0
        self._seen = (-1, now())
        self._graph_changed = -math.inf
        self._connections: tuple[str, ...] = ()
        self.heard = deque()
        self._came: list[tuple[int, bytes]] = []
        self._came_at = -1
        self._came_until = math.inf
        self._skipped = False
        self._out = client.midi_outports.register(OUT)
        self._in = client.midi_inports.register(IN)
        self.name = f"{client.name} (jack)"
        self._begin()

    def _begin(self) -> None:
        client = self._client
        client.set_process_callback(self._process)
        client.set_shutdown_callback(lambda _, reason: self._fail(f"the JACK server has gone ({reason})"))
        client.set_port_connect_callback(self._note_connection)
        client.set_port_registration_callback(self._note_port)
        client.set_graph_order_callback(self._switch)
        client.set_xrun_callback(lambda _: self._repeats.miss(self._now()))
        if self._watch is not None:
            client.set_sync_callback(self._is_ready)
        client.activate()
        self.turn(self._now())
        if any(name.removesuffix(INPUT) in self._present for name in self._wanted):
            self._wait(lambda: self._switches > 0, SWITCH_SECONDS)
        if not self._wait(lambda: self._map.settled, FIRST_SECONDS):
            raise NotThere("jack: the server must run its clients, and it stands still")

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.perf_counter() + seconds
        while not (condition() or self._problem):
            if time.perf_counter() > deadline:
                return False
            time.sleep(0.002)
        return True

    def _switch(self) -> None:
        """Note that connections that were asked for are there now: before, what is written is heard by nobody."""
        self._switches += 1
        if self._now() - self._new_listener < GREETING_SECONDS:
            self._core.put(Greet(), self._now())

    @property
    def latency(self) -> float:
        """Two periods, in seconds, as long as they are now."""
        return float(PERIODS * self._frames / self._map.rate)

    @property
    def problem(self) -> str:
        """Why nothing goes out any more."""
        return self._problem

    @property
    def connections(self) -> tuple[str, ...]:
        """The ports that ``out`` is, and will be again, connected to; those to ``in`` end in a mark."""
        return tuple(sorted({*self._connections, *self._just_joined}))

    @property
    def silent(self) -> bool:
        """Whether all that was given has gone out, and been fetched."""
        return self._core.empty and self._quiet_cycles > QUIET_CYCLES and not self._repeats.pending

    def turn(self, now: float) -> float:
        """Look after the connections, and whether the server still runs."""
        if self._parted and now - min(self._parted.values()) > PARTED_SECONDS:
            self._graph_changed = min(self._graph_changed, now - 2 * SETTLE_SECONDS)
        if now - self._graph_changed > SETTLE_SECONDS and not self._problem:
            self._graph_changed = math.inf
            self._connect()
        cycles, since = self._seen
        if cycles != self._cycles:
            self._seen = (self._cycles, now)
        elif now - since > STILL_SECONDS:
            self._fail("the JACK server stands still")
        settled = self._graph_changed + SETTLE_SECONDS
        return min(now + STILL_SECONDS / 4, settled) if settled > now else now + STILL_SECONDS / 4

    def close(self) -> None:
        """Leave the server; a server that has died takes a while to be left, so the process just ends then."""
        if not self._problem:
            self._client.deactivate()
            self._client.close()

    # What follows is called by JACK's own threads.

    def _fail(self, reason: str) -> None:
        self._problem = self._problem or reason
        self._wake()

    def _note_connection(self, source: Any, sink: Any, connected: bool) -> None:
        """Note a connection of ours, however short it is: whoever was heard by once is wanted again."""
        if connected and source.name == self._out.name:
            self._just_joined.append(sink.name)
        elif connected and sink.name == self._in.name:
            self._just_joined.append(source.name + INPUT)
        self._look()
        if not connected and source.name == self._out.name:
            self._core.put(Parting(), self._now())

    def _note_port(self, port: Any, registered: bool) -> None:
        """Note a port that comes: one that was away for less than a look takes to settle is a new one nevertheless."""
        if registered:
            self._just_come.append(port.name)
        self._look()

    def _look(self) -> None:
        self._graph_changed = self._now()
        self._wake()

    def _process(self, frames: int) -> None:
        try:
            self._cycle(frames)
        except Exception as error:  # noqa: BLE001  JACK would never call again, and say nothing
            self._fail(f"a fault in the player: {error!r}")

    def _cycle(self, frames: int) -> None:
        self._frames = frames
        start, now = self._map.unwrapped(self._client.last_frame_time), self._now()
        self._map.observe(start, now)
        self._listen(start)
        self._core.take()
        if self._watch is not None:
            self._look_at_transport(self._watch, start, frames)
        self._out.clear_buffer()
        self._core.repeat(self._repeats.due(now, self._core.sounding, frames / self._map.rate))
        self._quiet_cycles = self._quiet_cycles + 1 if self._core.empty else 0
        self._write(start - PERIODS * frames, frames, now)
        self._cycles += 1

    def _is_ready(self, state: int, position: Any) -> bool:
        """Let the transport roll once the engine has had the time to hear of it."""
        del position
        frames = self._client.blocksize
        start = self._map.unwrapped(self._client.last_frame_time)
        return self._watch is None or self._watch.ready(state, start, frames)

    def _look_at_transport(self, watch: TransportWatch, start: int, frames: int) -> None:
        state, position = self._client.transport_query_struct()
        place = watch.observe(state, position, start, frames)
        if watch.moved:
            self._core.move(watch.moved)
        if place is not None:
            self.places.append(place)
            self._wake()

    def _listen(self, start: int) -> None:
        """Take what came in; a server that was held up may leave out cycles, or run one twice with the same again."""
        came = [(offset, bytes(data)) for offset, data in self._in.incoming_midi_events()]
        again = self._came if start == self._came_at else []
        self._skipped |= start > max(self._came_until, self._came_at + self._frames)
        self._came, self._came_at, self._came_until = came, start, start + self._frames
        for offset, message in came:
            if is_message(message) and (offset, message) not in again:
                seconds = self._map.seconds_at(start + offset)
                self.heard.append(Heard(seconds, message, self._map.take_stood(), self._skipped))
                self._skipped = False
        if self.heard:
            self._wake()

    def _write(self, origin: int, frames: int, now: float) -> None:
        """Write what belongs into the cycle whose first frame is played for the moment of frame ``origin``."""
        until = self._map.seconds_at(origin + frames - 0.5)
        if self._watch is not None and self._watch.hold < math.inf:
            self._let_go, until = until, min(until, self._watch.hold - self.latency)
        at = 0
        while (message := self._core.pop(until)) is not None:
            seconds, data = message
            if self._watch is not None and not self._watch.rolls and is_on(data):
                self._core.withhold(data)
                continue
            if is_on(data):
                if seconds is not None and self._is_stale(seconds, origin):
                    self._core.refused(data)
                    continue
                self._map.hold()
            if seconds is not None:
                offset = round(self._map.frame_at(seconds)) - origin
                self._core.late += offset < -LATE_SECONDS * self._map.rate
                at = max(at, min(offset, frames - 1))
            if not self._fits(at, data):
                self._core.refused(data)
                if not is_on(data):
                    return
                continue
            self._repeats.note(now, data)

    def _is_stale(self, seconds: float, origin: int) -> bool:
        """Tell whether a message has waited for so long that it would leave in a burst with others of its kind.

        So it is where the server or the player stood still; what waited for the transport to roll has not.
        """
        return origin - self._map.frame_at(max(seconds, self._let_go)) > STALE_SECONDS * self._map.rate

    def _fits(self, at: int, data: bytes) -> bool:
        try:
            self._out.write_midi_event(at, data)
        except self._jack.JackError:  # the buffer is full
            return False
        return True

    # What follows is called by the main thread.

    def _connect(self) -> None:
        """Connect to each wanted port that has come, or has gone and come back under its name since the last look."""
        anew = {self._just_come.popleft() for _ in range(len(self._just_come))}
        self._were_joined -= anew | {name + INPUT for name in anew}
        present = {port.name for port in self._client.get_ports(is_midi=True)}
        come = present - (self._present - anew)
        for name in sorted(self._wanted):
            port = name.removesuffix(INPUT)
            if port in come and not self._connects_to(name):
                present.discard(port)  # its client is not active yet: it has not come until it can be connected to
                self._graph_changed = self._now()
        while self._just_joined:
            self._wanted.add(self._just_joined.popleft())
        joined = self._joined()
        if joined - self._were_joined:
            self._new_listener = self._now()
            self._core.put(Greet(), self._new_listener)
        self._forget_parted(joined, present, self._now())
        self._wanted |= joined
        self._connections = tuple(sorted(self._wanted))
        self._present, self._were_joined = present, joined

    def _forget_parted(self, joined: set[str], present: set[str], now: float) -> None:
        """Want no more what stays for a while after it was disconnected: a client that leaves disconnects first."""
        for name in self._were_joined - joined:
            self._parted[name] = now
        for name in list(self._parted):
            if name in joined or name.removesuffix(INPUT) not in present:
                del self._parted[name]
            elif now - self._parted[name] > PARTED_SECONDS:
                del self._parted[name]
                self._wanted.discard(name)

    def _joined(self) -> set[str]:
        """Return what our ports are connected to."""
        with contextlib.suppress(self._jack.JackError):
            inputs = {port.name + INPUT for port in self._in.connections}
            return {port.name for port in self._out.connections} | inputs
        return set()

    def _connects_to(self, name: str) -> bool:
        """Connect to a port; tell whether it is connected now."""
        try:
            if name.endswith(INPUT):
                self._client.connect(name.removesuffix(INPUT), self._in)
            else:
                self._client.connect(self._out, name)
        except self._jack.JackError:
            return name in self._joined()
        return True


def open_jack(
    core: Core,
    wake: Callable[[], None],
    name: str,
    existing: str,
    wanted: Iterable[str],
    *,
    transport: bool = False,
) -> JackOutput:
    """Become a client called ``name``, connected to ``existing`` where that is given, and to what is ``wanted``.

    Raises NotThere without a server, PortError where ``existing`` fits no port.
    """
    jack, client = _client_and_package(name)
    if existing:
        ports = client.get_ports(is_midi=True, is_input=True)
        wanted = {*wanted, match([port.name for port in ports], existing)}
    return JackOutput(jack, client, core, wake, wanted, transport=transport)


def _client_and_package(name: str) -> tuple[Any, Any]:
    """Return JACK-Client and a client, by the system's libjack or else by PipeWire's own."""
    try:
        jack = _package(None)
        return jack, _client(jack, name)
    except NotThere as error:
        library = pipewires_library()
        if library is None:
            raise
        try:
            jack = _package(library)
            return jack, _client(jack, name)
        except NotThere:
            raise error from None


def _package(library: Path | None) -> Any:
    """Import JACK-Client, bound to a library in place of the one that the system names."""
    sys.modules.pop("jack", None)
    find = ctypes.util.find_library
    if library is not None:
        ctypes.util.find_library = lambda name: str(library)  # noqa: ARG005
    try:
        import jack
    except (ImportError, OSError) as error:
        raise NotThere(f"jack: {NO_LIBRARY}, got: {error}", library=False) from error
    finally:
        ctypes.util.find_library = find
    jack.set_error_function(lambda _: None)
    jack.set_info_function(lambda _: None)
    return jack


def _client(jack: Any, name: str) -> Any:
    """Become a client of exactly that name; one that has just died may hold it for a moment."""
    deadline = time.perf_counter() + NAME_SECONDS
    while True:
        try:
            return jack.Client(name, use_exact_name=True, no_start_server=True)
        except jack.JackOpenError as error:
            if not error.status.name_not_unique:
                raise NotThere(f"jack: no server is running{_advice()}") from error
            if time.perf_counter() > deadline:
                return jack.Client(name, no_start_server=True)
        time.sleep(0.02)


def pipewires_library() -> Path | None:
    """Return PipeWire's own libjack, where PipeWire runs and has one.

    jackd's is the one that the system names on most machines, and knows nothing of PipeWire.
    """
    if not _pipewire_runs():
        return None
    folders = [folder.format(platform.machine()) for folder in _FOLDERS]
    return next((path for folder in folders if (path := Path(folder) / _PIPEWIRES).exists()), None)


def _pipewire_runs() -> bool:
    folder = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR")
    return sys.platform == "linux" and bool(folder) and (Path(str(folder)) / "pipewire-0").exists()


def _advice() -> str:
    if not _pipewire_runs() or pipewires_library() is not None:
        return ""
    return "; PipeWire is, but its libjack is missing (Debian: apt install pipewire-jack)"
