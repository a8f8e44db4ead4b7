"""`musicrnn layouts`: what its widgets send is obeyed, and what the daemon sends moves them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from musicrnn.cli import main
from musicrnn.commands.layouts import MODULE, PARTS, STAGE, TOUCH
from musicrnn.control import BUTTONS, CONTROLS, Set, Status
from musicrnn.daemon.osc import command_of, value_messages
from musicrnn.daemon.osc_packets import Message, Value, message_bytes, messages

CHOSEN = {name: dict.fromkeys(PARTS, 1) for name, control in CONTROLS.items() if control.per_part}


def written(folder: Path, *words: str) -> Path:
    """Write the layouts into a folder."""
    assert main(["layouts", str(folder), *words]) == 0
    return folder


def widgets(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return a widget and all within it."""
    yield widget
    for inner in (*widget.get("tabs", ()), *widget.get("widgets", ())):
        yield from widgets(inner)


def senders(folder: Path) -> list[dict[str, Any]]:
    """Return the widgets of the session that send."""
    session = json.loads((folder / STAGE).read_text(encoding="utf-8"))
    assert (session["type"], session["content"]["type"]) == ("session", "root")
    return [widget for widget in widgets(session["content"]) if "address" in widget]


def sent(widget: dict[str, Any]) -> Iterator[Message]:
    """Return messages that a widget sends: of its ends, or its choices, as its types say."""
    control = CONTROLS.get(widget["address"].rpartition("/")[2])
    ends = [] if control is None else [control.low, control.high]
    values = widget.get("values") or ([widget["on"], widget.get("off", widget["on"])] if "on" in widget else ends)
    for value in values:
        given = [*([widget["preArgs"]] if "preArgs" in widget else []), value]
        kinds = {"f": float, "i": int, "s": str}
        typed: list[Value] = [kinds[tag](one) for tag, one in zip(widget["typeTags"], given, strict=True)]
        yield from messages(message_bytes(widget["address"], *typed))


def test_layouts_that_are_there_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody may have moved their faders; unless it is asked for."""
    (written(tmp_path) / STAGE).write_text("mine", encoding="utf-8")
    assert main(["layouts", str(tmp_path)]) == 78
    assert "allow --overwrite" in capsys.readouterr().err
    assert (tmp_path / STAGE).read_text(encoding="utf-8") == "mine"
    assert senders(written(tmp_path, "--overwrite"))


def test_all_that_the_session_sends_is_obeyed(tmp_path: Path) -> None:
    """Each widget, at both its ends."""
    found = senders(written(tmp_path))
    for widget in found:
        commands = [command_of(message) for message in sent(widget)]
        assert commands
        assert None not in commands, widget
    addresses = {widget["address"].rpartition("/")[2] for widget in found}
    assert addresses == {*CONTROLS, *BUTTONS}
    assert len({widget["id"] for widget in found}) == len(found)


def test_what_the_daemon_sends_finds_a_widget(tmp_path: Path) -> None:
    """By its address and, for a part, the part before its value."""
    found = {(widget["address"], widget.get("preArgs", "")) for widget in senders(written(tmp_path))}
    for address, values in value_messages(Status(part_controls=CHOSEN)):
        assert (address, values[0] if len(values) > 1 else "") in found


def test_to_load_the_session_changes_nothing(tmp_path: Path) -> None:
    """No widget that sends has a value of its own."""
    assert not [widget for widget in senders(written(tmp_path)) if "default" in widget or "value" in widget]


def test_the_custom_module_subscribes_before_the_lease_ends(tmp_path: Path) -> None:
    """At a third of it."""
    text = (written(tmp_path) / MODULE).read_text(encoding="utf-8")
    assert "RATE = 10.0, SECONDS = 10.0, RENEWED_MS = 3000" in text
    assert '"/musicrnn/subscribe", RATE, SECONDS' in text


def test_parts_are_named_by_the_player(tmp_path: Path) -> None:
    """For another model."""
    found = senders(written(tmp_path / "new", "--part", "drums"))
    assert {widget["preArgs"] for widget in found if "preArgs" in widget} == {"drums"}


@pytest.mark.parametrize("words", [["--part", ""], ["--part", "a", "--part", "a"], ["--part", "a\nb"]])
def test_parts_that_cannot_be_are_refused(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With nothing written."""
    assert main(["layouts", str(tmp_path / "new"), *words]) == 78
    assert "--part must be 1 to 16 different names" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_empty_path_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be the folder of whoever calls."""
    monkeypatch.chdir(tmp_path)
    assert main(["layouts", ""]) == 78
    assert capsys.readouterr().err == "musicrnn: error: FOLDER must be a path, got ''\n"
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one in quotes, which no shell has read."""
    home = tmp_path / "home"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.chdir(tmp_path)
    assert main(["layouts", "~/surface"]) == 0
    assert (home / "surface" / STAGE).is_file()
    assert list(tmp_path.iterdir()) == [home]


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file is in its place."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["layouts", str(tmp_path / "file")]) == 78
    assert "must be a folder that can be written" in capsys.readouterr().err


def touch_nodes(folder: Path) -> list[ET.Element]:
    """Return the nodes of the layout for TouchOSC."""
    root = ET.fromstring(zlib.decompress((folder / TOUCH).read_bytes()).decode())  # noqa: S314 - the program wrote it
    assert root.tag == "lexml"
    return list(root.iter("node"))


def text_of(node: ET.Element, path: str) -> str:
    """Return the text of an element that is there."""
    text = node.findtext(path)
    assert text is not None, path
    return text


def test_all_that_the_layout_for_touchosc_sends_is_obeyed(tmp_path: Path) -> None:
    """With x at 0 and at 1, scaled as it says."""
    found = [node for node in touch_nodes(written(tmp_path)) if node.find("messages") is not None]
    for node in found:
        osc = node.find("messages/osc")
        assert osc is not None
        for end in ("scaleMin", "scaleMax"):
            values = [_argument(partial, end) for partial in osc.iterfind("arguments/partial")]
            (message,) = messages(message_bytes(text_of(osc, "path/partial/value"), *values))
            assert command_of(message) is not None
    names = {text_of(node, "messages/osc/path/partial/value").rpartition("/")[2] for node in found}
    assert names == {*CONTROLS, *BUTTONS}


def _argument(partial: ET.Element, end: str) -> Value:
    text = text_of(partial, end if text_of(partial, "type") == "VALUE" else "value")
    kinds = {"FLOAT": float, "INTEGER": int, "STRING": str}
    value: Value = kinds[text_of(partial, "conversion")](text)
    return value


def test_a_fader_of_touchosc_stands_where_its_control_begins(tmp_path: Path) -> None:
    """Before the daemon has said where it is."""
    nodes = {text_of(node, "properties/property/value"): node for node in touch_nodes(written(tmp_path))}
    place = float(text_of(nodes["tempo"], "values/value/default"))
    command = Set("tempo", 20.0 + place * (999.0 - 20.0))
    assert command.value == pytest.approx(120.0, abs=0.01)
