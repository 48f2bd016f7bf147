"""What other web pages, other machines, guessers and the apps themselves cannot do."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import SSE_HEAD, Sidecar, Upstream, chunk, wait_for

NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html,*/*"}


@pytest.fixture
def browser(sidecar: Sidecar) -> Iterator[httpx.Client]:
    """Logged in by cookie, as a user's browser."""
    with httpx.Client(base_url=sidecar.web, trust_env=False, timeout=10) as client:
        assert client.get("/flows", params={"token": sidecar.password}).status_code == 200
        yield client


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "proxy", "LOCALHOST.", "sidecar.localhost"])
def test_names_that_only_mean_this_machine(browser: httpx.Client, sidecar: Sidecar, host: str) -> None:
    """Loopback, addresses, and Compose service names, which have no dot."""
    assert browser.get("/flows", headers={"Host": f"{host}:{sidecar.web_port}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/flows", "/llm", "/llm/api/calls", "/static/app.js", "/options", "/updates"])
def test_dns_rebinding(browser: httpx.Client, sidecar: Sidecar, path: str) -> None:
    """A name that an attacker has pointed here gets nothing, not even with the cookie or the password."""
    response = browser.get(
        path, headers={"Host": "rebound.example:9021", "Authorization": f"Bearer {sidecar.password}"}
    )
    assert response.status_code == 403
    assert "LLM_SIDECAR_WEB_URL" in response.text


def test_the_name_that_the_user_set_is_served(tmp_path: Path) -> None:
    """`LLM_SIDECAR_WEB_URL` may be a name of the user's own."""
    it = Sidecar(tmp_path, env={"LLM_SIDECAR_WEB_URL": "http://llm.dev.example:5021"})
    with it.run(), it.api() as api:
        assert api.get("/flows", headers={"Host": "llm.dev.example:5021"}).status_code == 200
        assert api.get("/flows", headers={"Host": "other.dev.example:5021"}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("method", "fetch"),
    [
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}),
        ("GET", {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}),
        ("GET", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
        ("POST", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
    ],
    ids=["image", "fetch", "frame", "form"],
)
def test_another_page_in_the_browser(browser: httpx.Client, site: str, method: str, fetch: dict[str, str]) -> None:
    """It may link here and nothing else, nor may one on another port of localhost, such as an app's page."""
    headers = {"Sec-Fetch-Site": site, **fetch, "Cookie": "_mitmproxy_xsrf=x", "X-XSRFToken": "x"}
    assert browser.request(method, "/clear" if method == "POST" else "/flows", headers=headers).status_code == 403
    assert browser.get("/flows", headers={"Sec-Fetch-Site": site, **NAVIGATE}).status_code == 200


def test_another_page_in_an_old_browser(browser: httpx.Client, sidecar: Sidecar) -> None:
    """Without Sec-Fetch headers, a foreign Origin is enough to be refused; one's own is served."""
    xsrf = {"Cookie": "_mitmproxy_xsrf=x", "X-XSRFToken": "x", "Authorization": f"Bearer {sidecar.password}"}
    for origin, status in (("http://evil.example", 403), ("null", 403), (sidecar.web, 200)):
        assert browser.post("/clear", headers={**xsrf, "Origin": origin}).status_code == status, origin


@pytest.mark.parametrize("path", ["/updates", "/llm/api/updates"])
def test_a_foreign_page_opens_no_websocket(browser: httpx.Client, sidecar: Sidecar, path: str) -> None:
    """Browsers let any page open one to anywhere, with cookies: the Origin decides."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    for origin, status in (("http://evil.example", 403), (sidecar.web, 101)):
        with browser.stream("GET", path, headers={**upgrade, "Origin": origin}) as response:
            assert response.status_code == status


def test_the_token_leaves_the_address_bar(sidecar: Sidecar) -> None:
    """A page is shown at the URL without it, logged in by a cookie that no script and no other site gets to use."""
    with httpx.Client(base_url=sidecar.web, trust_env=False) as browser:
        response = browser.get(f"/llm?q=a+b&token={sidecar.password}&x=", headers=NAVIGATE)
        assert response.status_code == 302
        assert response.headers["location"] == "/llm?q=a+b&x="
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "domain" not in cookie
        assert "path=/;" in cookie
        assert browser.get("/llm", headers=NAVIGATE).status_code == 200
    assert sidecar.password not in sidecar.log.replace(f"/?token={sidecar.password}\n", "", 1)


def test_the_exchange_leads_nowhere_else(sidecar: Sidecar) -> None:
    """A path that looks like another host stays here."""
    for path in ("//evil.example/", "/\\evil.example/"):
        with socket.create_connection(("127.0.0.1", sidecar.web_port), timeout=10) as raw:
            request = f"GET {path}?token={sidecar.password} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n"
            raw.sendall(request.encode())
            head = raw.recv(65536).decode()
        assert "Location: /evil.example/\r\n" in head


def test_a_script_may_use_the_token_as_it_is(sidecar: Sidecar) -> None:
    """Without a browser in between, `?token=` answers directly."""
    response = httpx.get(f"{sidecar.web}/llm/api/calls?token={sidecar.password}", trust_env=False)
    assert response.status_code == 200
    assert "calls" in response.json()


def test_guessing(tmp_path: Path, upstream: Callable[..., Upstream]) -> None:
    """After ten wrong passwords a peer waits; others, who is logged in, and streams do not notice."""
    it = Sidecar(tmp_path, env={"MITM_PASSWORD": "a short one"})
    last: list[float] = []

    def handler(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(SSE_HEAD)
        for _ in range(100):
            connection.sendall(chunk(b"data: %f\n\n" % time.monotonic()))
            threading.Event().wait(0.02)
        connection.sendall(chunk(b""))

    url = upstream(handler, tls=False).url
    with it.run(), it.client() as client, httpx.Client(base_url=it.web, trust_env=False) as user:
        assert user.get("/flows", params={"token": "a short one"}).status_code == 200

        def guess(n: int) -> int:
            headers = {"Authorization": f"Bearer guess {n}"}
            return httpx.get(f"{it.web}/flows", headers=headers, trust_env=False).status_code

        with ThreadPoolExecutor(4) as pool, client.stream("GET", url) as response:
            guesses = pool.map(guess, range(200))
            for line in response.iter_lines():
                if line:
                    last.append(time.monotonic() - float(line.removeprefix("data: ")))
            results = list(guesses)
        assert set(results) == {403, 429}
        assert results.count(403) <= 14
        assert max(last) < 1

        wait_for(lambda: guess(0) == 429, what="the next refusal")
        refused = httpx.get(f"{it.web}/flows?token=a short one", trust_env=False)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert user.get("/flows", headers={"Authorization": "Bearer whatever"}).status_code == 200
        other = httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), trust_env=False)
        with other:
            assert other.get(f"{it.web}/flows?token=a short one").status_code == 200

        def again() -> bool:
            return httpx.get(f"{it.web}/flows?token=a short one", trust_env=False).status_code == 200

        wait_for(again, 70, "the end of the wait")


def test_a_foreign_page_cannot_make_the_user_wait(sidecar: Sidecar) -> None:
    """What other pages try is refused and not counted as the user's guesses."""
    for n in range(30):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "cross-site", **NAVIGATE}):
            assert httpx.get(f"{sidecar.web}/?token={n}", headers=headers, trust_env=False).status_code == 403
    assert httpx.get(f"{sidecar.web}/flows?token={sidecar.password}", trust_env=False).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "own"]
)
@pytest.mark.parametrize("port", ["web", "proxy"])
@pytest.mark.parametrize("how", ["CONNECT", "GET"])
def test_the_proxy_does_not_lead_to_itself(sidecar: Sidecar, host: str, port: str, how: str) -> None:
    """Under no name of its own, neither to mitmweb nor in a circle."""
    if host == "own":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.connect(("192.0.2.1", 9))
            except OSError:
                pytest.skip("no network but loopback")
            host = s.getsockname()[0]
    number = sidecar.web_port if port == "web" else sidecar.proxy_port
    target = f"{host}:{number}"
    line = f"CONNECT {target}" if how == "CONNECT" else f"GET http://{target}/static/favicon.ico"
    with socket.create_connection(("127.0.0.1", sidecar.proxy_port), timeout=10) as client:
        client.sendall(f"{line} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = client.recv(65536)
    assert not answer.startswith(b"HTTP/1.1 200")


def test_nothing_listens_beyond_loopback(sidecar: Sidecar) -> None:
    """On none of this machine's other addresses, unless `LLM_SIDECAR_HOST` says otherwise."""
    addresses = [a.address for each in psutil.net_if_addrs().values() for a in each if a.family == socket.AF_INET]
    for address in addresses:
        for port in (sidecar.proxy_port, sidecar.web_port):
            with socket.socket() as s:
                s.settimeout(2)
                assert (s.connect_ex((address, port)) == 0) == (address == "127.0.0.1")


def test_memory_goes_into_no_core_file(sidecar: Sidecar) -> None:
    """A crash leaves nothing behind, also where core files are piped to a collector."""
    assert sidecar.process is not None
    limits = Path(f"/proc/{sidecar.process.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)
    code = "import ctypes; from llm_sidecar.__main__ import keep_memory_private as f; f(); "
    code += "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    result = subprocess.run([sys.executable, "-c", code], env=sidecar.environ(), capture_output=True, text=True)
    assert result.stdout == "0\n", result.stderr


def test_the_private_key_is_in_one_place(sidecar: Sidecar) -> None:
    """In the proxy's own folder, readable by its user alone; what apps can read and the web port hold none."""
    key = sidecar.state / "mitmproxy-ca.pem"
    assert b"PRIVATE KEY" in key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    for file in sidecar.public.rglob("*"):
        assert not file.is_file() or b"PRIVATE KEY" not in file.read_bytes(), file
    for path in (
        "/static/../mitmproxy-ca.pem",
        "/static/%2e%2e/mitmproxy-ca.pem",
        "/llm/static/..%2f..%2fmitmproxy-ca.pem",
    ):
        with sidecar.api() as api:
            assert b"PRIVATE KEY" not in api.get(path).content
