"""The script that mitmweb loads (`mitmweb -s sidecar.py`). The list below is the table of contents."""

from llm_sidecar.borders import Borders
from llm_sidecar.calls import Calls
from llm_sidecar.capture.keep import Keep
from llm_sidecar.capture.offline import Offline
from llm_sidecar.capture.redaction import Redact
from llm_sidecar.capture.run_name import RunName
from llm_sidecar.capture.stream import Stream
from llm_sidecar.direct import Direct
from llm_sidecar.login import Login
from llm_sidecar.quiet import Quiet
from llm_sidecar.trust.failures import TlsFailures
from llm_sidecar.trust.lanes import BaseUrl
from llm_sidecar.trust.probe import Probe
from llm_sidecar.trust.publish import Trust
from llm_sidecar.views.api import Api
from llm_sidecar.views.comment import CallComment
from llm_sidecar.views.contentview import LLMContentview
from llm_sidecar.views.page import Page

addons = [
    Borders(),
    Direct(),
    Redact(),
    Login(),
    Quiet(),
    Trust(),
    TlsFailures(),
    Probe(),
    BaseUrl(),
    RunName(),
    Offline(),
    Stream(),
    Calls(),
    CallComment(),
    LLMContentview(),
    Api(),
    Page(),
    Keep(),
]
