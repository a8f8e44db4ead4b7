"""A layout for TouchOSC: XML that is compressed with zlib, one node a control, with its OSC messages.

TouchOSC's makers do not describe their files; what is known of them is from files that its editor wrote, as others
have described them. The program itself has not been tried with this layout.
"""

from __future__ import annotations

import uuid
import zlib
from xml.etree import ElementTree as ET

from musicrnn.config.controls import CONTROLS, Control, plain
from musicrnn.control import BUTTONS

WIDTH, ROW, LABEL = 1024, 44, 260
RECEIVES_AT = 9001
_SCRIPT = f"""\
local asked = -3000
function update()
  local now = getMillis()
  if now - asked >= 3000 then
    asked = now
    sendOSC({{'/musicrnn/subscribe', {{
      {{tag = 'f', value = 10}}, {{tag = 'f', value = 10}}, {{tag = 'i', value = {RECEIVES_AT}}}
    }}}})
  end
end
"""
Frame = tuple[int, int, int, int]


def touch_bytes(parts: tuple[str, ...]) -> bytes:
    """Return the file."""
    root = ET.Element("lexml", version="3")
    rows = _rows(parts)
    page = _node(root, "GROUP", "musicrnn", (0, 0, WIDTH, ROW * len(rows)))
    _property(_child(page, "properties"), "s", "script", _SCRIPT)
    children = _child(page, "children")
    for number, (control, part) in enumerate(rows):
        _row(children, number * ROW, control, part)
    text = ET.tostring(root, encoding="unicode")
    return zlib.compress(f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode(), 9)


def _rows(parts: tuple[str, ...]) -> list[tuple[Control | None, str]]:
    """Return what is in each row: the buttons (no control), each control, each control of each part."""
    whole: list[tuple[Control | None, str]] = [(one, "") for one in CONTROLS.values() if not one.per_part]
    return [(None, ""), *whole, *((one, part) for part in parts for one in CONTROLS.values() if one.per_part)]


def _row(children: ET.Element, top: int, control: Control | None, part: str) -> None:
    if control is None:
        width = WIDTH // len(BUTTONS)
        for number, name in enumerate(BUTTONS):
            frame = (number * width, top, width, ROW)
            _button(children, name, frame)
            _label(children, f"{name}-label", name, frame)
        return
    name = f"{control.name}-{part}" if part else control.name
    words = f"{part} {control.name}".strip()
    _label(children, f"{name}-label", f"{words}  {plain(control.low)} to {plain(control.high)}", (0, top, LABEL, ROW))
    _fader(children, name, control, part, (LABEL, top, WIDTH - LABEL, ROW))


def _fader(parent: ET.Element, name: str, control: Control, part: str, frame: Frame) -> None:
    kind = "BUTTON" if control.high == 1 else "FADER"
    node = _node(parent, kind, name, frame)
    if kind == "BUTTON":
        _property(_child(node, "properties"), "i", "buttonType", "1")
    else:
        _property(_child(node, "properties"), "i", "orientation", "1")
    _value(node, "x", plain(_place(control)))
    conversion = "INTEGER" if control.whole or control.choices else "FLOAT"
    message = _message(node, f"/musicrnn/{control.name}", "ANY", receive=not control.choices)
    if part:
        _partial(message, "CONSTANT", "STRING", part)
    _partial(message, "VALUE", conversion, "x", control.low, control.high)


def _place(control: Control) -> float:
    """Return where a control stands at first, 0..1."""
    first = control.choices.index(str(control.default)) if control.choices else float(control.default)
    return round((first - control.low) / (control.high - control.low), 6)


def _button(parent: ET.Element, name: str, frame: Frame) -> None:
    node = _node(parent, "BUTTON", name, frame)
    _property(_child(node, "properties"), "i", "buttonType", "0")
    _value(node, "x", "0")
    message = _message(node, f"/musicrnn/{name}", "RISE", receive=False)
    if name != "record":  # without a value it is the other of on and off
        _partial(message, "CONSTANT", "INTEGER", "8" if name == "keep" else "1")


def _label(parent: ET.Element, name: str, text: str, frame: Frame) -> None:
    node = _node(parent, "LABEL", name, frame)
    _property(_child(node, "properties"), "b", "interactive", "0")
    _property(_child(node, "properties"), "b", "background", "0")
    _value(node, "text", text)


def _node(parent: ET.Element, kind: str, name: str, frame: Frame) -> ET.Element:
    node = ET.SubElement(parent, "node", ID=str(uuid.uuid5(uuid.NAMESPACE_OID, name)), type=kind)
    properties = ET.SubElement(node, "properties")
    _property(properties, "s", "name", name)
    sides = _child(_pair(properties, "property", "r", "frame"), "value")
    for side, size in zip("xywh", frame, strict=True):
        ET.SubElement(sides, side).text = str(size)
    return node


def _child(node: ET.Element, tag: str) -> ET.Element:
    found = node.find(tag)
    return ET.SubElement(node, tag) if found is None else found


def _pair(parent: ET.Element, tag: str, kind: str, key: str) -> ET.Element:
    pair = ET.SubElement(parent, tag, type=kind)
    ET.SubElement(pair, "key").text = key
    return pair


def _property(properties: ET.Element, kind: str, key: str, value: str) -> None:
    ET.SubElement(_pair(properties, "property", kind, key), "value").text = value


def _value(node: ET.Element, key: str, default: str) -> None:
    value = ET.SubElement(_child(node, "values"), "value")
    words = {"key": key, "locked": "0", "lockedDefaultCurrent": "0", "default": default, "defaultPull": "0"}
    for tag, text in words.items():
        ET.SubElement(value, tag).text = text


def _message(node: ET.Element, address: str, condition: str, *, receive: bool) -> ET.Element:
    """Add an OSC message; return the element of its arguments."""
    osc = ET.SubElement(_child(node, "messages"), "osc")
    words = {"enabled": "1", "send": "1", "receive": str(int(receive)), "feedback": "0", "connections": "00001"}
    for tag, text in words.items():
        ET.SubElement(osc, tag).text = text
    trigger = ET.SubElement(ET.SubElement(osc, "triggers"), "trigger")
    ET.SubElement(trigger, "var").text = "x"
    ET.SubElement(trigger, "condition").text = condition
    _partial(ET.SubElement(osc, "path"), "CONSTANT", "STRING", address)
    return ET.SubElement(osc, "arguments")


def _partial(parent: ET.Element, kind: str, conversion: str, value: str, low: float = 0, high: float = 1) -> None:
    partial = ET.SubElement(parent, "partial")
    words = {"type": kind, "conversion": conversion, "value": value, "scaleMin": plain(low), "scaleMax": plain(high)}
    for tag, text in words.items():
        ET.SubElement(partial, tag).text = text
