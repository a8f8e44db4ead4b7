"""The clock that is followed, as `play.clock` names it: what it is made of, and what is said of it at the start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from musicrnn.config.play import PlaySettings
from musicrnn.daemon.jack_transport import JackTransport
from musicrnn.daemon.link_clock import LinkClock
from musicrnn.daemon.link_session import LinkSession
from musicrnn.daemon.midi_clock import MidiClock
from musicrnn.daemon.player.wire import Place
from musicrnn.daemon.sources import ClockSource
from musicrnn.errors import ConfigError

_WORDS = {
    "midi": "MIDI clock, from the port's input: connect the host's clock to it, and start the host",
    "jack": "JACK transport: start it in the host",
    "link": "Ableton Link: whoever takes part in the session on this network sets the tempo",
}


@dataclass(frozen=True, slots=True)
class HostClock:
    """The clock that is followed, and where what the player says of the JACK transport goes.

    ``source`` is None for our own clock; ``words`` tell people what to do.
    """

    source: ClockSource | None = None
    place: Callable[[Place], None] = lambda _: None
    words: str = ""

    @property
    def needs_jack(self) -> bool:
        """Whether there must be a JACK server."""
        return isinstance(self.source, JackTransport)

    @property
    def needs_input(self) -> bool:
        """Whether it comes in at our MIDI port."""
        return isinstance(self.source, MidiClock)


def host_clock(
    play: PlaySettings, metre: tuple[int, int], wake: Callable[[], None], stack: contextlib.ExitStack
) -> HostClock:
    """Return what is followed, and begin to listen; ``stack`` ends it.

    ``metre`` is that of the music, whose bar is a Link session's quantum; ``play`` must have a tempo. Raises
    ConfigError where what the clock needs is not installed.
    """
    goes_on, words = play.lost_clock == "go-on", _WORDS.get(play.clock, "")
    match play.clock:
        case "midi":
            return HostClock(MidiClock(play.tempo, goes_on), words=words)
        case "jack":
            transport = JackTransport(play.tempo, goes_on)
            return HostClock(transport, transport.put, words)
        case "link":
            return HostClock(_link(play, metre, goes_on, wake, stack), words=words)
    return HostClock()


def check_api(play: PlaySettings, api: str) -> None:
    """Raise ConfigError where the MIDI system that is asked for has no transport to follow."""
    if play.clock == "jack" and api not in ("auto", "jack"):
        raise ConfigError(f"midi.api must be auto or jack while play.clock is jack, got {api}")


def _link(
    play: PlaySettings,
    metre: tuple[int, int],
    goes_on: bool,
    wake: Callable[[], None],
    stack: contextlib.ExitStack,
) -> LinkClock:
    quantum = 4.0 * metre[0] / metre[1]
    session = LinkSession(play.tempo, quantum, starts=play.link_starts)
    stack.callback(session.close)
    clock = LinkClock(quantum, session.tell, starts=play.link_starts, goes_on=goes_on)
    session.listen(clock.put, wake)
    return clock
