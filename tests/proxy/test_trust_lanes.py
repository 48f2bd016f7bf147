"""The lanes: clients that know no proxy come in by other doors, and their calls are the same calls."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from llm_sidecar import settings
from llm_sidecar.trust import lanes
from tests.conftest import Sidecar, free_port

ALIASED = "api.openai.com"


@pytest.fixture(scope="module")
def laned(offline_llm: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """A proxy with the base-URL and alias lanes on, on ports that need no privilege."""
    env = {"OFFLINE_LLM_URL": offline_llm, "LLM_SIDECAR_LANES": f"base-url@{free_port()},alias@{free_port()}"}
    with Sidecar(tmp_path_factory.mktemp("laned"), env=env).run() as it:
        yield it


def port(sidecar: Sidecar, lane: str) -> int:
    spec = next(s for s in sidecar.env["LLM_SIDECAR_LANES"].split(",") if s.startswith(lane))
    return int(spec.partition("@")[2])


@pytest.mark.parametrize("stream", [False, True])
def test_base_url(laned: Sidecar, stream: bool) -> None:
    """`base_url=http://proxy:9023/openai/v1` is all a client needs: no proxy variable, no CA."""
    base_url = f"http://127.0.0.1:{port(laned, 'base-url')}/openai/v1"
    http = openai.DefaultHttpxClient(trust_env=False)
    client = openai.OpenAI(api_key="offline", base_url=base_url, http_client=http, max_retries=0)
    answer = client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "hi"}], stream=stream)
    text = "".join(c.choices[0].delta.content or "" for c in answer if c.choices) if stream else str(answer)
    assert "offline model" in text
    flow = laned.wait_flow(lambda f: f["request"]["path"] == "/v1/chat/completions")
    assert flow["request"]["pretty_host"] == "api.openai.com"


def test_base_url_of_an_unknown_provider(laned: Sidecar) -> None:
    """A prefix that is no provider's is answered by the proxy, with those it knows."""
    response = httpx.get(f"http://127.0.0.1:{port(laned, 'base-url')}/nobody/v1/models", trust_env=False)
    assert response.status_code == 404
    assert "anthropic" in response.json()["error"]["message"]


@pytest.mark.parametrize("prefix", ["anthropic", "gemini"])
def test_base_url_reaches_only_its_provider(laned: Sidecar, prefix: str) -> None:
    """Path and query arrive as they are at the provider's host, over TLS; here, where there is none, that fails."""
    url = f"http://127.0.0.1:{port(laned, 'base-url')}/{prefix}/v1/x?a=%2F{prefix}"
    with contextlib.suppress(httpx.RemoteProtocolError):
        httpx.get(url, trust_env=False, timeout=30)
    flow = laned.wait_flow(lambda f: f["request"]["path"] == f"/v1/x?a=%2F{prefix}")
    assert (flow["request"]["scheme"], flow["request"]["port"]) == ("https", 443)
    assert flow["request"]["pretty_host"] == lanes.PROVIDERS[prefix]


def test_alias(laned: Sidecar) -> None:
    """A client that resolves the provider's name to the proxy speaks TLS to it, and never knows."""
    trust = ssl.create_default_context(cafile=str(laned.bundle))
    with socket.create_connection(("127.0.0.1", port(laned, "alias"))) as raw:
        connection = http.client.HTTPSConnection(ALIASED)
        connection.sock = trust.wrap_socket(raw, server_hostname=ALIASED)
        connection.request("GET", "/v1/models?alias", headers={"Authorization": "Bearer offline"})
        response = connection.getresponse()
        assert response.headers["x-llm-sidecar"] == "offline"
        assert json.loads(response.read())["data"]
        connection.sock.close()
    assert laned.wait_flow(lambda f: f["request"]["path"] == "/v1/models?alias")["request"]["host"] != "127.0.0.1"


def test_alias_speaks_http2(laned: Sidecar) -> None:
    """Clients that speak nothing else (gRPC, AWS SDKs) get HTTP/2, though mitmproxy's regular mode offers none."""
    trust = ssl.create_default_context(cafile=str(laned.bundle))
    trust.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port(laned, "alias"))) as raw,
        trust.wrap_socket(raw, server_hostname="bedrock-runtime.us-east-1.amazonaws.com") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"


def test_a_lane_whose_port_is_taken_is_left_out(tmp_path: Path) -> None:
    """A lane that cannot be is no reason not to start: the log says which one is off."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        lane = f"alias@{taken.getsockname()[1]}"
        with Sidecar(tmp_path, env={"LLM_SIDECAR_LANES": lane}).run() as it:
            assert "the lane alias is off" in it.log


@pytest.mark.parametrize("value", ["alias", "alias@x", "nonsense@443"])
def test_a_lane_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A misspelt lane is named, with those there are."""
    monkeypatch.setenv("LLM_SIDECAR_LANES", value)
    with pytest.raises(settings.SettingError, match=r"LLM_SIDECAR_LANES .* base-url, alias, strict"):
        lanes.ports()
