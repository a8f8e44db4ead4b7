"""An evaluation, from a folder of MIDI files and a model to tables, JSON, a page and a sweep."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from musicrnn.commands.evaluate import check_outputs
from musicrnn.config.corpus import CorpusSettings, PartRule
from musicrnn.config.evaluate import EvaluateSettings
from musicrnn.config.play import PlaySettings
from musicrnn.config.settings import Settings
from musicrnn.errors import ConfigError, FileNotWrittenError
from musicrnn.export.quiet import LEVEL
from musicrnn.models.metadata import ModelInfo
from musicrnn.models.midi_write import write_midi
from musicrnn.models.network import Network, NetworkShape
from musicrnn.models.numpy_step import NumpyStepModel
from musicrnn.models.vocabulary import Vocabulary
from musicrnn.testing import random_model
from musicrnn.trainer.evaluate_page import page_text, write_page
from musicrnn.trainer.evaluate_run import evaluate, show
from musicrnn.trainer.evaluation import Compared, Evaluation
from musicrnn.trainer.session import save_weights
from musicrnn.trainer.sweep import COPIED, files_of, make_sweep
from musicrnn.trainer.tables import place_name
from tests.trainer.pieces import PARTS, tunes

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings for a small corpus."""
    folder = tmp_path_factory.mktemp("corpus") / "songs"
    folder.mkdir()
    for name, score in tunes(15):
        write_midi(score, folder / f"{name}.mid")
    parts = (PartRule("soprano", tracks=(1,)), PartRule("bass", tracks=(2,)))
    corpus = CorpusSettings(
        folders=(str(folder),), ticks_per_beat=4, parts=parts, max_polyphony=2, validation_share=0.2,
        test_share=0.2, cache=False,
    )  # fmt: skip
    evaluation = EvaluateSettings(pieces=3, most_bars=4, sweep_mu=(1.0, 2.0, 4.0), sweep_sigma=(0.0, 0.5))
    return Settings(corpus=corpus, play=PlaySettings(mu=1.5, seed=7), evaluate=evaluation)


@pytest.fixture(scope="module")
def model(settings: Settings) -> NumpyStepModel:
    """Return a network of random weights in the language of the corpus, as its files give it."""
    from musicrnn.models.corpus import read_corpus
    from musicrnn.trainer.material import vocabulary_of

    pieces = read_corpus(settings.corpus.folders, settings.corpus).pieces
    return random_model(vocabulary_of([piece.score for piece in pieces], settings.corpus), calm=2.0)


@pytest.fixture(scope="module")
def found(model: NumpyStepModel, settings: Settings) -> Evaluation:
    """Return the evaluation."""
    return evaluate(model, settings, quiet())


def quiet() -> Console:
    """Return a console that nobody sees."""
    return Console(file=io.StringIO())


def test_the_tables_tell_all_that_is_asked_of_an_evaluation(found: Evaluation) -> None:
    """Likelihood by part, the ten figures, metre, repetition and copies."""
    tables = {table.title.split(" (")[0]: table for table in found.tables()}
    assert list(tables) == [
        "How well it predicts", "The ten figures", "Metre", "Repetition within a piece", "Copies",
    ]  # fmt: skip
    assert [row[0] for row in tables["How well it predicts"].rows] == ["all", "soprano", "bass", "time"]
    assert len(tables["The ten figures"].rows) == 10
    assert all(len(row) == len(table.head) for table in tables.values() for row in table.rows)


def test_the_metre_is_the_share_of_onsets_on_each_sixteenth(found: Evaluation) -> None:
    """Of generated and of held-out music; each column sums to one."""
    metre = next(table for table in found.tables() if table.title.startswith("Metre"))
    for column in (1, 2):
        assert sum(float(row[column].rstrip("%")) for row in metre.rows) == pytest.approx(100.0, abs=1.0)
    assert [place_name(at) for at in (0, 1, 2, 3, 4)] == ["1", "1 e", "1 and", "1 a", "2"]


def test_the_values_are_what_the_tables_show_and_are_json(found: Evaluation) -> None:
    """Means over the very pieces; what is no number is null."""
    values = json.loads(json.dumps(found.values(), allow_nan=False))
    assert isinstance(found, Compared)
    assert values["pieces"] == {"generated": 3, "held_out": 3, "learnt_from": 9}
    assert [row["name"] for row in values["ten"]] == [row.name for row in found.evidence.ten]
    for row, shown in zip(values["ten"], found.evidence.ten, strict=True):
        assert row["generated"]["mean"] == pytest.approx(np.nanmean(shown.values[0]))
    whole, *parts = values["likelihood"]["rows"]
    assert whole["a_tick"] == pytest.approx(sum(part["a_tick"] for part in parts))
    assert values["copies"][0]["generated"]["by_bars"]


def test_the_same_evaluation_comes_out_again(model: NumpyStepModel, settings: Settings, found: Evaluation) -> None:
    """Nothing in it depends on when it is made."""
    assert evaluate(model, settings, quiet()).values() == found.values()


def test_without_a_corpus_the_pieces_stand_alone(model: NumpyStepModel, settings: Settings) -> None:
    """It says what it takes to compare them."""
    alone = evaluate(model, replace(settings, corpus=CorpusSettings()), quiet())
    assert "name the corpus that the model learnt from (--corpus)" in alone.summary()
    values = json.loads(json.dumps(alone.values(), allow_nan=False))
    assert values["pieces"] == {"generated": 3}
    assert values["figures"]["notes a beat"]["mean"] > 0
    assert [table.title for table in alone.tables()] == ["Figures", "Metre"]


def test_what_is_shown_is_summary_and_tables(found: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe as wide as it needs."""
    show(found)
    text = capsys.readouterr().out
    assert text.startswith("random: 3 pieces (")
    for words in ("The ten figures", "top-voice interval in semitones", "longest repeat in beats", "the same notes"):
        assert words in text


def test_in_a_narrow_terminal_no_word_is_cut(found: Evaluation, capsys: pytest.CaptureFixture[str]) -> None:
    """Cells are broken between words; nothing is lost at 80 columns."""
    show(found, width=80)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert {"consistency", "semitones", "transposed"} <= set(text.replace(",", " ").split())


def test_a_page_has_tables_plots_and_rolls(found: Evaluation, tmp_path: Path) -> None:
    """And the values beside them."""
    folder = tmp_path / "page"
    write_page(folder, found)
    html = (folder / "index.html").read_text(encoding="utf-8")
    for name in ("figures.png", "metre.png", "rolls.png"):
        assert f'<img src="{name}"' in html
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert html.count("<table>") == len(found.tables())
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == found.values()


def test_pieces_without_a_note_are_measured_and_drawn(
    model: NumpyStepModel, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What they lack is a dash, a share of 0 % and null, beside the corpus and alone."""
    silent = replace(settings, play=PlaySettings(mu=5.0, density=-10.0, seed=7))
    for name, wanted in (("beside", silent), ("alone", replace(silent, corpus=CorpusSettings()))):
        made = evaluate(model, wanted, quiet())
        assert [score.notes for score in made.pieces] == [(), (), ()]
        show(made)
        json.dumps(made.values(), allow_nan=False)
        write_page(tmp_path / name, made)
    assert " 0.0%" in capsys.readouterr().out


def test_a_page_that_cannot_be_drawn_leaves_nothing(found: Evaluation, tmp_path: Path) -> None:
    """All of it is drawn before any of it is written, or what is there would stand in the way of the next try."""
    assert isinstance(found, Compared)
    wrong = [replace(row, generated=row.generated[:1]) for row in found.evidence.shapes]
    with pytest.raises(ValueError, match="argument 2 is longer"):
        write_page(tmp_path / "page", replace(found, evidence=replace(found.evidence, shapes=wrong)))
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_a_corpus_has_the_rolls_alone(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """There is nothing to draw them beside."""
    write_page(tmp_path / "page", evaluate(model, replace(settings, corpus=CorpusSettings()), quiet()))
    assert sorted(path.name for path in (tmp_path / "page").iterdir()) == ["index.html", "report.json", "rolls.png"]


def test_names_on_a_page_are_text_and_never_markup(settings: Settings) -> None:
    """A model's name is whatever its file says."""
    base = random_model(Vocabulary(4, PARTS, max_polyphony=2), calm=2.0)
    named = NumpyStepModel(base.weights, replace(base.info, name="<script>alert(1)</script>"))
    html = page_text(evaluate(named, replace(settings, corpus=CorpusSettings()), quiet()), [])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_sweep_measures_each_pair_and_is_drawn(model: NumpyStepModel, settings: Settings, tmp_path: Path) -> None:
    """Four panels, and the numbers beside the picture; sigma 0 at a high mu is poorer in pitches than at a low one."""
    path, told = tmp_path / "sweep[b].png", Console(file=io.StringIO(), width=40)
    make_sweep(model, replace(settings, evaluate=replace(settings.evaluate, sweep=str(path))), told)
    assert told.file.getvalue() == f"{path}: 6 pairs of mu and sigma; the numbers beside it\n"  # type: ignore[attr-defined]
    assert path.read_bytes().startswith(b"\x89PNG")
    values = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert list(values["held_out"]) == ["notes a beat", "pitch entropy in bits", "scale consistency", COPIED]
    cells = {(cell["mu"], cell["sigma"]): cell["figures"] for cell in values["cells"]}
    assert len(cells) == 6
    assert cells[4.0, 0.0]["pitch entropy in bits"] < cells[1.0, 0.0]["pitch entropy in bits"]


def test_a_sweep_of_pieces_without_a_note_is_drawn_and_is_json(
    model: NumpyStepModel, settings: Settings, tmp_path: Path
) -> None:
    """What they lack is a dash and null; some fields have none, or all."""
    path = tmp_path / "sweep.png"
    wanted = replace(settings.evaluate, sweep=str(path), sweep_mu=(5.0, 6.0), sweep_sigma=(0.0,))
    silent = replace(settings, play=PlaySettings(density=-10.0), evaluate=wanted)
    make_sweep(model, silent, quiet())
    assert path.read_bytes().startswith(b"\x89PNG")
    text = path.with_suffix(".json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert [cell["figures"]["scale consistency"] for cell in json.loads(text)["cells"]] == [None, None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"page": "there"}, "evaluate.page must be new, got .*index.html; name another, or allow --overwrite"),
        ({"sweep": "there.png"}, "evaluate.sweep must be new, got .*there.png"),
        ({"page": "none/page"}, "evaluate.page must go into a folder that is there, got .*none/page"),
        ({"page": "pictures"}, "evaluate.page must be new, got .*pictures/metre.png"),
        ({"page": "there.png"}, "evaluate.page must be a folder, got the file .*there.png"),
        ({"sweep": "numbers.png"}, "evaluate.sweep must be new, got .*numbers.json"),
        ({"sweep": "there"}, "evaluate.sweep must be a file, got the folder .*there"),
        ({"sweep": "sweep.jpg"}, "evaluate.sweep must end in .png, got .*sweep.jpg"),
    ],
)
def test_what_is_there_is_not_written_over(
    settings: Settings, tmp_path: Path, change: dict[str, str], message: str
) -> None:
    """It is seen before an hour of work, not after."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "index.html").write_text("mine")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "metre.png").write_text("mine")
    (tmp_path / "there.png").write_text("mine")
    (tmp_path / "numbers.json").write_text("mine")
    paths = {key: str(tmp_path / name) for key, name in change.items()}
    wanted = replace(settings.evaluate, **paths)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        check_outputs(replace(settings, evaluate=wanted))
    if "must be new" in message:
        check_outputs(replace(settings, evaluate=replace(wanted, overwrite=True)))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
@pytest.mark.parametrize("key", ["page", "sweep"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(settings: Settings, key: str) -> None:
    """With what the system says of it."""
    wanted = replace(settings.evaluate, **{key: "/proc/new.png"})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=f"evaluate.{key} must be where files can be written, got /proc/new.png: "):
        check_outputs(replace(settings, evaluate=wanted))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has folders in which nobody may write")
def test_what_cannot_be_written_at_the_end_is_one_line(model: NumpyStepModel, settings: Settings) -> None:
    """With the status of a disk that is full, and the name that was asked for."""
    wanted = replace(settings, evaluate=replace(settings.evaluate, sweep="/proc/new.png", sweep_mu=(1.0,)))
    with pytest.raises(
        FileNotWrittenError, match=r"the files of evaluate.sweep must be writable, got /proc/new.png: "
    ) as e:
        make_sweep(model, wanted, quiet())
    assert e.value.exit_status == 74


def test_a_run_without_a_model_file_is_measured_in_silence(tmp_path: Path) -> None:
    """What TensorFlow says of GPUs that are not there is held back, as in a training."""
    network = Network(Vocabulary(4, PARTS, max_polyphony=2), NetworkShape(1, 8, 4), seed=1)
    (tmp_path / "checkpoints").mkdir()
    save_weights(tmp_path / "checkpoints", "best-epoch-0001", network, ModelInfo("tiny", network.vocabulary, 1, 8))
    environment = {name: value for name, value in os.environ.items() if name != LEVEL}
    done = subprocess.run(
        [sys.executable, "-m", "musicrnn", "evaluate", str(tmp_path), "--pieces", "2", "--most-bars", "1"],
        capture_output=True, text=True, timeout=300, check=False, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tiny: 2 pieces")


def test_a_picture_gets_its_ending_where_it_has_none(settings: Settings) -> None:
    """As an output of `musicrnn sample` does; the numbers are beside it."""
    assert files_of(replace(settings.evaluate, sweep="a/sweep")) == (Path("a/sweep.png"), Path("a/sweep.json"))
