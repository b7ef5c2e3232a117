"""Fixtures. A test module that uses `gateway` has a function `configuration(site, upstream)`; its gateway is shared."""

import time

import pytest

from harness.gateway import Gateway
from harness.site import Site
from harness.upstream import Upstream


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(request, site, upstream, tmp_path_factory):
    config = request.module.configuration(site, upstream)
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), config, site.context)
    yield gateway
    gateway.stop()


@pytest.fixture
def start(site, tmp_path):
    """Starts gateways of this test's own: `start(config)`. Each is stopped, and checked, after the test."""
    started = []

    def start(config, **options):
        gateway = Gateway(tmp_path / f"gateway{len(started)}", config, options.pop("context", site.context), **options)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture
def connection(gateway):
    with gateway.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def clean(request):
    """Before each test the shared upstream forgets; after it, what it saw must have been well-formed HTTP."""
    names = request.fixturenames
    upstream = request.getfixturevalue("upstream") if "upstream" in names else None
    gateway = request.getfixturevalue("gateway") if "gateway" in names else None
    if upstream:
        upstream.clear()
    yield
    if upstream:
        problems = upstream.check()
        upstream.clear()
        assert not problems, problems
    if gateway:
        assert gateway.process.poll() is None, f"the gateway ended: {gateway.stderr()[-4000:]}"


@pytest.fixture
def token(site):
    """A good token with both scopes."""
    return site.issuer.token()


@pytest.fixture
def unique(request):
    """A path segment of this test's own."""
    return f"t{abs(hash(request.node.nodeid)) % 10**8}-{time.monotonic_ns() % 10**6}"
