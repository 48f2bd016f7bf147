#!/usr/bin/env bash
#
# Entrypoint of an app image. With LLM_SIDECAR=on, set by the Compose profile
# dev alone, it makes the command trust the sidecar's CA and send its calls
# through the sidecar's proxy. Without, it runs the command and does nothing else.
#
#   LLM_SIDECAR             on: armed
#   LLM_SIDECAR_PROXY       the proxy, default http://proxy:9020
#   LLM_SIDECAR_PUBLIC      where the volume `ca` is mounted, default /run/llm-sidecar
#   LLM_SIDECAR_WAIT        seconds to wait for the proxy, default 60
#   LLM_SIDECAR_KUBERNETES  allow: armed on Kubernetes too
#
# Exit status 64: refused, this looks like production. 1: the proxy is not ready.

set -euo pipefail

readonly proxy="${LLM_SIDECAR_PROXY:-http://proxy:9020}"
readonly public="${LLM_SIDECAR_PUBLIC:-/run/llm-sidecar}"
readonly wait_seconds="${LLM_SIDECAR_WAIT:-60}"
readonly ca="$public/mitmproxy-ca-cert.pem"
readonly bundle="$public/ca-bundle.pem"
readonly mark='# Added by entrypoint.sh of the LLM sidecar'

say() { printf 'llm-sidecar: %s\n' "$*" >&2; }
die() { local status=$1; shift; say "$*"; exit "$status"; }

is_armed() { [[ ${LLM_SIDECAR:-} == on ]]; }

# --- guard ----------------------------------------------------------------------

refuse_production() {
  local name
  for name in APP_ENV ENVIRONMENT FLASK_ENV NODE_ENV; do
    [[ ${!name:-} != [Pp][Rr][Oo][Dd][Uu][Cc][Tt][Ii][Oo][Nn] ]] ||
      die 64 "$name is production: the LLM sidecar is for development and does not start." \
        "Unset $name, or leave LLM_SIDECAR=on out."
  done
  [[ -z ${KUBERNETES_SERVICE_HOST:-} || ${LLM_SIDECAR_KUBERNETES:-} == allow ]] ||
    die 64 "KUBERNETES_SERVICE_HOST is set, so this is a Kubernetes pod: the LLM sidecar does not start there." \
      "On a development cluster, allow it with LLM_SIDECAR_KUBERNETES=allow."
}

# --- the proxy's CA ---------------------------------------------------------------

# One line that says what keeps us from using the CA, or nothing.
ca_problem() {
  local file
  [[ -d $public ]] || { echo "$public is not there. Mount the volume 'ca' on it, read-only."; return; }
  for file in "$ca" "$bundle"; do
    if [[ ! -e $file ]]; then
      echo "$file is not there yet. Is the proxy running? See: docker compose --profile dev logs proxy"
    elif [[ ! -r $file ]]; then
      echo "$file cannot be read by user $(id -u). Make the volume anew: docker compose --profile dev down -v"
    elif ! grep -q 'END CERTIFICATE' "$file"; then
      echo "$file holds no certificate. Let the proxy write it again: docker compose --profile dev restart proxy"
    else
      continue
    fi
    return
  done
  handshake_problem
}

# A CA left behind by another proxy looks as good as ours: only a TLS handshake
# through the proxy tells. No request follows, so nobody else is called.
handshake_problem() {
  command -v python3 >/dev/null || return 0
  python3 -I - "$proxy" "$bundle" <<'EOF'
import socket, ssl, sys
from urllib.parse import urlsplit

proxy, bundle = sys.argv[1:]
host = "api.openai.com"
again = "Let the proxy write it again: docker compose --profile dev restart proxy"

def problem():
    try:
        trust = ssl.create_default_context(cafile=bundle)
    except OSError as e:
        return f"{bundle} cannot be used: {e}. {again}"
    try:
        url = urlsplit(proxy)
        connection = socket.create_connection((url.hostname, url.port), timeout=5)
    except (OSError, ValueError) as e:
        return f"no answer from the proxy at {proxy}: {e}. See: docker compose --profile dev logs proxy"
    try:
        connection.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        connection.recv(4096)
        trust.wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLCertVerificationError:
        return f"{bundle} does not hold the CA of the proxy that runs: it is stale. {again}"
    except OSError:
        pass  # A proxy that passes this host through says nothing about its CA.
    return ""

print(problem())
EOF
}

wait_for_ca() {
  local problem told='' deadline=$((SECONDS + wait_seconds))
  while problem=$(ca_problem) && [[ -n $problem ]]; do
    ((SECONDS < deadline)) || die 1 "the proxy's CA is not ready after $wait_seconds s: $problem"
    [[ -n $told ]] || say "waiting up to $wait_seconds s for the proxy's CA"
    told=yes
    sleep 0.2
  done
}

# --- certifi ----------------------------------------------------------------------

# Isolated, since a shim on PYTHONPATH may answer in certifi's place.
certifi_file() { python3 -I -m certifi 2>/dev/null; }

is_pristine() { [[ -f $1 ]] && ! grep -q "^$mark" "$1"; }

# Standard input becomes FILE in one step: a reader sees the old or the new one.
replace_file() { # FILE
  local draft
  draft=$(mktemp "$1.XXXXXX" 2>/dev/null) || return
  if cat >"$draft" && chmod 0644 "$draft" && mv -f "$draft" "$1"; then return; fi
  rm -f "$draft"
  return 1
}

# certifi's own file stays beside it, and every merge starts from that one: so a
# restart, or a new CA, never adds to an earlier merge. After an upgrade of
# certifi its file is pristine again, and is kept anew.
keep_original() { # FILE
  is_pristine "$1" || return 0
  cmp -s "$1" "$1.original" || replace_file "$1.original" <"$1"
}

# Command substitution drops final newlines and printf puts one back, so that no
# two PEMs ever share a line.
join_pems() { printf '%s\n' "$(<"$1")" "$mark" "$(<"$2")"; }

merge_certifi() { # FILE CA
  local target
  target=$(readlink -f "$1")
  if keep_original "$1" && [[ -s $1.original ]] && join_pems "$1.original" "$2" | replace_file "$target"; then return; fi
  say "the CA cannot be merged into $target, so clients that read nothing but certifi will not trust the proxy." \
    "The folder must be writable: for example, mount a tmpfs on ${target%/*}."
}

# --- environment ------------------------------------------------------------------

export_trust() {
  export SSL_CERT_FILE="$bundle"                     # ssl: openai 3, httpx, aiohttp, urllib
  export REQUESTS_CA_BUNDLE="$bundle"                # requests, and botocore
  export GRPC_DEFAULT_SSL_ROOTS_FILE_PATH="$bundle"  # grpcio
  export NODE_EXTRA_CA_CERTS="$bundle"               # Node, Deno, Bun
}

# Not HTTP_PROXY: models are called over https, while plain http is how the
# services of a stack, and a cloud's metadata address, talk to each other.
export_proxy() {
  export HTTPS_PROXY="$proxy" https_proxy="$proxy"
  export WSS_PROXY="$proxy" wss_proxy="$proxy"       # aiohttp's WebSockets
  export NODE_USE_ENV_PROXY=1                        # Node 22.21 and newer
  NO_PROXY=$(no_proxy_list)
  export NO_PROXY no_proxy="$NO_PROXY"
}

# What there was, in either case, then what must not be proxied; each once.
no_proxy_list() {
  local host=${proxy#*://}
  printf '%s' "${NO_PROXY:-},${no_proxy:-},localhost,127.0.0.1,::1,${host%%[:/]*}" |
    awk -v RS='[, \n]+' '$0 != "" && !seen[$0]++ { printf "%s%s", (n++ ? "," : ""), $0 }'
}

# --- main -------------------------------------------------------------------------

arm() {
  local file
  refuse_production
  wait_for_ca
  ! file=$(certifi_file) || merge_certifi "$file" "$ca"
  export_trust
  export_proxy
}

main() {
  ! is_armed || arm
  exec "$@"
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
