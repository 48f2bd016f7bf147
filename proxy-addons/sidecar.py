"""The script that mitmweb loads (`mitmweb -s sidecar.py`). The list below is the table of contents."""

from llm_sidecar.capture.offline import Offline
from llm_sidecar.capture.stream import Stream
from llm_sidecar.login import Login
from llm_sidecar.trust.publish import Trust

addons = [
    Login(),
    Trust(),
    Offline(),
    Stream(),
]
