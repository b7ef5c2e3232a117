"""Fixtures. A module's `settings(site)` may change the configuration of the server that its tests share."""

import secrets

import pytest

from harness.site import Site
from harness.upstream import Upstream
from rig.browser import Browser
from rig.cast import ALICE, BOB, User
from rig.front import application, front, front_alive, make_front, service, unreachable  # noqa: F401 (fixtures)
from rig.server import Server


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(request, site, upstream, tmp_path_factory):
    settings = getattr(request.module, "settings", lambda site: {})
    server = Server(tmp_path_factory.mktemp("server"), site, upstream, **settings(site))
    yield server
    server.stop()


@pytest.fixture
def start(site, upstream, tmp_path):
    """Starts servers of this test's own: `start(authorization_server={…})`."""
    started = []

    def start(**members):
        server = Server(tmp_path / f"server{len(started)}", site, upstream, **members)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def browser(server):
    """A browser that has never been here."""
    with_session = Browser(server)
    yield with_session
    with_session.session.close()


@pytest.fixture(scope="module")
def alice(server):
    """A browser in which alice is signed in. What she allowed before may be remembered: a test of consent uses `person`."""
    browser = Browser(server).sign_in_as(ALICE)
    browser.user = ALICE
    return browser


@pytest.fixture(scope="module")
def bob(server):
    """The same for bob, who may allow the restricted scope."""
    browser = Browser(server).sign_in_as(BOB)
    browser.user = BOB
    return browser


@pytest.fixture
def person(server):
    """A user of this test's own, who has never allowed anything."""
    return server.add_user(User(f"person-{secrets.token_hex(4)}"))


@pytest.fixture
def unique():
    """A path segment of this test's own."""
    return secrets.token_hex(6)


@pytest.fixture(autouse=True)
def alive(request):
    """After each test the shared server still runs."""
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        assert server.process.poll() is None, f"the server ended: {server.stderr()[-4000:]}"
    if "upstream" in request.fixturenames:
        request.getfixturevalue("upstream").clear()
