"""A session for Open Stage Control, and the custom module that keeps it subscribed to the daemon's state.

The names of widgets and properties are those of Open Stage Control 1.x, from its reference of properties. Nothing but
labels has a value of its own: to load the session must change nothing, and the daemon says where each control is.
"""

from __future__ import annotations

import json
from typing import Any

from musicrnn.config.controls import CONTROLS, Control
from musicrnn.control import BUTTONS

Widget = dict[str, Any]
WIDEST_FADER = 1000
"""A range wider than this is typed, not drawn: a fader has some hundred places."""

_MODULE = """\
// The custom module of the session beside it: asks MusicRNN for its state, so that the widgets follow it.
"use strict";

var RATE = 10.0, SECONDS = 10.0, RENEWED_MS = 3000;

function daemons() {
    var targets = settings.read("send");
    return targets && targets.length ? [].concat(targets) : ["127.0.0.1:9000"];
}

function subscribe() {
    daemons().forEach(function (target) {
        var end = target.lastIndexOf(":");
        send(target.slice(0, end), Number(target.slice(end + 1)), "/musicrnn/subscribe", RATE, SECONDS);
    });
}

module.exports = {
    init: function () {
        subscribe();
        setInterval(subscribe, RENEWED_MS);
    },
};
"""


def module_text() -> str:
    """Return the custom module."""
    return _MODULE


def session_text(parts: tuple[str, ...]) -> str:
    """Return the session as JSON: a tab of what holds for the whole, and one of the parts."""
    whole = [_whole(control) for control in CONTROLS.values() if not control.per_part]
    tabs = [
        _box("tab", "music", [*(_button(name) for name in BUTTONS), *whole], label="Music", layout="grid"),
        _box("tab", "parts", [_part(part) for part in parts], label="Parts", layout="horizontal"),
    ]
    root = {"type": "root", "id": "root", "tabs": tabs}
    session = {"createdWith": "Open Stage Control", "version": "1.25.0", "type": "session", "content": root}
    return json.dumps(session, indent=1) + "\n"


def _box(kind: str, name: str, widgets: list[Widget], **more: Any) -> Widget:
    return {"type": kind, "id": name, "widgets": widgets, **more}


def _labelled(name: str, label: str, meaning: str, widgets: list[Widget]) -> Widget:
    text = {"type": "text", "id": f"{name}-label", "default": label, "height": 24, "bypass": True}
    return _box("panel", f"{name}-panel", [text, *widgets], layout="vertical", comments=meaning, expand=True)


def _sends(control: Control, kind: str, part: str = "") -> Widget:
    """Return what a widget of a control has that sends: its address, its part and the types."""
    name = f"{control.name}-{part}" if part else control.name
    sent: Widget = {"type": kind, "id": f"{name}-{kind}", "address": f"/musicrnn/{control.name}", "typeTags": "f"}
    if control.whole:
        sent |= {"typeTags": "i", "decimals": 0}
    if control.choices:
        sent["typeTags"] = "s"
    if part:
        sent |= {"preArgs": part, "typeTags": f"s{sent['typeTags']}"}
    return sent


def _whole(control: Control) -> Widget:
    label = f"{control.name} ({control.unit})" if control.unit else control.name
    return _labelled(control.name, label, control.meaning, _moved(control))


def _moved(control: Control, part: str = "") -> list[Widget]:
    """Return the widgets that move a control: a menu, or a fader and a field to type into."""
    if control.choices:
        return [{**_sends(control, "dropdown"), "values": list(control.choices)}]
    ends = {"min": control.low, "max": control.high}
    typed = {**_sends(control, "input", part), "numeric": True, "height": 28}
    fader = {**_sends(control, "fader", part), "range": ends, "expand": True}
    return [typed] if control.high - control.low > WIDEST_FADER else [fader, typed]


def _button(name: str) -> Widget:
    on = {"typeTags": "i", "on": 8 if name == "keep" else 1}
    return {
        "type": "button",
        "id": f"{name}-button",
        "address": f"/musicrnn/{name}",
        "label": name,
        **on,
        **({"mode": "toggle", "off": 0} if name == "record" else {"mode": "tap"}),
    }


def _part(part: str) -> Widget:
    widgets: list[Widget] = []
    for control in (control for control in CONTROLS.values() if control.per_part):
        if control.high == 1:
            switch = {"mode": "toggle", "on": 1, "off": 0, "label": control.name}
            widgets.append({**_sends(control, "button", part), **switch})
        else:
            widgets.append(_labelled(f"{control.name}-{part}", control.name, control.meaning, _moved(control, part)))
    return _labelled(f"part-{part}", part, "", widgets)
