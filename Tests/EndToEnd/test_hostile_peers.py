"""CONTRACT §7: nothing that a peer sends may use unbounded memory, hold a connection for nothing, or make two ends disagree."""

import time

import pytest

from harness.client import request_bytes
from harness.upstream import Gate, raw
from harness.waiting import SCALE, eventually, stays

MEBIBYTE = 1 << 20


def configuration(site, upstream):
    return site.config(upstream, upstreams={"legacy": {"servers": [upstream.url], "response_timeout": "2s"}})


# Bodies of no bytes

def test_an_empty_answer_ends_when_its_head_does(gateway, upstream):
    upstream.on("/public/empty", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    with gateway.connect(timeout=3) as connection:
        assert connection.request("GET", "/public/empty").status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert len({seen.connection for seen in upstream.seen()}) == 1


def test_an_empty_request_body_ends_when_its_head_does(gateway, upstream):
    """The upstream's time begins to run, and its connection can be used again."""
    late = Gate()
    upstream.on("/public/late", lambda exchange: late.wait(8))
    started = time.monotonic()
    assert gateway.request("POST", "/public/late", body=b"").status == 504
    assert time.monotonic() - started < 4 * SCALE
    late.open()
    upstream.clear()
    with gateway.connect() as connection:
        for _ in range(3):
            assert connection.request("POST", "/public/again", body=b"").status == 200
    assert len({seen.connection for seen in upstream.seen()}) == 1


def test_a_request_behind_an_empty_one_that_is_refused_is_answered(gateway):
    with gateway.connect(timeout=3) as connection:
        connection.send(request_bytes("POST", "/notes/a", body=b"") + request_bytes("GET", "/public/next"))
        assert connection.read_response().status == 401
        assert connection.read_response().status == 200
