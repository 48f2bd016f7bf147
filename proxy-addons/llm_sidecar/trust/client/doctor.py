"""Tells what each Python client in this container does: captured, bypasses the sidecar, or does not trust it.

    docker compose exec SERVICE python /run/llm-sidecar/doctor.py

Calls a name that only the sidecar's proxy knows, once with every client that is installed, each in a process of
its own with this container's environment, and asks the proxy what arrived. Nothing goes to a provider.
Exit status: 0 all captured; 1 some are not; 2 the sidecar cannot be reached, or is switched off.
Standard library only, Python 3.8 or newer.
"""

import concurrent.futures
import http.client
import importlib.util
import json
import os
import subprocess
import sys
import uuid
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
BUNDLE = os.path.join(HERE, "ca-bundle.pem")
SHIM = os.path.join(HERE, "python")
DOMAIN = "doctor.llm-sidecar.invalid"
SECONDS = 30

TRUST = {
    "SSL_CERT_FILE": "most clients",
    "REQUESTS_CA_BUNDLE": "requests, boto3",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC",
    "NODE_EXTRA_CA_CERTS": "Node",
}

_OPENAI = "openai.{}(api_key='doctor', base_url=URL, max_retries=0, timeout=20)"
_ANTHROPIC = "anthropic.{}(api_key='doctor', base_url=URL, max_retries=0, timeout=20)"
_ASYNC = "import asyncio\nasync def main():\n    {}\nasyncio.run(main())"

CLIENTS = {
    # name: (module that must be installed, the variable it reads its CA from, a call; URL and HOST are given)
    "urllib.request": ("urllib", "SSL_CERT_FILE", "import urllib.request; urllib.request.urlopen(URL, timeout=20)"),
    "http.client": (
        "http",
        "SSL_CERT_FILE",
        "import http.client; c = http.client.HTTPSConnection(HOST, timeout=20); c.request('GET', '/'); c.getresponse()",
    ),
    "requests": ("requests", "REQUESTS_CA_BUNDLE", "import requests; requests.get(URL, timeout=20)"),
    "urllib3": ("urllib3", "SSL_CERT_FILE", "import urllib3; urllib3.PoolManager().request('GET', URL, retries=False)"),
    "httpx": ("httpx", "SSL_CERT_FILE", "import httpx; httpx.get(URL, timeout=20)"),
    "httpx2": ("httpx2", "SSL_CERT_FILE", "import httpx2; httpx2.get(URL, timeout=20)"),
    "aiohttp": (
        "aiohttp",
        "SSL_CERT_FILE",
        "import aiohttp\n" + _ASYNC.format("async with aiohttp.ClientSession() as s: await s.get(URL)"),
    ),
    "websockets": (
        "websockets",
        "SSL_CERT_FILE",
        "import websockets.sync.client as c; c.connect('wss://' + HOST, open_timeout=20)",
    ),
    "curl_cffi": ("curl_cffi", "SSL_CERT_FILE", "from curl_cffi import requests; requests.get(URL, timeout=20)"),
    "pycurl": (
        "pycurl",
        "",
        "import pycurl; c = pycurl.Curl(); c.setopt(c.URL, URL); c.setopt(c.TIMEOUT, 20); c.perform()",
    ),
    "grpc": (
        "grpc",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "import grpc; c = grpc.secure_channel(HOST + ':443', grpc.ssl_channel_credentials())\n"
        "c.unary_unary('/doctor/Call')(b'', timeout=20)",
    ),
    "openai": ("openai", "SSL_CERT_FILE", "import openai; " + _OPENAI.format("OpenAI") + ".models.list()"),
    "openai async": (
        "openai",
        "SSL_CERT_FILE",
        "import openai\n" + _ASYNC.format("await " + _OPENAI.format("AsyncOpenAI") + ".models.list()"),
    ),
    "anthropic": (
        "anthropic",
        "SSL_CERT_FILE",
        "import anthropic; " + _ANTHROPIC.format("Anthropic") + ".models.list()",
    ),
    "anthropic async": (
        "anthropic",
        "SSL_CERT_FILE",
        "import anthropic\n" + _ASYNC.format("await " + _ANTHROPIC.format("AsyncAnthropic") + ".models.list()"),
    ),
    "google-genai": (
        "google.genai",
        "SSL_CERT_FILE",
        "from google import genai\n"
        "c = genai.Client(api_key='doctor', http_options={'base_url': URL}); list(c.models.list())",
    ),
    "mistralai": (
        "mistralai",
        "SSL_CERT_FILE",
        "try:\n    from mistralai.client import Mistral\nexcept ImportError:\n    from mistralai import Mistral\n"
        "Mistral(api_key='doctor', server_url=URL).models.list()",
    ),
    "cohere": (
        "cohere",
        "SSL_CERT_FILE",
        "import cohere; cohere.ClientV2(api_key='doctor', base_url=URL).models.list()",
    ),
    "groq": ("groq", "SSL_CERT_FILE", "import groq; groq.Groq(api_key='doctor', base_url=URL).models.list()"),
    "ollama": ("ollama", "SSL_CERT_FILE", "import ollama; ollama.Client(host=URL).list()"),
    "litellm": (
        "litellm",
        "SSL_CERT_FILE",
        "import litellm; litellm.completion('openai/doctor', [{'role': 'user', 'content': ''}], api_key='doctor', "
        "api_base=URL, num_retries=0, timeout=20)",
    ),
    "boto3": (
        "boto3",
        "REQUESTS_CA_BUNDLE",
        "import boto3; boto3.client('bedrock-runtime', endpoint_url=URL, region_name='us-east-1', "
        "aws_access_key_id='doctor', aws_secret_access_key='doctor').converse(modelId='doctor', messages=[])",
    ),
    "huggingface_hub": (
        "huggingface_hub",
        "SSL_CERT_FILE",
        "import huggingface_hub; huggingface_hub.InferenceClient(base_url=URL, token='doctor').chat_completion([])",
    ),
}


def installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def ask_proxy(token: str) -> str:
    """What the proxy saw of a token: `nothing`, `connected` (TLS failed then) or `requested`. OSError if it is away."""
    proxy = urlsplit(os.environ["LLM_SIDECAR_PROXY"])
    connection = http.client.HTTPConnection(proxy.hostname or "", proxy.port or 80, timeout=5)
    try:
        connection.request("GET", f"http://{DOMAIN}/{token}", headers={"Host": DOMAIN})
        return str(json.loads(connection.getresponse().read())["seen"])
    except (http.client.HTTPException, ValueError, KeyError):
        raise OSError("what answers there is no LLM sidecar") from None
    finally:
        connection.close()


def examine(call: str) -> "tuple[str, str]":
    """Make one test call; return what the proxy saw of it, and the last line that the client printed."""
    token = uuid.uuid4().hex[:12]
    host = f"{token}.{DOMAIN}"
    code = "HOST, URL = {!r}, {!r}\n{}".format(host, "https://" + host, call)
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and table
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=SECONDS
        )
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
    except subprocess.TimeoutExpired:
        said = f"no end within {SECONDS} s"
    return ask_proxy(token), said


def remedy(seen: str, variable: str) -> str:
    """The first thing that is not as it should be for this client; at last, a lane."""
    if seen == "nothing":
        for name in ("HTTPS_PROXY", "https_proxy"):
            if not os.environ.get(name):
                return "set {}={}".format(name, os.environ["LLM_SIDECAR_PROXY"])
    elif variable and os.environ.get(variable) != BUNDLE:
        return f"set {variable}={BUNDLE}"
    if SHIM not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        return f"put {SHIM} first in PYTHONPATH (the image's own entries after it)"
    if os.environ.get("LLM_SIDECAR", "").lower() == "off":
        return "LLM_SIDECAR is off: unset it"
    return "use the base-URL or the alias lane (docs/drop-in.md)"


def environment_problems() -> "list[str]":
    """What the environment lacks, one line each."""
    problems = []
    try:
        with open(BUNDLE, encoding="ascii") as f:
            if "END CERTIFICATE" not in f.read():
                problems.append(f"{BUNDLE} holds no certificate: restart the proxy")
    except (OSError, UnicodeDecodeError) as e:
        problems.append(f"{BUNDLE} cannot be read ({e}): mount the volume `ca` at {HERE}")
    for name, who in TRUST.items():
        value = os.environ.get(name)
        if value != BUNDLE:
            problems.append("{} is {}: set it to {} ({})".format(name, value or "not set", BUNDLE, who))
    excepted = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    if "*" in excepted.split(","):
        problems.append("NO_PROXY is *: nothing goes through the sidecar")
    return problems


def main() -> int:
    if not os.environ.get("LLM_SIDECAR_PROXY"):
        print("LLM_SIDECAR_PROXY is not set: this container does not use the sidecar. Extend drop-in/client.yml.")
        return 2
    try:
        ask_proxy("hello")
    except OSError as e:
        print("the LLM sidecar {} cannot be reached: {}. Start it.".format(os.environ["LLM_SIDECAR_PROXY"], e))
        return 2
    for problem in environment_problems():
        print(f"environment: {problem}")
    present = [(name, variable, call) for name, (module, variable, call) in CLIENTS.items() if installed(module)]
    failed = False
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for (name, variable, _), (seen, said) in zip(present, pool.map(examine, [call for _, _, call in present])):  # noqa: B905 - Python 3.8
            if seen == "requested":
                print(f"{name:16} captured")
            else:
                failed = True
                what = "does not trust the sidecar" if seen == "connected" else "bypasses the sidecar"
                print(f"{name:16} {what}: {remedy(seen, variable)}. It said: {said[:160]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
