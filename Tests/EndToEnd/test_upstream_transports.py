"""How the gateway reaches its upstreams: https with verification, Unix sockets, and never a proxy."""

import hashlib
import os
import socket
import ssl

import pytest

from harness.certificates import Authority
from harness.client import chunked, request_bytes
from harness.gateway import Gateway, run, write_config
from harness.responses import ClosedEarly
from harness.upstream import Upstream, answer, raw
from harness.waiting import eventually


def to(site, upstream, tls=None, **more):
    server = upstream if isinstance(upstream, str) else upstream.url
    return site.config(upstreams={"legacy": {"servers": [server], **({"tls": tls} if tls else {}), **more}}, workers=1)


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """The authority of the upstreams, which no system store has."""
    return Authority(tmp_path_factory.mktemp("private"), "Private CA")


def test_an_https_upstream_is_verified_and_used(start, site, private):
    body = os.urandom(700_000)
    with Upstream(context=private.server_context("good", "127.0.0.1")) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file)}))
        with gateway.connect() as connection:
            for n in range(5):
                assert connection.request("GET", f"/public/{n}").status == 200
            assert connection.request("POST", "/public/up", body=body).json()["body"] == len(body)
            upstream.on("/public/down", answer(200, [], body))
            assert connection.request("GET", "/public/down").body == body
            upstream.on("/public/chunks", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body[:5000], body[5000:], trailers=[("X-T", "1")])))
            response = connection.request("GET", "/public/chunks")
            assert response.body == body and response.trailers == [("X-T", "1")]
            connection.send(request_bytes("POST", "/public/c", {"Transfer-Encoding": "chunked"}) + chunked(body[:9000], body[9000:], trailers=[("X-S", "2")]))
            assert connection.read_response().json()["body"] == len(body)
        assert len({r.connection for r in upstream.seen()}) == 1, "TLS connections are pooled"
        assert upstream.seen("/public/c")[0].trailers == [("X-S", "2")]
        assert hashlib.sha256(upstream.seen("/public/up")[0].body).digest() == hashlib.sha256(body).digest()
        assert upstream.check() == []


@pytest.mark.parametrize("names, options, tls", [
    (["127.0.0.1"], {}, None), (["other.test"], {}, "ca"), (["127.0.0.1"], {"expired": True}, "ca"), (["localhost"], {}, "ca"), (["127.0.0.2"], {}, "ca"), (["127.0.0.1"], {"client": True}, "ca"),
], ids=["unknown authority", "wrong name", "expired", "name instead of address", "wrong address", "not for servers"])
def test_an_upstream_that_does_not_verify_is_502(start, site, private, names, options, tls):
    with Upstream(context=private.server_context("bad", *names, **options)) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file)} if tls else None))
        for method in ("GET", "POST"):
            response = gateway.request(method, "/public/x", {"Authorization": "Basic YTpi"}, b"secret")
            assert response.status in (502, 503)
        assert upstream.seen() == [], "the request was sent to an upstream that is not who it should be"


def test_server_name(start, site, private):
    names = []
    context = private.server_context("named", "legacy.internal.test")
    context.sni_callback = lambda _, name, __: names.append(name)
    with Upstream(context=context) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file), "server_name": "legacy.internal.test"}))
        assert gateway.get("/public/x").status == 200
        assert names and set(names) == {"legacy.internal.test"}
        assert len(upstream.seen()) == 1


def test_a_client_certificate_for_the_upstream(start, site, private):
    certificate, key = private.issue("gatehouse-client", "gatehouse", client=True)
    with Upstream(context=private.server_context("mutual", "127.0.0.1", client_authority=private)) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file), "client_certificate_file": str(certificate), "client_key_file": str(key)}))
        assert gateway.get("/public/x").status == 200
        without = start(to(site, upstream, {"ca_file": str(private.file)}))
        assert without.get("/public/x").status == 502
        assert len(upstream.seen()) == 1


def test_a_plain_upstream_behind_https_is_502(start, site, private, upstream):
    gateway = start(to(site, upstream.url.replace("http:", "https:"), {"ca_file": str(private.file)}))
    # It may wait for more of what it takes for a request, until the handshake is given up.
    assert gateway.get("/public/x").status in (502, 504)


def test_truncation_over_tls_is_a_cut(start, site, private):
    with Upstream(context=private.server_context("cut", "127.0.0.1")) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file)}))

        def cut(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart of it")
            exchange.reset()

        upstream.on("/public/cut", cut)
        with gateway.connect() as connection, pytest.raises(ClosedEarly):
            response = connection.request("GET", "/public/cut")
            assert response.status == 502, response
            raise ClosedEarly("a 502 is fine too")


def test_a_close_without_close_notify_cuts_a_body_that_only_the_close_delimits(start, site, private):
    """RFC 9112 §9.8: an attacker on the path could have ended it."""
    with Upstream(context=private.server_context("fin", "127.0.0.1")) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file)}))

        def fin(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart of it")
            raw_socket = socket.socket(fileno=os.dup(exchange.socket.fileno()))
            raw_socket.shutdown(socket.SHUT_WR)
            raw_socket.close()
            exchange.closed = True

        upstream.on("/public/fin", fin)
        with gateway.connect() as connection, pytest.raises(ClosedEarly):
            response = connection.request("GET", "/public/fin")
            assert response.status == 502, response
            raise ClosedEarly("a 502 is fine too")


def test_minimum_tls_version_towards_upstreams(start, site, private):
    context = private.server_context("old", "127.0.0.1")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Upstream(context=context) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file)}))
        assert gateway.get("/public/x").status == 200


def test_a_unix_upstream(start, site, tmp_path_factory):
    path = tmp_path_factory.mktemp("u") / "legacy.sock"
    body = os.urandom(300_000)
    with Upstream(path=path) as upstream:
        gateway = start(to(site, upstream))
        with gateway.connect() as connection:
            assert connection.request("POST", "/public/x?q=1", body=body).json()["body"] == len(body)
            assert connection.request("GET", "/public/y").status == 200
        seen = upstream.seen("/public/x")[0]
        assert seen.target == "/public/x?q=1" and bytes(seen.body) == body
        assert len(seen.all("host")) == 1 and "/" not in seen.get("host")
        assert len({r.connection for r in upstream.seen()}) == 1
        assert upstream.check() == []
    response = gateway.get("/public/gone")
    assert response.status in (502, 503) and str(path) not in response.text


def test_proxies_of_the_environment_are_not_used(start, site, upstream):
    with Upstream() as proxy:
        env = {name: proxy.url for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")}
        gateway = start(to(site, upstream), env=env)
        assert gateway.get("/public/x").status == 200
        assert (len(upstream.seen("/public/x")), proxy.connections) == (1, 0)
        upstream.clear()


def test_redirects_cookies_and_codings_are_the_clients_business(start, site, upstream):
    gateway = start(to(site, upstream))
    upstream.on("/public/r", answer(302, [("Location", upstream.url + "/public/elsewhere"), ("Set-Cookie", "a=b")], b""))
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/r").status == 302
        assert connection.request("GET", "/public/next").status == 200
    assert upstream.seen("/public/elsewhere") == []
    assert "cookie" not in upstream.seen("/public/next")[0]
    assert not {"accept-encoding", "user-agent", "accept", "expect"} & set(upstream.seen("/public/next")[0].names())


def test_a_name_is_resolved_and_both_families_are_tried(start, site, upstream):
    gateway = start(to(site, f"http://localhost:{upstream.port}"))
    assert gateway.get("/public/x").status == 200
    assert upstream.only("/public/x").get("host") == f"localhost:{upstream.port}"


def test_a_path_in_the_server_url(site, upstream, tmp_path):
    """Either it is refused by `check`, or it is put before the path: never dropped without a word."""
    config = to(site, upstream.url + "/base")
    write_config(tmp_path, config)
    if run("check", "gateway.json", cwd=tmp_path).returncode == 1:
        return
    with Gateway(tmp_path / "g", config, site.context) as gateway:
        assert gateway.get("/public/x").status == 200
        assert upstream.only().target == "/base/public/x"


def test_credentials_for_the_upstream_are_refused_or_sent(site, upstream, tmp_path):
    """`credentials` may come later, but is never ignored."""
    config = to(site, upstream, credentials={"header": {"name": "X-Api-Key", "value": {"env": "KEY"}}})
    write_config(tmp_path, config)
    done = run("check", "gateway.json", cwd=tmp_path, env={"KEY": "upstream-secret"})
    if done.returncode == 1:
        return
    with Gateway(tmp_path / "g", config, site.context, env={"KEY": "upstream-secret"}) as gateway:
        assert gateway.get("/public/x", {"X-Api-Key": "forged"}).status == 200
        assert upstream.only().all("x-api-key") == ["upstream-secret"]


def test_a_stopped_unix_upstream_that_returns(start, site, tmp_path_factory):
    path = tmp_path_factory.mktemp("u") / "again.sock"
    first = Upstream(path=path)
    gateway = start(to(site, first))
    assert gateway.get("/public/x").status == 200
    first.stop()
    path.unlink()
    assert gateway.get("/public/x").status in (502, 503)
    with Upstream(path=path):
        eventually(lambda: gateway.get("/public/x").status == 200, 20, every=0.1)
