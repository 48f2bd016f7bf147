"""From a mitmproxy flow to an `Exchange`."""

from __future__ import annotations

from mitmproxy import http

from llm_sidecar.capture.offline import MARK
from llm_sidecar.capture.stream import CHUNKS
from llm_sidecar.exchange import Exchange


def exchange_of(flow: http.HTTPFlow) -> Exchange:
    """The exchange as it stands now. Bodies are those of the wire: content encoding is still on the response's."""
    request, response = flow.request, flow.response
    arrivals = flow.metadata.get(CHUNKS) or []
    since = request.timestamp_end or request.timestamp_start
    return Exchange(
        id=flow.id,
        method=request.method,
        url=_url(flow),
        request_headers=_headers(request.headers),
        request_body=request.get_content(strict=False) or b"",
        status=response.status_code if response else None,
        response_headers=_headers(response.headers) if response else {},
        response_body=(response.raw_content or b"") if response else b"",
        started=request.timestamp_start,
        request_ended=request.timestamp_end,
        first_chunk=since + arrivals[0][1] if arrivals else response.timestamp_start if response else None,
        arrivals=arrivals,
        ended=(response.timestamp_end if response else None) or (flow.error.timestamp if flow.error else None),
        complete=response is not None and response.timestamp_end is not None and flow.error is None,
        error=flow.error.msg if flow.error else None,
    )


def _url(flow: http.HTTPFlow) -> str:
    address = flow.metadata.get(MARK)
    if not address:
        return flow.request.pretty_url
    scheme, host, port = address
    default = {"https": 443, "http": 80}.get(scheme)
    return f"{scheme}://{host}{'' if port == default else f':{port}'}{flow.request.path}"


def _headers(headers: http.Headers) -> dict[str, str]:
    return {name.lower(): ", ".join(headers.get_all(name)) for name in headers}
