"""Other ways to send a note on every tick: ``python -m benchmarks.timing_senders WAY NOTES``; not a part of MusicRNN.

Each opens a virtual port called ``sender`` by python-rtmidi's JACK backend, says READY, waits for a line, and plays so
many notes of 24 ticks a beat at 120 bpm. Pitches go round an octave, so that a note which is lost can be told.
"""

from __future__ import annotations

import collections
import contextlib
import heapq
import sys
import threading
import time
from typing import Any

BPM, TICKS_A_BEAT = 120, 24
TICK_SECONDS = 60 / BPM / TICKS_A_BEAT
CYCLE = 12
LOWEST = 60
PORT = "sender"
BACKEND = "mido.backends.rtmidi/UNIX_JACK"


def pitch_of(tick: int) -> int:
    """Return the pitch that a tick strikes."""
    return LOWEST + tick % CYCLE


def on(tick: int) -> list[int]:
    """Return a tick's note-on."""
    return [0x90, pitch_of(tick), 100]


def off(tick: int) -> list[int]:
    """Return its note-off."""
    return [0x80, pitch_of(tick), 0]


def rtmidi_port() -> Any:
    """Return an open port of python-rtmidi."""
    import rtmidi

    port = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="peer")
    port.open_virtual_port(PORT)
    return port


def wait_for_start() -> None:
    """Say READY and wait for a line."""
    print("READY", flush=True)
    sys.stdin.readline()


def sleeping(notes: int, port: Any = None) -> None:
    """Send, sleep for a tick, send, as most small scripts do."""
    port = port or rtmidi_port()
    wait_for_start()
    for tick in range(notes):
        port.send_message(on(tick))
        time.sleep(TICK_SECONDS)
        port.send_message(off(tick))


def sequencing(notes: int, port: Any = None) -> None:
    """Do as python-rtmidi's sequencer example: a thread that counts ticks, each made as long as it takes.

    What a tick is to send is in a heap; what is left of the tick after sending is slept.
    """
    port = port or rtmidi_port()
    pending = [(tick + late, tuple(data)) for tick in range(notes) for late, data in ((0, on(tick)), (1, off(tick)))]
    heapq.heapify(pending)

    def run() -> None:
        now = 0
        while pending:
            began = time.time()
            while pending and pending[0][0] <= now:
                port.send_message(list(heapq.heappop(pending)[1]))
            time.sleep(max(0.0, TICK_SECONDS - (time.time() - began)))
            now += 1

    wait_for_start()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def mido_file(notes: int, port: Any = None) -> None:
    """Play a MIDI file by ``mido.MidiFile.play``."""
    import mido

    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BPM)))
    for tick in range(notes):
        track.append(mido.Message("note_on", note=pitch_of(tick), velocity=100))
        track.append(mido.Message("note_off", note=pitch_of(tick), time=1))
    song = mido.MidiFile(ticks_per_beat=TICKS_A_BEAT, tracks=[track])
    mido.set_backend(BACKEND)
    with contextlib.nullcontext(port) if port else mido.open_output(PORT, virtual=True) as opened:
        wait_for_start()
        collections.deque(map(opened.send, song.play()), maxlen=0)


def isobar_timeline(notes: int) -> None:
    """Play a sequence on isobar's timeline, at its own resolution of 480 ticks a beat."""
    import isobar
    import mido

    mido.set_backend(BACKEND)
    device = isobar.MidiOutputDevice(PORT, virtual=True)
    timeline = isobar.Timeline(BPM, output_device=device)
    timeline.stop_when_done = True
    pitches = isobar.PSequence([pitch_of(tick) for tick in range(CYCLE)])
    timeline.schedule({"note": pitches, "duration": 1 / TICKS_A_BEAT, "gate": 0.9}, count=notes)
    wait_for_start()
    timeline.run()


WAYS = {"sleep": sleeping, "sequencer": sequencing, "mido": mido_file, "isobar": isobar_timeline}

if __name__ == "__main__":
    WAYS[sys.argv[1]](int(sys.argv[2]))
    time.sleep(1.0)  # what is in the ring goes out
