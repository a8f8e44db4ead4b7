"""What the predecessors had and no other test shows: folders, round trips, names of models, text as it is made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from musicrnn import cli
from musicrnn.config.corpus import CorpusSettings
from musicrnn.config.play import PlaySettings
from musicrnn.config.sample import SampleSettings
from musicrnn.config.settings import Settings
from musicrnn.daemon.sample import sample
from musicrnn.errors import TrainingError
from musicrnn.models.catalogue import find_model, own
from musicrnn.models.corpus import read_corpus
from musicrnn.models.midi_write import midi_bytes
from musicrnn.models.score import Bar, Note, Part, Score
from musicrnn.models.step import Logits, NetworkState, StepModel
from musicrnn.models.timing import Position
from musicrnn.models.tokens import decode
from musicrnn.testing import random_model, small_vocabulary
from musicrnn.trainer.material import material
from musicrnn.trainer.run_folder import RunFolder, default_folder
from tests.models.model_files import SMALL
from tests.models.raw_midi import ONE_NOTE, file

REAL = Path(__file__).parent / "fixtures" / "midi"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests out of the user's folders, and return the one of the user's data."""
    for kind in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind))
    return tmp_path / "DATA"


def test_only_the_folders_that_are_named_are_read(tmp_path: Path) -> None:
    """Two of three (P1)."""
    for number, name in enumerate(("bach", "joplin", "other")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.mid").write_bytes(file(f"00 90 {60 + number:x} 50", f"60 80 {60 + number:x} 00"))
    corpus = read_corpus([tmp_path / "bach", tmp_path / "joplin"], CorpusSettings(cache=False))
    assert [piece.name for piece in corpus.pieces] == ["bach/a.mid", "joplin/a.mid"]


def test_a_whole_folder_goes_there_and_back_with_each_difference_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One command; a file that is not on the grid makes the status 1 (P12)."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "even.mid").write_bytes(file(*ONE_NOTE, division=96))
    (folder / "uneven.mid").write_bytes(file("05 90 3c 50", "5b 80 3c 00", division=96))
    assert cli.main(["convert", str(folder), str(tmp_path / "out"), "--round-trip"]) == 1
    told = capsys.readouterr().out
    assert "even.mid: came back the same; all onsets on the grid" in told
    assert "uneven.mid: 1 difference; 100% of onsets off the grid" in told
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["even.txt", "uneven.txt"]
    assert cli.main(["convert", str(tmp_path / "out"), str(tmp_path / "back")]) == 0
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["even.mid", "uneven.mid"]


def test_all_88_keys_and_those_beyond_them_are_learnt_and_written(tmp_path: Path) -> None:
    """A model has the range of its corpus, up to 0..127 (P13)."""
    keys = (0, 21, 108, 127)
    parts = (Part("piano", 0, 127),)
    notes = tuple(Note(4 * place, 0, pitch, 4, 64) for place, pitch in enumerate(keys))
    for name, bars in (("a", 1), ("b", 2), ("c", 3)):
        score = Score(4, parts, notes, tuple(Bar(16 * bar, 16) for bar in range(bars)))
        (tmp_path / f"{name}.mid").write_bytes(midi_bytes(score) + name.encode())
    corpus = read_corpus([tmp_path], CorpusSettings(ticks_per_beat=4, cache=False))
    settings = CorpusSettings(ticks_per_beat=4, test_share=0.0, validation_share=0.0)
    found = material([(piece.name, piece.score) for piece in corpus.pieces] * 3, settings)
    assert found.fit.out_of_range == 0
    frames = decode(found.train[0].tokens.tolist()[1:-1], found.vocabulary)
    assert {sounding.pitch for frame in frames for sounding in frame} == set(keys)


def test_a_model_is_sampled_by_its_name(own_folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that comes with MusicRNN, and the user's own out of a folder of them (P10)."""
    assert cli.main(["sample", "--model", "untrained", "--bars", "1", "--seed", "3"]) == 0
    assert "part.soprano" in capsys.readouterr().out
    folder = own_folders / "musicrnn" / "models"
    folder.mkdir(parents=True)
    shutil.copy(SMALL, folder / "mine.onnx")
    assert list(own()) == ["mine"]
    assert find_model("mine") == folder / "mine.onnx"
    assert cli.main(["sample", "--model", "mine", "--bars", "1", "--seed", "3"]) == 0


def test_models_are_listed_with_their_figures(own_folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the names that --model takes, the user's own and the untrained one too (P14)."""
    (own_folders / "musicrnn" / "models").mkdir(parents=True)
    shutil.copy(SMALL, own_folders / "musicrnn" / "models" / "mine.onnx")
    assert cli.main(["daemon", "--list-models"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "nats a tick" in lines["name"]
    assert {"mine", "untrained"} <= set(lines)


def test_the_list_of_models_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 80 columns, with where each model comes from below."""
    assert cli.main(["daemon", "--list-models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert any(line.startswith("songs") and "OpenScore" in line and "CC0" in line for line in lines)


class InterruptedModel:
    """Another model that the user breaks off at a step."""

    def __init__(self, model: StepModel, last: int) -> None:
        self.info, self.initial_state = model.info, model.initial_state
        self._model, self._left = model, last

    def step(self, token: int, position: Position, state: NetworkState) -> tuple[Logits, NetworkState]:
        """Return the other model's step, or fail as Ctrl-C does."""
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return self._model.step(token, position, state)


def test_bars_are_printed_before_the_next_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """Broken off on the way, what was made stands there already, as the head of the whole (P30)."""
    model = random_model(small_vocabulary(), 9, scale=2.0, calm=3.0)
    settings = Settings(play=PlaySettings(seed=4, tempo=120.0), sample=SampleSettings(bars=8))
    assert sample(settings, model) == 0
    whole = capsys.readouterr().out
    with pytest.raises(KeyboardInterrupt):
        sample(settings, InterruptedModel(model, 150))
    begun = capsys.readouterr().out
    assert whole.startswith(begun)
    assert 2 <= sum(not line.startswith("#") for line in begun.splitlines()) < 8


def test_a_run_is_kept_under_its_name_and_never_replaced(tmp_path: Path) -> None:
    """runs/NAME-DATE, or the folder that is named (P6, P16)."""
    assert default_folder("mine").parent == Path("runs")
    assert default_folder("mine").name.startswith("mine-2")
    RunFolder(tmp_path).rewrite_metrics([])
    with pytest.raises(TrainingError, match="the run folder must be new"):
        RunFolder(tmp_path).create(overwrite=False)
