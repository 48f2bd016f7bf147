"""The article's case: a cluster whose API has a CA of its own, listed through the proxy; and a client that pins it."""

from __future__ import annotations

import base64
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.authorities import Authority
from tests.clients.matrix import drop_in_environment
from tests.conftest import ROOT, Sidecar, clean_env

EXAMPLE = ROOT / "examples" / "kubernetes_list_pods.py"
AWS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1"}

PODS = {
    "kind": "PodList", "apiVersion": "v1", "metadata": {},
    "items": [{"metadata": {"name": "web-0", "namespace": "shop"}, "status": {"phase": "Running"}}],
}  # fmt: skip


@dataclass
class Server:
    """Answers every GET with JSON, over TLS where it has a CA, and keeps the requests' paths and tokens."""

    answer: dict
    authority: Authority | None = None
    folder: Path = Path()
    requests: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        body, requests = json.dumps(self.answer).encode(), self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append((self.path, self.headers.get("authorization", "")))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.authority:
            context = self.authority.server_context(self.folder, "localhost")
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{'https' if self.authority else 'http'}://localhost:{self.http.server_port}"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Server]:
    """A stand-in for the cluster's API, behind its private CA."""
    server = Server(PODS, Authority("Cluster CA"), tmp_path)
    yield server
    server.http.shutdown()


@pytest.fixture
def eks(cluster: Server) -> Iterator[Server]:
    """A stand-in for EKS that knows this cluster."""
    assert cluster.authority
    data = base64.b64encode(cluster.authority.pem).decode()
    answer = {"name": "dev", "endpoint": cluster.url, "certificateAuthority": {"data": data}}
    server = Server({"cluster": answer})
    yield server
    server.http.shutdown()


def test_the_example_lists_pods_through_the_sidecar(sidecar: Sidecar, cluster: Server, eks: Server) -> None:
    """Cluster and CA from EKS, the CA handed over, the pods printed, the call in mitmweb with its path."""
    env = sidecar.proxy_env | AWS | {
        "AWS_ENDPOINT_URL_EKS": eks.url, "LLM_SIDECAR_WEB_URL": sidecar.web, "MITM_PASSWORD": sidecar.password,
    }  # fmt: skip
    run = subprocess.run([sys.executable, EXAMPLE, "dev"], env=env, capture_output=True, text=True, timeout=60)
    assert run.stdout == "shop web-0 Running\n", run.stderr
    [(path, token)] = cluster.requests
    assert path.startswith("/api/v1/pods")
    assert token.startswith("Bearer k8s-aws-v1.")
    assert [p for p, _ in eks.requests] == ["/clusters/dev"]
    flow = sidecar.wait_flow(lambda f: f["request"]["path"].startswith("/api/v1/pods") and "response" in f)
    assert json.loads(sidecar.body(flow))["items"][0]["metadata"]["name"] == "web-0"


@pytest.mark.parametrize("client", ["kubernetes", "kubernetes_asyncio"])
def test_a_pinned_ca_needs_the_opt_in(sidecar: Sidecar, cluster: Server, tmp_path: Path, client: str) -> None:
    """A kubeconfig's CA is no variable's business. LLM_SIDECAR_PATCH=kubernetes puts the bundle in its place."""
    assert cluster.authority
    pinned = tmp_path / "cluster-ca.pem"
    pinned.write_bytes(cluster.authority.pem)
    (sidecar.certs / "cluster.pem").write_bytes(cluster.authority.pem)
    sync = f"""
from kubernetes import client
c = client.Configuration(host={cluster.url!r}); c.ssl_ca_cert = {str(pinned)!r}
print(client.CoreV1Api(client.ApiClient(c)).list_pod_for_all_namespaces().items[0].metadata.name)
"""
    asynchronous = f"""
import asyncio
from kubernetes_asyncio import client
async def main():
    c = client.Configuration(host={cluster.url!r}); c.ssl_ca_cert = {str(pinned)!r}
    async with client.ApiClient(c) as api:
        print((await client.CoreV1Api(api).list_pod_for_all_namespaces()).items[0].metadata.name)
asyncio.run(main())
"""
    code = sync if client == "kubernetes" else asynchronous
    env = drop_in_environment(sidecar.proxy, str(sidecar.public)) | {"NO_PROXY": "", "no_proxy": ""}

    def run(**extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code], env=clean_env(**env | extra), capture_output=True, text=True, timeout=60
        )

    try:
        with sidecar.api() as api:
            api.post("/commands/ssl.clear", json={"arguments": []}).raise_for_status()
        assert "CERTIFICATE_VERIFY_FAILED" in run().stderr
        done = run(LLM_SIDECAR_PATCH="kubernetes")
        assert done.stdout == "web-0\n", done.stderr
    finally:
        (sidecar.certs / "cluster.pem").unlink()
