"""Which environment variable stands for which secret in an export.

Where secrets are found is `capture.secret_names`; this is what they are called. Variables that a provider's own SDK
reads keep that name.
"""

from __future__ import annotations

import re

from llm_sidecar.capture.vault import ELLIPSIS

API_KEYS = {
    "openai": "OPENAI_API_KEY",
    "azure.ai.openai": "AZURE_OPENAI_API_KEY",
    "azure.ai.inference": "AZURE_INFERENCE_CREDENTIAL",
    "anthropic": "ANTHROPIC_API_KEY",
    "gcp.gemini": "GEMINI_API_KEY",
    "gcp.vertex_ai": "GOOGLE_API_KEY",
    "aws.bedrock": "AWS_BEARER_TOKEN_BEDROCK",
    "cohere": "CO_API_KEY",
    "mistral_ai": "MISTRAL_API_KEY",
    "x_ai": "XAI_API_KEY",
    "moonshot_ai": "MOONSHOT_API_KEY",
    "ibm.watsonx.ai": "WATSONX_APIKEY",
    "together_ai": "TOGETHER_API_KEY",
    "fireworks_ai": "FIREWORKS_API_KEY",
    "z_ai": "ZAI_API_KEY",
    "zhipu_ai": "ZHIPUAI_API_KEY",
    "alibaba.dashscope": "DASHSCOPE_API_KEY",
    "novita_ai": "NOVITA_API_KEY",
    "avian": "AVIAN_API_KEY",
    "venice_ai": "VENICE_API_KEY",
    "github.copilot": "GITHUB_COPILOT_TOKEN",
    "vercel.ai_gateway": "AI_GATEWAY_API_KEY",
    "cloudflare.ai_gateway": "CLOUDFLARE_API_TOKEN",
    "heroku": "INFERENCE_KEY",
    "snowflake.cortex": "SNOWFLAKE_PAT",
    "databricks": "DATABRICKS_TOKEN",
    "hugging_face": "HF_TOKEN",
    "voyage_ai": "VOYAGE_API_KEY",
    "jina_ai": "JINA_API_KEY",
    "replicate": "REPLICATE_API_TOKEN",
}
"""By `gen_ai.provider.name`. Any other provider: its name in capitals and `_API_KEY`."""

BEARER_TOKENS = {
    "azure.ai.openai": "AZURE_OPENAI_AD_TOKEN",
    "gcp.gemini": "GOOGLE_ACCESS_TOKEN",
    "gcp.vertex_ai": "GOOGLE_ACCESS_TOKEN",
}
"""Where `Authorization: Bearer` carries something else than the API key."""

KEY_SITES = frozenset(
    ("bearer", "authorization", "token", "key", "api_key", "api-key", "apikey", "x-api-key", "x-goog-api-key", "x-key",
     "ocp-apim-subscription-key", "subscription-key", "xi-api-key", "sec-websocket-protocol")
)  # fmt: skip
"""Names under which a header or a URL carries the provider's key."""

AWS_SESSION_TOKEN = "AWS_SESSION_TOKEN"  # noqa: S105


class Variables:
    """Names the secrets of one exchange: the same variable for the same value, another for another."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._values: dict[str, bytes] = {}

    def name(self, site: bytes, value: bytes, *, body: bool = False) -> str:
        """The variable for the secret `value` found under the name `site`, in the body or before it."""
        # What is shown of a hidden secret is its own only under one name (`vault`).
        if not value.startswith(ELLIPSIS) and (known := self.values().get(value)):
            return known
        first = name = self._first(site.decode(errors="replace").lower(), body)
        count = 1
        while self._values.setdefault(name, value) != value:
            count += 1
            name = f"{first}_{count}"
        return name

    def values(self) -> dict[bytes, str]:
        """The secrets found so far, each with its variable."""
        return {value: name for name, value in self._values.items()}

    def _first(self, site: str, body: bool) -> str:
        if not body:
            if site == "bearer" and self._provider in BEARER_TOKENS:
                return BEARER_TOKENS[self._provider]
            if site in KEY_SITES:
                return API_KEYS.get(self._provider) or _capitals(self._provider + "_api_key")
            if site == "x-amz-security-token":
                return AWS_SESSION_TOKEN
            if site in ("basic", "digest"):
                site += "_authorization"
        return _capitals(site)


def _capitals(name: str) -> str:
    """`client_secret` -> CLIENT_SECRET. Never a variable that a shell, a loader or Python gives a meaning to."""
    capitals = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
    return capitals if "_" in capitals and capitals[0].isalpha() else f"SECRET_{capitals}".rstrip("_")
