"""`musicrnn inspect`: what is in a model file."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from musicrnn.models.catalogue import find_model
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import load_checked
from musicrnn.models.score import Part
from musicrnn.models.untrained import NAME as UNTRAINED
from musicrnn.models.untrained import untrained
from musicrnn.models.vocabulary import pitch_name
from musicrnn.printable import print_json, printable

WIDTH = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """A model and where it lies: path, size in bytes, SHA-256 and seal of its file; empty for the untrained one."""

    info: ModelInfo
    file: str = ""
    size: int = 0
    sha256: str = ""
    seal: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `musicrnn inspect`."""
    parser.add_argument("model", nargs="+", metavar="MODEL", help="name of a model, a model file, or a run's folder")
    parser.add_argument("--json", action="store_true", help="print it for programs: one line a model")


def run(args: argparse.Namespace) -> int:
    """Print each model. Raises ModelError for one that is not there or not whole, after those before it."""
    for number, name in enumerate(args.model):
        shown = look(name)
        if args.json:
            print_json(facts(shown), indent=None)
        else:
            print("\n".join([*([""] if number else []), *map(printable, lines(shown))]))
    return 0


def look(name: str) -> Shown:
    """Read and check a model by its name or path; ModelError as `find_model` and `load_checked`."""
    if name == UNTRAINED:
        return Shown(untrained().info)
    path = find_model(name)
    file = load_checked(path)
    return Shown(file.info, str(path), len(file.content), hashlib.sha256(file.content).hexdigest(), file.digest)


def facts(shown: Shown) -> dict[str, object]:
    """Return what `--json` prints: `file`, `size`, `sha256`, `seal`, and what the file says of itself in `model`."""
    model = json.loads(shown.info.to_json())
    return {"file": shown.file, "model": model, "seal": shown.seal, "sha256": shown.sha256, "size": shown.size}


def lines(shown: Shown) -> Iterator[str]:
    """Yield the facts as a person reads them."""
    info, words = shown.info, shown.info.vocabulary
    loud = f"{words.velocity_bins} levels of loudness" if words.velocity_bins else "no loudness"
    yield _line("model", info.name)
    yield _line("file", f"{shown.file} ({shown.size / 1e6:.2f} MB)" if shown.file else "none: made on the fly")
    if shown.sha256:
        yield _line("SHA-256", shown.sha256)
        yield _line("seal", shown.seal)
    yield _line("network", f"{info.cell.upper()}, {info.layers} x {info.units} units, {info.precision}")
    yield _line("language", f"{words.size} tokens, fingerprint {words.fingerprint[:12]}")
    yield _line("grid", f"{words.ticks_per_beat} ticks a beat, {loud}, at most {words.max_polyphony} notes at once")
    yield from (_line("part", _part(part)) for part in words.parts)
    yield _line("tempo, metre", f"{info.tempo:g} bpm, {info.metre[0]}/{info.metre[1]}")
    yield _line("licence", info.licence or "not given")
    known = {key: value for key, value in info.corpus.items() if value != ""}
    yield from (_line("learnt from", f"{key.replace('_', ' ')}: {_plain(value)}") for key, value in known.items())
    yield from (_line("figure", f"{name.replace('_', ' ')}: {value:.6g}") for name, value in info.figures.items())
    if info.version:
        yield _line("made with", f"MusicRNN {info.version}")


def _line(name: str, value: str) -> str:
    return f"{name:{WIDTH}} {value}"


def _part(part: Part) -> str:
    kind = "drums" if part.percussive else f"{pitch_name(part.low)} to {pitch_name(part.high)}"
    return f"{part.name}: {kind}, channel {part.channel}, program {part.program}, at most {part.polyphony} at once"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
