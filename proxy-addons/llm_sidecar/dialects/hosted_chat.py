"""Chat Completions at hosts that name the model, or the path, in their own way: IBM's watsonx and Databricks.

https://cloud.ibm.com/apidocs/watsonx-ai#text-chat,
https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference
"""

from __future__ import annotations

import re

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.fields import put_request
from llm_sidecar.dialects.jsons import obj
from llm_sidecar.dialects.openai_chat import OpenAIChat
from llm_sidecar.exchange import Exchange


class HostedChat(OpenAIChat):
    path = re.compile(
        r"/ml/v1[^/]*/(?:deployments/[^/]+/)?text/chat(_stream)?$|/serving-endpoints/([^/]+)/invocations$"
    )

    def accepts(self, exchange: Exchange, body: Json) -> bool:
        return "messages" in obj(body)

    def shape(self, exchange: Exchange, body: dict[str, Json]) -> bool:
        return False

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        found = self.path.search(exchange.path)
        put_request(call, "model", obj(body).get("model_id") or (found and found[2]))
        if found and found[1]:
            call.request["stream"] = True

    def ended(self, call: Call) -> None:
        """Both report usage unasked, so there is nothing to advise."""
