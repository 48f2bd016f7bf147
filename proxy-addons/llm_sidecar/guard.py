"""Refuses to run where production traffic may be: the sidecar is for development only."""

from __future__ import annotations

from collections.abc import Mapping

EXIT_STATUS = 64
"""EX_USAGE of sysexits.h, the same as entrypoint.sh's."""

_ENVIRONMENT_NAMES = ("APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV")


def refusal(environ: Mapping[str, str]) -> str | None:
    """One line that says why the sidecar must not run in this environment; None when it may."""
    for name in _ENVIRONMENT_NAMES:
        if environ.get(name, "").strip().lower() == "production":
            return (
                f"{name} is production: the LLM sidecar is for development and does not start. "
                f"Unset {name}, or leave the sidecar out."
            )
    if environ.get("KUBERNETES_SERVICE_HOST") and environ.get("LLM_SIDECAR_KUBERNETES") != "allow":
        return (
            "KUBERNETES_SERVICE_HOST is set, so this is a Kubernetes pod: the LLM sidecar does not start there. "
            "On a development cluster, allow it with LLM_SIDECAR_KUBERNETES=allow."
        )
    return None
