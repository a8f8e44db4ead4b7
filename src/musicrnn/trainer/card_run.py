"""`musicrnn card`: measure what a model plays against held-out music, and write its model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from musicrnn.config.outputs import check_files, check_folder, named_file, writing
from musicrnn.config.settings import Settings
from musicrnn.files import write_text_whole, write_whole
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.midi_write import write_midi
from musicrnn.models.score import Score
from musicrnn.models.step import StepModel
from musicrnn.printable import printable
from musicrnn.trainer.card import Card, Source, card_text
from musicrnn.trainer.measuring import evidences, named_model, predicts, read_real, typical
from musicrnn.trainer.roll import draw_rolls

HELD_OUT = "held-out.mid"


def run(settings: Settings, model_name: str, config: str) -> int:
    """Measure the model and write its card, picture and pieces; return the exit status."""
    console = Console(stderr=True)
    output(settings)
    write_card(named_model(model_name), settings, (model_name, config), console)
    return 0


def write_card(model: StepModel, settings: Settings, named: tuple[str, str], console: Console) -> None:
    """Measure a model and write card, picture and pieces; ``named`` is how model and recipe were named.

    Raises CorpusError where the corpus is not the model's, ConfigError where a file must not be written,
    FileNotWrittenError where it could not be.
    """
    path = output(settings)
    real = read_real(settings, model.info, console)
    found = predicts(model, real, settings.evaluate.tokens, console)
    pieces, evidence, others = evidences(model, settings, real, console)
    picture = path.with_suffix(".png")
    shown = typical(real.held_out)
    folders = tuple(Path(folder).resolve().name for folder in settings.corpus.folders)
    source = Source(*named, getattr(model, "digest", ""), folders)
    card = Card(model.info, source, settings, real, evidence, others, found, picture.name)
    text = card_text(card)
    drawn = _drawn(model.info, pieces, real.held_out[shown], real.held_out_names[shown])
    with writing("the card"):
        write_whole(picture, drawn)
        _keep(settings, pieces, real.held_out[shown])
        write_text_whole(path, text)
    console.print(
        printable(
            f"{path}: {evidence.within} of {len(evidence.every)} figures within one standard deviation of held-out "
            f"music; {picture.name} beside it"
        ),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def output(settings: Settings) -> Path:
    """Return where the card goes; ConfigError where it, its picture or a piece must not or cannot be written."""
    card = settings.card
    path = named_file("card.output", card.output, ".md")
    check_files("card.output", (path, path.with_suffix(".png")), overwrite=card.overwrite)
    if card.keep:
        names = [*map(_made, range(1, settings.evaluate.pieces + 1)), HELD_OUT]
        check_folder("card.keep", Path(card.keep), names, overwrite=card.overwrite, parents=True)
    return path


def _drawn(info: ModelInfo, pieces: Sequence[Score], held_out: Score, name: str) -> bytes:
    chosen = typical(pieces)
    titles = (f"made by {info.name}: piece {chosen + 1}, as it came", f"held out: {Path(name).name}")
    return draw_rolls(list(zip(titles, (pieces[chosen], held_out), strict=True)))


def _keep(settings: Settings, pieces: Sequence[Score], held_out: Score) -> None:
    if not settings.card.keep:
        return
    folder = Path(settings.card.keep)
    folder.mkdir(parents=True, exist_ok=True)
    for number, score in enumerate(pieces, 1):
        write_midi(score, folder / _made(number), overwrite=settings.card.overwrite)
    write_midi(held_out, folder / HELD_OUT, overwrite=settings.card.overwrite)


def _made(number: int) -> str:
    return f"made-{number:03}.mid"
