"""The matrix as data: each client, a call an app would make with it, and what it takes to capture that call.

No row has proxy or TLS code. Where the offline model can answer, it does; the stand-in answers the rest. Only
whether the call arrived counts, not what the client makes of the answer.
"""

# ruff: noqa: E501

from __future__ import annotations

import textwrap
from dataclasses import dataclass

ENVIRONMENT, SHIM = "environment", "environment + shim"
"""How a row is captured: by the variables of drop-in/client.yml alone, or with what they load."""

KEYS = {
    "OPENAI_API_KEY": "offline", "ANTHROPIC_API_KEY": "offline", "GOOGLE_API_KEY": "offline",
    "MISTRAL_API_KEY": "offline", "CO_API_KEY": "offline", "GROQ_API_KEY": "offline", "HF_TOKEN": "offline",
    "LANGSMITH_API_KEY": "offline", "AWS_ACCESS_KEY_ID": "offline", "AWS_SECRET_ACCESS_KEY": "offline",
    "AWS_DEFAULT_REGION": "us-east-1",
}  # fmt: skip
"""What an app has in its environment anyway."""

OPENAI, ANTHROPIC = "api.openai.com", "api.anthropic.com"
GEMINI = "generativelanguage.googleapis.com"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    client: str
    """As the reader knows it; the part before the first space is the package."""
    host: str
    """Where the call goes; captured means that the proxy has a request to it."""
    code: str
    by: str = ENVIRONMENT
    """ENVIRONMENT or SHIM; for Node, on the current version."""
    home: str = ".venv-clients"
    """The virtual environment that it is in."""

    @property
    def package(self) -> str:
        return self.client.split()[0].split("[")[0]


def _async(code: str) -> str:
    return f"import asyncio\nasync def main():\n{textwrap.indent(textwrap.dedent(code).strip(), '    ')}\nasyncio.run(main())"


URL = f"https://{OPENAI}/v1/models"

PYTHON = [
    # --- SDKs
    Row("openai", OPENAI, "import openai; openai.OpenAI().chat.completions.create(model='m', messages=M)"),
    Row("openai responses", OPENAI, "import openai; openai.OpenAI().responses.create(model='m', input='hi')"),
    Row("openai stream", OPENAI, "import openai; list(openai.OpenAI().chat.completions.create(model='m', messages=M, stream=True))"),
    Row("openai async", OPENAI, _async("import openai; await openai.AsyncOpenAI().chat.completions.create(model='m', messages=M)")),
    Row("openai async stream", OPENAI, _async("""
        import openai
        async for _ in await openai.AsyncOpenAI().responses.create(model='m', input='hi', stream=True): pass
    """)),
    Row("openai[aiohttp]", OPENAI, _async("""
        import openai
        client = openai.AsyncOpenAI(http_client=openai.DefaultAioHttpClient())
        await client.chat.completions.create(model='m', messages=M)
    """)),
    Row("openai realtime", OPENAI, _async("""
        import openai
        async with openai.AsyncOpenAI().realtime.connect(model='m') as c: await c.recv()
    """)),
    Row("anthropic", ANTHROPIC, "import anthropic; anthropic.Anthropic().messages.create(model='m', max_tokens=9, messages=M)"),
    Row("anthropic stream", ANTHROPIC, """
        import anthropic
        with anthropic.Anthropic().messages.stream(model='m', max_tokens=9, messages=M) as s: s.get_final_text()
    """),
    Row("anthropic async", ANTHROPIC, _async("""
        import anthropic
        await anthropic.AsyncAnthropic().messages.create(model='m', max_tokens=9, messages=M)
    """)),
    Row("openai 2", OPENAI, "import openai; openai.OpenAI().chat.completions.create(model='m', messages=M)", home=".venv-clients-httpx"),
    Row("anthropic 0", ANTHROPIC, "import anthropic; anthropic.Anthropic().messages.create(model='m', max_tokens=9, messages=M)", home=".venv-clients-httpx"),
    Row("google-genai", GEMINI, "from google import genai; c = genai.Client(); c.models.generate_content(model='m', contents='hi')"),
    Row("google-genai stream", GEMINI, "from google import genai; c = genai.Client(); list(c.models.generate_content_stream(model='m', contents='hi'))"),
    Row("google-genai async", GEMINI, _async("from google import genai; c = genai.Client(); await c.aio.models.generate_content(model='m', contents='hi')")),
    Row("mistralai", "api.mistral.ai", "from mistralai.client import Mistral; import os; Mistral(api_key='k').chat.complete(model='m', messages=M)"),
    Row("mistralai async", "api.mistral.ai", _async("from mistralai.client import Mistral; await Mistral(api_key='k').chat.complete_async(model='m', messages=M)")),
    Row("cohere", "api.cohere.com", "import cohere; cohere.ClientV2().chat(model='m', messages=M)"),
    Row("cohere async", "api.cohere.com", _async("import cohere; await cohere.AsyncClientV2().chat(model='m', messages=M)")),
    Row("groq", "api.groq.com", "import groq; groq.Groq().chat.completions.create(model='m', messages=M)"),
    Row("groq async", "api.groq.com", _async("import groq; await groq.AsyncGroq().chat.completions.create(model='m', messages=M)")),
    Row("ollama cloud", "ollama.com", "import ollama; ollama.Client('https://ollama.com').chat(model='m', messages=M)"),
    Row("huggingface_hub", "router.huggingface.co", "import huggingface_hub as h; h.InferenceClient(base_url='https://router.huggingface.co/v1').chat_completion(M)"),
    Row("boto3 bedrock-runtime", "bedrock-runtime.us-east-1.amazonaws.com", "import boto3; boto3.client('bedrock-runtime').converse(modelId='m', messages=[])"),
    Row("litellm", OPENAI, "import litellm; litellm.completion('openai/m', M)", home=".venv-clients-httpx"),
    Row("litellm async", OPENAI, _async("import litellm; await litellm.acompletion('openai/m', M)"), home=".venv-clients-httpx"),
    # --- frameworks
    Row("langchain-openai", OPENAI, "from langchain_openai import ChatOpenAI; ChatOpenAI(model='m').invoke('hi')"),
    Row("langchain-openai async stream", OPENAI, _async("""
        from langchain_openai import ChatOpenAI
        async for _ in ChatOpenAI(model='m').astream('hi'): pass
    """)),
    Row("langchain-anthropic", ANTHROPIC, "from langchain_anthropic import ChatAnthropic; ChatAnthropic(model='m').invoke('hi')"),
    Row("llama-index-llms-openai", OPENAI, "from llama_index.llms.openai import OpenAI; OpenAI(model='gpt-4o').complete('hi')", home=".venv-clients-httpx"),
    Row("openai-agents", OPENAI, "from agents import Agent, Runner; Runner.run_sync(Agent(name='a', model='m'), 'hi')"),
    Row("pydantic-ai-slim", OPENAI, "from pydantic_ai import Agent; Agent('openai:m').run_sync('hi')"),
    Row("instructor", OPENAI, "import instructor; instructor.from_provider('openai/m').chat.completions.create(response_model=None, messages=M)", home=".venv-clients-httpx"),
    Row("langsmith", "api.smith.langchain.com", "import langsmith; list(langsmith.Client().list_projects())"),
    Row("tiktoken", "openaipublic.blob.core.windows.net", "import tiktoken; tiktoken.get_encoding('o200k_base')"),
    # --- HTTP clients
    Row("requests", OPENAI, f"import requests; requests.get('{URL}')"),
    Row("httpx", OPENAI, f"import httpx; httpx.get('{URL}')"),
    Row("httpx async", OPENAI, _async(f"import httpx; await httpx.AsyncClient().get('{URL}')")),
    Row("httpx with a transport of its own", OPENAI, f"import httpx; httpx.Client(transport=httpx.HTTPTransport(retries=1)).get('{URL}')", SHIM),
    Row("httpx async with a transport of its own", OPENAI, _async(f"import httpx; await httpx.AsyncClient(transport=httpx.AsyncHTTPTransport()).get('{URL}')"), SHIM),
    Row("httpx2", OPENAI, f"import httpx2; httpx2.get('{URL}')"),
    Row("httpx2 with a transport of its own", OPENAI, f"import httpx2; httpx2.Client(transport=httpx2.HTTPTransport(retries=1)).get('{URL}')", SHIM),
    Row("httpx2 async with a transport of its own", OPENAI, _async(f"import httpx2; await httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport()).get('{URL}')"), SHIM),
    Row("aiohttp", OPENAI, _async(f"""
        import aiohttp
        async with aiohttp.ClientSession() as s: await s.get('{URL}')
    """), SHIM),
    Row("aiohttp with trust_env", OPENAI, _async(f"""
        import aiohttp
        async with aiohttp.ClientSession(trust_env=True) as s: await s.get('{URL}')
    """)),
    Row("aiohttp WebSocket", OPENAI, _async(f"""
        import aiohttp
        async with aiohttp.ClientSession() as s: await s.ws_connect('wss://{OPENAI}/v1/realtime')
    """), SHIM),
    Row("urllib.request", OPENAI, f"import urllib.request; urllib.request.urlopen('{URL}')"),
    Row("http.client", OPENAI, f"import http.client; c = http.client.HTTPSConnection('{OPENAI}'); c.request('GET', '/v1/models'); c.getresponse()", SHIM),
    Row("urllib3", OPENAI, f"import urllib3; urllib3.PoolManager().request('GET', '{URL}')", SHIM),
    Row("websockets", OPENAI, f"import websockets.sync.client as w; w.connect('wss://{OPENAI}/v1/realtime')"),
    Row("websocket-client", OPENAI, f"import websocket; websocket.create_connection('wss://{OPENAI}/v1/realtime')"),
    Row("grpcio", "grpc.example.com", "import grpc; grpc.secure_channel('grpc.example.com:443', grpc.ssl_channel_credentials()).unary_unary('/a/B')(b'', timeout=9)"),
    Row("niquests", OPENAI, f"import niquests; niquests.get('{URL}')"),
    Row("curl_cffi", OPENAI, f"from curl_cffi import requests; requests.get('{URL}')"),
    Row("certifi as cafile", OPENAI, f"import certifi, ssl, urllib.request as u; u.urlopen('{URL}', context=ssl.create_default_context(cafile=certifi.where()))", SHIM),
    Row("stripe", "api.stripe.com", "import stripe; stripe.StripeClient('sk_test_x').v1.balance.retrieve()", SHIM),
    Row("kubernetes", "cluster.example.com", """
        from kubernetes import client
        client.CoreV1Api(client.ApiClient(client.Configuration(host='https://cluster.example.com'))).list_namespaced_pod('default')
    """),
    Row("kubernetes_asyncio", "cluster.example.com", _async("""
        from kubernetes_asyncio import client
        async with client.ApiClient(client.Configuration(host='https://cluster.example.com')) as c:
            await client.CoreV1Api(c).list_namespaced_pod('default')
    """)),
    Row("httplib2", OPENAI, f"import httplib2; httplib2.Http().request('{URL}')", SHIM),
    Row("pycurl", OPENAI, f"import pycurl; c = pycurl.Curl(); c.setopt(c.URL, '{URL}'); c.perform()", SHIM),
]  # fmt: skip

_BEARER = "{ headers: { authorization: 'Bearer offline' } }"

NODE = [
    Row("fetch", OPENAI, f"await fetch('{URL}', {_BEARER})"),
    Row("https", OPENAI, f"import https from 'https'; https.get('{URL}', (r) => r.resume())"),
    Row("https with an Agent of its own", OPENAI, f"import https from 'https'; https.get('{URL}', {{ agent: new https.Agent() }}, (r) => r.resume())", SHIM),
    Row("http2", "grpc.example.com", "import h from 'http2'; const s = h.connect('https://grpc.example.com'); s.request().on('close', () => s.close()).resume()", SHIM),
    Row("openai", OPENAI, "import OpenAI from 'openai'; await new OpenAI().responses.create({ model: 'm', input: 'hi' })"),
    Row("openai stream", OPENAI, "import OpenAI from 'openai'; for await (const e of await new OpenAI().responses.create({ model: 'm', input: 'hi', stream: true })) e"),
    Row("@anthropic-ai/sdk", ANTHROPIC, "import A from '@anthropic-ai/sdk'; await new A().messages.create({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })"),
    Row("@anthropic-ai/sdk stream", ANTHROPIC, "import A from '@anthropic-ai/sdk'; await new A().messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }).finalText()"),
    Row("@ai-sdk/openai", OPENAI, "import { generateText } from 'ai'; import { openai } from '@ai-sdk/openai'; await generateText({ model: openai('m'), prompt: 'hi' })"),
    Row("@ai-sdk/openai stream", OPENAI, "import { streamText } from 'ai'; import { openai } from '@ai-sdk/openai'; for await (const t of streamText({ model: openai('m'), prompt: 'hi' }).textStream) t"),
    Row("axios", OPENAI, f"import axios from 'axios'; await axios.get('{URL}', {_BEARER})"),
    Row("undici", OPENAI, f"import {{ request }} from 'undici'; await (await request('{URL}')).body.text()"),
    Row("node-fetch", OPENAI, f"import f from 'node-fetch'; await f('{URL}')"),
    Row("ws", OPENAI, f"import W from 'ws'; new W('wss://{OPENAI}/v1/realtime', {_BEARER})", SHIM),
    Row("@aws-sdk/client-bedrock-runtime", "bedrock-runtime.us-east-1.amazonaws.com",
        "import { BedrockRuntimeClient as C, ConverseCommand as X } from '@aws-sdk/client-bedrock-runtime'; await new C({ region: 'us-east-1' }).send(new X({ modelId: 'm', messages: [] }))", SHIM),
    Row("@grpc/grpc-js", "grpc.example.com",
        "import g from '@grpc/grpc-js'; const c = new g.Client('grpc.example.com:443', g.credentials.createSsl()); c.makeUnaryRequest('/a/B', (x) => Buffer.from(''), (x) => x, {}, () => c.close())"),
]  # fmt: skip
