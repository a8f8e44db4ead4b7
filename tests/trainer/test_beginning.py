"""What `--init-from` can name."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicrnn.errors import TrainingError
from musicrnn.models.catalogue import bundled
from musicrnn.trainer.beginning import beginning_of


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
