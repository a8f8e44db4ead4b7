"""What guesses of the memory are worth: ``python scripts/memory_trust.py MODEL RECIPE FOLDER [MODEL RECIPE FOLDER …]``.

Reads some validation pieces of each corpus with its model. Prints what to trust over all corpora, each counted alike:
:data:`musicrnn.models.trust.DEFAULT`; and for each corpus by how many nats a tick its pieces are less surprising then.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from musicrnn.config.load import read_settings, settings_of
from musicrnn.models.corpus import read_corpus
from musicrnn.models.grammar import Grammar
from musicrnn.trainer.material import material
from musicrnn.trainer.measuring import named_model
from musicrnn.trainer.trusting import Case, cases, gain, legal_of, readings, trust_of

TOKENS, CASES = 60_000, 10_000


def cases_of(model_name: str, recipe: Path, folder: str) -> tuple[list[Case], int]:
    """Return the guesses in some validation pieces of a recipe, and their ticks."""
    settings, model = settings_of(read_settings(recipe)), named_model(model_name)
    corpus, grammar = read_corpus((folder,), settings.corpus), Grammar(model.info.vocabulary)
    found: list[Case] = []
    tokens = ticks = 0
    for piece in material([(piece.name, piece.score) for piece in corpus.pieces], settings.corpus).valid:
        if tokens < TOKENS:
            found += cases(grammar.vocabulary, readings(model, piece, legal_of(piece, grammar)))
            tokens, ticks = tokens + len(piece), ticks + piece.ticks
    return found, ticks


def main() -> None:
    """Learn from all corpora, and print."""
    words = sys.argv[1:]
    corpora = {
        model: cases_of(model, Path(recipe), folder) for model, recipe, folder in zip(*[iter(words)] * 3, strict=True)
    }
    draw = random.Random(1)
    together = [case for found, _ in corpora.values() for case in draw.choices(found, k=CASES)]
    shared = trust_of(together)
    print("biases", ", ".join(f"{bias:.2f}" for bias in shared.biases))
    print("slopes", ", ".join(f"{slope:.2f}" for slope in shared.slopes))
    for name, (found, ticks) in corpora.items():
        came = sum(case.came for case in found) / max(len(found), 1)
        own = trust_of(found)
        print(
            f"{name}: {len(found)} guesses in {ticks} ticks, {came:.1%} come true; less surprising by "
            f"{gain(found, shared) / ticks:.4f} nats a tick, by its own trust {gain(found, own) / ticks:.4f}"
        )


if __name__ == "__main__":
    main()
