"""CONTRACT §7: /healthz, /readyz, /metrics and the status page, on a listener of their own."""

import pytest

from harness.client import Connection
from harness.gateway import total
from harness.tokens import bearer
from harness.waiting import eventually


def configuration(site, upstream):
    return site.config(upstream, admin=site.admin())


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(gateway, path):
    response = gateway.admin(path)
    assert response.status == 200
    with Connection(gateway.admin_address) as connection:
        assert connection.request("HEAD", path, host="127.0.0.1:%d" % gateway.admin_address[1]).status == 200


def test_metrics_are_prometheus_text(gateway):
    gateway.get("/public/m")
    response = gateway.admin("/metrics")
    assert response.get("content-type").startswith("text/plain") and "version=0.0.4" in response.get("content-type")
    types = [line.split() for line in response.text.splitlines() if line.startswith("# TYPE ")]
    names = [t[2] for t in types]
    assert len(names) == len(set(names)) and all(t[3] in ("counter", "gauge", "histogram", "summary", "untyped") for t in types)
    samples = gateway.metrics()
    assert samples and all(name for name, _ in samples)
    for name, labels in samples:
        if name.endswith("_bucket"):
            assert "le" in dict(labels)


def change(gateway, action, **labels):
    before = total(gateway.metrics(), **labels)
    action()
    eventually(lambda: total(gateway.metrics(), **labels) > before, 5, what=f"a sample with {labels} grows: {[s for s in gateway.metrics() if 'refus' in s[0]]}")
    return total(gateway.metrics(), **labels) - before


def test_requests_are_counted(gateway):
    assert change(gateway, lambda: [gateway.get("/public/m") for _ in range(5)], name=r"requests_total") >= 5


@pytest.mark.parametrize("make, reason", [
    (lambda site: {}, "credential|missing|no_token"), (lambda site: bearer(site.issuer.token(exp=1)), "expired"), (lambda site: bearer(site.issuer.token(aud="x")), "audience"),
    (lambda site: bearer(site.issuer.token(iss="https://x.test")), "issuer"), (lambda site: bearer(site.issuer.token(header={"kid": "x"})), "key"),
    (lambda site: bearer(site.issuer.token()[:-9] + "AAAAAAAAA"), "signature"), (lambda site: bearer("a.b.c"), "malformed"), (lambda site: bearer(site.issuer.token(scope="x")), "scope"),
    (lambda site: {"Authorization": "Bearer a b"}, "request|malformed|authorization|credentials")])
def test_refusals_are_counted_by_reason(gateway, site, make, reason):
    assert change(gateway, lambda: gateway.get("/notes/m", make(site)), reason=reason) == 1


def test_refusals_before_a_route_are_counted_too(gateway):
    assert change(gateway, lambda: gateway.get("/nowhere"), reason="route|not_found") == 1
    assert change(gateway, lambda: gateway.request("PROPFIND", "/notes/m"), reason="method") == 1

    def malformed():
        with gateway.connect() as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            connection.read_to_end(5)

    assert change(gateway, malformed, reason=".") == 1


def test_what_clients_send_makes_no_new_series(gateway, site):
    """Unbounded label values would be unbounded memory."""
    gateway.get("/public/warm")
    gateway.get("/nowhere")
    gateway.request("PROPFIND", "/public/m")
    gateway.get("/notes/m", bearer(site.issuer.token(header={"kid": "x"})))
    before = len(gateway.metrics())
    for n in range(40):
        gateway.get(f"/public/{n}", {"User-Agent": f"agent-{n}", "X-Request-Id": str(n)}, host=f"h{n}.test")
        gateway.get(f"/nowhere/{n}")
        gateway.request(f"METHOD{n}", "/public/m")
        gateway.get("/notes/m", bearer(site.issuer.token(header={"kid": f"kid-{n}"})))
        gateway.get("/notes/m", bearer(site.issuer.token(sub=f"user-{n}", client_id=f"client-{n}")))
    assert len(gateway.metrics()) <= before + 20


def test_connections_and_upstreams_are_there(gateway, upstream):
    gateway.get("/public/m")
    text = gateway.admin("/metrics").text
    assert "connections" in text and "upstream" in text and 'legacy' in text


def test_the_status_page(gateway):
    gateway.get("/public/status")
    response = gateway.admin("/")
    assert response.status == 200 and response.get("content-type").startswith("text/html")
    assert "/public/**" in response.text and "legacy" in response.text
    assert "script-src" not in response.get("content-security-policy", "") or "'unsafe-inline'" not in response.get("content-security-policy")
    assert "<script>" not in response.text
    assert "default-src" in response.get("content-security-policy")


@pytest.mark.parametrize("host", ["evil.test", "gatehouse.test", "localhost.evil.test", "127.0.0.1.evil.test"])
def test_another_host_is_refused(gateway, host):
    """DNS rebinding: a page in the operator's browser could read it."""
    for path in ("/", "/metrics", "/healthz"):
        response = gateway.admin(path, host=host)
        assert 400 <= response.status < 500, (path, response.status)
        assert "gatehouse_" not in response.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_its_own_names_are_taken(gateway, host):
    assert gateway.admin("/healthz", host=f"{host}:{gateway.admin_address[1]}").status == 200


def test_other_paths_and_methods(gateway):
    assert gateway.admin("/nothing").status == 404
    with Connection(gateway.admin_address) as connection:
        response = connection.request("POST", "/metrics", body=b"", host="127.0.0.1:%d" % gateway.admin_address[1])
        assert response.status == 405 and "GET" in response.get("allow")


def test_it_is_not_on_the_public_listener(gateway, upstream):
    for path in ("/metrics", "/healthz", "/readyz", "/"):
        assert gateway.get(path).status == 404
    assert upstream.seen() == []


def test_no_admin_listener_unless_asked(start, site, upstream):
    gateway = start(site.config(upstream))
    assert len(gateway.listening()) == 1


def test_the_admin_listener_takes_no_garbage(gateway):
    for sent in (b"\x16\x03\x01\x00\x05hello", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /metrics HTTP/1.1\r\n\r\n"):
        with Connection(gateway.admin_address) as connection:
            connection.send(sent)
            data = connection.read_to_end(15)
            assert data == b"" or data.startswith(b"HTTP/1.1 4")
    assert gateway.admin("/healthz").status == 200
