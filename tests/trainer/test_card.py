"""A model card, from a folder of MIDI files and a model to Markdown and a picture."""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from musicrnn.commands.card import add_arguments
from musicrnn.config.card import CardSettings
from musicrnn.config.corpus import CorpusSettings, PartRule
from musicrnn.config.evaluate import EvaluateSettings
from musicrnn.config.flags import settings_from
from musicrnn.config.play import PlaySettings
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError, CorpusError, ModelError
from musicrnn.models.corpus import Readings, corpus_of, grid_settings, read_files
from musicrnn.models.corpus_files import find_files
from musicrnn.models.generator import Choice
from musicrnn.models.midi_write import write_midi
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.score import Note, regular_bars
from musicrnn.testing import FailingModel, random_model
from musicrnn.trainer.card import table
from musicrnn.trainer.card_pieces import generate, head, in_language, real_pieces, rulers
from musicrnn.trainer.card_run import output, write_card
from musicrnn.trainer.material import material, vocabulary_of
from musicrnn.trainer.measuring import read_real
from musicrnn.trainer.origin import origin_of
from musicrnn.trainer.tables import number
from tests.trainer.pieces import tune, tunes

pytestmark = pytest.mark.train

CORPUS = CorpusSettings(
    ticks_per_beat=4,
    parts=(PartRule("soprano", tracks=(1,)), PartRule("bass", tracks=(2,))),
    max_polyphony=2,
    validation_share=0.2,
    test_share=0.2,
    cache=False,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small corpus of MIDI files."""
    path = tmp_path_factory.mktemp("corpus") / "songs"
    path.mkdir()
    for name, score in tunes(15):
        write_midi(score, path / f"{name}.mid")
    return path


@pytest.fixture(scope="module")
def readings(folder: Path) -> Readings:
    """Return what is in the folder, before parts are chosen."""
    return read_files(find_files([folder]), grid_settings(CORPUS))


@pytest.fixture
def model(readings: Readings) -> NumpyStepModel:
    """Return a network of random weights in the language of the corpus."""
    pieces = corpus_of(readings, CORPUS).pieces
    return random_model(vocabulary_of([piece.score for piece in pieces], CORPUS), calm=2.0)


@pytest.fixture
def settings(folder: Path, tmp_path: Path) -> Settings:
    """Return settings for the corpus, and a card elsewhere."""
    return Settings(
        corpus=replace(CORPUS, folders=(str(folder),)),
        play=PlaySettings(mu=1.5, seed=7),
        evaluate=EvaluateSettings(pieces=3, most_bars=4),
        card=CardSettings(output=str(tmp_path / "card.md"), also_mu=(1.0,)),
    )


def quiet() -> Console:
    """Return a console that nobody sees."""
    return Console(file=io.StringIO())


def test_a_card_tells_what_was_measured_and_how_to_make_it_again(
    model: NumpyStepModel, settings: Settings, tmp_path: Path
) -> None:
    """Figures, histograms, copies, another mu, the command, and not one path of the machine."""
    write_card(model, settings, (str(tmp_path / "run" / "model.onnx"), "recipes/songs.toml"), quiet())
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert text.startswith("# random: model card\n")
    for line in ("| onsets on a beat |", "| soprano, a piece |", "| lengths of notes |", "| the same notes |",
                 "mu 1.5, sigma 0, seeds 7 to 9, none left out", "| 1.5 |", "- 9 pieces to learn from",
                 "musicrnn card model.onnx PATH-TO/songs --config recipes/songs.toml"):  # fmt: skip
        assert line in text
    assert str(tmp_path) not in text
    assert str(Path(settings.corpus.folders[0]).parent) not in text
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_of_a_card_makes_it_again(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """All that was asked of what plays and of the measuring is in it, and what is not usual in the words above."""
    asked = {
        "play.mu": 1.5, "play.sigma": 0.25, "play.density": 0.5, "play.memory": 0.75, "play.exponent_span": "bar",
        "play.seed": 7, "evaluate.pieces": 2, "evaluate.most_bars": 4, "evaluate.tokens": 300,
    }  # fmt: skip
    flags = [
        word
        for name, value in asked.items()
        for word in (f"--{name[name.index('.') + 1 :].replace('_', '-')}", str(value))
    ]
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    typed = settings_from(parser.parse_args(["model.onnx", *settings.corpus.folders, *flags]), "card")
    wanted = replace(settings, play=typed.play, evaluate=typed.evaluate, origins=typed.origins)
    write_card(model, wanted, ("model.onnx", ""), quiet())
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    again = next(line for line in text.splitlines() if line.startswith("musicrnn card "))
    made = settings_from(parser.parse_args(again.split()[2:]), "card")
    assert {name: made.value(name) for name in asked} == asked
    assert "at mu 1.5, sigma 0.25, a draw a bar, density 0.5, memory 0.75, seeds 7 to 8" in text


def test_a_card_of_pieces_without_a_note_is_written(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """What they lack is a dash, and a share of 0 %."""
    silent = replace(settings, play=PlaySettings(mu=5.0, density=-10.0, seed=7))
    write_card(model, silent, ("model.onnx", ""), quiet())
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert "| notes a beat | 0.000 ± 0.000 |" in text
    assert "| 1 | 0.0% |" in text
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_card_comes_out_again(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """Nothing in it depends on when or how often it is made."""
    again = replace(settings, card=replace(settings.card, overwrite=True))
    texts = []
    for _ in range(2):
        write_card(model, again, ("model.onnx", ""), quiet())
        texts.append((tmp_path / "card.md").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]


def test_a_model_of_two_runs_names_both(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """In their order, the second going on from the first."""
    card = replace(settings.card, after="recipes/first.toml", overwrite=True, also_mu=())
    write_card(model, replace(settings, card=card), ("model.onnx", "recipes/second.toml"), quiet())
    text = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert (
        "musicrnn-train --config recipes/first.toml PATH-TO/songs\n"
        "musicrnn-train --config recipes/second.toml --init-from THAT-RUN PATH-TO/songs\n"
    ) in text


def test_the_card_is_told_by_the_name_that_it_has(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """Brackets are no markup, what would break the line is escaped, and a long path is not broken."""
    told, name = Console(file=io.StringIO(), width=40), "c[b]\n.md"
    card = replace(settings.card, output=str(tmp_path / name), also_mu=())
    write_card(model, replace(settings, card=card), ("model.onnx", ""), told)
    assert (tmp_path / name).exists()
    assert told.file.getvalue().startswith(f"{tmp_path}/c[b]\\n.md: ")  # type: ignore[attr-defined]


def test_the_pieces_are_kept_where_it_is_asked_for(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """They are what was measured, and a held-out piece."""
    kept = replace(settings, card=replace(settings.card, keep=str(tmp_path / "kept"), also_mu=()))
    write_card(model, kept, ("model.onnx", ""), quiet())
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == ["held-out.mid", "made-001.mid", "made-002.mid", "made-003.mid"]


def test_a_card_that_is_there_is_not_written_over(settings: Settings, tmp_path: Path) -> None:
    """Unless it is asked for; it is seen before an hour of work, not after."""
    (tmp_path / "card.md").write_text("mine")
    with pytest.raises(ConfigError, match=r"card\.output must be new, got .*card\.md; name another, or allow"):
        output(settings)
    assert output(replace(settings, card=replace(settings.card, overwrite=True))) == tmp_path / "card.md"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output": "none/card.md"}, r"card\.output must go into a folder that is there, got .*none/card\.md"),
        ({"output": "drawn.md"}, r"card\.output must be new, got .*drawn\.png"),
        ({"output": "card.txt"}, r"card\.output must end in \.md, got .*card\.txt"),
        ({"output": "kept"}, r"card\.output must be a file, got the folder .*kept"),
        ({"keep": "kept"}, r"card\.keep must be new, got .*made-003\.mid"),
        ({"keep": "drawn.png"}, r"card\.keep must be a folder, got the file .*drawn\.png"),
        ({"keep": "drawn.png/a/b"}, r"card\.keep must go into a folder that is there, got .*drawn\.png/a"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    settings: Settings, tmp_path: Path, change: dict[str, str], message: str
) -> None:
    """The card, the picture beside it and each piece that is kept."""
    (tmp_path / "drawn.png").write_text("mine")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "made-003.mid").write_text("mine")
    card = replace(settings.card, **{key: str(tmp_path / name) for key, name in change.items()})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        output(replace(settings, card=card))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
@pytest.mark.parametrize(("key", "name"), [("output", "/proc/card.md"), ("keep", "/proc/a/b")])
def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(settings: Settings, key: str, name: str) -> None:
    """With what the system says of it."""
    card = replace(settings.card, **{key: name})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf"card\.{key} must be where files can be written, got /proc/"):
        output(replace(settings, card=card))


def test_pieces_are_kept_in_folders_that_are_made_for_them(settings: Settings, tmp_path: Path) -> None:
    """A card without an ending gets one."""
    card = replace(settings.card, output=str(tmp_path / "mine"), keep=str(tmp_path / "new" / "deep"))
    assert output(replace(settings, card=card)) == tmp_path / "mine.md"
    assert list(tmp_path.iterdir()) == []


def test_another_corpus_than_the_models_is_refused(model: NumpyStepModel, settings: Settings) -> None:
    """What it calls held out might be what the model learnt."""
    info = replace(model.info, corpus={"pieces": 15, "sha256": "0" * 64})
    with pytest.raises(CorpusError, match="the corpus must be the one that random learnt from, 15 pieces"):
        write_card(NumpyStepModel(model.weights, info), settings, ("model.onnx", ""), quiet())


def test_another_division_than_the_models_is_refused_before_the_corpus_is_read(
    model: NumpyStepModel, settings: Settings
) -> None:
    """With another seed or share of the split, pieces that the model learnt from would be called held out."""
    split = {"split_seed": 7, "validation_share": 0.2, "test_share": 0.1}
    other = NumpyStepModel(model.weights, replace(model.info, corpus={"split": split}))
    nowhere = replace(settings, corpus=replace(settings.corpus, folders=("no-such-folder",)))
    with pytest.raises(
        CorpusError,
        match=r"split_seed must be 7, got 0, and test_share must be 0\.1, got 0\.2, as random was trained, or held-out",
    ):
        write_card(other, nowhere, ("model.onnx", ""), quiet())


def test_a_corpus_whose_names_give_another_order_is_refused(
    readings: Readings, model: NumpyStepModel, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    """The shares are drawn by the pieces' places, which follow their names; a model that says no order is believed."""
    origin = origin_of(corpus_of(readings, CORPUS), CORPUS)
    turned = tmp_path / "turned"
    turned.mkdir()
    for place, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        (turned / f"{place:02}.mid").write_bytes(path.read_bytes())
    renamed = replace(settings, corpus=replace(settings.corpus, folders=(str(turned),)))
    same = read_real(settings, replace(model.info, corpus=origin), quiet())
    with pytest.raises(CorpusError, match="must be in the order in which random learnt from it"):
        read_real(renamed, replace(model.info, corpus=origin), quiet())
    unsaid = {key: value for key, value in origin.items() if key != "ordered_sha256"}
    assert len(read_real(renamed, replace(model.info, corpus=unsaid), quiet()).held_out) == len(same.held_out)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"velocity_bins": 4}, "velocity_bins must be 0, got 4"),
        ({"max_polyphony": 3}, "max_polyphony must be 2, got 3"),
        (
            {"parts": (PartRule("soprano", tracks=(1,)), PartRule("low", tracks=(2,)))},
            "part must be .*bass.*, got .*low",
        ),
    ],
)
def test_other_settings_than_the_models_are_refused(
    readings: Readings, model: NumpyStepModel, change: dict[str, object], message: str
) -> None:
    """They would give another language, or another division of the pieces."""
    other = replace(CORPUS, **change)  # type: ignore[arg-type]
    with pytest.raises(CorpusError, match=message):
        real_pieces(corpus_of(readings, other), other, model.info.vocabulary)


def test_the_shares_are_those_of_the_training(readings: Readings) -> None:
    """No piece that the model learnt from is called held out."""
    corpus = corpus_of(readings, CORPUS)
    trained = material([(piece.name, piece.score) for piece in corpus.pieces], CORPUS)
    real = real_pieces(corpus, CORPUS, trained.vocabulary)
    assert list(real.train_names) == trained.names["train"]
    assert list(real.held_out_names) == trained.names["test"]


def test_a_corpus_that_holds_nothing_out_is_refused(readings: Readings, model: NumpyStepModel) -> None:
    """There would be nothing to compare with."""
    none = replace(CORPUS, test_share=0.0)
    words = "must hold out 2 pieces or more for the test, got 0 of "
    with pytest.raises(CorpusError, match=words):
        real_pieces(corpus_of(readings, none), none, model.info.vocabulary)


def test_a_head_ends_on_a_bar_line() -> None:
    """Notes that go on beyond it are cut, later ones left out."""
    score = replace(tune(1, bars=3), notes=(Note(0, 0, 60, 4), Note(30, 0, 62, 8), Note(32, 1, 50, 4)))
    cut = head(score, 2)
    assert cut.length == 32
    assert cut.notes == (Note(0, 0, 60, 4), Note(30, 0, 62, 2))


def test_rulers_come_from_short_and_long_pieces_alike() -> None:
    """Four from eight pieces, by length; more than there are come twice."""
    scores = [tune(i, bars) for i, bars in enumerate((8, 1, 7, 2, 6, 3, 5, 4))]
    assert [len(bars) for bars in rulers(scores, 4)] == [2, 4, 6, 8]
    assert [len(bars) for bars in rulers(scores[:2], 4)] == [1, 1, 8, 8]


def test_a_piece_is_generated_in_the_bars_that_are_asked_for(model: NumpyStepModel) -> None:
    """The same seed gives the same piece, in the model's own language."""
    bars = regular_bars(36, 4, 3, 4)
    told: list[int] = []
    score = generate(model, bars, Choice(seed=3), told.append)
    assert score.bars == bars
    assert told == [12, 12, 12]
    assert score == generate(model, bars, Choice(seed=3))
    assert in_language(score, model.info.vocabulary) == score


def test_a_network_that_answers_with_nan_is_told_by_name(model: NumpyStepModel) -> None:
    """Not by a traceback."""
    broken = FailingModel(model, lambda step: "logits" if step == 5 else "")
    with pytest.raises(ModelError, match="random: the network must answer with finite numbers"):
        generate(broken, regular_bars(16, 4), Choice(seed=1))


def test_numbers_have_three_digits_that_matter() -> None:
    """And what is none is a dash."""
    assert [number(value) for value in (0.1234, 1.234, -12.34, 61.37, float("nan"))] == [
        "0.123", "1.23", "-12.34", "61.4", "-",
    ]  # fmt: skip
    assert table(("a", "b"), [("x", "1")]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
