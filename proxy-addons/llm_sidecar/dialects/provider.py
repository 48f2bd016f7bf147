"""Who is behind a host: values of `gen_ai.provider.name`, and our own words in the same style."""

from __future__ import annotations

from llm_sidecar.exchange import Exchange

_BY_DOMAIN = {
    "api.openai.com": "openai",
    "chatgpt.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "azure-api.net": "azure.ai.openai",
    "cognitiveservices.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "models.ai.azure.com": "azure.ai.inference",
    "inference.ai.azure.com": "azure.ai.inference",
    "models.github.ai": "azure.ai.inference",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "codestral.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
    "openrouter.ai": "openrouter",
    "api.together.xyz": "together_ai",
    "api.together.ai": "together_ai",
    "api.fireworks.ai": "fireworks_ai",
    "api.cerebras.ai": "cerebras",
    "api.sambanova.ai": "sambanova",
    "api.ai21.com": "ai21",
    "api.writer.com": "writer",
    "api.z.ai": "z_ai",
    "open.bigmodel.cn": "zhipu_ai",
    "dashscope.aliyuncs.com": "alibaba.dashscope",
    "dashscope-intl.aliyuncs.com": "alibaba.dashscope",
    "api.minimax.io": "minimax",
    "api.novita.ai": "novita_ai",
    "api.deepinfra.com": "deepinfra",
    "integrate.api.nvidia.com": "nvidia",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.avian.io": "avian",
    "api.venice.ai": "venice_ai",
    "api.githubcopilot.com": "github.copilot",
    "ai-gateway.vercel.sh": "vercel.ai_gateway",
    "gateway.ai.cloudflare.com": "cloudflare.ai_gateway",
    "api.portkey.ai": "portkey",
    "inference.heroku.com": "heroku",
    "inference.crusoecloud.com": "crusoe",
    "snowflakecomputing.com": "snowflake.cortex",
    "cloud.databricks.com": "databricks",
    "azuredatabricks.net": "databricks",
    "huggingface.co": "hugging_face",
    "huggingface.cloud": "hugging_face",
    "api.voyageai.com": "voyage_ai",
    "api.jina.ai": "jina_ai",
    "api.replicate.com": "replicate",
    "api.elevenlabs.io": "elevenlabs",
    "api.stability.ai": "stability_ai",
    "ollama.com": "ollama",
    "api.aws": "aws.bedrock",
}


def provider_of(exchange: Exchange, otherwise: str) -> str:
    """The provider behind the request's host; `otherwise` for a host that is not a known one (a gateway, localhost)."""
    host = exchange.host.lower().rstrip(".")
    if host.endswith("-aiplatform.googleapis.com"):
        return "gcp.vertex_ai"
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")) and host.startswith("bedrock"):
        return "aws.bedrock"
    # From the whole name up to its registered domain: the most specific entry wins.
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if found := _BY_DOMAIN.get(".".join(labels[start:])):
            return found
    return otherwise
