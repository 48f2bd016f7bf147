"""The addon that sees to it that nobody is shown a secret: in flows, in logs, in what passes through tunnels."""

from __future__ import annotations

import logging
from typing import Any

from mitmproxy import flow as mitmproxy_flow
from mitmproxy import http
from mitmproxy.proxy import layer, layers

from llm_sidecar import mitmweb, settings
from llm_sidecar.capture import redact, wire


class Redact:
    """Installs the guard at the wire, and covers what does not come by there. Off with LLM_SIDECAR_REDACT=off."""

    def load(self, loader: object) -> None:
        self.on = settings.redact()
        # Always: the web password may be in a URL that is logged.
        self._make_record = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._record)
        if not self.on:
            logging.warning("llm-sidecar: LLM_SIDECAR_REDACT is off: keys and other secrets are shown and kept.")
            return
        wire.install()
        mitmweb.master().view.sig_view_update.connect(self._edited)

    def done(self) -> None:
        wire.uninstall()
        logging.setLogRecordFactory(self._make_record)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        # From a file: `flow.live` is set while one comes over the wire.
        if self.on and not flow.live:
            wire.hide_flow(flow)

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        # What neither is HTTP nor TLS may begin with a password. It passes without being recorded.
        if self.on and isinstance(nextlayer.layer, layers.TCPLayer | layers.UDPLayer):
            nextlayer.layer.flow = None

    def _edited(self, flow: mitmproxy_flow.Flow) -> None:
        """A key that somebody types into mitmweb is used when the call is sent again, and not shown either."""
        if not isinstance(flow, http.HTTPFlow) or flow.live or flow.intercepted or not flow.modified():
            return
        if wire.hide_flow(flow):
            mitmweb.master().view.sig_view_update.send(flow=flow)

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make_record(*args, **kwargs)
        try:
            said = record.getMessage()
            if record.exc_info:
                said += "\n" + logging.Formatter().formatException(record.exc_info)
            if (clean := redact.text(said)) != said:
                record.msg, record.args, record.exc_info = clean, (), None
        except Exception:
            record.msg, record.args, record.exc_info = "A log message could not be checked for secrets.", (), None
        return record
