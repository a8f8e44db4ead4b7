"""Where OSC and OSCQuery are taken, announced by zeroconf (multicast DNS).

It is announced on the network on which it is taken, and on no other: on loopback to programs of this machine only.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from musicrnn.daemon.osc_senders import ANY_ADDRESS, is_loopback
from musicrnn.errors import ConfigError

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

NAME = "MusicRNN"
OSC, OSC_QUERY = "_osc._udp.local.", "_oscjson._tcp.local."
CLOSE_SECONDS = 3.0
INSTALL_DISCOVERY_EXTRA = (
    "in the folder of MusicRNN's source, pip install '.[discovery]'; with a wheel, 'FILE.whl[discovery]'"
)


def can_announce() -> bool:
    """Tell whether the package that speaks multicast DNS is there."""
    return importlib.util.find_spec("zeroconf") is not None


class Announcement:
    """Announces what is taken at ``host`` until it is closed: the port of each service, by its type.

    ``say`` is told why it could not be. Raises ConfigError where the extra that it needs is not installed.
    """

    def __init__(self, host: str, ports: dict[str, int], say: Callable[[str], None]) -> None:
        if not can_announce():
            raise ConfigError(f"osc.announce needs the extra 'discovery': {INSTALL_DISCOVERY_EXTRA}")
        self._host = host
        self._ports = ports
        self._say = say
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="musicrnn-announce", daemon=True)

    def start(self) -> None:
        """Begin to announce; names are tried out first, which takes seconds, in a thread of its own.

        Its package is imported here: an import in the midst of the music would hold up the thread that plays.
        """
        importlib.import_module("zeroconf")
        self._thread.start()

    def close(self) -> None:
        """Take it back."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            zeroconf = _opened(self._host)
            try:
                for kind, port in self._ports.items():
                    zeroconf.register_service(_service(kind, self._host, port), allow_name_change=True)
                self._closing.wait()
            finally:
                zeroconf.close()
        except Exception as error:  # noqa: BLE001  whatever the network is like, the music goes on
            self._say(f"OSC could not be announced on the network: {error!r}")


def _opened(host: str) -> Zeroconf:
    """Return multicast DNS on the interface of an address, on all where that is any."""
    from zeroconf import InterfaceChoice, IPVersion, Zeroconf

    if host in ANY_ADDRESS:
        return Zeroconf(interfaces=InterfaceChoice.All)
    if ":" in host:
        return Zeroconf(interfaces=[host], ip_version=IPVersion.V6Only)
    return Zeroconf(interfaces=[_number(host)])


def _service(kind: str, host: str, port: int) -> ServiceInfo:
    from zeroconf import ServiceInfo

    machine = re.sub("[^A-Za-z0-9-]", "-", socket.gethostname())[:40]
    return ServiceInfo(
        kind,
        f"{NAME}.{kind}",
        port=port,
        parsed_addresses=_addresses(host),
        server=f"{NAME.lower()}-{machine}-{port}.local.",
    )


def _addresses(host: str) -> list[str]:
    """Return the addresses at which others reach a host."""
    if host not in ANY_ADDRESS:
        return [_number(host)]
    from ifaddr import get_adapters

    ips = [str(ip.ip) for adapter in get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [ip for ip in ips if not is_loopback(ip)]


def _number(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else host
