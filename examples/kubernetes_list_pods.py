"""The pods of an EKS cluster, listed through the sidecar, whose proxy has to learn the cluster's own CA first.

    MITM_PASSWORD=... scripts/env .venv-examples/bin/python examples/kubernetes_list_pods.py CLUSTER

Needs AWS credentials, as `aws eks` does. A file in `certs/` would hand the CA over just as well.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.request

import boto3
import kubernetes
from botocore.signers import RequestSigner


def trust_upstream(pem: str) -> None:
    """Hand a CA to the sidecar: trusted from the proxy's next connection on."""
    request = urllib.request.Request(
        f"{os.environ['LLM_SIDECAR_WEB_URL']}/commands/llm.ca.add",
        json.dumps({"arguments": [pem]}).encode(),
        {
            "Authorization": f"Bearer {os.environ['MITM_PASSWORD']}",
            "Content-Type": "application/json",
            # mitmweb wants the same token twice; which one does not matter.
            "Cookie": "_mitmproxy_xsrf=x",
            "X-XSRFToken": "x",
        },
    )
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    if "error" in answer:
        sys.exit(f"the sidecar refuses the CA: {answer['error']}")


def bearer_token(session: boto3.Session, cluster: str) -> str:
    """What `aws eks get-token` prints: a presigned call of STS that names the cluster."""
    sts = session.client("sts")
    signer = RequestSigner(
        sts.meta.service_model.service_id, sts.meta.region_name, "sts", "v4",
        session.get_credentials(), session.events,
    )  # fmt: skip
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        },
        region_name=sts.meta.region_name, expires_in=60, operation_name="",
    )  # fmt: skip
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def main(name: str) -> None:
    session = boto3.Session()
    cluster = session.client("eks").describe_cluster(name=name)["cluster"]
    trust_upstream(base64.b64decode(cluster["certificateAuthority"]["data"]).decode())
    # No `ssl_ca_cert`: with the cluster's CA pinned there, the client would not trust the proxy.
    configuration = kubernetes.client.Configuration(
        host=cluster["endpoint"], api_key={"authorization": f"Bearer {bearer_token(session, name)}"}
    )
    pods = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration)).list_pod_for_all_namespaces()
    for pod in pods.items:
        print(pod.metadata.namespace, pod.metadata.name, pod.status.phase)


if __name__ == "__main__":
    main(sys.argv[1])
