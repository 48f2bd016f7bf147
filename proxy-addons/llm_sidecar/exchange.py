"""One HTTP exchange with a provider as plain values: all that a dialect may know of a flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what has come back so far. Secrets are already redacted.

    Bodies are the bytes after content decoding (gzip and so on). Header names are lower case; a repeated
    header's values are joined with ", ". Times are seconds since the epoch by the proxy's own clock.
    """

    id: str
    method: str
    url: str
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    status: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = b""
    started: float = 0.0
    request_ended: float | None = None
    first_chunk: float | None = None
    ended: float | None = None
    complete: bool = True
    """False while the response is still arriving, and for one that was cut short."""
    arrivals: Sequence[Sequence[float]] = ()
    """When the response's body came: [offset, seconds since the request ended] of each piece of it."""
    error: str | None = None
    """Why the exchange failed or was cut, in mitmproxy's words; None when it ended well."""

    @property
    def split_url(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def path(self) -> str:
        return self.split_url.path

    @property
    def host(self) -> str:
        return self.split_url.hostname or ""

    @property
    def port(self) -> int:
        return self.split_url.port or (80 if self.split_url.scheme == "http" else 443)

    @property
    def response_type(self) -> str:
        """The response's media type, lower case, without parameters; "" when there is none."""
        return self.response_headers.get("content-type", "").partition(";")[0].strip().lower()
