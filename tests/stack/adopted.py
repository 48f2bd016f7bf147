"""A project of somebody else's that uses the drop-in: its own folder and compose file, and the four lines."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.stack.stack import BASE_IMAGE, Run, Stack, docker

DROP_IN = ROOT / "drop-in"


@dataclass
class Adopted(Stack):
    """`services` is the project's own compose file; `extended` names those that its override lets use the sidecar."""

    folder: Path = Path()
    services: dict[str, dict] = field(default_factory=dict)
    extended: tuple[str, ...] = ()
    include: str = "sidecar.yml"
    template: str = "client.yml"
    override: dict[str, dict] = field(default_factory=dict)
    """What the override says of a service beside `extends`."""

    def __post_init__(self) -> None:
        self.project = f"adopted-{uuid.uuid4().hex[:8]}"
        self.folder.mkdir(parents=True, exist_ok=True)
        own = {name: {"image": BASE_IMAGE, "init": True} | service for name, service in self.services.items()}
        (self.folder / "compose.yml").write_text(yaml.safe_dump({"services": own}))
        extends = {"extends": {"file": str(DROP_IN / self.template), "service": "client"}}
        override = {name: extends | self.override.get(name, {}) for name in self.extended}
        (self.folder / "compose.override.yml").write_text(
            yaml.safe_dump({"include": [str(DROP_IN / self.include)], "services": override})
        )

    def compose(self, *args: str, profile: str = "", check: bool = True) -> Run:
        """`docker compose ARGS` in the project's folder, as its developer would type it."""
        assert not profile
        ports = {"PROXY_PORT": str(self.proxy_port), "MITMWEB_PORT": str(self.web_port)}
        return docker(
            "compose", "--project-name", self.project, *args, env=ports | self.env, cwd=self.folder, check=check
        )
