"""Settings of what plays: the port, the music, remote control and the recording."""

from __future__ import annotations

from dataclasses import dataclass

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
    offset_ms: float = setting(
        0.0,
        low=-250,
        high=250,
        unit="ms",
        flag="midi-offset-ms",
        help="How much later than on the beat all that is played leaves; below 0 it leaves earlier.",
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
    mu: float = setting(
        1.0, low=0, high=16, help="Mean of the exponent A; 1 is the network's own belief, more is surer."
    )
    sigma: float = setting(0.0, low=0, high=16, help="Spread of the exponent A; 0 keeps it at mu.")
    exponent_span: str = setting(
        "tick", choices=("tick", "run", "bar", "token"), help="How long one draw of the exponent A holds."
    )
    chance: str = setting(
        "always",
        choices=("always", "attacks", "beats", "bars"),
        help="Where tokens are drawn: always, only among attacks, only on beats or at the head of bars; elsewhere the "
        "likeliest is taken.",
    )
    seed: int = setting(0, low=0, high=2**31 - 1, help="Random seed; 0 takes one from the system and prints it.")
    tempo: float = setting(0.0, low=20, high=999, also=(0,), unit="bpm", help="Tempo; 0 is the model's own.")
    prime: str = setting("", help="Notes to start from: score text, old characters, or the path of a file.")
    density: float = setting(
        0.0, low=-10, high=10, unit="nats", help="Added to the logits of attacks: more or fewer notes."
    )
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
    autostart: bool = setting(True, help="Play at once, not only after /musicrnn/start.")


@dataclass(frozen=True, slots=True)
class OscSettings(Section):
    """Remote control over OSC."""

    enabled: bool = setting(True, flag="osc", help="Listen for OSC.")
    host: str = setting("127.0.0.1", flag="osc-host", help="Address to listen on; the default hears this machine only.")
    port: int = setting(9000, low=0, high=65535, flag="osc-port", help="UDP port to listen on; 0 takes a free one.")


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
