"""OSCQuery: what a client that builds its controls from the namespace is told."""

from __future__ import annotations

import http.client
import json
import socket
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from musicrnn.control import BUTTONS, CONTROLS, Status
from musicrnn.daemon.osc import ADDRESSES, command_of
from musicrnn.daemon.osc_namespace import namespace, node_at
from musicrnn.daemon.osc_packets import Message
from musicrnn.daemon.osc_query import QueryServer, answer, url_of

PARTS = ("soprano", "bass")
STATUS = Status(
    model="chorales",
    parts=PARTS,
    controls={**Status().controls, "mu": 1.25, "scale": "dorian"},
    part_controls={name: dict.fromkeys(PARTS, 0) for name, control in CONTROLS.items() if control.per_part},
)
MODELS = ("chorales", "songs")
OSC = ("127.0.0.1", 9000)
ROOT = namespace(STATUS, MODELS)


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node that takes a value."""
    if "CONTENTS" not in node:
        yield node
    for one in node.get("CONTENTS", {}).values():
        yield from leaves(one)


def test_every_address_that_takes_something_has_its_node() -> None:
    """A part's control one for each part."""
    assert {path for path in ADDRESSES if node_at(ROOT, path) is None} == set()
    assert {node["FULL_PATH"] for node in leaves(node_at(ROOT, "/musicrnn/mute") or {})} == {
        "/musicrnn/mute/soprano",
        "/musicrnn/mute/bass",
    }


def test_what_a_node_declares_is_taken() -> None:
    """A message of its type with the ends of its range, or each of its choices, is a command."""
    for node in leaves(ROOT):
        letters = {"f": float, "i": int, "s": str}
        ranges = node.get("RANGE", [{"VALS": ["C4 . - -"]}])
        assert len(node["TYPE"]) == len(ranges), node
        for pick in (0, -1):
            ends = [(one["VALS"] if "VALS" in one else [one["MIN"], one["MAX"]])[pick] for one in ranges]
            values = tuple(letters[letter](end) for letter, end in zip(node["TYPE"], ends, strict=True))
            command = command_of(Message(node["FULL_PATH"], node["TYPE"], values))
            assert command is not None or ends == [0], node


def test_a_number_has_its_value_range_unit_and_meaning() -> None:
    """As a slider needs them."""
    assert node_at(ROOT, "/musicrnn/tempo") == {
        "FULL_PATH": "/musicrnn/tempo",
        "DESCRIPTION": "quarter notes a minute",
        "TYPE": "f",
        "ACCESS": 3,
        "RANGE": [{"MIN": 20.0, "MAX": 999.0}],
        "VALUE": [120.0],
        "CLIPMODE": ["none"],
        "UNIT": ["bpm"],
    }


def test_a_choice_has_its_choices() -> None:
    """As a menu needs them; the models too."""
    scale, model = node_at(ROOT, "/musicrnn/scale"), node_at(ROOT, "/musicrnn/model")
    assert scale is not None
    assert scale["VALUE"] == ["dorian"]
    assert scale["RANGE"] == [{"VALS": list(CONTROLS["scale"].choices)}]
    assert model is not None
    assert (model["VALUE"], model["RANGE"], model["ACCESS"]) == (["chorales"], [{"VALS": ["chorales", "songs"]}], 3)


@pytest.mark.parametrize("name", ["learn", "forget"])
def test_what_can_be_learnt_has_the_buttons_among_it(name: str) -> None:
    """As OSC takes them."""
    node = node_at(ROOT, f"/musicrnn/{name}")
    assert node is not None
    (values,) = node["RANGE"]
    assert {"mu", "scale", *BUTTONS} <= set(values["VALS"])
    for target in values["VALS"]:
        assert command_of(Message(f"/musicrnn/{name}", "s", (target,))) is not None


@pytest.mark.parametrize(
    ("target", "status", "found"),
    [
        ("/musicrnn/mu?VALUE", HTTPStatus.OK, {"VALUE": [1.25]}),
        ("/musicrnn/mute/bass?VALUE", HTTPStatus.OK, {"VALUE": [0]}),
        ("/musicrnn/panic?VALUE", HTTPStatus.NO_CONTENT, None),
        ("/musicrnn/mu?COLOUR", HTTPStatus.BAD_REQUEST, None),
        ("/musicrnn/volume", HTTPStatus.NOT_FOUND, None),
        ("/musicrnn/mu/mu", HTTPStatus.NOT_FOUND, None),
        ("/../etc/passwd", HTTPStatus.NOT_FOUND, None),
    ],
)
def test_a_request_is_answered(target: str, status: HTTPStatus, found: object) -> None:
    """By a node, one of its attributes, or a reason."""
    assert answer(target, STATUS, MODELS, OSC) == (status, found)


def test_the_host_says_where_osc_is_taken() -> None:
    """And what of the proposal there is."""
    _, info = answer("/?HOST_INFO", STATUS, MODELS, OSC)
    assert info is not None
    assert (info["NAME"], info["OSC_IP"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == (
        "MusicRNN",
        "127.0.0.1",
        9000,
        "UDP",
    )
    assert info["EXTENSIONS"]["RANGE"] is True
    assert info["EXTENSIONS"]["LISTEN"] is False
    assert "WS_PORT" not in info


def test_the_host_says_where_web_socket_is_taken() -> None:
    """Where it is; and an address that nobody can send to is not given."""
    _, info = answer("/?HOST_INFO", STATUS, MODELS, ("0.0.0.0", 9000), ("0.0.0.0", 9001))  # noqa: S104
    assert info is not None
    assert (info["OSC_PORT"], info["WS_PORT"], info["EXTENSIONS"]["LISTEN"]) == (9000, 9001, True)
    assert not {"OSC_IP", "WS_IP"} & set(info)


@pytest.fixture
def server() -> Iterator[QueryServer]:
    """Give a server that answers."""
    one = QueryServer("127.0.0.1", 0, OSC, lambda: STATUS)
    one.start()
    yield one
    one.close()


def get(server: QueryServer, target: str, host: str = "127.0.0.1") -> tuple[int, object]:
    """Return the status and the JSON of a GET."""
    connection = http.client.HTTPConnection(*server.address, timeout=10)
    connection.request("GET", target, headers={"Host": host})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, json.loads(body) if body else None


def test_it_answers_over_http(server: QueryServer) -> None:
    """The whole namespace at the root."""
    status, root = get(server, "/")
    assert status == 200
    assert isinstance(root, dict)
    assert root["CONTENTS"]["musicrnn"]["CONTENTS"]["mu"]["VALUE"] == [1.25]


def test_the_model_that_the_daemon_was_started_with_can_be_chosen() -> None:
    """Though only its file is known, and no folder has it."""
    server = QueryServer("127.0.0.1", 0, OSC, lambda: STATUS, files=("mine",))
    server.start()
    _, found = get(server, "/musicrnn/model?RANGE")
    server.close()
    assert isinstance(found, dict)
    assert {"mine", "chorales"} <= set(found["RANGE"][0]["VALS"])


@pytest.mark.parametrize(("platform", "options"), [("linux", [socket.SO_REUSEADDR]), ("win32", [])])
def test_no_other_program_has_its_port(platform: str, options: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows the option for a port that was in use lately lets two programs listen at once."""
    asked: list[int] = []
    monkeypatch.setattr(socket.socket, "setsockopt", lambda _, __, option, ___: asked.append(option))
    monkeypatch.setattr(sys, "platform", platform)
    QueryServer("127.0.0.1", 0, OSC, lambda: STATUS).close()
    assert asked == options


def test_a_page_that_points_its_own_name_here_is_refused(server: QueryServer) -> None:
    """Only addresses, and this machine's name, are hosts."""
    assert get(server, "/", host="rebound.example")[0] == 403
    assert get(server, "/", host=f"localhost:{server.address[1]}")[0] == 200


@pytest.mark.parametrize("data", [b"", b"rubbish\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"GET /" + b"x" * 70_000])
def test_rubbish_does_not_end_it(server: QueryServer, data: bytes) -> None:
    """The next client is answered."""
    with socket.create_connection(server.address, timeout=10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    assert get(server, "/?HOST_INFO")[0] == 200


def test_without_its_extra_there_is_no_web_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP is as it was, says so, and refuses an upgrade."""
    monkeypatch.setitem(sys.modules, "websockets", None)  # as where it is not installed
    server = QueryServer("127.0.0.1", 0, OSC, lambda: STATUS)
    server.start()
    try:
        _, info = get(server, "/?HOST_INFO")
        assert isinstance(info, dict)
        assert (info["EXTENSIONS"]["LISTEN"], "WS_PORT" in info) == (False, False)
        connection = http.client.HTTPConnection(*server.address, timeout=10)
        connection.request("GET", "/", headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        assert connection.getresponse().status == HTTPStatus.NOT_IMPLEMENTED
        connection.close()
    finally:
        server.close()


@pytest.mark.parametrize(
    ("address", "url"),
    [(("127.0.0.1", 9000), "http://127.0.0.1:9000/"), (("::1", 9333), "http://[::1]:9333/")],
)
def test_where_it_is_served_is_an_address_for_a_browser(address: tuple[str, int], url: str) -> None:
    """The colons of an IPv6 address are not taken for that of the port."""
    assert url_of(address) == url
