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
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
BUNDLE = os.path.join(os.path.dirname(HERE), "ca-bundle.pem")
PROXY = os.environ.get("LLM_SIDECAR_PROXY", "")
PRODUCTION = ("APP_ENV", "ENVIRONMENT", "FLASK_ENV", "NODE_ENV")


def proxy_for(host: str) -> "str | None":
    """The proxy that the environment names for https requests to this host; None where NO_PROXY excepts it."""
    from urllib.request import getproxies, proxy_bypass

    url = getproxies().get("https")
    return url if url and not proxy_bypass(host) else None


# --- patches: each gets its module, just imported ------------------------------------------------------


def certifi(module: "Any") -> None:
    """Its file replaced by the bundle, for those who read no variable: litellm, httpx 0.28, boto3."""

    def where() -> str:
        return BUNDLE

    def contents() -> str:
        with open(BUNDLE, encoding="ascii") as f:
            return f.read()

    for owner in (module, module.core):
        owner.where, owner.contents = where, contents


def aiohttp(module: "Any") -> None:
    """`trust_env` on unless the app says otherwise."""
    original = module.ClientSession.__init__

    def __init__(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        kwargs.setdefault("trust_env", True)
        original(self, *args, **kwargs)

    module.ClientSession.__init__ = __init__


def httpcore(module: "Any") -> None:
    """Connections of a pool without a proxy, which is what a transport of the app's own has."""
    _tunnel_pool(module.ConnectionPool, module.HTTPProxy)
    _tunnel_pool(module.AsyncConnectionPool, module.AsyncHTTPProxy)


def _tunnel_pool(pool_class: "Any", proxy_class: "Any") -> None:
    original = pool_class.create_connection

    def create_connection(self: "Any", origin: "Any") -> "Any":
        url = None
        if origin.scheme == b"https" and not getattr(self, "_proxy", None) and not getattr(self, "_uds", None):
            url = proxy_for(origin.host.decode("ascii"))
        if url is None:
            return original(self, origin)
        # A proxy pool that only makes the connection; this one keeps it.
        maker = proxy_class(
            proxy_url=url,
            ssl_context=self._ssl_context,
            keepalive_expiry=self._keepalive_expiry,
            http1=self._http1,
            http2=self._http2,
            network_backend=self._network_backend,
        )
        return maker.create_connection(origin)

    pool_class.create_connection = create_connection


def urllib3(module: "Any") -> None:
    """A PoolManager that the app made itself."""
    manager = module.PoolManager
    original = manager.connection_from_host

    def connection_from_host(
        self: "Any", host: str, port: "int | None" = None, scheme: str = "http", pool_kwargs: "Any" = None
    ) -> "Any":
        url = proxy_for(host) if scheme == "https" and self.proxy is None else None
        if url is None:
            return original(self, host, port, scheme, pool_kwargs)
        through = self.__dict__.get("_llm_sidecar")
        if through is None:
            through = module.ProxyManager(url, headers=self.headers, **self.connection_pool_kw)
            self.__dict__["_llm_sidecar"] = through
        return through.connection_from_host(host, port, scheme, pool_kwargs)

    manager.connection_from_host = connection_from_host


def http_client(module: "Any") -> None:
    """HTTPSConnection used directly."""
    from urllib.parse import urlsplit

    connection = module.HTTPSConnection
    original = connection.connect

    def connect(self: "Any") -> None:
        url = proxy_for(self.host) if self._tunnel_host is None else None
        if url:
            self.set_tunnel(self.host, self.port)
            proxy = urlsplit(url)
            self.host, self.port = proxy.hostname, proxy.port
        original(self)

    connection.connect = connect


def httplib2(module: "Any") -> None:
    """Where PySocks is not installed, without which it knows no proxy and goes direct."""
    import http.client

    connection = module.HTTPSConnectionWithTimeout
    original = connection.connect

    def connect(self: "Any") -> None:
        if module.socks is None and proxy_for(self.host):
            http.client.HTTPSConnection.connect(self)
        else:
            original(self)

    connection.connect = connect


def pycurl(module: "Any") -> None:
    """Its libcurl reads the CAs of the operating system, and no variable."""

    class Curl(module.Curl):
        def __init__(self) -> None:
            super().__init__()
            self.setopt(module.CAINFO, BUNDLE)

        def reset(self) -> None:
            super().reset()
            self.setopt(module.CAINFO, BUNDLE)

    module.Curl = Curl


def stripe(module: "Any") -> None:
    """Its own CA file."""
    module.ca_bundle_path = BUNDLE


def kubernetes_client(module: "Any") -> None:
    """The CA that a kubeconfig pins; the bundle has it too once it lies in `certs/`."""
    original = module.RESTClientObject.__init__

    def __init__(self: "Any", configuration: "Any", *args: "Any", **kwargs: "Any") -> None:
        if configuration.ssl_ca_cert:
            configuration.ssl_ca_cert = BUNDLE
        original(self, configuration, *args, **kwargs)

    module.RESTClientObject.__init__ = __init__


def socket(module: "Any") -> None:
    """The error when the proxy's name cannot be resolved, because it does not run: it names the sidecar."""
    from urllib.parse import urlsplit

    original = module.getaddrinfo
    proxy_host = urlsplit(PROXY).hostname

    def getaddrinfo(host: "Any", *args: "Any", **kwargs: "Any") -> "Any":
        try:
            return original(host, *args, **kwargs)
        except module.gaierror as e:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
            if name != proxy_host:
                raise
            reason = f"the LLM sidecar {PROXY} does not run ({e.strerror}): start it, or take the drop-in out"
            raise module.gaierror(e.errno, reason) from None

    module.getaddrinfo = getaddrinfo


PATCHES = {
    # module: (patch, the row of tests/clients/rows.py that needs it)
    "aiohttp": (aiohttp, "aiohttp"),
    "certifi": (certifi, "certifi as cafile"),
    "http.client": (http_client, "http.client"),
    "httpcore": (httpcore, "httpx with a transport of its own"),
    "httpcore2": (httpcore, "httpx2 with a transport of its own"),
    "httplib2": (httplib2, "httplib2"),
    "pycurl": (pycurl, "pycurl"),
    "socket": (socket, "every client, when the proxy is down"),
    "stripe": (stripe, "stripe"),
    "urllib3": (urllib3, "urllib3"),
}  # type: dict[str, tuple[Callable[[Any], None], str]]

OPT_IN = {
    # LLM_SIDECAR_PATCH=kubernetes: it makes the client trust public CAs where its kubeconfig said one only
    "kubernetes": {
        "kubernetes.client.rest": (kubernetes_client, "kubernetes with a pinned CA"),
        "kubernetes_asyncio.client.rest": (kubernetes_client, "kubernetes_asyncio with a pinned CA"),
    },
}  # type: dict[str, dict[str, tuple[Callable[[Any], None], str]]]


# --- after an import -----------------------------------------------------------------------------------


class AfterImport:
    """A finder that lets the others find a module, and patches it once it has been executed."""

    def __init__(self, patches: "dict[str, tuple[Callable[[Any], None], str]]") -> None:
        self.patches = patches

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name not in self.patches:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec is not None and finder is not self else None
            if spec is not None:
                self._wrap(name, spec.loader)
                return spec
        return None

    def _wrap(self, name: str, loader: "Any") -> None:
        if loader is None or isinstance(loader, type):
            return
        original = loader.exec_module

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
            self.patches[name][0](module)
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
