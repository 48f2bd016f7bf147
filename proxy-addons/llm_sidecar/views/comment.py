"""Each call in its flow's comment: a summary first, as mitmweb's comment column shows it, then the conversation."""

from __future__ import annotations

from llm_sidecar import comments, mitmweb
from llm_sidecar.calls import Reading
from llm_sidecar.views import text

_LONGEST = 20_000
"""Characters. mitmweb sends all comments to the browser with every list of flows."""


class CallComment:
    """Writes comments, and never over a person's."""

    def call_changed(self, reading: Reading) -> None:
        flow = mitmweb.master().view.get_by_id(reading.row.id)
        if flow is not None and comments.write(flow, comment_of(reading)):
            mitmweb.master().view.update([flow])


def comment_of(reading: Reading) -> str:
    """The comment's text. One that is very long is cut in the middle, where it says so."""
    spoken = text.conversation(reading.call)
    if (left_out := len(spoken) - _LONGEST) > 0:
        half = _LONGEST // 2
        spoken = f"{spoken[:half]}\n\n… {left_out} characters are left out here …\n\n{spoken[-half:]}"
    return f"{reading.row.summary}\n\n{spoken}"
