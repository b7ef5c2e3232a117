"""The gateway as the peers of these tests find it: with TLS (HTTP/2 and HTTP/1.1), with TLS and HTTP/1.1 alone, and without TLS.

With GATEHOUSE_PEERS=direct there is no gateway: the same addresses are the upstreams' own. What passes then is known to
be right about the clients and the upstreams, so that a failure through the gateway is the gateway's.
"""

import os

import pytest

from harness.gateway import Gateway, free_port
from harness.tokens import bearer

DIRECT = os.environ.get("GATEHOUSE_PEERS") == "direct"
needs_gateway = pytest.mark.skipif(DIRECT, reason="about the gateway itself")
UPSTREAMS = ("http1", "h2c", "h2")
GRPC = {"notes.Notes": "grpc", "secure.Notes": "grpcs"}


def routes(dead_upstream=True):
    found = []
    for name in UPSTREAMS:
        found += [{"path": f"/{name}/public/**", "access": "public", "upstream": name, "body_size": "4GiB"},
                  {"path": f"/{name}/notes/**", "scopes": ["notes:read"], "upstream": name, "body_size": "4GiB"}]
    for service, upstream in GRPC.items():
        found += [{"path": f"/{service}/**", "scopes": ["notes:read"], "upstream": upstream, "rewrite_prefix": "/notes.Notes",
                   "body_size": "1GiB"}]
    found += [{"path": "/admin.Notes/**", "scopes": ["notes:admin"], "upstream": "grpc"},
              {"path": "/dead.Notes/**", "access": "public", "upstream": "dead"},
              {"path": "/small.Notes/**", "access": "public", "upstream": "grpc", "rewrite_prefix": "/notes.Notes", "body_size": "64KiB"}]
    return found


def configuration(site, application, service, dead_port, **members):
    """One upstream of each kind: the application and the gRPC service, each with and without TLS."""
    trust = {"ca_file": str(site.authority.file), "server_name": "localhost"}
    upstreams = {
        "http1": {"servers": [f"http://127.0.0.1:{application.plain_port}"]},
        "h2c": {"servers": [f"h2c://127.0.0.1:{application.plain_port}"]},
        "h2": {"servers": [f"https://127.0.0.1:{application.secure_port}"], "tls": trust},
        "grpc": {"servers": [f"h2c://127.0.0.1:{service.plain_port}"]},
        "grpcs": {"servers": [f"https://127.0.0.1:{service.secure_port}"], "tls": trust},
        "dead": {"servers": [f"h2c://127.0.0.1:{dead_port}"]},
    }
    listeners = [
        {"tls": site.tls()},
        {"tls": site.tls(), "protocols": ["http/1.1"]},
        {"protocols": ["h2c", "http/1.1"]},
        {"protocols": ["http/1.1"]},
    ]
    listeners = [{"address": f"127.0.0.1:{free_port()}"} | listener for listener in listeners]
    own = {"upstreams": upstreams, "routes": routes(), "listeners": listeners, "admin": site.admin()}
    return site.config(**own | members)


class Front:
    """Where a test's client goes. `gateway` is None without one."""

    def __init__(self, site, application, service, gateway=None):
        self.site, self.application, self.service, self.gateway = site, application, service, gateway
        self.authority_file = site.authority.file

    def _port(self, listener, direct):
        return self.gateway.port(listener) if self.gateway else direct

    @property
    def url(self):
        return f"https://localhost:{self._port(0, self.application.secure_port)}"

    @property
    def http1_url(self):
        return f"https://localhost:{self.gateway.port(1)}" if self.gateway else f"http://localhost:{self.application.plain_port}"

    @property
    def plain_url(self):
        return f"http://localhost:{self._port(2, self.application.plain_port)}"

    @property
    def grpc_address(self):
        return f"localhost:{self._port(0, self.service.secure_port)}"

    @property
    def plain_grpc_address(self):
        return f"localhost:{self._port(2, self.service.plain_port)}"

    def token(self, **claims):
        return self.site.issuer.token(**claims)

    def bearer(self, **claims):
        return bearer(self.token(**claims))

    def logged(self, path, **wanted):
        """The access-log entry for that path, when there is a gateway."""
        return self.gateway.logged(path=path, **wanted) if self.gateway else None


@pytest.fixture(scope="session")
def application(site):
    from .application import Application
    application = Application(site.certificate, site.key)
    yield application
    application.stop()


@pytest.fixture(scope="session")
def service(site):
    from .grpc_peer import Service
    service = Service(site.certificate, site.key)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def unreachable():
    from harness.upstream import dead_port
    with dead_port() as port:
        yield port


@pytest.fixture(scope="module")
def front(request, site, application, service, unreachable, tmp_path_factory):
    """Shared by the module's tests, whose `settings` may change its configuration."""
    if DIRECT:
        yield Front(site, application, service)
        return
    members = getattr(request.module, "SETTINGS", {})
    gateway = Gateway(tmp_path_factory.mktemp("front"), configuration(site, application, service, unreachable, **members), site.context)
    yield Front(site, application, service, gateway)
    gateway.stop()


@pytest.fixture
def make_front(site, application, service, unreachable, tmp_path):
    """Starts gateways of this test's own: `make_front(limits={…})`."""
    started = []

    def make_front(**members):
        config = configuration(site, application, service, unreachable, **members)
        started.append(Gateway(tmp_path / f"front{len(started)}", config, site.context))
        return Front(site, application, service, started[-1])

    yield make_front
    for gateway in started:
        gateway.stop()


@pytest.fixture(autouse=True)
def front_alive(request):
    """After each test the shared gateway still runs."""
    yield
    if "front" in request.fixturenames and (gateway := request.getfixturevalue("front").gateway):
        assert gateway.process.poll() is None, f"the gateway ended: {gateway.stderr()[-4000:]}"
