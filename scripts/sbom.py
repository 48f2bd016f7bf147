"""The SBOM of an image as CycloneDX 1.6 JSON: its Debian and Python packages, as the image itself lists them.

Usage: sbom.py IMAGE > FILE. Needs Docker, and nothing from the network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import quote

_PYTHON = """
import importlib.metadata as m, json
print(json.dumps(sorted((d.metadata["Name"], d.version, d.metadata.get("License-Expression") or "")
                        for d in m.distributions())))
"""
_DEBIAN = ["dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${Architecture}\\n"]


def _run(image: str, *command: str) -> str:
    args = ["docker", "run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:]]
    return subprocess.run(args, check=True, capture_output=True, text=True).stdout  # noqa: S603


def sbom(image: str) -> dict[str, object]:
    """The document for an image that the local engine has. Raises CalledProcessError where it cannot be run."""
    inspect = ["docker", "image", "inspect", "--format", "{{.Id}}", image]
    digest = subprocess.run(inspect, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    components: list[dict[str, object]] = []
    for line in _run(image, *_DEBIAN).splitlines():
        name, version, architecture = line.split("\t")
        purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={architecture}"
        components.append({"type": "library", "name": name, "version": version, "purl": purl})
    for name, version, license in json.loads(_run(image, "python", "-c", _PYTHON)):
        component = {"type": "library", "name": name, "version": version}
        component["purl"] = f"pkg:pypi/{name.lower().replace('_', '-')}@{quote(version, safe='')}"
        components.append(component | ({"licenses": [{"expression": license}]} if license else {}))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": image, "version": digest}},
        "components": components,
    }


if __name__ == "__main__":
    try:
        json.dump(sbom(sys.argv[1]), sys.stdout, indent=1)
    except subprocess.CalledProcessError as e:
        sys.exit(f"{' '.join(e.cmd[:4])} failed: {e.stderr.strip()}")
