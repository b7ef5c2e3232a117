"""CONTRACT §7: SIGHUP or a changed file reloads; nothing is dropped or refused; an invalid file changes nothing."""

import json
import threading
import time
from copy import deepcopy

import pytest

from harness.certificates import names_of
from harness.client import request_bytes
from harness.gateway import free_port, write_config
from harness.tokens import Issuer, Key, bearer
from harness.upstream import Gate, Upstream
from harness.waiting import eventually, stays


def with_route(config, path, **more):
    changed = deepcopy(config)
    changed["routes"].append({"path": path, "access": "public", "upstream": "legacy", **more})
    return changed


@pytest.fixture
def gateway(start, site, upstream):
    return start(site.config(upstream))


def everywhere(gateway, path, status, timeout=5):
    """Waits until connections to all loops give that status."""
    eventually(lambda: all(gateway.get(path).status == status for _ in range(8)), timeout, what=f"{status} for {path} on every loop")


def test_sighup_takes_the_new_file(gateway):
    assert gateway.get("/new/x").status == 404
    gateway.reload(with_route(gateway.config, "/new/**"))
    everywhere(gateway, "/new/x", 200)
    smaller = deepcopy(gateway.config)
    smaller["routes"] = [r for r in smaller["routes"] if r["path"] != "/new/**"]
    gateway.reload(smaller)
    everywhere(gateway, "/new/x", 404)


@pytest.mark.parametrize("how", ["renamed", "in place"])
def test_a_changed_file_is_noticed(gateway, how):
    changed = with_route(gateway.config, "/new/**")
    file = gateway.folder / "gateway.json"
    if how == "renamed":
        write_config(gateway.folder, changed)
    else:
        file.write_text(json.dumps(changed))
    everywhere(gateway, "/new/x", 200, 8)


@pytest.mark.parametrize("broken", ["not json", "unknown member", "undeclared scope", "no such upstream", "empty", "missing certificate"])
def test_an_invalid_file_is_reported_and_changes_nothing(gateway, broken):
    changed = with_route(gateway.config, "/new/**")
    if broken == "unknown member":
        changed["rooutes"] = []
    elif broken == "undeclared scope":
        changed["routes"].append({"path": "/s", "scopes": ["nothing"], "upstream": "legacy"})
    elif broken == "no such upstream":
        changed["routes"].append({"path": "/s", "access": "public", "upstream": "nothing"})
    elif broken == "missing certificate":
        changed["listeners"][0]["tls"]["certificate_file"] = "/nothing.crt"
    text = {"not json": '{"issuer": ', "empty": ""}.get(broken, json.dumps(changed))
    before = len(gateway.stderr())
    write_config(gateway.folder, text)
    gateway.reload()
    eventually(lambda: len(gateway.stderr()) > before, 5, what="a report on stderr")
    stays(lambda: gateway.get("/new/x").status == 404 and gateway.get("/public/x").status == 200, 0.3)
    gateway.reload(with_route(gateway.config, "/new/**"))  # and a good one is taken again
    everywhere(gateway, "/new/x", 200)


def test_a_kept_connection_lives_on_with_the_new_configuration(gateway):
    with gateway.connect() as connection:
        assert connection.request("GET", "/new/x").status == 404
        gateway.reload(with_route(gateway.config, "/new/**"))
        eventually(lambda: connection.request("GET", "/new/x").status == 200, 5, what="the new route on the old connection")


def test_a_request_under_way_keeps_the_snapshot_it_began_with(gateway, upstream):
    gate = Gate()
    upstream.on("/public/slow", lambda e: (e.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"), gate.wait(), e.send(b"1\r\nb\r\n0\r\n\r\n")))
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/slow"))
        connection.fill()
        changed = deepcopy(gateway.config)
        changed["routes"] = [{"path": "/public/**", "access": "deny", "upstream": "legacy"}]
        gateway.reload(changed)
        everywhere(gateway, "/public/x", 403)
        gate.open()
        assert connection.read_response().body == b"ab"
        assert connection.request("GET", "/public/x").status == 403


def test_an_upload_under_way_survives(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/up", {"Content-Length": "10"}) + b"hello")
        upstream.wait(path="/public/up")
        gateway.reload(with_route(gateway.config, "/new/**"))
        everywhere(gateway, "/new/x", 200)
        connection.send(b"world")
        assert connection.read_response().json()["body"] == 10


def test_upstreams_change(gateway, upstream):
    with Upstream() as other:
        changed = deepcopy(gateway.config)
        changed["upstreams"]["legacy"]["servers"] = [other.url]
        gateway.reload(changed)
        eventually(lambda: gateway.get("/public/x").status == 200 and len(other.seen()) >= 1, 5)
        seen = len(upstream.seen())
        for _ in range(8):
            assert gateway.get("/public/y").status == 200
        assert len(upstream.seen()) == seen


def test_keys_of_an_issuer_change_with_their_file(start, site, upstream, tmp_path):
    issuer = Issuer("https://rolling.test", keys=[Key.make("ES256", "first")])
    file = issuer.write_jwks(tmp_path / "rolling.json")
    gateway = start(site.config(upstream, trusted_issuers=[site.trusted(issuer, file)]))
    old = issuer.token()
    with gateway.connect() as connection:
        assert connection.request("GET", "/any/x", bearer(old)).status == 200
        issuer.keys = {"second": Key.make("ES256", "second")}
        issuer.write_jwks(file)
        eventually(lambda: gateway.get("/any/x", bearer(issuer.token())).status == 200, 8, what="the new key is taken without a signal")
        eventually(lambda: connection.request("GET", "/any/x", bearer(old)).status == 401, 5, what="the old key is forgotten, remembered tokens too")


def test_a_broken_key_file_keeps_the_old_keys(start, site, upstream, tmp_path):
    issuer = Issuer("https://rolling.test", keys=[Key.make("ES256", "first")])
    file = issuer.write_jwks(tmp_path / "rolling.json")
    gateway = start(site.config(upstream, trusted_issuers=[site.trusted(issuer, file)]))
    for text in ("", "{", '{"keys": 7}', '{"keys": []}x'):
        file.write_text(text)
        gateway.reload()
        stays(lambda: gateway.get("/any/x", bearer(issuer.token())).status == 200, 0.2)
    file.unlink()
    gateway.reload()
    stays(lambda: gateway.get("/any/x", bearer(issuer.token())).status == 200, 0.2)


def test_a_removed_issuer_is_no_longer_trusted(gateway, site, token):
    with gateway.connect() as connection:
        assert connection.request("GET", "/any/x", bearer(token)).status == 200
        changed = deepcopy(gateway.config)
        changed["trusted_issuers"] = [site.trusted(Issuer("https://else.test", keys=[Key.make("ES256")]), site.jwks_file)]
        gateway.reload(changed)
        eventually(lambda: connection.request("GET", "/any/x", bearer(token)).status == 401, 5)


def test_a_tightened_route_holds_for_remembered_tokens(gateway, site):
    token = site.issuer.token(scope="notes:read")
    with gateway.connect() as connection:
        assert connection.request("GET", "/any/x", bearer(token)).status == 200
        changed = deepcopy(gateway.config)
        for route in changed["routes"]:
            if route["path"] == "/any/**":
                del route["access"]
                route["scopes"] = ["notes:admin"]
        gateway.reload(changed)
        eventually(lambda: connection.request("GET", "/any/x", bearer(token)).status == 403, 5)


@pytest.mark.parametrize("how", ["signal", "file change"])
def test_certificates_reload(start, site, upstream, tmp_path, how):
    certificate, key = site.authority.issue(f"rolling-{how[:4]}", "gatehouse.test", "first.test")
    gateway = start(site.config(upstream, listeners=[{"address": "127.0.0.1:0", "tls": {"certificate_file": str(certificate), "private_key_file": str(key)}}]))

    def names():
        with gateway.connect() as connection:
            return names_of(connection.tls.getpeercert(binary_form=True))

    assert names() == ["gatehouse.test", "first.test"]
    with gateway.connect() as old:
        assert old.request("GET", "/public/x").status == 200
        site.authority.issue(f"rolling-{how[:4]}", "gatehouse.test", "second.test")
        if how == "signal":
            gateway.reload()
        eventually(lambda: all(names() == ["gatehouse.test", "second.test"] for _ in range(4)), 10)
        assert old.request("GET", "/public/x").status == 200, "the old connection was dropped"


def test_a_certificate_without_its_key_changes_nothing(start, site, upstream):
    certificate, key = site.authority.issue("half", "gatehouse.test", "first.test")
    gateway = start(site.config(upstream, listeners=[{"address": "127.0.0.1:0", "tls": {"certificate_file": str(certificate), "private_key_file": str(key)}}]))
    other, _ = site.authority.issue("half-other", "gatehouse.test", "second.test")
    certificate.write_bytes(other.read_bytes())
    gateway.reload()
    stays(lambda: gateway.get("/public/x").status == 200, 0.3)


def test_a_listener_may_come_and_go(start, site, upstream):
    gateway = start(site.config(upstream))
    first = deepcopy(gateway.config)
    more = deepcopy(first)
    more["listeners"].append({"address": "127.0.0.1:0"})
    with gateway.connect() as kept:
        assert kept.request("GET", "/public/x").status == 200
        gateway.reload(more)
        eventually(lambda: len(gateway.listening()) == 2, 5, what="`listening on` for the new listener")
        with gateway.connect(1) as connection:
            assert connection.request("GET", "/public/x").status == 200
        gateway.reload(first)
        eventually(lambda: refused(gateway, 1), 5, what="the listener is gone")
        assert kept.request("GET", "/public/x").status == 200


def test_a_listener_may_change_to_tls_and_to_redirects(start, site, upstream):
    """On the address that it has: binding it anew would fail."""
    gateway = start(site.config(upstream, listeners=[{"address": f"127.0.0.1:{free_port()}"}]))
    plain = deepcopy(gateway.config)
    with gateway.connect() as kept:
        assert kept.request("GET", "/public/x").status == 200
        secure = deepcopy(plain)
        secure["listeners"][0]["tls"] = site.tls()
        gateway.reload(secure)
        eventually(lambda: len(gateway.listening()) == 2, 5, what="`listening on` with the new scheme")
        assert gateway.listening()[1] == gateway.listening()[0].replace("http:", "https:")
        assert gateway.get("/public/x", listener=1).status == 200
        assert kept.request("GET", "/public/x").status == 200, "what was open goes on as it was"
    redirects = deepcopy(plain)
    redirects["listeners"][0]["redirect_to_https"] = True
    gateway.reload(redirects)
    eventually(lambda: len(gateway.listening()) == 3, 5, what="`listening on` with the old scheme")
    eventually(lambda: gateway.get("/public/x").status == 308, 5)
    gateway.reload(plain)
    eventually(lambda: gateway.get("/public/x").status == 200, 5)


def refused(gateway, listener):
    try:
        gateway.connect(listener, timeout=1).close()
        return False
    except OSError:
        return True


def test_reloads_under_load_fail_nothing(gateway, token):
    """A short form of soak/reload.py."""
    failures, count, stop = [], [0], threading.Event()

    def load(fresh):
        connection = gateway.connect()
        while not stop.is_set():
            try:
                if fresh:
                    connection.close()
                    connection = gateway.connect()
                response = connection.request("GET", "/notes/load", bearer(token))
                count[0] += 1
                if response.status != 200:
                    failures.append(response.status)
            except Exception as error:
                failures.append(repr(error))
                connection = gateway.connect()
        connection.close()

    threads = [threading.Thread(target=load, args=(n % 2 == 0,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for n in range(10):
        gateway.reload(with_route(gateway.config, f"/r{n}/**"))
        eventually(lambda: gateway.get(f"/r{n}/x").status == 200, 5)
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert failures == [] and count[0] > 20


def test_many_signals_at_once(gateway):
    for _ in range(30):
        gateway.reload()
    gateway.reload(with_route(gateway.config, "/new/**"))
    everywhere(gateway, "/new/x", 200)


def test_limits_and_logging_reload(gateway):
    changed = deepcopy(gateway.config)
    changed["limits"] = {"target_size": 100}
    gateway.reload(changed)
    eventually(lambda: gateway.get("/public/" + "a" * 200).status == 414, 5)
