"""A tiny sender that plays a MIDI file on a virtual port: what the peers are tested with, apart from the daemon.

``python -m tests.peers.stand_in_sender API FILE`` opens the port ``sender:out`` (API is jack or alsa), says so, and
plays when a line comes on its standard input.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import mido
import rtmidi

APIS = {"jack": rtmidi.API_UNIX_JACK, "alsa": rtmidi.API_LINUX_ALSA}


def write_test_music(path: Path, bars: int = 4, bpm: float = 240.0) -> None:
    """Write a file of chords, repeated notes, drums and several channels, each note on the sixteenth grid."""
    file = mido.MidiFile(type=1, ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))]))
    for channel, step, pitches in ((0, 240, (72, 74, 76, 77)), (1, 480, (60, 64)), (2, 960, (48,)), (9, 120, (42,))):
        track = mido.MidiTrack()
        for index in range(bars * 4 * 480 // step):
            pitch = pitches[index % len(pitches)]
            velocity = 40 + (index * 7) % 80
            track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity))
            track.append(mido.Message("note_off", channel=channel, note=pitch, velocity=0, time=step))
        file.tracks.append(track)
    file.save(path)


def main(api: str, path: Path) -> None:
    """Play the file once."""
    out = rtmidi.MidiOut(rtapi=APIS[api], name="sender")
    out.open_virtual_port("out")
    print("PORT sender:out", flush=True)
    sys.stdin.readline()
    messages = list(mido.MidiFile(path))
    now = time.monotonic() + 0.2
    for message in messages:
        now += message.time
        if not message.is_meta:
            time.sleep(max(0.0, now - time.monotonic()))
            out.send_message(message.bytes())
    time.sleep(0.3)
    out.close_port()
    out.delete()
    print("PLAYED", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
