"""Which addresses are this machine's own, and which networks it is directly part of."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_ROUTES = Path("/proc/net/route")
_ROUTES_6 = Path("/proc/net/ipv6_route")


def address(text: str) -> Address | None:
    """An IP address, without its zone and not as an IPv4 address in IPv6; None for a name."""
    try:
        found = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_own(ip: Address) -> bool:
    """Connections to `ip` arrive at this machine: exactly its own addresses can be bound."""
    if ip.is_loopback or ip.is_unspecified:
        return True
    with socket.socket(socket.AF_INET if ip.version == 4 else socket.AF_INET6) as s:
        try:
            s.bind((str(ip), 0))
        except OSError:
            return False
    return True


def is_near(ip: Address) -> bool:
    """`ip` is loopback or in a network that this machine has an interface in: of a container, its Compose networks."""
    return ip.is_loopback or any(ip.version == network.version and ip in network for network in _attached())


def _attached() -> Iterator[Network]:
    """The networks that are reached without a gateway (Linux; elsewhere none)."""
    with contextlib.suppress(OSError):
        for line in _ROUTES.read_text().splitlines()[1:]:
            _, target, gateway, _, _, _, _, mask, *_ = line.split()
            if int(gateway, 16) == 0 and int(mask, 16):
                yield IPv4Network((_little_endian(target), str(IPv4Address(_little_endian(mask)))))
    with contextlib.suppress(OSError):
        for line in _ROUTES_6.read_text().splitlines():
            target, length, _, _, gateway, *_ = line.split()
            if int(gateway, 16) == 0 and int(length, 16):
                yield IPv6Network((int(target, 16), int(length, 16)))


def _little_endian(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text), "little")
