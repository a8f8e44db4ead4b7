"""OSCQuery: the namespace of OSC over HTTP, in a thread of its own, for clients that build their controls from it."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from musicrnn.control import Status
from musicrnn.daemon.osc_desk import model_names
from musicrnn.daemon.osc_listen import Listeners, can_listen
from musicrnn.daemon.osc_namespace import ATTRIBUTES, Node, host_info, namespace, node_at
from musicrnn.daemon.osc_senders import ANY_ADDRESS, Senders, check_allowed
from musicrnn.daemon.stream import Address

READ_SECONDS = 2.0
LONGEST_PATH = 1024
Answer = tuple[HTTPStatus, Node | None]


def url_of(address: Address) -> str:
    """Return where a browser finds what is served at an address; one of IPv6 stands in brackets (RFC 3986)."""
    host, port = address
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def answer(target: str, status: Status, models: Sequence[str], osc: Address, listen: Address | None = None) -> Answer:
    """Return what a GET of ``target`` (path and query) is answered with.

    ``osc`` is where OSC is taken, ``listen`` where WebSocket is, if anywhere.
    """
    path, _, attribute = target.partition("?")
    if attribute == "HOST_INFO":
        return HTTPStatus.OK, host_info(osc, listen)
    node = node_at(namespace(status, models), unquote(path))
    if node is None:
        return HTTPStatus.NOT_FOUND, None
    if not attribute:
        return HTTPStatus.OK, node
    if attribute not in ATTRIBUTES:
        return HTTPStatus.BAD_REQUEST, None
    return (HTTPStatus.OK, {attribute: node[attribute]}) if attribute in node else (HTTPStatus.NO_CONTENT, None)


class QueryServer:
    """Answers one request at a time until it is closed.

    ``osc`` is where OSC is taken, ``status`` gives the values, ``allowed`` names who is heard beside this machine,
    ``files`` are the names of models that only this daemon knows.
    """

    def __init__(
        self,
        host: str,
        port: int,
        osc: Address,
        status: Callable[[], Status],
        allowed: Sequence[str] = (),
        files: Collection[str] = (),
    ) -> None:
        """Bind the port. Raises OSError where it is taken or the address is not this machine's."""
        senders = check_allowed(host, allowed)
        self._forward = _Forward(osc)
        self.listeners = listeners = Listeners(status, self._forward.send) if can_listen() else None

        class Handler(_Handler):
            def reply_to(self, target: str) -> Answer:
                if not senders.allow(self.client_address[0]):
                    return HTTPStatus.FORBIDDEN, None
                return answer(target, status(), model_names(files), osc, self.here if listeners is not None else None)

            def listen(self, request: bytes, origin: str) -> HTTPStatus:
                if not senders.allow(self.client_address[0]) or not _may_listen(origin, senders):
                    return HTTPStatus.FORBIDDEN
                if listeners is None:
                    return HTTPStatus.NOT_IMPLEMENTED
                is_taken = listeners.adopt(self.connection, request)
                return HTTPStatus.SWITCHING_PROTOCOLS if is_taken else HTTPStatus.SERVICE_UNAVAILABLE

        try:
            self._server = _server(host)((host, port), Handler)
        except BaseException:
            self._close_listeners()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, name="musicrnn-query", daemon=True)

    @property
    def address(self) -> Address:
        """The host and port that it listens on."""
        return self._server.here

    def start(self) -> None:
        """Begin to answer."""
        if self.listeners is not None:
            self.listeners.start()
        self._thread.start()

    def close(self) -> None:
        """Stop answering and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(timeout=READ_SECONDS + 1.0)
        self._server.server_close()
        self._close_listeners()

    def _close_listeners(self) -> None:
        if self.listeners is not None:
            self.listeners.close()
        self._forward.close()


class _Forward:
    """Sends what came in over WebSocket to where OSC is taken, whose rules hold for it."""

    def __init__(self, osc: Address) -> None:
        host = ANY_ADDRESS.get(osc[0], osc[0])
        self._there = (host, osc[1])
        self._line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._line.setblocking(False)

    def send(self, packet: bytes) -> None:
        """Send a packet, or lose it, as UDP may."""
        with contextlib.suppress(OSError):
            self._line.sendto(packet, self._there)

    def close(self) -> None:
        """Send no more."""
        self._line.close()


class _Server(HTTPServer):
    given_away: socket.socket | None = None

    @property
    def here(self) -> Address:
        """The host and port that it listens on."""
        host, port = self.server_address[:2]
        return str(host), int(port)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, but for one that was given away."""
        if request is not self.given_away:
            super().shutdown_request(request)
        self.given_away = None

    def server_bind(self) -> None:
        """Bind, and look up no names; on Windows what lets a port be taken anew lets two programs have it."""
        if sys.platform != "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a client that went away, or said nothing in time."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(host: str) -> type[_Server]:
    return _Server6 if ":" in host else _Server


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS
    server_version = "MusicRNN"
    sys_version = ""

    def reply_to(self, target: str) -> Answer:
        """Return the answer to a path with its query."""
        raise NotImplementedError

    def listen(self, request: bytes, origin: str) -> HTTPStatus:
        """Give the connection, which asked for WebSocket, away; or return why not."""
        raise NotImplementedError

    @property
    def here(self) -> Address:
        """The host and port of the server."""
        return cast("_Server", self.server).here

    def do_GET(self) -> None:
        """Answer a request for a node, an attribute of one, the host's info, or for WebSocket."""
        if len(self.path) > LONGEST_PATH:
            self._send(HTTPStatus.REQUEST_URI_TOO_LONG, None)
        elif not _is_ours(self.headers.get("Host", "")):
            self._send(HTTPStatus.FORBIDDEN, None)
        elif self.headers.get("Upgrade", "").lower() == "websocket":
            self._upgrade()
        else:
            self._send(*self.reply_to(self.path))

    def _upgrade(self) -> None:
        lines = [self.requestline, *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        status = self.listen("\r\n".join(lines).encode("latin-1", "replace"), self.headers.get("Origin", ""))
        self.close_connection, self.protocol_version = True, "HTTP/1.1"  # that of WebSocket, a refusal's too
        if status is HTTPStatus.SWITCHING_PROTOCOLS:
            cast("_Server", self.server).given_away = self.connection
        else:
            self._send(status, None)

    def _send(self, status: HTTPStatus, node: Node | None) -> None:
        body = json.dumps(node).encode() if node is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is the player's."""


def _is_ours(host: str) -> bool:
    """Tell whether a request was made for an address, not for a name that somebody's page made point here."""
    name = host.rpartition(":")[0] if host.count(":") == 1 or "]:" in host else host
    name = name.strip("[]")
    if name in ("", "localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == socket.gethostname()
    return True


def _may_listen(origin: str, senders: Senders) -> bool:
    """Tell whether a page may open a WebSocket, and so steer the music: one of a machine that is heard."""
    if not origin:
        return True
    host = urlsplit(origin).hostname or ""
    try:
        return host == "localhost" or senders.allow(host)
    except ValueError:
        return False
