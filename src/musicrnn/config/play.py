"""Settings of what plays: the port, the music, remote control and the recording."""

from __future__ import annotations

from dataclasses import dataclass

from musicrnn.config.controls import live
from musicrnn.config.declare import Section, setting


@dataclass(frozen=True, slots=True)
class MidiSettings(Section):
    """The MIDI port that is played to."""

    port: str = setting("", help="Existing port to play to, by name; none opens a virtual port.")
    virtual_port: str = setting("MusicRNN", help="Name of the virtual port.")
    api: str = setting(
        "auto",
        choices=("auto", "alsa", "jack", "coremidi", "winmm", "none"),
        flag="midi-api",
        help="MIDI system to use; none plays into the recording only.",
    )
    heartbeat_seconds: float = setting(
        2.0,
        low=1,
        high=3600,
        also=(0,),
        unit="s",
        help="How long an engine that hangs may leave notes sounding before they are silenced; 0 is for ever.",
    )
    repeat_offs_ms: float = setting(
        0.0,
        low=20,
        high=1000,
        also=(0,),
        unit="ms",
        help="How much later each note-off is sent again, for links that lose messages (RTP, Bluetooth); 0 is never.",
    )
    offset_ms: float = live("offset", flag="midi-offset-ms")
    map_file: str = setting(
        "",
        path=True,
        flag="midi-map-file",
        help="File in which it is kept which MIDI controllers move which controls; none is the user's own.",
    )
    clock_out: bool = setting(
        False,
        flag="midi-clock-out",
        help="Send MIDI clock (24 a quarter note), start, stop, continue and song position.",
    )


@dataclass(frozen=True, slots=True)
class PlaySettings(Section):
    """What is played and how; most of it can also be changed while it plays."""

    model: str = setting("chorales", path=True, help="Name of a model, or the path of a model file or a run's folder.")
    mu: float = live("mu")
    sigma: float = live("sigma")
    exponent_span: str = live("span")
    chance: str = live("chance")
    seed: int = live(
        "seed", default=0, help="Random seed; 0 takes one from the system and prints it, evaluate and card take 1."
    )
    tempo: float = live("tempo", default=0.0, also=(0,), help="Tempo; 0 is the model's own.")
    prime: str = setting("", help="Notes to start from: score text, old characters, or the path of a file.")
    density: float = live("density")
    memory: float = live("memory")
    polyphony: int = live("polyphony")
    transpose: int = live("transpose")
    scale: str = live("scale")
    root: str = live("root")
    velocity: float = live("velocity")
    bars: int = setting(0, low=0, high=1_000_000, unit="bars", help="Bars after which the daemon ends; 0 is never.")
    lookahead: int = setting(2, low=1, high=96, unit="ticks", help="Ticks made ahead of the one that sounds.")
    end: str = setting(
        "restart",
        choices=("restart", "stop", "go-on"),
        help="What happens when the model ends its piece: another one at the next bar, the end, or no ending.",
    )
    clock: str = setting(
        "internal",
        choices=("internal", "midi", "jack", "link"),
        help="Whose beat is kept: our own, that of a MIDI clock at our input port, of the JACK transport, or of an "
        "Ableton Link session (extra 'link').",
    )
    link_starts: bool = setting(
        False, help="Start and stop with an Ableton Link session, and it with us; otherwise it always rolls."
    )
    lost_clock: str = setting(
        "go-on",
        choices=("go-on", "stop"),
        help="What a clock that is followed and not heard any more does: the music goes on as it went, or stops.",
    )
    quantise: str = setting(
        "none",
        choices=("none", "beat", "bar"),
        help="Where a stop, or a continue while the host rolls, takes effect: at once, or at the next beat or bar.",
    )
    watchdog_bars: int = setting(
        4,
        low=0,
        high=1000,
        unit="bars",
        help="Bars with too few notes after which A is eased, tick by tick, until notes come back; 0 is never.",
    )
    watchdog_notes: int = setting(
        1, low=1, high=128, unit="notes", help="The silence watchdog takes fewer sounding notes than this for too few."
    )
    watchdog_step: float = setting(
        0.02, low=0.0001, high=1, help="Share of A that the silence watchdog takes away each tick."
    )
    watchdog_return: float = setting(
        0.3, low=0.01, high=1, help="Share of what is missing of A that comes back each tick once notes sound."
    )
    watchdog_least: float = setting(0.25, low=0, high=16, help="A below which the silence watchdog does not go.")
    autostart: bool = setting(True, help="Play at once, not only after /musicrnn/start.")


@dataclass(frozen=True, slots=True)
class OscSettings(Section):
    """Remote control over OSC."""

    enabled: bool = setting(True, flag="osc", help="Listen for OSC.")
    host: str = setting("127.0.0.1", flag="osc-host", help="Address to listen on; the default hears this machine only.")
    allow: tuple[str, ...] = setting(
        (),
        item=str,
        flag="osc-allow",
        help="Addresses or networks, such as 192.168.1.0/24, that may send; needed where --osc-host lets others in.",
    )
    port: int = setting(
        9000,
        low=0,
        high=65535,
        flag="osc-port",
        help="UDP port that the daemon listens on; for the daemon itself, 0 takes a free one.",
    )
    query: bool = setting(True, flag="osc-query", help="Describe the controls over HTTP, as OSCQuery does.")
    query_port: int = setting(
        0,
        low=0,
        high=65535,
        flag="osc-query-port",
        help="TCP port of OSCQuery; 0 takes that with the number of the OSC port.",
    )
    announce: bool = setting(
        False,
        flag="osc-announce",
        help="Announce OSC and OSCQuery by zeroconf, on the network of --osc-host only (extra 'discovery').",
    )


@dataclass(frozen=True, slots=True)
class RecordSettings(Section):
    """The recording of what was played."""

    enabled: bool = setting(True, flag="recording", help="Record each session.")
    file: str = setting("", path=True, flag="record", help="MIDI file to record to; none is a dated one in the folder.")
    folder: str = setting(
        "", path=True, flag="record-folder", help="Folder of dated recordings; none is the user's data folder."
    )
    keep_megabytes: int = setting(
        200,
        low=0,
        high=1_000_000,
        unit="MB",
        help="Size of that folder beyond which the oldest recordings go; 0 is no limit.",
    )
