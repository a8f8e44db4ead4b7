"""`musicrnn doctor`: what this machine has, and what to do about what is missing."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from musicrnn import __version__
from musicrnn.commands.handover import INSTALL_TRAIN_EXTRA, TRAIN_EXTRA
from musicrnn.commands.listing import listing
from musicrnn.commands.probe import ask
from musicrnn.config import folders
from musicrnn.config.load import read_own_settings, settings_of
from musicrnn.daemon.announce import INSTALL_DISCOVERY_EXTRA, can_announce
from musicrnn.daemon.link_session import INSTALL_LINK_EXTRA, link_is_installed
from musicrnn.daemon.osc_listen import can_listen
from musicrnn.daemon.player.rtmidi_port import HOW_TO_INSTALL
from musicrnn.errors import ConfigError
from musicrnn.files import FILE, FOLDER, what_is_at
from musicrnn.printable import print_json, printable

MARKS = {"ok": "✓", "note": "-", "missing": "!", "broken": "✗"}
THROUGH_PIPEWIRE = "PipeWire's JACK is found by itself where it is installed (Debian: apt install pipewire-jack)"
OWN_MODELS = "own models"
_MAKE_FOLDER = "mkdir" if os.name == "nt" else "mkdir -p"
_MIDI_ADVICE = {
    "alsa": "load the sequencer with 'modprobe snd-seq' (a container needs --device /dev/snd), or use --midi-api jack",
    "jack": f"start a JACK server ('jackd -d alsa', or '-d dummy' without a sound card); {THROUGH_PIPEWIRE}",
    "winmm": "Windows has no virtual ports of its own: install loopMIDI, make a port, and name it with --port",
    "coremidi": "open Audio MIDI Setup once, so that macOS starts its MIDI server",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``state`` is ok, note (worth knowing), missing (can do without) or broken."""

    subject: str
    state: str
    found: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn doctor`."""
    parser.add_argument("--json", action="store_true", help="print it for programs")


def run(args: argparse.Namespace) -> int:
    """Print what is found; exit status 1 where MusicRNN cannot play until something is mended."""
    found = list(findings())
    if args.json:
        print_json([asdict(finding) for finding in found], indent=2)
    else:
        print("\n".join(_lines(found)))
    return int(any(finding.state == "broken" for finding in found))


def findings() -> Iterator[Finding]:
    """Look at one thing after the other."""
    system = f"{platform.system()} {platform.machine()}"
    yield Finding("MusicRNN", "ok", f"{__version__}, Python {platform.python_version()} on {system}")
    yield _runtime()
    yield from _midi()
    yield _jack()
    yield _link()
    yield _discovery()
    yield _clock()
    yield _training()
    yield _settings_file()
    yield from (_folder(name, path, advice) for name, (path, advice) in _folders().items())
    yield from _models()


def _lines(found: list[Finding]) -> Iterator[str]:
    for finding in found:
        mark = MARKS[finding.state]
        mark = mark if _can_print(mark) else finding.state[0]
        yield f"{mark} {finding.subject + ':':20} {finding.found}"
        if finding.advice:
            yield f"{'':23}{finding.advice}"
    if not any(finding.state == "ok" and finding.subject.endswith("ports") for finding in found):
        yield "\nNo MIDI system: the daemon still plays, in real time, into a recording."


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _runtime() -> Finding:
    answer = ask("import:onnxruntime", seconds=30)
    if "error" in answer:
        return Finding("ONNX Runtime", "broken", answer["error"], "pip install --force-reinstall onnxruntime")
    return Finding("ONNX Runtime", "ok", answer["version"])


def _without_rtmidi(error: str) -> str:
    if error.startswith("ModuleNotFoundError"):
        return f"only JACK goes without it; {HOW_TO_INSTALL}"
    return "on Debian: apt-get install libasound2 libjack-jackd2-0; then pip install --force-reinstall python-rtmidi"


def _midi() -> Iterator[Finding]:
    answer = ask("apis")
    if "error" in answer:
        yield Finding("MIDI", "missing", answer["error"], _without_rtmidi(answer["error"]))
    for api in answer.get("apis", ()):
        ports = ask(f"ports:{api}")
        if "error" in ports:
            yield Finding(f"{api} ports", "missing", ports["error"], _MIDI_ADVICE.get(api, ""))
        else:
            advice = _MIDI_ADVICE["winmm"] if api == "winmm" else ""
            yield Finding(f"{api} ports", "ok", ", ".join(ports["ports"]) or "none to connect to yet", advice)


def _jack() -> Finding:
    answer = ask("jack")
    pipewire = (Path(os.environ.get("XDG_RUNTIME_DIR", "/nowhere")) / "pipewire-0").exists()
    beside = "; PipeWire is running" if pipewire else ""
    advice = THROUGH_PIPEWIRE if pipewire else ""
    if answer.get("running"):
        size = f"{answer['rate']} Hz, {answer['period']} frames a period"
        return Finding("JACK server", "ok", f"{size}, {_transport(answer)}{beside}", advice)
    found = answer.get("error") or ("none is running" if answer.get("library") else "no JACK library is installed")
    return Finding("JACK server", "note", f"{found}{beside}", advice)


def _transport(answer: dict[str, Any]) -> str:
    tempo = answer["tempo"]
    master = "no timebase master" if tempo is None else f"{tempo:g} bpm by a timebase master"
    return f"transport {answer['transport']} ({master})"


def _link() -> Finding:
    if link_is_installed():
        return Finding(
            "Ableton Link", "ok", f"LinkPython-extern {_version('LinkPython-extern')}, which has Link's GPL in it"
        )
    return Finding("Ableton Link", "note", "not installed; --clock link needs it", INSTALL_LINK_EXTRA)


def _discovery() -> Finding:
    if can_announce() and can_listen():
        return Finding("OSC discovery", "ok", f"zeroconf {_version('zeroconf')}, websockets {_version('websockets')}")
    missing = "not installed; --osc-announce and OSCQuery's LISTEN need it"
    return Finding("OSC discovery", "note", missing, INSTALL_DISCOVERY_EXTRA)


def _clock() -> Finding:
    """Tell which clock the settings name, and whether what it needs is there."""
    try:
        clock = settings_of(read_own_settings()).play.clock
    except ConfigError:
        return Finding("clock", "note", "not known: the settings file is broken")
    if clock == "jack" and not ask("jack").get("running"):
        return Finding("clock", "missing", "jack, and no JACK server is running", _MIDI_ADVICE["jack"])
    if clock == "link" and not link_is_installed():
        return Finding("clock", "missing", "link, and its extra is not installed", INSTALL_LINK_EXTRA)
    return Finding("clock", "ok", clock)


def _training() -> Finding:
    missing = [name for name in TRAIN_EXTRA if importlib.util.find_spec(name) is None]
    if missing:
        found = f"not installed: {', '.join(missing)}"
        return Finding("training", "missing", found, INSTALL_TRAIN_EXTRA)
    return Finding("training", "ok", ", ".join(f"{name} {_version(name)}" for name in TRAIN_EXTRA))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def _settings_file() -> Finding:
    path = folders.user_settings_file()
    try:
        own = read_own_settings()
        settings_of(own)
    except ConfigError as error:
        return Finding("settings file", "broken", str(error), "mend that line, or take the file away")
    if own.notes:
        return Finding("settings file", "missing", own.notes[0], "set XDG_CONFIG_HOME to a folder that can be read")
    if what_is_at(path) != FILE:
        return Finding("settings file", "note", f"none at {path}; the defaults hold")
    return Finding("settings file", "ok", str(path))


def _folders() -> dict[str, tuple[Path, str]]:
    """Return the folders that are written to, each with what to do where that cannot be."""
    elsewhere = "set {} to a folder that can be written to"
    data, cache = elsewhere.format("XDG_DATA_HOME"), elsewhere.format("XDG_CACHE_HOME")
    return {
        "recordings": (folders.recordings_folder(), f"{data}, or start the daemon with --record-folder FOLDER"),
        OWN_MODELS: (folders.models_folder(), f"{data}, or name model files by their paths"),
        "cache": (folders.cache_folder(), f"{cache}, or read MIDI files with --no-cache"),
    }


def _folder(name: str, path: Path, advice: str) -> Finding:
    """Tell whether the folder, or the nearest one above it that is there, can be written to.

    That of own models is made by its user, who is told how.
    """
    there = path
    while not what_is_at(there) and there != there.parent:
        there = there.parent
    if what_is_at(there) != FOLDER or not os.access(there, os.W_OK):
        there_is = "it cannot be written to" if there == path else f"it cannot be made in {there}"
        if what_is_at(path) == FILE:
            there_is, advice = "it cannot be made: a file has its name", f"give that file another name, or {advice}"
        return Finding(name, "missing", f"{path}: {there_is}", advice)
    if name == OWN_MODELS and there != path:
        how = f"to have models known by their names, make it first: {_MAKE_FOLDER} {shlex.quote(str(path))}"
        return Finding(name, "note", f"{path} (not there yet)", how)
    return Finding(name, "ok", f"{path}{'' if there == path else ' (made when needed)'}")


def _models() -> Iterator[Finding]:
    """List the models that come with MusicRNN and the user's own, by name, and the files that cannot be used."""
    found, folder = listing(), folders.models_folder()
    if found.models:
        yield Finding("models", "ok", ", ".join(found.models))
    else:
        yield Finding("models", "missing", "none", f"train one, or put a model file into {folder}")
    for reason in found.left_out:
        yield Finding("model file", "missing", printable(reason), "rename it, copy or export it again, or take it away")
