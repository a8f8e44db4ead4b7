"""Export a run: load its weights, write the files asked for, and say what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from musicrnn.bench.progress import progress
from musicrnn.commands.export import targets_of
from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.outputs import writing
from musicrnn.config.sample import ExportSettings
from musicrnn.errors import ConfigError, CorpusError, ModelError
from musicrnn.export.keras_step import KerasStepModel
from musicrnn.export.quantise import quantise
from musicrnn.export.quiet import quiet
from musicrnn.export.report import Change, change, checked_distance
from musicrnn.export.step_graph import export_step
from musicrnn.export.walks import walk
from musicrnn.files import write_whole
from musicrnn.models.corpus import read_corpus
from musicrnn.models.evaluation import TokenPiece
from musicrnn.models.grammar import Grammar
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.model_file import check_model
from musicrnn.models.onnx_step import OnnxStepModel
from musicrnn.printable import printable
from musicrnn.trainer.dataset import piece_of
from musicrnn.trainer.material import split
from musicrnn.trainer.origin import check_origin
from musicrnn.trainer.session import load_network

WALKS, WALK_BARS = 2, 16
LARGEST_CHANGE = 1.0


def export(settings: ExportSettings) -> int:
    """Write the model files of a run and print their sizes and figures; return the exit status.

    Raises ConfigError where a file must not or cannot be written, or is named as another kind of file, ModelError where
    the export does not agree with the network, TrainingError for a run without whole weights, FileNotWrittenError.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    source = Path(settings.run)
    targets = targets_of(settings)
    with progress() as say:
        say("writing the graph")
        network, info = load_network(source, as_model=True)
        with quiet():
            content = export_step(network.step_weights(), info)
        say("reading the run's test pieces")
        pieces, kind, trouble = _pieces(source, content, info)
        say("comparing the graph with Keras, step for step")
        found = checked_distance(KerasStepModel(network, info), content, pieces, str(source))
    if trouble:
        console.print(printable(f"the run's test pieces cannot be had, the model's own are taken: {trouble}"))
    console.print(
        f"float32 agrees with Keras over {found.steps:,} steps of {kind}: "
        f"logits within {found.logits:.1e} of the largest, state within {found.state:.1e}"
    )
    if "float32" in targets:
        write_model(targets["float32"], content, console)
    if "int8" in targets:
        write_model(targets["int8"], _int8(content, pieces, kind, console), console)
    return 0


def _pieces(source: Path, content: bytes, info: ModelInfo) -> tuple[Sequence[TokenPiece], str, str]:
    """Return the run's own test pieces, or what the model itself plays, which of them, and why not its own."""
    try:
        return test_pieces(source, info), "its test pieces", ""
    except (ConfigError, CorpusError, ModelError) as error:
        trouble = str(error)
    model = OnnxStepModel(check_model(content, str(source)))
    return [walk(model, WALK_BARS, seed) for seed in range(WALKS)], "music of its own", trouble


def test_pieces(run: Path, info: ModelInfo) -> list[TokenPiece]:
    """Return the pieces that a run kept for its test; CorpusError or ConfigError where they are not there any more."""
    stored = run / "settings.toml"
    if not stored.is_file():
        raise ConfigError(f"{stored}: there must be the settings of a run, and there are none")
    settings = settings_of(read_settings(stored)).corpus
    if not settings.test_share:
        raise CorpusError(f"{stored}: corpus.test_share must have kept pieces back for the test, got 0")
    corpus = read_corpus(settings.folders, settings)
    check_origin(corpus, settings, info)
    usable = [piece for piece in corpus.pieces if piece.count]
    share = split(len(usable), settings)[2]
    if corpus.parts != info.vocabulary.parts:
        raise CorpusError(f"{', '.join(settings.folders)}: must hold what the run was trained on, got other music")
    grammar = Grammar(info.vocabulary)
    return [piece_of(usable[i].rows, grammar, 0)[0] for i in share]


def _int8(content: bytes, pieces: Sequence[TokenPiece], kind: str, console: Console) -> bytes:
    """Return the int8 form, with what it costs among its figures."""
    with progress() as say:
        say("measuring the int8 form")
        cost = change(content, quantise(content), pieces)
    console.print(_sentence(cost, kind))
    if cost.percent > LARGEST_CHANGE:
        console.print(f"warning: that is more than {LARGEST_CHANGE:g} %; the float32 form may be the better one")
    info = check_model(content, "model").info
    figures = info.figures | {"int8_change_percent": round(cost.percent, 3)}
    return quantise(content, info=replace(info, figures=figures))


def _sentence(cost: Change, kind: str) -> str:
    return (
        f"int8 on {kind}: {cost.after.a_tick:.4f} nats a tick, float32 {cost.before.a_tick:.4f} "
        f"({cost.percent:+.2f} %, {cost.before.tokens:,} tokens)"
    )


def write_model(path: Path, content: bytes, console: Console) -> None:
    """Write a model file, once it was read as what plays reads it, and say what it is. Raises FileNotWrittenError."""
    file = check_model(content, str(path))
    OnnxStepModel(file, str(path))
    with writing("export.output"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    console.print(printable(f"{path}: {file.info.precision}, {len(content) / 1e6:.2f} MB, seal {file.digest[:12]}"))
