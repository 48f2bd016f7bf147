"""The images by themselves: small, without build tools' leftovers, and the app's the same as without the sidecar."""

from __future__ import annotations

import json
from pathlib import Path

import certifi
import pytest

from tests.stack.stack import APP_IMAGE, BASE_IMAGE, PROXY_IMAGE, docker, finished

pytestmark = pytest.mark.usefixtures("images")


def inspect(image: str) -> dict:
    return json.loads(docker("image", "inspect", image).stdout)[0]


def run(image: str, *command: str) -> str:
    """What a command prints in a container of the image alone, without Compose and without a network."""
    done = finished(docker("run", "--detach", "--network", "none", image, *command).stdout.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("image", "most"), [(APP_IMAGE, 60), (PROXY_IMAGE, 110)])
def test_size(image: str, most: int) -> None:
    """What the image adds to its base, in MB."""
    assert (inspect(image)["Size"] - inspect(BASE_IMAGE)["Size"]) / 1e6 <= most


@pytest.mark.parametrize("image", [APP_IMAGE, PROXY_IMAGE])
def test_metadata(image: str) -> None:
    """OCI labels, the fixed user, and no secret in what is kept of the build."""
    config = inspect(image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Labels"]["org.opencontainers.image.title"].startswith("llm-sidecar")
    assert config["Labels"]["org.opencontainers.image.description"]
    assert not [name for name in config["Env"] if name.startswith(("PIP_", "SSL_", "BUILD_CA"))]


@pytest.mark.parametrize(
    ("image", "folder", "content"), [(APP_IMAGE, "/srv", ["app"]), (PROXY_IMAGE, "/opt/llm-sidecar", ["proxy-addons"])]
)
def test_nothing_is_left_of_the_build(image: str, folder: str, content: list[str]) -> None:
    """No pip, and no file of the repository but those that run."""
    assert run(image, "sh", "-c", "ls /opt/venv/bin/pip* 2>/dev/null; true") == ""
    assert run(image, "ls", "-A", folder).split() == content


def test_not_armed_there_is_no_proxy_variable() -> None:
    """The image by itself runs its command as is."""
    env = run(APP_IMAGE, "env")
    assert not [name for name in ("PROXY", "proxy", "CERT", "CA_BUNDLE", "LLM_SIDECAR") if name in env]


def test_not_armed_certifi_is_unchanged(tmp_path: Path) -> None:
    """Byte for byte the file of the release that is locked, read through `certifi.where()`."""
    here = Path(certifi.where()).read_text()
    there = run(APP_IMAGE, "python", "-c", "import certifi; print(certifi.contents(), end='')")
    version = run(APP_IMAGE, "python", "-c", "import certifi; print(certifi.__version__)").strip()
    assert version == certifi.__version__, "the image and the tests have different locks"
    assert there == here


def test_not_armed_it_cannot_write_to_certifi() -> None:
    """The CA file of an image that may reach production is not its own user's to change."""
    writable = 'test -w "$(python -m certifi)" || test -w /opt/certifi || echo no'
    assert run(APP_IMAGE, "sh", "-c", writable) == "no\n"
