"""The patches of sitecustomize.py, loaded when the first of their modules is: each makes one library use the sidecar.

Nothing here is newer than Python 3.6.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BUNDLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ca-bundle.pem")
PROXY = os.environ.get("LLM_SIDECAR_PROXY", "")


def proxy_for(host: str) -> "str | None":
    """The proxy that the environment names for https requests to this host; None where NO_PROXY excepts it."""
    from urllib.request import getproxies, proxy_bypass

    url = getproxies().get("https")
    return url if url and not proxy_bypass(host) else None


# --- each patch gets its module, just imported


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
