"""Images, audio, video, moderation: OpenAI's APIs, which others share, and a few of others.

https://platform.openai.com/docs/api-reference/images, /audio, /moderations, /videos
"""

from __future__ import annotations

import re
from typing import ClassVar

from llm_sidecar.call import Call, Json
from llm_sidecar.dialects.jsons import arr, obj
from llm_sidecar.dialects.recognised import Recognised, Resource
from llm_sidecar.exchange import Exchange


class _Media(Recognised):
    output: ClassVar[str] = ""

    def request(self, call: Call, body: Json, exchange: Exchange) -> None:
        super().request(call, body, exchange)
        if self.output:
            call.attributes["gen_ai.output.type"] = self.output


class Images(_Media):
    api = "openai.images"
    operation = "image_generation"
    path = re.compile(r"/images/(generations|edits|variations)/?$|/v1/image/generate$")
    output = "image"

    def response(self, call: Call, body: Json) -> None:
        super().response(call, body)
        if images := arr(obj(body).get("data")):
            call.attributes["llm_sidecar.response.images"] = len(images)


class Speech(_Media):
    api = "openai.speech"
    operation = "text_to_speech"
    path = re.compile(r"/audio/speech/?$|/v1/text-to-speech/[^/]+(/stream)?$")
    output = "speech"


class Transcriptions(_Media):
    api = "openai.transcriptions"
    operation = "speech_to_text"
    path = re.compile(r"/audio/(transcriptions|translations)/?$|/v1/speech-to-text$")
    bulk = (*Recognised.bulk, "words", "segments", "logprobs")
    output = "text"


class Moderations(Recognised):
    api = "openai.moderations"
    operation = "moderation"
    path = re.compile(r"/(chat/)?moderations/?$")


class Ocr(Recognised):
    api = "mistral.ocr"
    operation = "ocr"
    provider = "mistral_ai"
    path = re.compile(r"/v1/ocr$")

    def response(self, call: Call, body: Json) -> None:
        super().response(call, body)
        call.attributes["llm_sidecar.usage"] = obj(body).get("usage_info")


class Videos(Resource):
    api = "openai.videos"
    operation = "video_generation"
    path = re.compile(r"/v1/videos(/[^/]+(/content|/remix)?)?$|(?::|%3[aA])(predictLongRunning|fetchPredictOperation)$")
    output = ""
