"""Where secrets are found: names of headers, parameters and fields, each with who uses it. Data only.

Names are lower case and are compared so. A name that only carries an identity (`openai-organization`) is not here.
"""

from __future__ import annotations

HEADERS = {
    "authorization": "OpenAI and most others (Bearer), AWS (Signature Version 4)",
    "proxy-authorization": "HTTP proxies, RFC 9110",
    "cookie": "any, RFC 6265",
    "set-cookie": "any, RFC 6265",
    "x-api-key": "Anthropic, LangSmith",
    "api-key": "Azure OpenAI, Azure AI Search, Qdrant",
    "x-goog-api-key": "Google Gemini and Vertex AI",
    "x-amz-security-token": "AWS session credentials",
    "x-aws-ec2-metadata-token": "AWS instance metadata",
    "ocp-apim-subscription-key": "Azure API Management",
    "x-ms-authorization-auxiliary": "Azure",
    "sec-websocket-protocol": "OpenAI Realtime in a browser",
    "helicone-auth": "Helicone",
    "cf-aig-authorization": "Cloudflare AI Gateway",
    "cf-access-client-secret": "Cloudflare Access",
    "x-portkey-virtual-key": "Portkey",
    "xi-api-key": "ElevenLabs",
    "x-key": "Black Forest Labs",
    "x-subscription-token": "Brave Search",
    "x-honeycomb-team": "Honeycomb",
    "private-token": "GitLab",
    "x-vault-token": "HashiCorp Vault",
}

HEADER_ENDINGS = (
    "api-key", "apikey", "api-token", "access-key", "access-token", "auth-token", "bearer-token", "id-token",
    "refresh-token", "security-token", "session-token", "csrf-token", "xsrf-token", "-secret", "-password",
    "-authorization", "-credential", "-credentials", "-signature", "-jwt",
)  # fmt: skip
"""Headers of providers that are not listed above."""

URL_HEADERS = ("location", "content-location", "referer")
"""Headers that hold a URL, whose parameters count."""

PROTOCOL_PREFIXES = (
    "openai-insecure-api-key.",
    "openai-ephemeral-user-api-key-do-not-use-in-production.",
    "base64url.bearer.authorization.k8s.io.",
)
"""WebSocket subprotocols whose rest is a key: OpenAI Realtime, Kubernetes."""

PARAMETERS = {
    "key": "Google Gemini",
    "api_key": "several",
    "api-key": "Azure OpenAI Realtime",
    "apikey": "several",
    "x-api-key": "several",
    "access_token": "OAuth 2, RFC 6750",
    "id_token": "OpenID Connect",
    "refresh_token": "OAuth 2, RFC 6749",
    "token": "OAuth 2, RFC 7009 and 7662; mitmweb's own login",
    "session_token": "several",
    "auth_token": "several",
    "code": "OAuth 2 authorization code",
    "code_verifier": "OAuth 2, RFC 7636",
    "device_code": "OAuth 2, RFC 8628",
    "client_secret": "OAuth 2",
    "client_assertion": "OAuth 2, RFC 7521",
    "assertion": "OAuth 2, RFC 7521: Google service accounts",
    "subject_token": "OAuth 2, RFC 8693: workload identity federation",
    "actor_token": "OAuth 2, RFC 8693",
    "password": "OAuth 2",
    "passwd": "several",
    "secret": "several",
    "jwt": "several",
    "sig": "Azure shared access signature",
    "signature": "several",
    "subscription-key": "Azure API Management",
    "x-amz-signature": "AWS, presigned URL",
    "x-amz-credential": "AWS, presigned URL",
    "x-amz-security-token": "AWS, presigned URL",
    "x-goog-signature": "Google Cloud, signed URL",
    "x-goog-credential": "Google Cloud, signed URL",
    "webidentitytoken": "AWS STS",
    "samlassertion": "AWS STS",
}
"""In a URL's query and in form bodies."""

FIELDS = {
    "access_token": "OAuth 2",
    "accesstoken": "AWS SSO, Azure",
    "refresh_token": "OAuth 2",
    "refreshtoken": "AWS SSO",
    "id_token": "OpenID Connect",
    "idtoken": "AWS SSO",
    "session_token": "several",
    "sessiontoken": "AWS",
    "security_token": "several",
    "auth_token": "several",
    "authtoken": "several",
    "bearer_token": "several",
    "token": "GitHub Copilot, AWS metadata; only long values, since log probabilities have a `token` too",
    "client_secret": "OAuth 2, OpenAI Realtime",
    "clientsecret": "AWS SSO",
    "client_assertion": "OAuth 2",
    "assertion": "OAuth 2",
    "subject_token": "OAuth 2",
    "actor_token": "OAuth 2",
    "code_verifier": "OAuth 2",
    "device_code": "OAuth 2",
    "devicecode": "AWS SSO",
    "secret": "several",
    "secret_key": "several",
    "secretkey": "several",
    "secret_access_key": "AWS",
    "secretaccesskey": "AWS",
    "private_key": "Google service accounts",
    "privatekey": "several",
    "password": "several",
    "passwd": "several",
    "api_key": "several",
    "apikey": "several",
    "api-key": "headers of MCP servers and connectors",
    "x-api-key": "headers of MCP servers and connectors",
    "x-goog-api-key": "headers of MCP servers and connectors",
    "x-amz-security-token": "headers of MCP servers and connectors",
    "authorization": "OpenAI's MCP tool; headers of MCP servers",
    "authorization_token": "Anthropic's MCP servers",
    "proxy-authorization": "echoed headers",
    "cookie": "echoed headers",
    "set-cookie": "echoed headers",
}
"""String fields of JSON and XML bodies."""

VALUE_PREFIXES = ("ek_",)
"""JSON strings that are secrets whatever their field is called: OpenAI Realtime's ephemeral keys."""

NO_TAIL = frozenset(
    ("basic", "digest", "password", "passwd", "secret", "private_key", "privatekey", "code", "device_code")
)
"""Never shown even in part: a person's password, or its Base64 form."""

SHORTEST_FOR_TOKEN_FIELD = 20
"""Bytes from which the value of a plain `token` field is taken for a secret."""
