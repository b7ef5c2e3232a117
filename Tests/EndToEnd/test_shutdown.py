"""CONTRACT §7: SIGTERM stops accepting, finishes what is under way up to shutdown_timeout, and exits 0."""

import signal
import time

import pytest

from harness.client import Connection, request_bytes
from harness.responses import ClosedEarly
from harness.upstream import Gate
from harness.waiting import eventually


def refused(gateway):
    try:
        gateway.connect(timeout=1).close()
        return False
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_idle(start, site, upstream, number):
    gateway = start(site.config(upstream, shutdown_timeout="30s"))
    assert gateway.get("/public/x").status == 200
    with gateway.connect() as idle:
        assert idle.request("GET", "/public/x").status == 200
        begun = time.monotonic()
        gateway.signal(number)
        assert idle.is_closed_within(3), "an idle connection holds up the end"
        assert idle.buffer == b""
        assert gateway.wait(5) == 0
        assert time.monotonic() - begun < 5


def test_what_is_under_way_is_finished(start, site, upstream):
    gate = Gate()
    upstream.on("/public/slow", lambda e: (e.read_body(), gate.wait(), e.respond(body=b"done")))
    gateway = start(site.config(upstream, shutdown_timeout="20s"))
    with gateway.connect() as busy, gateway.connect() as sending:
        busy.send(request_bytes("GET", "/public/slow"))
        sending.send(request_bytes("POST", "/public/up", {"Content-Length": "10"}) + b"hello")
        upstream.wait(path="/public/slow")
        upstream.wait(path="/public/up")
        gateway.signal(signal.SIGTERM)
        eventually(lambda: refused(gateway), 5, what="new connections are refused")
        assert gateway.process.poll() is None
        sending.send(b"world")
        response = sending.read_response()
        assert response.json()["body"] == 10 and not response.keeps_alive
        gate.open()
        response = busy.read_response()
        assert response.body == b"done"
        assert "close" in response.get("connection", "").lower()
        assert busy.is_closed_within(3)
    assert gateway.wait(5) == 0


def test_shutdown_timeout_ends_what_does_not_finish(start, site, upstream):
    upstream.on("/public/never", lambda e: e.peer_closed_within(20))
    gateway = start(site.config(upstream, shutdown_timeout="1s"))
    with gateway.connect() as busy:
        busy.send(request_bytes("GET", "/public/never"))
        upstream.wait(path="/public/never")
        begun = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(6) == 0
        assert 0.8 < time.monotonic() - begun < 5
        try:
            assert busy.read_response().status in (502, 503, 504)
        except ClosedEarly:
            pass


def test_a_stalled_handshake_or_head_does_not_hold_up_the_end(start, site, upstream):
    gateway = start(site.config(upstream, shutdown_timeout="20s"))
    with Connection(gateway.address()), gateway.connect() as half:
        half.send(b"GET /public/x HT")
        time.sleep(0.1)
        begun = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(19) == 0
        assert time.monotonic() - begun < 15


def test_shutdown_delay_turns_unready_first(start, site, upstream):
    gateway = start(site.config(upstream, admin=site.admin(), shutdown_delay="3s"))
    assert gateway.admin("/readyz").status == 200
    begun = time.monotonic()
    gateway.signal(signal.SIGTERM)
    eventually(lambda: gateway.admin("/readyz").status == 503, 2, what="/readyz turns 503")
    assert gateway.admin("/healthz").status == 200
    assert gateway.get("/public/x").status == 200, "it goes on serving during the delay"
    assert gateway.wait(8) == 0
    assert time.monotonic() - begun > 2.9


def test_a_second_signal_ends_at_once_or_changes_nothing(start, site, upstream):
    gate = Gate()
    upstream.on("/public/slow", lambda e: (gate.wait(5), e.respond(body=b"done")))
    gateway = start(site.config(upstream, shutdown_timeout="3s"))
    with gateway.connect() as busy:
        busy.send(request_bytes("GET", "/public/slow"))
        upstream.wait(path="/public/slow")
        gateway.signal(signal.SIGTERM)
        time.sleep(0.05)
        gateway.signal(signal.SIGTERM)
        gate.open()
        code = gateway.wait(6)
        assert code in (0, -signal.SIGTERM, 1)
        gateway.process.returncode = 0


def test_the_access_log_is_complete_at_the_end(start, site, upstream):
    gateway = start(site.config(upstream))
    for n in range(50):
        assert gateway.get(f"/public/{n}").status == 200
    gateway.signal(signal.SIGTERM)
    assert gateway.wait(5) == 0
    assert {e["path"] for e in gateway.access_log()} == {f"/public/{n}" for n in range(50)}


def test_sigpipe_and_closed_output_do_no_harm(start, site, upstream):
    gateway = start(site.config(upstream))
    for _ in range(20):
        connection = gateway.connect()
        connection.send(request_bytes("GET", "/public/x") * 20)
        connection.reset()
    assert gateway.get("/public/x").status == 200
    gateway.signal(signal.SIGPIPE)
    assert gateway.get("/public/x").status == 200
