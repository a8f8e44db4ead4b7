"""Who may send OSC: this machine, and the addresses and networks that were named."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from musicrnn.errors import ConfigError

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""What stands for all addresses of this machine, and the one among them by which it reaches itself."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a host's address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Senders:
    """The senders that are heard. Raises ConfigError for what is no address and no network."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._networks = [_network(one) for one in allowed]

    def allow(self, host: str) -> bool:
        """Tell whether a packet from this numeric address may be read."""
        address = ipaddress.ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped if mapped is not None else address
        return address.is_loopback or any(address in network for network in self._networks)


def check_allowed(host: str, allowed: Sequence[str]) -> Senders:
    """Return who is heard at an address. Raises ConfigError where it lets others in and nobody is named."""
    senders = Senders(allowed)
    if not is_loopback(host) and not allowed:
        raise ConfigError(f"osc.allow must name who may send where osc.host is {host}, got none (--osc-allow)")
    return senders


def _network(words: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(words, strict=False)
    except ValueError as error:
        raise ConfigError(
            f"osc.allow must have addresses and networks such as 192.168.1.0/24, got {words!r}"
        ) from error
