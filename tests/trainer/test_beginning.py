"""What `--init-from` can name."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.config.corpus import CorpusSettings, PartRule
from musicrnn.config.given import Given
from musicrnn.config.load import read_settings, settings_of
from musicrnn.config.network import NetworkSettings
from musicrnn.config.settings import Settings
from musicrnn.config.training import TrainingSettings
from musicrnn.errors import TrainingError
from musicrnn.models.catalogue import bundled
from musicrnn.trainer.beginning import beginning_of, check_beginning

RECIPES = Path(__file__).parents[2] / "recipes"


def test_a_path_that_is_there_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run before a bundled model of that name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs" / "checkpoints").mkdir(parents=True)
    assert beginning_of("songs") == Path("songs")
    assert beginning_of(str(tmp_path)) == tmp_path


def test_a_folder_of_music_hides_no_bundled_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing could be begun from it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs").mkdir()
    assert beginning_of("songs") == bundled()["songs"]


def test_a_bundled_model_goes_by_its_name_alone(tmp_path: Path) -> None:
    """A path that ends in it is none: of a run that is named without its date the newest is asked after."""
    assert beginning_of("drums") == bundled()["drums"]
    run = tmp_path / "drums-20261130-120000"
    run.mkdir()
    (run / "model.onnx").touch()
    with pytest.raises(TrainingError, match=rf"got {tmp_path}/drums; did you mean {run}\?$"):
        beginning_of(str(tmp_path / "drums"))


@pytest.mark.parametrize("name", ["nosuch", "no/such/folder/drums", "drums.onnx", "a" * 300, f"{'a' * 300}/drums"])
def test_what_is_not_there_is_refused_with_what_can_be(name: str) -> None:
    """By the setting's name, the kinds, the bundled models and the value."""
    wanted = rf"training\.init_from must be a run's folder, .* one of chorales, drums, songs, got {name}$"
    with pytest.raises(TrainingError, match=wanted):
        beginning_of(name)


@pytest.mark.parametrize("name", bundled())
def test_a_recipe_has_what_its_model_needs_to_be_begun_from(name: str) -> None:
    """Grid, sizes and a part."""
    begun = Given({"training.init_from": name}, {"training.init_from": "--init-from"})
    check_beginning(settings_of(read_settings(RECIPES / f"{name}.toml"), begun))


def test_all_that_differs_from_a_model_is_named_at_once(tmp_path: Path) -> None:
    """Of a bundled model with the recipe that has it; of the same file elsewhere without."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(bundled()["drums"].read_bytes())
    corpus = CorpusSettings(parts=(PartRule("flute", rest=True),))
    network = NetworkSettings("gru", layers=1, units=32, embedding=16)
    words = (
        "cell must be lstm as in the model, got gru; layers must be 2 as in the model, got 1; units must be 256 as in "
        "the model, got 32; embedding must be 64 as in the model, got 16; ticks_per_beat must be 4 as in the model, "
        "got 12; a part must have the name of one of the model's (drums), got flute; [[corpus.parts]] names them"
    )
    recipe = (
        "; --config recipes/drums.toml, of MusicRNN's source, has all of that: say --name, --source and --licence of "
        "your own music with it"
    )
    for name, told in (("drums", words + recipe), (str(path), words)):
        with pytest.raises(TrainingError) as caught:
            check_beginning(Settings(corpus, network, TrainingSettings(init_from=name)))
        assert str(caught.value) == f"training.init_from {name}: {told}"


def test_parts_that_the_corpus_is_to_tell_are_not_asked_after() -> None:
    """Which they are is not known yet."""
    check_beginning(Settings(CorpusSettings(ticks_per_beat=4), training=TrainingSettings(init_from="drums")))
