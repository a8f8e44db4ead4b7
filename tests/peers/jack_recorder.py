"""A recorder on JACK that stamps every MIDI event with its absolute frame; a program of its own, not of MusicRNN.

``python -m tests.peers.jack_recorder OUT`` opens the port ``recorder:in``, says so, and at SIGTERM writes OUT.json (the
frame and bytes of each event, the count of xruns and their frames, when each cycle ran, what the transport said in
it, and of each second the frame and the monotonic moment of the cycle that ran soonest) and OUT.mid.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import mido

TICKS_PER_QUARTER = 9600
TICKS_PER_SECOND = 2 * TICKS_PER_QUARTER  # at the 120 bpm of a file that names no tempo
PORT = "recorder:in"
SYSTEM = 0xF0
BARS_BEATS_TICKS = 0x10  # JackPositionBBT of jack/types.h
PLACE = ("bar", "beat", "tick", "ticks_per_beat", "beats_per_bar", "beats_per_minute")


@dataclass(frozen=True, slots=True)
class Event:
    """One MIDI message and the frame at which it came."""

    frame: int
    data: bytes


class ServerClock:
    """How the server's frames go by: of each second, the frame and the moment of the cycle that ran soonest."""

    def __init__(self, rate: int) -> None:
        self.soonest: list[tuple[int, float]] = []
        self._rate = rate
        self._second = -1

    def observe(self, frame: int, seconds: float) -> None:
        """Note a cycle that begins with ``frame`` and ran at ``seconds``."""
        if int(seconds) > self._second:
            self._second = int(seconds)
            self.soonest.append((frame, seconds))
        elif self._start(frame, seconds) < self._start(*self.soonest[-1]):
            self.soonest[-1] = frame, seconds

    def _start(self, frame: int, seconds: float) -> float:
        return seconds - frame / self._rate


def as_midi(events: list[Event], rate: int) -> mido.MidiFile:
    """Return the events as a file of one track, the first event at 0; clocks and the like have no place in a file.

    An event that was heard after another with a later frame is put beside it.
    """
    events = [event for event in events if event.data[0] < SYSTEM]
    track = mido.MidiTrack()
    before = 0
    for event in events:
        tick = max(before, round((event.frame - events[0].frame) * TICKS_PER_SECOND / rate))
        track.append(mido.Message.from_bytes(event.data, time=tick - before))
        before = tick
    return mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_QUARTER, tracks=[track])


def main(out: Path) -> None:
    """Record until SIGTERM."""
    import jack

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before JACK starts threads that inherit it

    client = jack.Client("recorder", no_start_server=True)
    port = client.midi_inports.register("in")
    events: list[Event] = []
    xruns: list[int] = []
    cycles: list[dict[str, float]] = []
    clock = ServerClock(client.samplerate)

    @client.set_process_callback  # type: ignore[untyped-decorator]
    def process(frames: int) -> None:
        start = client.last_frame_time
        state, place = client.transport_query_struct()
        fields = {name: getattr(place, name) for name in PLACE if place.valid & BARS_BEATS_TICKS}
        cycles.append({"start": start, "state": state, "frame": place.frame, "seconds": time.monotonic(), **fields})
        clock.observe(start, time.monotonic())
        for offset, data in port.incoming_midi_events():
            events.append(Event(start + offset, bytes(data)))

    client.set_xrun_callback(lambda _: xruns.append(client.frame_time))
    with client:
        print("RECORDING", PORT, flush=True)
        signal.sigwait({signal.SIGTERM})
        rate = client.samplerate
    listed = [{"frame": event.frame, "hex": event.data.hex()} for event in events]
    content = {"rate": rate, "xruns": len(xruns), "xrun_frames": xruns, "clock": clock.soonest}
    out.with_suffix(".json").write_text(json.dumps({**content, "events": listed, "cycles": cycles}))
    as_midi(events, rate).save(out.with_suffix(".mid"))
    print("WROTE", len(events), "events,", len(xruns), "xruns", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
