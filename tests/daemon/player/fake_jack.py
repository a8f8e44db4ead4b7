"""A JACK server in virtual time, as far as the player's output needs one: what it runs, and what that writes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from musicrnn.daemon.player.core import Core
from musicrnn.daemon.player.jack_output import JackOutput

RATE = 48_000
STOPPED, ROLLING, STARTING = 0, 1, 3
SETTLING = 20
WRAP = 1 << 32


class JackError(Exception):
    """What JACK-Client raises."""


class Port:
    """One of the client's own ports; keeps what is written to it.

    ``incoming`` is what comes in, in each cycle, ``room`` for how many messages there is room in one.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.connections: list[Port] = []
        self.written: list[tuple[int, bytes]] = []
        self.incoming: list[tuple[int, bytes]] = []
        self.room = 1_000

    def clear_buffer(self) -> None:
        """Forget what was written for the cycle before."""
        self.written.clear()

    def write_midi_event(self, offset: int, data: bytes) -> None:
        """Keep a message, where there is room for it."""
        if len(self.written) == self.room:
            raise JackError
        self.written.append((offset, data))

    def incoming_midi_events(self) -> list[tuple[int, bytes]]:
        """Return what came in."""
        return list(self.incoming)


class FakeJack:
    """Stands for the server, its package, and the player's client; ``seconds`` and ``frame`` are where it is.

    ``sent`` has what the player wrote, with its frame.
    """

    JackError = JackError
    samplerate = RATE
    name = "Fed"

    def __init__(self, period: int = 256) -> None:
        self.blocksize = period
        self.seconds, self.frame = 1_000.0, 12_345
        self.sent: list[tuple[int, bytes]] = []
        self.out, self.input = Port("Fed:out"), Port("Fed:in")
        self.midi_outports = SimpleNamespace(register=lambda _: self.out)
        self.midi_inports = SimpleNamespace(register=lambda _: self.input)
        self.state, self.transport_frame = ROLLING, 0
        self._process: Callable[[int], None] = lambda _: None
        self._tell_miss: Callable[[float], None] = lambda _: None

    def output(self, core: Core, *, transport: bool = False) -> JackOutput:
        """Return the player's output on this server."""
        return JackOutput(self, self, core, lambda: None, (), transport=transport, now=lambda: self.seconds)

    def cycles(self, count: int) -> None:
        """Run so many cycles, each at its moment."""
        for _ in range(count):
            self.seconds += self.blocksize / RATE
            self.frame += self.blocksize
            self.transport_frame += self.blocksize if self.state == ROLLING else 0
            self.cycle_again()

    def cycle_again(self) -> None:
        """Run the cycle of this frame, as a server does once more that has left one out before it."""
        self._process(self.blocksize)
        self.sent += [(self.frame + offset, data) for offset, data in self.out.written]

    def miss(self) -> None:
        """Tell that a client has missed this cycle."""
        self._tell_miss(0.0)

    def leave_out(self, count: int) -> None:
        """Let so many cycles go by without this client."""
        self.seconds += count * self.blocksize / RATE
        self.frame += count * self.blocksize

    def stand_still(self, seconds: float, *, loses_frames: bool) -> None:
        """Run nothing for so long; the frames may go on meanwhile, or be lost."""
        self.seconds += seconds
        self.frame += 0 if loses_frames else round(seconds * RATE)

    # What follows is what JACK-Client has.

    @property
    def last_frame_time(self) -> int:
        """The first frame of this cycle."""
        return self.frame % WRAP

    def set_process_callback(self, process: Callable[[int], None]) -> None:
        """Run that in each cycle."""
        self._process = process

    def set_shutdown_callback(self, _: object) -> None:
        """Never call it: this server stays."""

    set_port_connect_callback = set_port_registration_callback = set_shutdown_callback
    set_graph_order_callback = set_sync_callback = set_shutdown_callback

    def set_xrun_callback(self, tell: Callable[[float], None]) -> None:
        """Tell that of each cycle that is missed."""
        self._tell_miss = tell

    def activate(self) -> None:
        """Run long enough for the player to know its frames."""
        self.cycles(SETTLING)

    def get_ports(self, *, is_midi: bool) -> list[Port]:
        """Return the ports of others."""
        del is_midi
        return []

    def transport_query_struct(self) -> tuple[int, SimpleNamespace]:
        """Return the state of the transport, and where it is."""
        return self.state, SimpleNamespace(frame=self.transport_frame, valid=0)
