"""CONTRACT §4.6: 502, 503, 504, and when a request may be sent again."""

import time

import pytest

from harness.client import chunked, request_bytes
from harness.gateway import free_port
from harness.responses import ClosedEarly
from harness.upstream import Gate, Upstream, answer, dead_port, deaf_port, raw
from harness.waiting import eventually


def configuration(site, upstream):
    servers = [upstream.url]
    return site.config(upstream, routes=[
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/never/**", "access": "public", "upstream": "never"},
        {"path": "/thrice/**", "access": "public", "upstream": "thrice"},
        {"path": "/hasty/**", "access": "public", "upstream": "hasty"},
        {"path": "/limited/**", "access": "public", "upstream": "legacy", "timeout": "300ms"},
    ], upstreams={
        "legacy": {"servers": servers}, "never": {"servers": servers, "retries": 0}, "thrice": {"servers": servers, "retries": 3},
        "hasty": {"servers": servers, "response_timeout": "400ms", "idle_timeout": "700ms"},
    })


def closing_after(count, exchange_answers=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"):
    """Closes the first `count` requests without an answer, after reading them whole."""
    seen = []

    def handler(exchange):
        exchange.read_body()
        seen.append(exchange.number)
        if len(seen) <= count:
            exchange.close()
        else:
            exchange.send(exchange_answers)

    return handler


def problem(response, status):
    assert response.status == status, (response.status, response.body)
    assert response.get("content-type") == "application/problem+json"
    document = response.json()
    assert document["status"] == status and document["title"] and document["request_id"]
    assert "127.0.0.1" not in response.text and "curl" not in response.text.lower()
    return document


# Sent again, or not

@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
def test_an_idempotent_request_without_a_body_is_sent_again(gateway, upstream, method):
    upstream.on("/public/r", closing_after(1))
    with gateway.connect() as connection:
        assert connection.request(method, "/public/r").status == 200
    assert len(upstream.seen("/public/r")) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "PROPFIND2", "LOCK"])
def test_another_request_is_not_sent_again(gateway, upstream, method):
    upstream.on("/public/r", closing_after(1))
    problem(gateway.request(method, "/public/r"), 502)
    assert len(upstream.seen("/public/r")) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_not_on_a_reused_connection_either(gateway, upstream, method):
    """Where libcurl by itself would send it again."""
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/warm").status == 200
        upstream.on("/public/r", closing_after(1))
        problem(connection.request(method, "/public/r"), 502)
    assert len(upstream.seen("/public/r")) == 1


def test_a_get_on_a_reused_connection_is_sent_again(gateway, upstream):
    upstream.on("/public/r", closing_after(1))
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/warm").status == 200
        assert connection.request("GET", "/public/r").status == 200
    assert len(upstream.seen("/public/r")) == 2


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_request_whose_body_was_consumed_is_not_sent_again(gateway, upstream, method):
    upstream.on("/public/r", closing_after(1))
    with gateway.connect() as connection:
        connection.send(request_bytes(method, "/public/r", {"Transfer-Encoding": "chunked"}) + b"5\r\nhello\r\n")
        upstream.wait(path="/public/r")
        connection.send(chunked(b"world"))
        problem(connection.read_response(), 502)
    assert len(upstream.seen("/public/r")) == 1


def test_no_retry_after_the_answer_has_begun(gateway, upstream):
    upstream.on("/public/r", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", close=True))
    with gateway.connect() as connection, pytest.raises(ClosedEarly):
        connection.request("GET", "/public/r")
    assert len(upstream.seen("/public/r")) == 1


def test_no_retry_after_an_informational_answer_was_passed_on(gateway, upstream):
    upstream.on("/public/r", raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", close=True))
    with gateway.connect() as connection:
        try:
            assert connection.request("GET", "/public/r").status == 502
        except ClosedEarly:
            pass
    assert len(upstream.seen("/public/r")) == 1


@pytest.mark.parametrize("prefix, attempts", [("/never", 1), ("/public", 2), ("/thrice", 4)])
def test_retries_counts_attempts_beyond_the_first(gateway, upstream, prefix, attempts):
    upstream.on(prefix + "/r", closing_after(99))
    problem(gateway.get(prefix + "/r"), 502)
    assert len(upstream.seen(prefix + "/r")) == attempts


def test_an_error_status_is_an_answer(gateway, upstream):
    for status in (500, 502, 503, 504, 408, 425, 429):
        upstream.clear()
        upstream.on("/thrice/e", answer(status, [], b"mine"))
        assert (gateway.get("/thrice/e").status, len(upstream.seen("/thrice/e"))) == (status, 1)


def test_many_connections_closed_while_idle_fail_nothing(gateway, upstream):
    """The upstream closes each kept connection just after its answer."""
    upstream.on("/public/once", lambda e: (e.read_body(), e.respond(body=b"ok"), e.close()))
    with gateway.connect() as connection:
        for n in range(40):
            assert connection.request("GET", "/public/once").status == 200
            time.sleep(0.002)  # a FIN that is still on its way can't be seen
            assert connection.request("POST", "/public/once", body="x").status == 200, "a POST was sent on a dead connection"
            time.sleep(0.002)


# What upstreams get wrong

BAD_ANSWERS = {
    "nothing": b"", "garbage": b"hello\r\n\r\n", "binary": bytes(range(256)), "http 0.9": b"<html>hello</html>", "half a head": b"HTTP/1.1 200 OK\r\nConte",
    "version 2": b"HTTP/2 200\r\n\r\n", "version 2.0": b"HTTP/2.0 200 OK\r\n\r\n", "no version": b"200 OK\r\n\r\n", "status of 2 digits": b"HTTP/1.1 99 OK\r\n\r\n",
    "status of 4 digits": b"HTTP/1.1 2000 OK\r\n\r\n", "status 000": b"HTTP/1.1 000 OK\r\n\r\n", "status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "two spaces": b"HTTP/1.1  200 OK\r\n\r\n", "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "length of letters": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "chunked twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bare CR in value": b"HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "NUL in value": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "space before colon": b"HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n", "no colon": b"HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n",
    "huge head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n", "endless fields": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 50_000 + b"\r\n",
    "control in reason": b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n", "unasked switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    "only informational": b"HTTP/1.1 100 Continue\r\n\r\n", "space first": b" HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("data", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_malformed_answer_is_502(gateway, upstream, data):
    upstream.on("/never/bad", raw(data, close=True))
    with gateway.connect() as connection:
        problem(connection.request("POST", "/never/bad"), 502)
        assert connection.request("GET", "/public/next").status == 200
    assert len(upstream.seen("/never/bad")) == 1


def test_a_length_given_twice_alike_by_the_upstream(gateway, upstream):
    upstream.on("/never/bad", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"))
    response = gateway.request("POST", "/never/bad")
    assert response.status == 502 or (response.body == b"hello" and len(response.all("content-length")) == 1)


# Too slow

def test_an_answer_too_late_is_504_and_is_cancelled(gateway, upstream):
    gone = Gate()
    upstream.on("/hasty/slow", lambda e: e.peer_closed_within(5) and gone.open())
    start = time.monotonic()
    problem(gateway.get("/hasty/slow"), 504)
    assert 0.35 < time.monotonic() - start < 3
    assert gone.wait(3), "the upstream request goes on"
    assert len(upstream.seen("/hasty/slow")) == 1, "sent again after its time was up"


def test_half_a_head_too_late_is_504(gateway, upstream):
    upstream.on("/hasty/slow", lambda e: (e.send(b"HTTP/1.1 200 OK\r\nX: "), e.peer_closed_within(5)))
    assert gateway.get("/hasty/slow").status in (502, 504)


def test_the_time_limit_of_a_route(gateway, upstream):
    upstream.on("/limited/slow", lambda e: e.peer_closed_within(5))
    start = time.monotonic()
    problem(gateway.get("/limited/slow"), 504)
    assert time.monotonic() - start < 3


def test_response_timeout_counts_from_the_end_of_the_request(gateway, upstream):
    """A slow client is not a slow upstream."""
    upstream.on("/hasty/up", answer(200, [], b"ok"))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/hasty/up", {"Content-Length": "8"}))
        for _ in range(8):
            time.sleep(0.1)
            connection.send(b"x")
        assert connection.read_response().status == 200


def test_a_stream_may_last_longer_than_any_timeout(gateway, upstream):
    def events(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(8):
            time.sleep(0.25)
            exchange.send(b"1\r\nx\r\n")
        exchange.send(b"0\r\n\r\n")

    upstream.on("/hasty/events", events)
    assert gateway.get("/hasty/events").body == b"x" * 8


def test_a_stream_that_falls_silent_is_ended_and_seen_as_cut(gateway, upstream):
    gone = Gate()

    def silent(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        exchange.peer_closed_within(6) and gone.open()

    upstream.on("/hasty/silent", silent)
    start = time.monotonic()
    with gateway.connect() as connection, pytest.raises(ClosedEarly):
        connection.request("GET", "/hasty/silent")
    assert 0.5 < time.monotonic() - start < 5
    assert gone.wait(3)


# Unreachable

def test_an_upstream_that_is_not_there(start, site):
    with dead_port() as port:
        gateway = start(site.config(f"http://127.0.0.1:{port}"))
        for method in ("GET", "POST"):
            assert gateway.request(method, "/public/x", body=b"hi").status in (502, 503)


def test_the_first_failure_is_502_and_then_all_marked_down_is_503(start, site):
    with dead_port() as port:
        gateway = start(site.config(f"http://127.0.0.1:{port}", workers=1))
        problem(gateway.get("/public/x"), 502)
        with gateway.connect() as connection:
            response = eventually(lambda: (r := connection.request("GET", "/public/x")).status == 503 and r, 5, what="a 503")
        problem(response, 503)
        assert 1 <= int(response.get("retry-after")) <= 120


def test_a_name_that_does_not_resolve_is_502(start, site):
    gateway = start(site.config("http://nothing.invalid:80"))
    assert gateway.get("/public/x").status in (502, 503)


def test_a_connection_that_hangs_is_given_up(start, site):
    with deaf_port() as port:
        gateway = start(site.config(upstreams={"legacy": {"servers": [f"http://127.0.0.1:{port}"], "connect_timeout": "300ms", "retries": 0}}))
        begun = time.monotonic()
        assert gateway.get("/public/x").status in (502, 504)
        assert time.monotonic() - begun < 3


def test_a_server_that_comes_back_is_used_again(start, site):
    port = free_port()
    gateway = start(site.config(f"http://127.0.0.1:{port}", workers=1))
    with gateway.connect() as connection:
        eventually(lambda: connection.request("GET", "/public/x").status == 503, 5)
    with Upstream(port=port), gateway.connect() as connection:
        eventually(lambda: connection.request("GET", "/public/x").status == 200, 20, every=0.1, what="the server is used again")


def test_an_upstream_restarted_between_requests_fails_none(start, site):
    upstream = Upstream(port=free_port())
    gateway = start(site.config(upstream, workers=1))
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/a").status == 200
        upstream.stop()
        with Upstream(port=upstream.port):
            assert connection.request("GET", "/public/b").status == 200
            assert connection.request("POST", "/public/c", body="x").status == 200


# Several servers

def two(site, first, second, **more):
    urls = [s if isinstance(s, str) else s.url for s in (first, second)]
    return site.config(upstreams={"legacy": {"servers": urls, **more}}, workers=1)


def test_round_robin_takes_turns(start, site):
    with Upstream() as a, Upstream() as b:
        gateway = start(two(site, a, b))
        for n in range(20):
            assert gateway.get(f"/public/{n}").status == 200
        assert (len(a.seen()), len(b.seen())) == (10, 10)


def test_least_requests_avoids_the_busy_server(start, site):
    with Upstream() as a, Upstream() as b:
        gateway, gate = start(two(site, a, b, balance="least_requests")), Gate()
        for upstream in (a, b):
            upstream.on("/public/hold", lambda e: (gate.wait(), e.respond(body=b"held")))
        held = gateway.connect()
        held.send(request_bytes("GET", "/public/hold"))
        eventually(lambda: a.seen("/public/hold") or b.seen("/public/hold"))
        busy, idle = (a, b) if a.seen("/public/hold") else (b, a)
        for n in range(10):
            assert gateway.get(f"/public/{n}").status == 200
        assert (len(busy.seen()), len(idle.seen())) == (1, 10)
        gate.open()
        assert held.read_response().body == b"held"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_dead_server_among_two_is_noticed_by_nobody(start, site, method):
    """The request never reached it, so even a POST goes to the other."""
    with dead_port() as port, Upstream() as b:
        gateway = start(two(site, f"http://127.0.0.1:{port}", b))
        for n in range(12):
            assert gateway.request(method, f"/public/{n}", body=b"hello").status == 200
        assert len(b.seen()) == 12
        assert all(bytes(r.body) == b"hello" for r in b.seen())


def test_a_server_that_fails_is_left_out_for_a_while(start, site):
    tried = []

    def broken(exchange):
        tried.append(time.monotonic())
        exchange.close()

    with Upstream(default=broken) as a, Upstream() as b:
        gateway = start(two(site, a, b))
        statuses = [gateway.get(f"/public/{n}").status for n in range(60)]
        assert statuses == [200] * 60, "each was sent again to the other server"
        assert len(tried) < 25, f"{len(tried)} of 60 requests still went to the broken server"


def test_the_last_server_standing_takes_everything(start, site):
    a, b = Upstream(port=free_port()), Upstream()  # nobody else may be at the first one's address when it has gone
    with a, b:
        gateway = start(two(site, a, b))
        assert gateway.get("/public/1").status == 200
        a.stop()
        for n in range(20):
            assert gateway.get(f"/public/{n}").status == 200
        assert len(b.seen()) >= 20
