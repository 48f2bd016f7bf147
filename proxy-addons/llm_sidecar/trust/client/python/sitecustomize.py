"""Makes Python clients that ignore the environment use the sidecar and trust it. Python imports this at start.

It does nothing but register what to patch, each patch once its module is imported by the app; the standard
library's modules included, so that a start costs nothing. Where LLM_SIDECAR_PROXY is unset or LLM_SIDECAR is
`off` it does not even that. A patch that fails leaves its library as it was.

Runs in the app's own interpreter, whatever that is: nothing here is newer than Python 3.6.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
BUNDLE = os.path.join(os.path.dirname(HERE), "ca-bundle.pem")
PROXY = os.environ.get("LLM_SIDECAR_PROXY", "")
PRODUCTION = ("APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV")

PATCHES = {
    # module: (its patch in _llm_sidecar_patches.py, the row of tests/clients/rows.py that needs it)
    "aiohttp": ("aiohttp", "aiohttp"),
    "certifi": ("certifi", "certifi as cafile"),
    "http.client": ("http_client", "http.client"),
    "httpcore": ("httpcore", "httpx with a transport of its own"),
    "httpcore2": ("httpcore", "httpx2 with a transport of its own"),
    "httplib2": ("httplib2", "httplib2"),
    "pycurl": ("pycurl", "pycurl"),
    "socket": ("socket", "every client, when the proxy is down"),
    "stripe": ("stripe", "stripe"),
    "urllib3": ("urllib3", "urllib3"),
}  # type: dict[str, tuple[str, str]]

OPT_IN = {
    # LLM_SIDECAR_PATCH=kubernetes: it makes the client trust public CAs where its kubeconfig said one only
    "kubernetes": {
        "kubernetes.client.rest": ("kubernetes_client", "kubernetes with a pinned CA"),
        "kubernetes_asyncio.client.rest": ("kubernetes_client", "kubernetes_asyncio with a pinned CA"),
    },
}  # type: dict[str, dict[str, tuple[str, str]]]


# --- after an import -----------------------------------------------------------------------------------


class AfterImport:
    """A finder that lets the others find a module, and patches it once it has been executed."""

    def __init__(self, patches: "dict[str, tuple[str, str]]") -> None:
        self.patches = patches

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name not in self.patches:
            return None
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec is not None and finder is not self else None
            if spec is not None:
                self._wrap(name, spec.loader)
                return spec
        return None

    def _wrap(self, name: str, loader: "Any") -> None:
        original = getattr(loader, "exec_module", None)
        # A class as loader (frozen, built-in modules) is shared by all of them.
        if original is None or isinstance(loader, type):
            return

        def exec_module(module: "ModuleType") -> None:
            original(module)
            if module.__name__ == name:
                self.apply(name, module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            return  # a loader with slots: its module stays as it is

    def apply(self, name: str, module: "ModuleType") -> None:
        try:
            import _llm_sidecar_patches

            getattr(_llm_sidecar_patches, self.patches[name][0])(module)
        except Exception:
            return  # the app must run as without us; doctor.py shows what is not captured


def arm() -> None:
    """Register the patches; apply those whose module a `.pth` file has imported already."""
    patches = dict(PATCHES)
    for chosen in os.environ.get("LLM_SIDECAR_PATCH", "").split(","):
        patches.update(OPT_IN.get(chosen.strip(), {}))
    finder = AfterImport(patches)
    sys.meta_path.insert(0, finder)
    for name in patches:
        if name in sys.modules:
            finder.apply(name, sys.modules[name])


def refuse_production() -> None:
    """Production traffic must not pass a development proxy: exit status 64, as the proxy's own guard."""
    for name in PRODUCTION:
        if os.environ.get(name, "").strip().lower() == "production":
            _refuse(f"{name} is production")
    if os.environ.get("KUBERNETES_SERVICE_HOST") and os.environ.get("LLM_SIDECAR_KUBERNETES") != "allow":
        _refuse("KUBERNETES_SERVICE_HOST is set, and LLM_SIDECAR_KUBERNETES is not `allow`")


def _refuse(why: str) -> None:
    sys.stderr.write(
        f"llm-sidecar: {why}, so this process does not start with the drop-in. Take it out of this service.\n"
    )
    sys.stderr.flush()
    # SystemExit here would print "Fatal Python error" and exit with 1.
    os._exit(64)


def chain() -> None:
    """Run the sitecustomize that this one hides, and leave it in its place."""
    from importlib.machinery import PathFinder

    elsewhere = [p for p in sys.path if os.path.abspath(p) != HERE]  # type: list[str]
    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    # importlib.util would load a dozen modules.
    from importlib._bootstrap import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if PROXY and os.environ.get("LLM_SIDECAR", "").lower() != "off" and os.path.exists(BUNDLE):
    refuse_production()
    arm()
chain()
