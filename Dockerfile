# The demo app and the offline model: one image, two commands.
ARG PYTHON_IMAGE=python:3.13-slim-trixie
FROM ${PYTHON_IMAGE}

LABEL org.opencontainers.image.title="llm-sidecar app" \
      org.opencontainers.image.description="Demo app and offline model of the LLM sidecar"

# One layer: the base image's pip installs into an environment that has none of its own.
RUN --mount=type=secret,id=build_ca \
    --mount=type=bind,source=requirements/app.txt,target=/tmp/requirements.txt <<'EOF'
set -eu
if [ -s /run/secrets/build_ca ]; then
  export PIP_CERT=/run/secrets/build_ca
fi
python3 -m venv --without-pip /opt/venv
PYTHONDONTWRITEBYTECODE=1 python3 -m pip --python /opt/venv/bin/python install --disable-pip-version-check \
  --no-cache-dir --no-compile --only-binary :all: --require-hashes -r /tmp/requirements.txt || {
  echo "Packages cannot be installed. Behind a network that inspects TLS, set BUILD_CA_FILE to a PEM file of its CA." >&2
  exit 1
}
# Bytecode of what the two processes import, and of nothing else.
/opt/venv/bin/python -c 'import flask, gunicorn.workers.gthread, openai.resources.chat, openai.resources.responses'

# entrypoint.sh may have to merge a CA into certifi's file while the root file system is read-only. So the file is
# a link to a directory of its own, where a container that wants the merge mounts a tmpfs.
cacert=$(/opt/venv/bin/python -m certifi)
install -D -m 0644 "$cacert" /opt/certifi/cacert.pem
mv "$cacert" "$cacert.original"
ln -s /opt/certifi/cacert.pem "$cacert"

useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin sidecar
EOF

COPY entrypoint.sh /usr/local/bin/
WORKDIR /srv
COPY app app/
RUN python3 -m compileall -q app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 9022
ENTRYPOINT ["entrypoint.sh"]
CMD ["gunicorn", "--config", "app/gunicorn.conf.py", "--bind", "0.0.0.0:9022", "app:create_app()"]
