"""gunicorn's settings for both web processes of `app/`, in the container and in the local mode.

From the folder that holds `app/`:

    gunicorn -c app/gunicorn.conf.py -b 0.0.0.0:9022 'app:create_app()'            the demo
    gunicorn -c app/gunicorn.conf.py -b 0.0.0.0:9024 'app.offline:create_app()'    the offline model

Both write nothing to disk (a read-only root file system will do), log to stderr, answer `GET /healthz`, and end
within 5 s of SIGTERM with streams in flight. `app/__init__.py` needs openai; so both use the app's requirements.
"""

import os

worker_class = "gthread"
workers = 1
threads = 64
"""Each answer in flight holds one."""

graceful_timeout = 3
"""Seconds that streams get to end after SIGTERM; then the worker is killed."""
keepalive = 75
"""Longer than clients keep idle connections, so that none is closed just as it is reused."""

worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - the heartbeat file, in memory
control_socket_disable = True
