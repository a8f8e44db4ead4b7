"""What a card and an evaluation measure: a model's pieces beside held-out ones, and what it copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console
from rich.progress import Progress as Bar

from musicrnn.config.play import PlaySettings
from musicrnn.config.settings import Settings
from musicrnn.export.quiet import quiet
from musicrnn.files import FOLDER, named_path, what_is_at
from musicrnn.models.catalogue import names
from musicrnn.models.corpus import read_corpus
from musicrnn.models.generator import Choice
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.onnx_step import load_model
from musicrnn.models.score import Bar as Ruler
from musicrnn.models.score import Score
from musicrnn.models.step import StepModel
from musicrnn.trainer.backend import choose
from musicrnn.trainer.card_pieces import Real, generate, head, real_pieces, rulers
from musicrnn.trainer.compare import Measured, compare_figures, compare_shapes, measure
from musicrnn.trainer.copies import copied
from musicrnn.trainer.evidence import Evidence
from musicrnn.trainer.likelihood import Likelihood, likelihood
from musicrnn.trainer.origin import check_origin, check_split

TRAINING_SAMPLE = 150
HELD_OUT_SAMPLE = 200


def choice_of(play: PlaySettings) -> Choice:
    """Return how tokens are chosen, as the settings of what plays say; seed 0 becomes 1."""
    span = play.exponent_span
    return Choice(play.mu, play.sigma, span, play.seed or 1, play.density, memory=play.memory)  # type: ignore[arg-type]


def named_model(name: str) -> StepModel:
    """Return the step of a model that is known by name, of a file, or of a run's weights where it has no file yet."""
    if name in names():
        return load_model(name)
    path = named_path(name)
    if path.suffix == ".npz" or (what_is_at(path) == FOLDER and not what_is_at(path / "model.onnx")):
        choose()
        with quiet():
            from musicrnn.trainer.session import load_step_weights

            return NumpyStepModel(*load_step_weights(path))
    return load_model(name)


@contextmanager
def progress(console: Console, what: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """Show a progress bar on a terminal; yields what is to be told how much was done since."""
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda step: bar.advance(task, step)


def read_real(settings: Settings, info: ModelInfo, console: Console) -> Real:
    """Return the corpus divided as for the training, held-out pieces cut at the most bars.

    Raises CorpusError where the corpus is not the model's, or would be divided in another way.
    """
    check_split(settings.corpus, info)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        corpus = read_corpus(
            settings.corpus.folders,
            settings.corpus,
            lambda done, total, _: bar.update(task, completed=done, total=total),
        )
        check_origin(corpus, settings.corpus, info)
        real = real_pieces(corpus, settings.corpus, info.vocabulary, lambda done: bar.update(task, completed=done))
    cut = settings.evaluate.most_bars
    return replace(real, held_out=tuple(head(score, cut) for score in real.held_out))


def predicts(model: StepModel, real: Real, most_tokens: int, console: Console) -> Likelihood | None:
    """Return how well a model expects the validation share; None where there is none."""
    if not real.valid:
        return None
    with progress(console, "predicting", 1.0) as done:
        return likelihood(model, real.valid, most_tokens, done)


def evidences(
    model: StepModel, settings: Settings, real: Real, console: Console
) -> tuple[list[Score], Evidence, tuple[Evidence, ...]]:
    """Return generated pieces, what they are like, and the same of each further mu of the card."""
    choice = choice_of(settings.play)
    rows = rulers(real.held_out, settings.evaluate.pieces)
    held_out, unseen, learnt = references(real, settings.evaluate.most_bars, console)
    pieces = generated(model, choice, rows, console)
    with progress(console, "looking for copies", None):
        copies = copied([*pieces, *held_out], real.train)
    evidence = replace(
        evidence_of(choice, pieces, unseen, learnt),
        copies=[found.part(0, len(pieces)) for found in copies],
        real_copies=[found.part(len(pieces), None) for found in copies],
    )
    others: list[Evidence] = []
    for mu in settings.card.also_mu:
        more = generated(model, replace(choice, mu=mu), rows, console)
        others.append(
            replace(evidence_of(replace(choice, mu=mu), more, unseen, learnt), copies=copied(more, real.train, most=1))
        )
    return pieces, evidence, tuple(others)


def generated(model: StepModel, choice: Choice, rows: Sequence[tuple[Ruler, ...]], console: Console) -> list[Score]:
    """Return a piece for each row of bars, with seeds that follow each other."""
    with progress(console, f"generating, mu {choice.mu:g}", sum(row[-1].end for row in rows)) as done:
        return [
            generate(model, row, replace(choice, seed=choice.seed + number), done) for number, row in enumerate(rows)
        ]


def references(real: Real, most_bars: int, console: Console) -> tuple[list[Score], Measured, Measured]:
    """Return some of the held-out pieces, their measures, and those of some pieces of the training share."""
    held_out = _some(real.held_out, HELD_OUT_SAMPLE)
    train = [head(score, most_bars) for score in _some(real.train, TRAINING_SAMPLE)]
    with progress(console, "measuring", len(held_out) + len(train)) as done:
        return held_out, measure(held_out, lambda: done(1)), measure(train, lambda: done(1))


def evidence_of(choice: Choice, pieces: Sequence[Score], unseen: Measured, learnt: Measured) -> Evidence:
    """Return what pieces are like beside the others; copies are still to be looked for."""
    made = measure(pieces)
    parts = {
        name: compare_figures(made.parts[name], unseen.parts[name], learnt.parts[name], made.count)
        for name in made.parts
    }
    return Evidence(
        choice,
        (made.count, unseen.count, learnt.count),
        compare_figures(made.figures, unseen.figures, learnt.figures, made.count),
        parts,
        compare_shapes(made, unseen, learnt),
        sum(len(score.bars) for score in pieces),
    )


def _some(scores: Sequence[Score], count: int) -> list[Score]:
    """Return at most ``count`` scores, evenly taken."""
    step = max(len(scores) / count, 1.0)
    return [scores[int(i * step)] for i in range(min(count, len(scores)))]


def typical(scores: Sequence[Score]) -> int:
    """Return the number of the score of middle length in bars."""
    order = sorted(range(len(scores)), key=lambda i: (len(scores[i].bars), i))
    return order[len(order) // 2]
