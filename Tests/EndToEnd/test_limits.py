"""CONTRACT §3 limits: 408, 413, 414, 431, connection caps, idle and stalled clients."""

import time

import pytest

from harness.client import Connection, chunked, request_bytes
from harness.gateway import run, write_config
from harness.responses import ClosedEarly
from harness.upstream import answer
from harness.waiting import eventually


def configuration(site, upstream):
    return site.config(upstream, routes=[
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/small/**", "access": "public", "upstream": "legacy", "body_size": 100},
        {"path": "/large/**", "access": "public", "upstream": "legacy", "body_size": "1MiB"},
        {"path": "/notes/**", "scopes": ["notes:read"], "upstream": "legacy"},
    ], limits={"target_size": "1KiB", "header_size": "4KiB", "header_count": 20, "body_size": "10KiB", "header_timeout": "1s", "idle_timeout": "1s"})


def last(gateway, sent):
    """Sends and reads the one answer, after which the connection must end."""
    with gateway.connect() as connection:
        connection.send(sent)
        response = connection.read_response()
        assert connection.is_closed_within(3)
        return response


def get(target="/public/a", *fields):
    return request_bytes("GET", target, fields)


def test_target_too_long(gateway, upstream):
    assert last(gateway, get("/public/" + "a" * 1100)).status == 414
    assert last(gateway, get("/public/a?" + "a" * 1100)).status == 414
    assert last(gateway, get("/public/" + "a" * 20_000)).status in (414, 431)
    assert upstream.seen() == []
    assert gateway.get("/public/" + "a" * (1024 - len("/public/"))).status == 200


def test_an_endless_target_is_refused_before_its_end(gateway):
    with gateway.connect() as connection:
        connection.send(b"GET /" + b"a" * 8000)
        assert connection.read_response().status in (414, 431)
        assert connection.is_closed_within(3)


def test_an_endless_method_is_refused_before_its_end(gateway):
    with gateway.connect() as connection:
        connection.send(b"A" * 8000)
        assert connection.read_response().status in (400, 414, 431, 501)
        assert connection.is_closed_within(3)


def test_fields_too_large(gateway, upstream):
    assert last(gateway, get("/public/a", ("X-Big", "a" * 5000))).status == 431
    assert last(gateway, get("/public/a", ("X" * 5000, "a"))).status == 431
    assert last(gateway, get("/public/a", *[(f"X-{n}", "a" * 500) for n in range(10)])).status == 431
    assert upstream.seen() == []
    assert gateway.get("/public/a", {"X-Big": "a" * 3500}).status == 200


def test_an_endless_field_is_refused_before_its_end(gateway):
    with gateway.connect() as connection:
        connection.send(b"GET /public/a HTTP/1.1\r\nHost: gatehouse.test\r\nX: " + b"a" * 8000)
        assert connection.read_response().status == 431
        assert connection.is_closed_within(3)


def test_too_many_fields(gateway, upstream):
    assert last(gateway, get("/public/a", *[(f"X-{n}", "") for n in range(25)])).status == 431
    assert upstream.seen() == []
    assert gateway.get("/public/a", [(f"X-{n}", "") for n in range(19)]).status == 200


def test_too_large_trailers(gateway, upstream):
    for trailers in ([("X-Big", "a" * 8000)], [(f"X-{n}", "a") for n in range(50)]):
        with gateway.connect() as connection:
            connection.send(request_bytes("POST", "/public/a", {"Transfer-Encoding": "chunked"}) + chunked(b"hi", trailers=trailers))
            assert connection.read_response().status in (400, 413, 431)
            assert connection.is_closed_within(3)
    assert not any(r.complete for r in upstream.seen())


@pytest.mark.parametrize("path, limit", [("/public/b", 10 * 1024), ("/small/b", 100), ("/large/b", 1 << 20)])
def test_body_size(gateway, upstream, path, limit):
    assert gateway.request("POST", path, body=b"x" * limit).status == 200
    upstream.clear()
    response = last(gateway, request_bytes("POST", path, {"Content-Length": str(limit + 1)}))
    assert response.status == 413 and response.json()["status"] == 413
    assert upstream.seen() == [], "a body announced as too large went upstream"


def test_the_largest_length_is_refused_at_once(gateway, upstream):
    assert last(gateway, request_bytes("POST", "/large/b", {"Content-Length": str(2**63 - 1)})).status == 413
    assert last(gateway, request_bytes("POST", "/large/b", {"Content-Length": str(2**64 - 1)})).status in (400, 413)
    assert upstream.seen() == []


def test_a_chunked_body_that_grows_too_large(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/small/b", {"Transfer-Encoding": "chunked"}) + chunked(*[b"x" * 50] * 10))
        assert connection.read_response().status == 413
        assert connection.is_closed_within(3)
    assert not any(r.complete for r in upstream.seen())


def test_a_chunked_body_at_the_limit_passes(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/small/b", {"Transfer-Encoding": "chunked"}) + chunked(*[b"x" * 10] * 10))
        assert connection.read_response().status == 200
    assert len(upstream.only("/small/b").body) == 100


def test_one_chunk_that_announces_too_much(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/small/b", {"Transfer-Encoding": "chunked"}) + b"7fffffffffffffff\r\nx")
        assert connection.read_response().status in (400, 413)
        assert connection.is_closed_within(3)
    assert not any(r.complete for r in upstream.seen())


def test_too_large_with_expect_gets_no_100(gateway, upstream):
    response = last(gateway, request_bytes("POST", "/small/b", {"Expect": "100-continue", "Content-Length": "1000"}))
    assert (response.status, response.informational) == (413, [])


def test_an_answer_may_be_larger_than_body_size(gateway, upstream):
    upstream.on("/small/b", answer(200, [], b"x" * 100_000))
    assert len(gateway.get("/small/b").body) == 100_000


def test_a_head_that_does_not_end_is_408(gateway):
    for sent in (b"G", b"GET /public/a HTTP/1.1\r\n", b"GET /public/a HTTP/1.1\r\nHost: gatehouse.test\r\n"):
        begun = time.monotonic()
        response = last(gateway, sent)
        assert response.status == 408 and response.json()["status"] == 408
        assert 0.8 < time.monotonic() - begun < 4


def test_a_head_that_drips_is_408(gateway):
    """The limit is on the whole head, not between its bytes."""
    with gateway.connect() as connection:
        begun = time.monotonic()
        sent = iter(b"GET /public/a HTTP/1.1\r\nHost: gatehouse.test\r\nX: " + b"a" * 1000)
        while not connection.ended and time.monotonic() - begun < 5:
            try:
                connection.send(bytes([next(sent)]))
            except OSError:
                break
            connection.is_closed_within(0.05)
        assert time.monotonic() - begun < 4
        assert connection.buffer == b"" or connection.buffer.startswith(b"HTTP/1.1 408")


def test_a_second_head_that_does_not_end_is_408(gateway):
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/a").status == 200
        connection.send(b"GET /publ")
        assert connection.read_response().status == 408
        assert connection.is_closed_within(3)


def test_a_connection_that_says_nothing_is_closed(gateway):
    with gateway.connect() as connection:
        assert connection.is_closed_within(4)
        assert connection.buffer == b"" or connection.buffer.startswith(b"HTTP/1.1 408")


def test_an_idle_connection_is_closed_without_a_word(gateway):
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/a").status == 200
        begun = time.monotonic()
        assert connection.is_closed_within(4)
        assert time.monotonic() - begun > 0.7
        assert connection.buffer == b""


def test_a_busy_connection_is_not_idle(gateway, upstream):
    upstream.on("/public/slow", lambda e: (time.sleep(1.8), e.respond(body=b"ok")))
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/slow").body == b"ok"
        assert connection.request("GET", "/public/a").status == 200


def test_a_slow_download_is_not_idle(gateway, upstream):
    def slow(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(5):
            time.sleep(0.4)
            exchange.send(b"1\r\nx\r\n")
        exchange.send(b"0\r\n\r\n")

    upstream.on("/public/slow", slow)
    assert gateway.get("/public/slow").body == b"xxxxx"


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 40], ids=["nothing", "one byte", "half a hello"])
def test_a_handshake_that_stalls_is_cut_off(gateway, sent):
    with Connection(gateway.address()) as connection:
        connection.send(sent)
        assert connection.is_closed_within(8), "a handshake may take for ever"


def test_a_handshake_that_drips_is_cut_off(gateway):
    with Connection(gateway.address()) as connection:
        begun = time.monotonic()
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500
        for byte in hello:
            try:
                connection.send(bytes([byte]))
            except OSError:
                break
            if connection.is_closed_within(0.1) or time.monotonic() - begun > 8:
                break
        assert connection.ended or time.monotonic() - begun < 8


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"a" * 70000, b"\x80\x2e\x01\x00\x02" + b"a" * 100,
                                  b"\x15\x03\x01\x00\x02\x02\x28"], ids=["HTTP", "zeros", "large record", "SSLv2", "alert"])
def test_what_is_not_tls_ends_the_connection_only(gateway, sent):
    with Connection(gateway.address()) as connection:
        try:
            connection.send(sent)
        except OSError:
            pass
        assert connection.is_closed_within(8)
    assert gateway.get("/public/alive").status == 200


def test_a_client_that_stops_reading_its_answer_is_let_go(gateway, upstream):
    """idle_timeout holds for a client that takes nothing of its answer too."""
    upstream.on("/public/big", lambda e: e.respond(body=bytes(64 << 20)))
    before = gateway.descriptors()
    with gateway.connect(receive_buffer=4096) as connection:
        connection.send(request_bytes("GET", "/public/big"))
        connection.read_head()
        eventually(lambda: gateway.descriptors() <= before, 10, what="the gateway lets the stalled client go")


def test_body_min_rate(start, site, upstream):
    """Slower than that after its grace, a body is 408."""
    gateway = start(site.config(upstream, limits={"body_min_rate": 500}))
    with gateway.connect(timeout=25) as connection:
        connection.send(request_bytes("POST", "/public/slow", {"Content-Length": "100000"}))
        begun = time.monotonic()
        while not connection.ended and not connection.buffer and time.monotonic() - begun < 22:
            try:
                connection.send(b"x" * 10)
            except OSError:
                break
            try:
                connection.fill(0.25)
            except TimeoutError:
                pass
        assert 8 < time.monotonic() - begun < 20
        assert connection.buffer == b"" or connection.buffer.startswith(b"HTTP/1.1 408")
    assert not any(r.complete for r in upstream.seen())


def test_a_body_that_is_fast_enough_may_take_long(start, site, upstream):
    gateway = start(site.config(upstream, limits={"body_min_rate": 500}))
    with gateway.connect(timeout=25) as connection:
        connection.send(request_bytes("POST", "/public/ok", {"Content-Length": "12000"}))
        for _ in range(12):
            time.sleep(1)
            connection.send(b"x" * 1000)
        assert connection.read_response().status == 200


def refuses(gateway):
    """Whether one more connection is turned away: closed, or answered 503."""
    try:
        with gateway.connect(timeout=3) as connection:
            return connection.request("GET", "/public/x").status in (429, 503)
    except (OSError, ClosedEarly, TimeoutError):
        return True


def test_the_number_of_connections_is_capped(start, site, upstream):
    gateway = start(site.config(upstream, limits={"connections": 8}))
    held = []
    for _ in range(40):
        try:
            connection = gateway.connect(timeout=2)
            if connection.request("GET", "/public/a").status == 200:
                held.append(connection)
        except (OSError, ClosedEarly, AssertionError):
            pass
        if len(held) > 20:
            break
    assert 1 <= len(held) <= 8
    for connection in held:
        connection.close()
    eventually(lambda: not refuses(gateway), 5, what="room again once they have gone")


def test_connections_per_address(start, site, upstream, tmp_path):
    config = site.config(upstream, limits={"connections_per_address": 3}, listeners=[{"address": "0.0.0.0:0", "tls": site.tls()}])
    write_config(tmp_path, config)
    if "not supported yet" in (done := run("check", cwd=tmp_path)).stdout + done.stderr:
        pytest.skip("not supported yet")
    gateway = start(config)
    address = ("127.0.0.1", gateway.port())
    held = [Connection(address, site.context) for _ in range(3)]
    for connection in held:
        assert connection.request("GET", "/public/a").status == 200
    try:
        with Connection(address, site.context, timeout=3) as extra:
            assert extra.request("GET", "/public/a").status in (429, 503)
    except (OSError, ClosedEarly):
        pass
    with Connection(address, site.context, source="127.0.0.9") as connection:  # another address is not held back
        assert connection.request("GET", "/public/a").status == 200
    for connection in held:
        connection.close()
