"""Model files: what is read, and that everything else is refused with the rule."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicrnn.config.play import PlaySettings
from musicrnn.daemon.session import resolved
from musicrnn.errors import ModelError
from musicrnn.models.model_file import MAX_BYTES, check_model, load_checked, read_info, seal
from tests.models.model_files import SMALL, SMALL_INT8, bare, changed, described, info_of, unchanged
from tests.models.wrong_models import WRONG, WRONG_FACTS

CONTENT = {path.name: path.read_bytes() for path in (SMALL, SMALL_INT8)}


@pytest.mark.parametrize("path", [SMALL, SMALL_INT8], ids=["float32", "int8"])
def test_a_model_file_is_read_with_what_it_says_of_itself(path: Path) -> None:
    """Name, precision, parts and digest come from the file alone."""
    file = load_checked(path)
    assert (file.info.name, file.info.layers, file.info.units) == ("small", 2, 8)
    assert file.info.precision == ("int8" if "int8" in path.name else "float32")
    assert [part.name for part in file.info.vocabulary.parts] == ["lead", "bass", "drums"]
    assert read_info(path) == file.info
    assert file.content == path.read_bytes()
    assert file.content.endswith(file.digest.encode())


@pytest.mark.parametrize(("told", "played"), [(15.0, 20.0), (1.0, 20.0), (6000.0, 999.0), (140.5, 140.5)])
def test_the_usual_tempo_is_one_that_can_be_played(told: float, played: float) -> None:
    """A corpus may be slower or quicker than what plays; the file says what it always said."""
    content = changed(unchanged, tempo=told)
    file = check_model(content, "slow.onnx")
    assert (file.info.tempo, file.content) == (played, content)
    assert resolved(PlaySettings(), file.info, 1).tempo == played


def test_a_file_sealed_anew_without_a_change_is_the_same() -> None:
    """Sealing is a function of graph and description."""
    assert changed(unchanged) == SMALL.read_bytes()


@given(data=st.data(), name=st.sampled_from(sorted(CONTENT)))
def test_every_bit_flip_is_refused(data: st.DataObject, name: str) -> None:
    """The seal covers every byte of the file, its own included."""
    content = bytearray(CONTENT[name])
    for at in data.draw(st.sets(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ModelError, match="seal"):
        check_model(bytes(content), name)


@given(data=st.data(), name=st.sampled_from(sorted(CONTENT)))
def test_every_truncation_and_extension_is_refused(data: st.DataObject, name: str) -> None:
    """Half a file, or a file with something behind it, is no model."""
    content = CONTENT[name]
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    longer = content + data.draw(st.binary(min_size=1, max_size=80))
    for wrong in (cut, longer):
        with pytest.raises(ModelError, match="seal"):
            check_model(wrong, name)


@given(content=st.binary(max_size=400))
def test_random_bytes_with_a_good_seal_are_refused(content: bytes) -> None:
    """Whoever seals rubbish gets a reason, never a traceback."""
    with pytest.raises(ModelError):
        check_model(seal(content, info_of()), "rubbish")


@given(data=st.data(), name=st.sampled_from(sorted(CONTENT)))
def test_a_forged_graph_is_refused_or_is_still_of_the_contract(data: st.DataObject, name: str) -> None:
    """Bytes changed under a good seal raise ModelError, or leave a graph that passes every check."""
    graph = bytearray(bare(SMALL_INT8 if "int8" in name else SMALL).SerializeToString())
    for at in data.draw(st.sets(st.integers(0, len(graph) - 1), min_size=1, max_size=3)):
        graph[at] = data.draw(st.integers(0, 255))
    info = info_of(SMALL_INT8 if "int8" in name else SMALL)
    with suppress(ModelError):
        assert check_model(seal(bytes(graph), info), name).info == info


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_graph_is_refused_with_the_rule(what: str) -> None:
    """Each is sealed, so that only the rule itself can refuse it."""
    change, rule = WRONG[what]
    with pytest.raises(ModelError, match=rule) as caught:
        check_model(changed(change), "wrong.onnx")
    assert str(caught.value).startswith("wrong.onnx: ")


@pytest.mark.parametrize("what", WRONG_FACTS)
def test_a_description_that_contradicts_the_graph_is_refused(what: str) -> None:
    """The graph is whole, the facts are not its own."""
    facts, rule = WRONG_FACTS[what]
    with pytest.raises(ModelError, match=rule):
        check_model(changed(unchanged, **facts), "wrong.onnx")


@pytest.mark.parametrize(
    ("where", "value", "rule"),
    [
        (("vocabulary", "parts", 0, "channel"), 1.5, "channel must be of type int, got 1.5"),
        (("vocabulary", "parts", 0, "program"), True, "program must be of type int, got True"),
        (("vocabulary", "parts", 0, "low"), 60.0, "low must be of type int, got 60.0"),
        (("vocabulary", "parts", 0, "percussive"), 0, "percussive must be of type bool, got 0"),
        (("vocabulary", "parts", 1, "name"), "lead", "the parts' names must differ, got lead, lead, drums"),
        (("vocabulary", "max_polyphony"), 4.5, "max_polyphony must be of type int, got 4.5"),
        (("vocabulary", "velocity_bins"), 2.0, "velocity_bins must be of type int, got 2.0"),
        (("metre", 0), float("inf"), "the model's description must be whole"),
        pytest.param(("figures", "nats"), 10**400, "the figures must be finite numbers", id="a huge figure"),
        (("precision",), ["float32"], "the precision must be of float32, int8"),
        pytest.param(("tempo",), 10**400, "the tempo must be in 1..6000 bpm", id="a huge tempo"),
    ],
)
def test_a_description_of_values_that_cannot_be_played_is_refused(
    where: tuple[str | int, ...], value: object, rule: str
) -> None:
    """JSON has numbers that are no channel and no tempo; none of them gets as far as a port, or ends in a traceback."""
    facts = json.loads(info_of().to_json())
    inner = facts
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    with pytest.raises(ModelError, match=re.escape(rule)):
        check_model(described(json.dumps(facts)), "wrong.onnx")


def test_a_description_without_a_bottom_is_refused() -> None:
    """Lists in lists, deeper than Python can follow."""
    with pytest.raises(ModelError, match=r"wrong\.onnx: the model's description must be whole"):
        check_model(described("[" * 200_000), "wrong.onnx")


def test_int8_operators_are_refused_in_a_float32_model() -> None:
    """What may stand in a graph depends on the precision that the file names."""
    with pytest.raises(ModelError, match="operators must be of"):
        check_model(changed(unchanged, SMALL_INT8, precision="float32"), "wrong.onnx")


def test_a_file_that_is_not_there_is_refused_with_its_name(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    with pytest.raises(ModelError, match=r"none\.onnx: the model must be a file that can be read"):
        load_checked(tmp_path / "none.onnx")


def test_a_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    """A folder cannot be read as a file."""
    with pytest.raises(ModelError, match="must be a file that can be read"):
        load_checked(tmp_path)


def test_a_file_above_the_limit_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    """The file is sparse: 256 MiB and one byte of nothing."""
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ModelError, match="at most 268435456 bytes"):
        load_checked(path)
