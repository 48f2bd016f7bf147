"""Which clients are near, by the kernel's own routing tables."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from mitmproxy.test import tflow

from llm_sidecar import networks
from llm_sidecar.borders import Borders

ROUTE = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010012AC	0003	0	0	0	00000000	0	0	0
eth0	000012AC	00000000	0001	0	0	0	0000FFFF	0	0	0
"""
ROUTE_6 = """\
fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
"""  # noqa: E501


@pytest.fixture(autouse=True)
def _in_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """172.18.0.0/16 and fd00::/64, as Docker gives them."""
    for name, text in (("_ROUTES", ROUTE), ("_ROUTES_6", ROUTE_6)):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(networks, name, tmp_path / name)


@pytest.mark.parametrize(
    ("peer", "refused"),
    [
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("172.18.0.1", False),
        ("172.18.255.3", False),
        ("::ffff:172.18.0.5", False),
        ("fd00::5", False),
        ("fd00::5%eth0", False),
        ("172.19.0.1", True),
        ("192.168.1.7", True),
        ("::ffff:192.168.1.7", True),
        ("8.8.8.8", True),
        ("fd01::5", True),
        ("2001:db8::1", True),
        ("not an address", True),
    ],
)
def test_only_near_clients_are_served(peer: str, refused: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Loopback and the container's own networks; others are turned away before they say anything."""
    client = tflow.tclient_conn()
    client.peername, client.error = (peer, 50000), None
    with caplog.at_level(logging.WARNING):
        Borders().client_connected(client)
    assert bool(client.error) == refused
    assert (peer in caplog.text) == refused


def test_without_linux_only_loopback_is_near(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There the proxy listens on loopback alone."""
    monkeypatch.setattr(networks, "_ROUTES", tmp_path / "none")
    monkeypatch.setattr(networks, "_ROUTES_6", tmp_path / "none")
    near = [networks.is_near(ip) for text in ("127.0.0.1", "172.18.0.1") if (ip := networks.address(text))]
    assert near == [True, False]
