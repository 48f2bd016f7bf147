"""A flow's comment as the sidecar writes it, told from one that a person has written."""

from __future__ import annotations

import hashlib

from mitmproxy import flow as mitmproxy_flow

_DIGEST = "llm_sidecar.comment"
"""In `flow.metadata`: the digest of the comment as it was written here."""


def is_persons(flow: mitmproxy_flow.Flow) -> bool:
    """Somebody has written the flow's comment, or changed it."""
    return bool(flow.comment) and flow.metadata.get(_DIGEST) != _digest(flow.comment)


def write(flow: mitmproxy_flow.Flow, comment: str) -> bool:
    """Set the comment, but never over a person's. True when it is another one now."""
    if is_persons(flow) or comment == flow.comment:
        return False
    flow.comment = comment
    flow.metadata[_DIGEST] = _digest(comment)
    return True


def _digest(comment: str) -> str:
    return hashlib.blake2b(comment.encode(errors="surrogateescape"), digest_size=8).hexdigest()
