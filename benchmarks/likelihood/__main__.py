"""One set: ``python -m benchmarks.likelihood SET.mat --run-folder DIR [--config recipe.toml] [--init-from DIR]``.

Trains the product's network on the training split, keeps the weights that are best on validation, and prints nats a
frame, without and with the memory of the piece, beside a 6-gram baseline and published values. How far the memory is
trusted is learnt on validation. ``--resume`` goes on with a run that was interrupted; ``--test`` trains nothing and
scores the test split of a run that was chosen by its validation, once.
"""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.likelihood.ngram import NGram
from benchmarks.likelihood.published import table
from benchmarks.likelihood.rolls import RollSet, pieces_of, read_set, vocabulary_of
from benchmarks.likelihood.scoring import Likelihood, score, total_probability
from benchmarks.likelihood.whole import hear_all
from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.settings import Settings
from musicrnn.config.write import to_toml
from musicrnn.files import write_text_whole
from musicrnn.models.frames import Fit, Frame, Sounding
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.trust import Trust
from musicrnn.trainer.backend import start
from musicrnn.trainer.material import Material
from musicrnn.trainer.room import with_lanes
from musicrnn.trainer.run import StopRequest
from musicrnn.trainer.run_folder import RunFolder
from musicrnn.trainer.session import load_network
from musicrnn.trainer.training import Training
from musicrnn.trainer.trusting import trust_of

SMALL_KEYS = 6


def material_of(rolls: RollSet, grammar: Grammar, transpose: int) -> Material:
    """Return the training and validation splits as what the trainer reads; the test split stays out of its sight."""
    train = pieces_of(rolls.rolls["train"], grammar, transpose)
    valid = pieces_of(rolls.rolls["valid"], grammar)
    return Material(grammar.vocabulary, train, valid, [], {}, 120.0, (4, 4), Fit())


def train(settings: Settings, material: Material, folder: RunFolder, name: str, resume: bool) -> None:
    """Train, or go on; SIGINT and SIGTERM end it with what is learnt."""
    facts = {"set": name, "settings": to_toml(settings, ("network",))}
    settings, _ = with_lanes(settings, material, start(settings.training))
    with StopRequest().listening() as stop, closing(folder):
        if resume:
            folder.reopen()
        else:
            folder.create(settings.training.overwrite)
            folder.stage(to_toml(settings, ("corpus", "network", "training")))
        Training(settings, folder, material, facts, {"source": name}, Console()).run(stop, resume)


def small_total(settings: Settings, trust: Trust | None = None) -> float:
    """Return the sum of all frames' probabilities for a small vocabulary and untrained weights of the same kind.

    With a trust, of network and memory together, after a past in which the memory has guesses.
    """
    vocabulary = vocabulary_of(SMALL_KEYS)
    n = settings.network
    network = Network(vocabulary, NetworkShape(n.layers, n.units, n.embedding, cell=n.cell), settings.training.seed)
    info = ModelInfo("small", vocabulary, n.layers, n.units, n.cell)
    past: list[Frame] = [(Sounding(0, 24), Sounding(0, 22)), (Sounding(0, 25),)] * 3
    return total_probability(NumpyStepModel(network.step_weights(), info), past, trust)


def shown(name: str, found: Likelihood) -> str:
    """Return a figure as a line."""
    return f"{name:<40} {found.a_frame:7.4f} ± {found.error:.4f} nats a frame"


def main() -> None:
    """Train on one set and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.likelihood", description=__doc__)
    parser.add_argument("set", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--run-folder", type=Path, required=True)
    parser.add_argument("--init-from", default="", metavar="RUN", help="go on from what an earlier run folder learnt")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--test", action="store_true", help="score the test split of a finished run, once")
    given = parser.parse_args()
    rolls, grammar = read_set(given.set), Grammar(vocabulary_of())
    kept = given.run_folder / "settings.toml" if given.resume or given.test else given.config
    settings = settings_of(read_settings(kept)) if kept else settings_of()
    training = replace(settings.training, audition_bars=0, init_from=given.init_from or settings.training.init_from)
    settings = replace(settings, training=training)
    material = material_of(rolls, grammar, settings.corpus.transpose)
    kept_figures = given.run_folder / "likelihood.json"
    if given.test and "test" in kept_figures.read_text():
        raise SystemExit(f"{kept_figures}: the test split must be scored once, and was")
    if not given.test:
        train(settings, material, RunFolder(given.run_folder), rolls.name, given.resume)
    network, _ = load_network(given.run_folder)
    baseline = NGram(grammar)
    baseline.learn(material.train)
    splits = ("valid", "test") if given.test else ("valid",)
    heard = {split: hear_all(network, pieces_of(rolls.rolls[split], grammar)) for split in splits}
    trust = trust_of(case for one in heard["valid"] for case in one.cases)
    figures: dict[str, object] = {"trust": asdict(trust)}
    for name, total in (("network", small_total(settings)), ("network and memory", small_total(settings, trust))):
        print(f"{name}: sum over all frames of {SMALL_KEYS} keys: {total:.7f}")
        figures[f"small_total: {name}"] = total
        if not np.isclose(total, 1.0, rtol=0, atol=1e-5):
            raise SystemExit("the probabilities of all frames must sum to 1 to 1e-5")
    for split, pieces in heard.items():
        found = {
            "this network": score(pieces),
            "with the memory of the piece": score(pieces, trust),
            "6-gram": baseline.score(pieces_of(rolls.rolls[split], grammar)),
        }
        for name, one in found.items():
            print(shown(f"{rolls.name}, {split}: {name}", one))
            figures[f"{split}: {name}"] = [one.a_frame, one.error]
    print(table(rolls.name))
    write_text_whole(kept_figures, json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
