"""In the virtual machine: ``python -m tests.daemon.alsa_replug FOLDER`` unplugs and plugs in a port under the daemon.

Prints NOTICED when an open port is lost whose device was back at once, and REPLUGGED when the daemon has noticed both,
played to the port before and after, and left no note sounding.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import mido
import rtmidi

from musicrnn.daemon.player.rtmidi_port import open_port
from tests.peers.program import Program, wait_until

SLOW = 180.0  # seconds: an emulated processor starts Python slowly
QUEUE = 4096  # messages


class Device:
    """A device that can be plugged in, which notes what it is played.

    It asks for messages: RtMidi's thread, were it to call back, would wait for Python's lock while `unplug`, which
    holds it, waits for that thread.
    """

    def __init__(self) -> None:
        self.heard: list[mido.Message] = []
        self._port = rtmidi.MidiIn(rtapi=rtmidi.API_LINUX_ALSA, name="Device", queue_size_limit=QUEUE)
        self._port.open_virtual_port("keys")

    def hears(self, kind: str) -> bool:
        """Tell whether it has heard a message of a kind by now."""
        while (event := self._port.get_message()) is not None:
            self.heard.append(mido.Message.from_bytes(event[0]))
        return any(message.type == kind for message in self.heard)

    def unplug(self) -> None:
        """Be gone."""
        self._port.close_port()
        self._port.delete()


def still_down(messages: list[mido.Message]) -> set[tuple[int, int]]:
    """Return the keys (channel, pitch) that nobody has let go."""
    down: set[tuple[int, int]] = set()
    for message in messages:
        if message.type == "note_on":
            down.add((message.channel, message.note))
        elif message.type == "note_off":
            down.discard((message.channel, message.note))
    return down


def plug_in_at_once() -> None:
    """See that a port is lost whose device is back under its name and number before anybody has looked."""
    first = Device()
    port = open_port("alsa", "MusicRNN", "Device", lambda _: None)
    first.unplug()
    second = Device()
    wait_until(lambda: port.lost, SLOW, "the loss")
    print("NOTICED", port.name, flush=True)
    port.close()
    second.unplug()


def main(folder: Path) -> None:
    """Plug in, play, unplug, plug in again, play, end."""
    plug_in_at_once()
    kinds = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")
    command = [sys.executable, "-m", "tests.daemon.play_scripted", "--midi-api", "alsa", "--port", "Device"]
    first = Device()
    with Program([*command, "--osc-port", "0"], {kind: str(folder) for kind in kinds}) as playing:
        print(playing.wait_for_line("MIDI port", SLOW), flush=True)
        wait_until(lambda: first.hears("note_on"), SLOW, "a note")
        first.unplug()
        print(playing.wait_for_line("port is lost", SLOW), flush=True)
        time.sleep(2.0)  # it looks for the port meanwhile, and must not find it
        second = Device()
        print(playing.wait_for_line("port is back", SLOW), flush=True)
        wait_until(lambda: second.hears("note_on"), SLOW, "a note after it")
        playing.send_signal(signal.SIGTERM)
        assert playing.wait(SLOW) == 0
        wait_until(lambda: not second.hears("nothing") and not still_down(second.heard), SLOW, "silence")
    assert any(message.type == "program_change" for message in second.heard)
    print("REPLUGGED", len(second.heard), "messages heard after it", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
