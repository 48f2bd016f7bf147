"""What people should know of: whatever keeps calls from being captured, hidden or kept. For the page and the API."""

from __future__ import annotations

from typing import Any

from llm_sidecar import mitmweb


def problems() -> list[dict[str, Any]]:
    """One object each: `kind` (`redaction`, `keeping`, `ca_file`, `tls_failure`), `message` with the remedy."""
    addons = mitmweb.master().addons
    found = []
    if not addons.get("redact").on:
        message = (
            "LLM_SIDECAR_REDACT is off: keys and other secrets are shown, kept and exported. Unset it to hide them."
        )
        found.append({"kind": "redaction", "message": message})
    found += [{"kind": "keeping", "message": why} for why in addons.get("keep").problems.values()]
    found += [
        {"kind": "ca_file", "message": f"{name} is refused as a CA file and changes nothing: it {why}"}
        for name, why in addons.get("trust").problems.items()
    ]
    for failure in addons.get("tlsfailures").failures.values():
        times = f" ({failure.count} times)" if failure.count > 1 else ""
        message = f"Not captured: {failure.client} calling {failure.host}{times}: {failure.cause}. {failure.remedy}"
        found.append({"kind": "tls_failure", "message": message, "time": failure.last_time})
    return found
