"""A call as a curl command for any POSIX shell."""

from __future__ import annotations

import base64
import re
import shlex
from urllib.parse import urlsplit

from llm_sidecar.call import Call
from llm_sidecar.exchange import Exchange
from llm_sidecar.export.aws import region
from llm_sidecar.export.request import Request, Variable

_LONGEST_ARGUMENT = 100_000
"""Bytes: Linux takes no single argument over 128 KiB."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A terminal acts on these when the command is pasted; a line's end and a tab are safe inside quotes.
_UNPASTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SAFE_IN_DOUBLE_QUOTES = re.compile(r"[\w .,:;/?=&%@+*()\[\]{}|~^<>#'-]*")
_ADDED_BY_CURL = ("accept", "user-agent")
_NOTE = "# Older curls (7.88, for one) sign a ':' in the path wrongly: if AWS answers 403, use the Python export.\n"


def curl(call: Call, exchange: Exchange) -> str:
    """The command that sends this request again: method, URL, headers and the body's bytes.

    Secrets are read from environment variables. The one header that may differ is `accept-encoding`: curl asks for
    what it can decode.
    """
    request = Request(exchange, call.provider)
    has_body = bool(request.body) or request.method in ("POST", "PUT", "PATCH")
    options = _options(request, has_body, call.request.get("stream") is True)
    note = ""
    if signed := request.headers.get("authorization", "").startswith("AWS4-"):
        options.append(_signature(request.url))
        note = _NOTE if re.search("[:%]", urlsplit(request.url).path) else ""
    for name, value in request.headers.items():
        if name == "accept-encoding" or (signed and name in ("authorization", "x-amz-date", "x-amz-content-sha256")):
            continue
        options.append("-H " + _quoted(request, f"{name.title()}: {value}" if value else f"{name.title()};"))
    unwanted = [name for name in _ADDED_BY_CURL if name not in request.headers]
    if has_body and "content-type" not in request.headers:
        unwanted.append("content-type")
    options += [f"-H '{name.title()}:'" for name in unwanted]
    source = ""
    if has_body:
        source, data = _body(request)
        options.append(data)
    return f"{note}{source}curl {' \\\n  '.join(options)}\n"


def _options(request: Request, has_body: bool, streams: bool) -> list[str]:
    options = [_quoted(request, request.url)]
    if set("[]{}") & set(request.url):
        options.append("--globoff")
    if "/." in request.url:
        options.append("--path-as-is")
    if request.method == "HEAD":
        options.append("--head")
    elif request.method != ("POST" if has_body else "GET"):
        options.append("-X " + shlex.quote(request.method))
    if streams:
        options.append("--no-buffer")
    if request.headers.get("accept-encoding", "identity") != "identity":
        options.append("--compressed")
    return options


def _signature(url: str) -> str:
    """AWS Signature Version 4 ends after minutes: curl makes a new one."""
    place = region(urlsplit(url).hostname or "")
    return f'--aws-sigv4 aws:amz:{place}:bedrock --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'


def _body(request: Request) -> tuple[str, str]:
    """What is piped into curl, and curl's option for the body."""
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        text = "\x00"
    if _UNPASTABLE.search(text):
        return f"printf %s {base64.b64encode(request.plain_body()).decode()} | base64 -d |\n", "--data-binary @-"
    quoted = _quoted(request, text)
    if len(quoted.encode()) > _LONGEST_ARGUMENT:
        return f"printf %s {quoted} |\n", "--data-binary @-"
    # Unlike --data-binary it takes a leading @ as it is.
    return "", f"--data-raw {quoted}"


def _quoted(request: Request, text: str) -> str:
    """One shell word."""
    pieces = request.split(text)
    if len(pieces) > 1 and all(isinstance(p, Variable) or _SAFE_IN_DOUBLE_QUOTES.fullmatch(p) for p in pieces):
        joined = "".join(f"${{{p.name}}}" if isinstance(p, Variable) else p for p in pieces)
        # Braces only where the name would not end there.
        return '"' + re.sub(r"\$\{(\w+)\}(?![\w\[])", r"$\1", joined) + '"'
    return "".join(f'"${p.name}"' if isinstance(p, Variable) else _literal(p) for p in pieces) or "''"


def _literal(text: str) -> str:
    if not _UNPASTABLE.search(text):
        return shlex.quote(text)
    # printf puts back what must not be pasted: as octal, which every shell's printf knows.
    escaped = text.replace("\\", "\\\\").replace("%", "%%")
    escaped = _CONTROL.sub(lambda m: "".join(f"\\{b:03o}" for b in m[0].encode()), escaped)
    return f'"$(printf {shlex.quote(escaped)})"'
