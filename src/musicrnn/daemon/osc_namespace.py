"""The controls as an OSCQuery namespace: nested nodes that say what each address takes and what its value is.

The attributes are those of the OSCQuery proposal (github.com/Vidvox/OSCQueryProposal).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musicrnn.control import BUTTONS, CONTROLS, KEPT_BARS, RAMP_BEATS, Control, ControlValue, Status
from musicrnn.daemon.osc import ADDRESSES, PREFIX, RECORD, SWITCHES
from musicrnn.daemon.osc_senders import ANY_ADDRESS

Node = dict[str, Any]
READ, WRITE, BOTH = 1, 2, 3
ATTRIBUTES = ("FULL_PATH", "CONTENTS", "DESCRIPTION", "TYPE", "ACCESS", "RANGE", "VALUE", "UNIT", "CLIPMODE")
_FEATURES = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TYPE", "UNIT", "CLIPMODE")


def host_info(osc: tuple[str, int], listen: tuple[str, int] | None = None) -> Node:
    """Return who serves the namespace, where OSC is taken and, if anywhere, WebSocket; no address is that of HTTP."""
    supported = dict.fromkeys(_FEATURES, True) | dict.fromkeys(("TAGS", "CRITICAL"), False)
    supported |= dict.fromkeys(("LISTEN", "PATH_CHANGED"), listen is not None)
    info = {"NAME": "MusicRNN", "OSC_IP": osc[0], "OSC_PORT": osc[1], "OSC_TRANSPORT": "UDP", "EXTENSIONS": supported}
    if listen is not None:
        info |= {"WS_IP": listen[0], "WS_PORT": listen[1]}
    return {key: value for key, value in info.items() if value not in tuple(ANY_ADDRESS)}


def namespace(status: Status, models: Sequence[str]) -> Node:
    """Return the root node; ``models`` are the names that the model can be changed to."""
    nodes = [_control_node(control, status) for control in CONTROLS.values()]
    learnt = [*(name for name, control in CONTROLS.items() if not control.per_part), *BUTTONS]
    nodes += [_button(address) for address, row in ADDRESSES.items() if row.types == SWITCHES and address != RECORD]
    nodes += [
        _method("model", "s", [{"VALS": list(models)}], value=[status.model]),
        _method("record", "i", [{"MIN": 0, "MAX": 1}], value=[int(status.taking)]),
        _method("prime", "s", []),
        _method("keep", "i", [_bounds(KEPT_BARS)], unit=[KEPT_BARS.unit]),
        _method("learn", "s", [{"VALS": learnt}]),
        _method("forget", "s", [{"VALS": learnt}]),
        _method("ramp", "ff", [_bounds(CONTROLS["tempo"]), _bounds(RAMP_BEATS)], unit=["bpm", "beats"]),
    ]
    musicrnn = _container(PREFIX, "MusicRNN", nodes)
    return _container("/", "root", [musicrnn])


def node_at(root: Node, path: str) -> Node | None:
    """Return the node of an address, None where there is none."""
    node = root
    for name in path.strip("/").split("/") if path.strip("/") else []:
        node = node.get("CONTENTS", {}).get(name)
        if node is None:
            return None
    return node


def _control_node(control: Control, status: Status) -> Node:
    if not control.per_part:
        return _valued(f"{PREFIX}/{control.name}", control, status.controls.get(control.name, control.default))
    values = status.part_controls.get(control.name, {})
    parts = [_valued(f"{PREFIX}/{control.name}/{part}", control, value) for part, value in values.items()]
    return _container(f"{PREFIX}/{control.name}", control.meaning, parts)


def _valued(path: str, control: Control, value: ControlValue) -> Node:
    node = {
        "FULL_PATH": path,
        "DESCRIPTION": control.meaning,
        "TYPE": "s" if control.choices else "i" if control.whole else "f",
        "ACCESS": BOTH,
        "RANGE": [{"VALS": list(control.choices)} if control.choices else _bounds(control)],
        "VALUE": [value],
        "CLIPMODE": ["none"],
    }
    return node | ({"UNIT": [control.unit]} if control.unit else {})


def _button(address: str) -> Node:
    return _method(address.removeprefix(f"{PREFIX}/"), "i", [{"MIN": 0, "MAX": 1}])


def _method(
    name: str,
    types: str,
    ranges: list[Node],
    *,
    unit: list[str] | None = None,
    value: list[str] | list[int] | None = None,
) -> Node:
    node: Node = {
        "FULL_PATH": f"{PREFIX}/{name}",
        "DESCRIPTION": ADDRESSES[f"{PREFIX}/{name}"].meaning,
        "TYPE": types,
        "ACCESS": WRITE if value is None else BOTH,
    }
    extras = {"RANGE": ranges, "UNIT": unit, "VALUE": value}
    return node | {key: extra for key, extra in extras.items() if extra}


def _container(path: str, meaning: str, nodes: Sequence[Node]) -> Node:
    contents = {node["FULL_PATH"].rpartition("/")[2]: node for node in nodes}
    return {"FULL_PATH": path, "DESCRIPTION": meaning, "ACCESS": 0, "CONTENTS": contents}


def _bounds(control: Control) -> Node:
    kind = int if control.whole else float
    return {"MIN": kind(control.low), "MAX": kind(control.high)}
