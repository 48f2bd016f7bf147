"""boto3's client of the Bedrock runtime. It finds credentials in the environment by itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from llm_sidecar.export.asked import Asked, names, present, script
from llm_sidecar.export.aws import region
from llm_sidecar.export.literal import Code, called, literal

PARAMETERS = names(
    """
        messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields
        promptVariables additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier
        outputConfig
        """
)
"""Of converse and converse_stream."""

HEADERS = {
    "x-amzn-bedrock-trace": "trace",
    "x-amzn-bedrock-guardrailidentifier": "guardrailIdentifier",
    "x-amzn-bedrock-guardrailversion": "guardrailVersion",
    "x-amzn-bedrock-performanceconfig-latency": "performanceConfigLatency",
    "x-amzn-bedrock-service-tier": "serviceTier",
}
"""Parameters of invoke_model that are headers on the wire."""

_PATH = re.compile(r"(.*)/model/([^/]+)/(converse|converse-stream|invoke|invoke-with-response-stream)")
_METHODS = {
    "converse": ("converse", 'print(response["output"]["message"])'),
    "converse-stream": ("converse_stream", 'for event in response["stream"]:\n    print(event, flush=True)'),
    "invoke": ("invoke_model", 'print(response["body"].read().decode())'),
    "invoke-with-response-stream": (
        "invoke_model_with_response_stream",
        'for event in response["body"]:\n    print(event, flush=True)',
    ),
}


def source(asked: Asked) -> str | None:
    found = _PATH.fullmatch(asked.path)
    if not found:
        return None
    if found[3].startswith("converse"):
        if not asked.body.keys() <= PARAMETERS:
            return None
        arguments = _bytes(asked.body)
    else:
        arguments = present(
            contentType=asked.header("content-type"),
            accept=None if asked.header("accept") in (None, "*/*") else asked.header("accept"),
            body=Code(f"json.dumps({literal(asked.body, 4)})"),
            **{parameter: asked.header(header) for header, parameter in HEADERS.items()},
        )
    base_url = asked.origin + found[1]
    place = region(asked.host)
    own = base_url == f"https://bedrock-runtime.{place}.amazonaws.com"
    method, output = _METHODS[found[3]]
    client = present(region_name=place, endpoint_url=None if own else base_url)
    return script(
        "boto3",
        "import boto3",
        called("client = boto3.client", client, "bedrock-runtime"),
        called(f"response = client.{method}", {"modelId": unquote(found[2]), **arguments}),
        output,
    )


def _bytes(value: Any) -> Any:
    """Images and documents are Base64 on the wire, and bytes for boto3."""
    if isinstance(value, dict):
        return {
            name: Code(f"base64.b64decode({literal(item)})")
            if name in ("bytes", "redactedContent") and isinstance(item, str)
            else _bytes(item)
            for name, item in value.items()
        }
    return [_bytes(item) for item in value] if isinstance(value, list) else value
