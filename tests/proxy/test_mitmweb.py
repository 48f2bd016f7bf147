"""mitmweb's own page goes on working beside what is added to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable

import httpx
from tornado.websocket import websocket_connect

from tests.conftest import Sidecar, Upstream


def ok(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_an_open_mitmweb_hears_of_flows(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """Flows are described only when a browser listens; then they are."""
    url = upstream(ok).url + "/heard"

    async def follow() -> set[str]:
        feed = await websocket_connect(f"{sidecar.web}/updates?token={sidecar.password}".replace("http", "ws", 1))
        with sidecar.client() as client:
            await asyncio.get_running_loop().run_in_executor(None, client.get, url)
        kinds: set[str] = set()
        while not kinds >= {"flows/add", "flows/update"}:
            message = json.loads(await asyncio.wait_for(feed.read_message(), 10))
            if message["type"].startswith("flows/") and message["payload"]["flow"]["request"]["path"] == "/heard":
                kinds.add(message["type"])
        return kinds

    assert asyncio.run(follow())


def test_plain_http_goes_through_too(sidecar: Sidecar, upstream: Callable[..., Upstream]) -> None:
    """`curl -x` with an http URL."""
    with sidecar.client() as client:
        assert client.get(upstream(ok, tls=False).url + "/plain").text == "ok"
    sidecar.wait_flow(lambda f: f["request"]["path"] == "/plain")


def test_the_articles_command_answers(sidecar: Sidecar) -> None:
    """`ssl.clear` is there as a command."""
    with sidecar.api() as api:
        answer = api.post("/commands/ssl.clear", json={"arguments": []})
    assert answer.status_code == httpx.codes.OK
    assert "error" not in answer.json()


def test_the_flow_list_has_a_column_for_comments(sidecar: Sidecar) -> None:
    """Where the summary of a call stands."""
    with sidecar.api() as api:
        columns = api.get("/options").json()["web_columns"]["value"]
    assert "comment" in columns
    assert "path" in columns
