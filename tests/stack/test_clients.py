"""Python clients in the armed app container: none has any proxy or TLS code, each call is seen."""

from __future__ import annotations

import sysconfig
import uuid

import pytest

from tests.stack.stack import Run, Stack

URL = "https://api.openai.com/v1/chat/completions"
HEADERS = {"Authorization": "Bearer offline"}

CLIENTS = {
    "openai": """
        import openai
        openai.OpenAI().chat.completions.create(**body)
    """,
    "openai async": """
        import asyncio, openai
        asyncio.run(openai.AsyncOpenAI().chat.completions.create(**body))
    """,
    "httpx": """
        import httpx
        httpx.post(url, json=body, headers=headers).raise_for_status()
    """,
    "requests": """
        import requests
        requests.post(url, json=body, headers=headers).raise_for_status()
    """,
    "aiohttp, trust_env": """
        import aiohttp, asyncio
        async def main():
            async with aiohttp.ClientSession(trust_env=True, raise_for_status=True) as session:
                async with session.post(url, json=body, headers=headers) as response:
                    await response.read()
        asyncio.run(main())
    """,
    "urllib": """
        import json, urllib.request
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request).read()
    """,
    # What reads nothing but certifi needs the merge into its file.
    "certifi alone": """
        import certifi, httpx, os, ssl
        os.environ.pop("SSL_CERT_FILE")
        trust = ssl.create_default_context(cafile=certifi.where())
        httpx.post(url, json=body, headers=headers, verify=trust).raise_for_status()
    """,
}


def script(client: str, marker: str) -> str:
    """The client's code, with what to send. Clients that the app's image lacks come from the tests' environment."""
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": marker}]}
    lines = [f"url, headers, body = {URL!r}, {HEADERS!r}, {body!r}", "import sys; sys.path.append('/clients')"]
    code = CLIENTS[client].splitlines()
    return "\n".join([*lines, *(line.removeprefix(" " * 8) for line in code)])


def run(stack: Stack, client: str, marker: str, *options: str) -> Run:
    """Run a client in a container of the service `app`, through its entrypoint."""
    clients = f"{sysconfig.get_path('purelib')}:/clients:ro"
    command = ["run", "--rm", "-T", "--no-deps", "--volume", clients, *options, "app"]
    return stack.compose(*command, "python", "-c", script(client, marker), check=False)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_call_is_seen(stack: Stack, client: str) -> None:
    """The client gets its answer, and mitmweb has the call."""
    marker = uuid.uuid4().hex
    done = run(stack, client, marker)
    assert done.returncode == 0, done.stderr
    assert stack.wait_flow(marker)["response"]["status_code"] == 200


def test_a_command_in_the_running_container(stack: Stack) -> None:
    """`docker compose exec app ...` has the variables that entrypoint.sh gave the app, and is seen."""
    ours = ("PROXY", "proxy", "CERT", "CA_BUNDLE", "ROOTS", "NODE_")
    command = "for p in /proc/[0-9]*; do grep -qa gunicorn $p/cmdline && cat $p/environ && break; done"
    app = stack.exec("app", "sh", "-c", command).stdout.split("\0")
    here = stack.exec("app", "env").stdout.splitlines()
    of_app = {entry for entry in app if any(word in entry.partition("=")[0] for word in ours)}
    of_exec = {entry for entry in here if any(word in entry.partition("=")[0] for word in ours)}
    assert "HTTPS_PROXY=http://proxy:9020" in of_app
    assert of_app == of_exec

    marker = uuid.uuid4().hex
    stack.exec("app", "python", "-c", script("openai", marker))
    stack.wait_flow(marker)


def test_the_doctor_knows_the_demo(stack: Stack) -> None:
    """In the demo's container the SDK is captured; a client that reads no variable is named with its remedy."""
    lines = stack.exec("app", "python", "/run/llm-sidecar/doctor.py", check=False).stdout.splitlines()
    said = {line[:17].strip(): line[17:] for line in lines}
    assert said["openai"].startswith("captured")
    assert "PYTHONPATH" in said["http.client"]
