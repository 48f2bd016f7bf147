"""An https server in a container, for a name that the tests choose, from a CA of their own."""

from __future__ import annotations

from pathlib import Path

from tests.authorities import Authority, key_pem, pem_of

SERVE = """
import http.server, ssl
server = http.server.ThreadingHTTPServer(("", 443), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/server/server.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def service(folder: Path, authority: Authority, name: str) -> dict:
    """A Compose service that serves https under this name on the default network."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = authority.leaf(name)
    (folder / "server.pem").write_bytes(pem_of(certificate) + key_pem(key))
    return {
        "command": ["python3", "-c", SERVE],
        "volumes": [f"{folder}:/server:ro"],
        "networks": {"default": {"aliases": [name]}},
    }
