"""CONTRACT §4.5: bodies, framing, trailers, informational answers, keep-alive, pipelining, half-closed peers."""

import hashlib
import os
import time

import pytest

from harness.attack import SANITIZER
from harness.client import chunked, request_bytes
from harness.responses import ClosedEarly
from harness.tokens import bearer
from harness.upstream import Gate, answer, raw
from harness.waiting import SCALE, eventually, stays

MEBIBYTE = 1 << 20


def configuration(site, upstream):
    routes = [r | {"body_size": "1GiB"} for r in site.config()["routes"]]
    return site.config(upstream, routes=routes, upstreams={"legacy": {"servers": [upstream.url], "response_timeout": "20s", "idle_timeout": "20s"}})


# Request bodies

@pytest.mark.parametrize("size", [0, 1, 2, 1000, 16383, 16384, 16385, 65536, 262144, 3 * MEBIBYTE + 1])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_request_bodies_arrive_to_the_byte(gateway, upstream, size, framing):
    body = os.urandom(size)
    with gateway.connect() as connection:
        if framing == "length":
            connection.send(request_bytes("POST", "/public/b", body=body))
        else:
            pieces = [body[i:i + 5000] for i in range(0, size, 5000)]
            connection.send(request_bytes("POST", "/public/b", {"Transfer-Encoding": "chunked"}) + chunked(*pieces))
        assert connection.read_response().json()["body"] == size
        assert connection.request("GET", "/public/next").status == 200
    seen = upstream.only("/public/b")
    assert bytes(seen.body) == body
    assert len(seen.all("content-length")) + len(seen.all("transfer-encoding")) == 1
    if framing == "length":
        assert seen.get("content-length") == str(size)


def test_a_post_of_nothing_has_length_0_upstream(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/none"))  # neither Content-Length nor chunked: no body
        assert connection.read_response().status == 200
    assert upstream.only("/public/none").all("content-length") in ([], ["0"])


def test_a_request_body_streams(gateway, upstream):
    got = Gate()

    def handler(exchange):
        while len(exchange.request.body) < 5:
            exchange.read_some()
        got.open()
        exchange.read_body()
        exchange.respond(body=b"done")

    upstream.on("/public/stream", handler)
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/stream", {"Transfer-Encoding": "chunked"}) + b"5\r\nhello\r\n")
        assert got.wait(5), "the first chunk waits for the last"
        connection.send(b"5\r\nworld\r\n0\r\n\r\n")
        assert connection.read_response().body == b"done"
    assert bytes(upstream.only("/public/stream").body) == b"helloworld"


def test_request_trailers_pass(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/t", {"Transfer-Encoding": "chunked", "Trailer": "X-Sum, X-More"}))
        connection.send(chunked(b"hello", trailers=[("X-Sum", "abc"), ("X-More", "1"), ("X-More", "2")]))
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert [(n.lower(), v) for n, v in upstream.only("/public/t").trailers] == [("x-sum", "abc"), ("x-more", "1"), ("x-more", "2")]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Host", "Authorization", "Content-Type", "Cookie", "Connection", "Trailer", "TE",
                                  "X-Forwarded-For", "Forwarded", "Via", "X-Request-Id", "Expect", "Set-Cookie", "Content-Encoding", "Proxy",
                                  "X-HTTP-Method-Override", "Content_Length", "Transfer_Encoding", "Proxy-Authorization"])
def test_trailers_that_would_change_the_request_are_dropped(gateway, upstream, name):
    """RFC 9110 §6.5.1: no framing, routing, authentication or content fields there."""
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/t", {"Transfer-Encoding": "chunked"}))
        connection.send(chunked(b"hello", trailers=[(name, "chunked"), ("X-Sum", "abc")]))
        response = connection.read_response()
    assert response.status in (200, 400)
    if response.status == 200:
        assert [(n.lower(), v) for n, v in upstream.only("/public/t").trailers] == [("x-sum", "abc")]


@pytest.mark.parametrize("end", ["half_close", "close", "reset"])
@pytest.mark.parametrize("fields, body", [
    ({"Content-Length": "10"}, b"hello"), ({"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n"), ({"Transfer-Encoding": "chunked"}, b"a\r\nhello"),
    ({"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n")], ids=["length", "between chunks", "in a chunk", "before the last line"])
def test_a_body_cut_short_never_completes_upstream(gateway, upstream, fields, body, end):
    gone = Gate()

    def handler(exchange):
        try:
            exchange.read_body()
        finally:
            gone.open()

    upstream.on("/public/cut", handler)
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/cut", fields) + body)
        upstream.wait(path="/public/cut")
        getattr(connection, end)()
        assert gone.wait(3), "the upstream still waits for the rest"
    assert [r.complete for r in upstream.seen("/public/cut")] == [False]


# Response bodies

@pytest.mark.parametrize("size", [0, 1, 1000, 16384, 65537, 3 * MEBIBYTE + 1])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_response_bodies_arrive_to_the_byte(gateway, upstream, size, framing):
    body = os.urandom(size)

    def handler(exchange):
        exchange.read_body()
        if framing == "length":
            exchange.respond(body=body)
        elif framing == "chunked":
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(*[body[i:i + 7000] for i in range(0, size, 7000)]))
        else:
            exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
            exchange.close()

    upstream.on("/public/r", handler)
    with gateway.connect() as connection:
        response = connection.request("GET", "/public/r")
        assert response.body == body
        assert response.framing in {"length": ("length",), "chunked": ("chunked",), "close": ("chunked", "close")}[framing]
        if response.framing != "close":
            assert connection.request("GET", "/public/next").status == 200, "the client's connection was not kept"


def test_chunk_extensions_of_the_upstream_are_dropped(gateway, upstream):
    upstream.on("/public/r", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + chunked(b"hello", extension=";a=b")))
    assert gateway.get("/public/r").body == b"hello"  # the reader refuses extensions


def test_response_trailers_pass(gateway, upstream):
    upstream.on("/public/r", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + chunked(
        b"hello", trailers=[("X-Sum", "1"), ("Content-Length", "0"), ("Transfer-Encoding", "gzip")])))
    with gateway.connect() as connection:
        response = connection.request("GET", "/public/r", {"TE": "trailers", "Connection": "TE"})
        assert (response.body, [(n.lower(), v) for n, v in response.trailers]) == (b"hello", [("x-sum", "1")])
        assert connection.request("GET", "/public/next").status == 200


def test_a_response_streams(gateway, upstream):
    gates = [Gate() for _ in range(3)]

    def events(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n, gate in enumerate(gates):
            gate.wait()
            event = b"data: %d\n\n" % n
            exchange.send(b"%x\r\n%s\r\n" % (len(event), event))
        exchange.send(b"0\r\n\r\n")

    upstream.on("/public/events", events)
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/events", {"Accept": "text/event-stream"}))
        head = connection.read_head()
        assert head.get("content-type") == "text/event-stream"
        for n, gate in enumerate(gates):
            gate.open()
            eventually(lambda: b"data: %d\n\n" % n in connection.buffer or not connection.fill(5), what=f"event {n}")
        eventually(lambda: b"0\r\n\r\n" in connection.buffer or not connection.fill(5))


@pytest.mark.parametrize("status, fields", [(204, []), (304, [("ETag", '"x"')]), (304, [("Content-Length", "100")]), (204, [("X-A", "b")])])
def test_answers_without_a_body(gateway, upstream, status, fields):
    upstream.on("/public/n", answer(status, fields, length=False, reason="None"))
    with gateway.connect() as connection:
        response = connection.request("GET", "/public/n")
        assert (response.status, response.body) == (status, b"")
        assert connection.request("GET", "/public/next").status == 200
    assert len(upstream.seen()) == 2


def test_head_has_the_fields_of_get_and_no_body(gateway, upstream):
    upstream.on("/public/h", answer(200, [("Content-Length", "5"), ("ETag", '"x"')], b"hello"))
    with gateway.connect() as connection:
        response = connection.request("HEAD", "/public/h")
        assert (response.status, response.get("content-length"), response.get("etag")) == (200, "5", '"x"')
        assert connection.request("GET", "/public/h").body == b"hello"
        assert connection.request("HEAD", "/public/h").status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert [r.method for r in upstream.seen()] == ["HEAD", "GET", "HEAD", "GET"]


def test_head_of_a_chunked_answer(gateway, upstream):
    upstream.on("/public/h", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
    with gateway.connect() as connection:
        assert connection.request("HEAD", "/public/h").status == 200
        assert connection.request("HEAD", "/public/h").status == 200


@pytest.mark.parametrize("path, status", [("/nowhere", 404), ("/notes/x", 401), ("/denied/x", 403)])
def test_head_of_a_refusal_has_no_body(gateway, path, status):
    with gateway.connect() as connection:
        assert connection.request("HEAD", path).status == status
        assert connection.request("GET", "/public/next").status == 200


def test_ranges_pass(gateway, upstream):
    upstream.on("/public/range", answer(206, [("Content-Range", "bytes 0-4/10")], b"hello", "Partial Content"))
    response = gateway.get("/public/range", {"Range": "bytes=0-4", "If-Range": '"x"'})
    assert (response.status, response.get("content-range"), response.body) == (206, "bytes 0-4/10", b"hello")
    assert upstream.only("/public/range").get("range") == "bytes=0-4"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_coded_content_is_not_touched(gateway, upstream, encoding):
    body = b"\x1f\x8b" + os.urandom(50)
    upstream.on("/public/z", answer(200, [("Content-Encoding", encoding)], body))
    response = gateway.get("/public/z", {"Accept-Encoding": encoding})
    assert (response.body, response.get("content-encoding")) == (body, encoding)
    assert upstream.only("/public/z").get("accept-encoding") == encoding


# Informational answers and Expect

def test_early_hints_pass(gateway, upstream):
    upstream.on("/public/hint", raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    with gateway.connect() as connection:
        response = connection.request("GET", "/public/hint")
        assert [i.status for i in response.informational] == [103, 102]
        assert response.informational[0].get("link") == "</a.css>"
        assert response.body == b"ok"
        assert connection.request("GET", "/public/next").status == 200


def test_no_informational_answer_to_http_1_0(gateway, upstream):
    upstream.on("/public/hint", raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    with gateway.connect() as connection:
        connection.send("GET /public/hint HTTP/1.0\r\n\r\n")
        response = connection.read_response()
    assert (response.informational, response.body) == ([], b"ok")  # RFC 9110 §15.2


def test_a_flood_of_informational_answers_is_ended_or_passed(gateway, upstream):
    upstream.on("/public/flood", raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    response = gateway.get("/public/flood")
    assert response.status in (200, 502) and len(response.informational) <= 100


def test_informational_answers_are_not_kept_for_who_does_not_read(gateway, upstream):
    """Nothing makes an upstream wait that sends them, so of large ones few are handed on."""
    gate, sent, hint = Gate(), [], b"HTTP/1.1 103 Early Hints\r\nLink: %s\r\n\r\n" % (b"x" * 60_000)

    def handler(exchange):
        exchange.send(hint * 100)
        sent.append(exchange)
        gate.wait()
        exchange.respond(200)

    upstream.on("/public/hints", handler)
    before = gateway.memory()
    with gateway.http2(receive_buffer=4096) as client:
        client.settle()
        for _ in range(20):
            client.request("GET", "/public/hints")
        eventually(lambda: len(sent) == 20, 20, what="all of them are read")
        assert gateway.memory() < before + (16 << 20) * (3 if SANITIZER else 1) + SANITIZER
        gate.open()
    assert gateway.get("/public/alive").status == 200


@pytest.mark.parametrize("upstream_sends_100", [True, False])
def test_expect_100_continue(gateway, upstream, upstream_sends_100):
    def handler(exchange):
        if upstream_sends_100:
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange.read_body()
        exchange.respond(body=b"done")

    upstream.on("/public/x", handler)
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/x", {"Expect": "100-continue", "Content-Length": "5"}))
        if upstream_sends_100:
            assert connection.read_head().status == 100
        else:
            try:  # the gateway may send one itself; a client that waits in vain sends the body after a while
                connection.fill(0.3)
                assert connection.read_head().status == 100
            except TimeoutError:
                pass
        connection.send(b"hello")
        response = connection.read_response()
        assert response.body == b"done"
        assert [i.status for i in response.informational] in ([], [100])
        assert connection.request("GET", "/public/next").status == 200
    assert bytes(upstream.only("/public/x").body) == b"hello"


def test_expect_with_the_body_at_once(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/x", {"Expect": "100-Continue"}, b"hello"))
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert bytes(upstream.only("/public/x").body) == b"hello"


def test_expect_is_answered_by_a_refusal_before_the_body(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/notes/x", {"Expect": "100-continue", "Content-Length": "5"}))
        response = connection.read_response()
        assert (response.status, response.informational) == (401, [])
        if response.keeps_alive:  # then the next bytes are either the body or, RFC 9110 §10.1.1, a new request
            connection.send(b"hello")
            assert connection.request("GET", "/public/next").status in (200, 400)
    assert upstream.seen("/notes/x") == []


def test_expect_is_answered_by_the_upstreams_final_answer(gateway, upstream):
    upstream.on("/public/x", lambda e: (e.respond(417, reason="Expectation Failed"), e.close()))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/x", {"Expect": "100-continue", "Content-Length": "5"}))
        assert connection.read_response().status == 417


def test_no_100_to_http_1_0(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(b"POST /public/x HTTP/1.0\r\nHost: gatehouse.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert connection.is_quiet_for(0.15)
        connection.send(b"hello")
        assert connection.read_response().informational == []


def test_an_answer_before_the_body_was_sent_arrives(gateway, upstream):
    """The upstream answers early and does not read on: the client still gets that answer."""
    upstream.on("/public/early", lambda e: (e.read_some(), e.respond(413, [("Connection", "close")], b"too much", "Too Large"), time.sleep(0.05), e.close()))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/early", {"Content-Length": str(50 * MEBIBYTE)}) + b"x" * 1000)
        response = connection.read_response()
        assert (response.status, response.body) == (413, b"too much")


def test_an_early_answer_arrives_while_the_client_keeps_sending(gateway, upstream):
    upstream.on("/public/early", lambda e: (e.read_some(), e.respond(403, [("Connection", "close")], b"no"), e.peer_closed_within(5)))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/early", {"Content-Length": str(8 * MEBIBYTE)}))
        try:
            for _ in range(128):
                connection.send(b"x" * 65536)
        except OSError:
            pass
        response = connection.read_response()
        assert (response.status, response.body) == (403, b"no")


def test_an_early_answer_with_an_upstream_that_reads_on_keeps_everything_in_step(gateway, upstream):
    def handler(exchange):
        exchange.read_some()
        exchange.respond(200, body=b"early")
        exchange.read_body()

    upstream.on("/public/early", handler)
    with gateway.connect() as connection:
        body = b"y" * 300_000
        connection.send(request_bytes("POST", "/public/early", body=body)[:-100_000])
        assert connection.read_response().body == b"early"
        try:
            connection.send(body[-100_000:] + request_bytes("GET", "/public/next"))
            response = connection.read_response()
            assert response.json()["target"] == "/public/next"
        except (ClosedEarly, OSError):
            pass  # closing is allowed: RFC 9112 §9.3
    assert [r.target for r in upstream.seen() if r.target not in ("/public/early", "/public/next")] == []


# Connections

def test_keep_alive_over_many_requests(gateway, upstream, token):
    with gateway.connect() as connection:
        for n in range(20):
            assert connection.request("GET", f"/public/{n}").keeps_alive
            assert connection.request("GET", f"/notes/{n}", bearer(token)).status == 200
            assert connection.request("GET", "/notes/none").status == 401
            assert connection.request("POST", f"/public/p{n}", body="x" * n).json()["body"] == n
    assert len(upstream.seen()) == 60


def test_upstream_connections_are_used_again(gateway, upstream):
    with gateway.connect() as connection:
        for n in range(10):
            assert connection.request("GET", f"/public/{n}").status == 200
    assert len({r.connection for r in upstream.seen()}) == 1


@pytest.mark.parametrize("fields", [{"Connection": "close"}, {"Connection": "Close"}, {"Connection": "keep-alive, close"}])
def test_connection_close_is_honoured(gateway, fields):
    with gateway.connect() as connection:
        response = connection.request("GET", "/public/a", fields)
        assert "close" in response.get("connection").lower()
        assert connection.is_closed_within(2)


def test_a_refused_request_closes_when_asked(gateway):
    with gateway.connect() as connection:
        assert connection.request("GET", "/notes/a", {"Connection": "close"}).status == 401
        assert connection.is_closed_within(2)


def test_a_refused_request_with_a_body_leaves_the_connection_in_step(gateway, upstream, token):
    """The unread body must not be taken for the next request."""
    hidden = request_bytes("GET", "/public/smuggled")
    for send in (request_bytes("POST", "/notes/a", body=hidden),
                 request_bytes("POST", "/notes/a", {"Transfer-Encoding": "chunked"}) + chunked(hidden)):
        with gateway.connect() as connection:
            connection.send(send)
            response = connection.read_response()
            assert response.status == 401
            if response.keeps_alive:
                assert connection.request("GET", "/public/next").json()["target"] == "/public/next"
            else:
                assert connection.is_closed_within(2) and not connection.buffer
    assert upstream.seen("/public/smuggled") == []


def test_http_1_0_closes_by_default(gateway, upstream):
    with gateway.connect() as connection:
        connection.send("GET /public/a HTTP/1.0\r\nHost: gatehouse.test\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.is_closed_within(2)


def test_http_1_0_keep_alive(gateway, upstream):
    upstream.on("/public/a", answer(200, [], b"hello"))
    with gateway.connect() as connection:
        connection.send("GET /public/a HTTP/1.0\r\nHost: gatehouse.test\r\nConnection: keep-alive\r\n\r\n")
        response = connection.read_response()
        assert response.body == b"hello"
        if response.keeps_alive and "keep-alive" in response.get("connection", "").lower():
            connection.send("GET /public/a HTTP/1.0\r\nHost: gatehouse.test\r\n\r\n")
            assert connection.read_response().body == b"hello"
        assert connection.is_closed_within(2)


def test_http_1_0_never_gets_chunks(gateway, upstream):
    upstream.on("/public/a", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"hello", b"world", trailers=[("X-T", "1")])))
    with gateway.connect() as connection:
        connection.send("GET /public/a HTTP/1.0\r\nHost: gatehouse.test\r\nConnection: keep-alive\r\n\r\n")
        response = connection.read_response()
        assert (response.framing, response.body) == ("close", b"helloworld")


def test_pipelined_requests_are_answered_in_order(gateway, upstream):
    upstream.on("/public/slow", lambda e: (time.sleep(0.2), e.respond(body=b"slow")))
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/slow") + request_bytes("POST", "/public/b", body="hello") +
                        request_bytes("GET", "/notes/none") + request_bytes("POST", "/public/c", {"Transfer-Encoding": "chunked"}) +
                        chunked(b"abc", b"de") + request_bytes("HEAD", "/public/d") + request_bytes("GET", "/nowhere") + request_bytes("GET", "/public/e"))
        assert connection.read_response().body == b"slow"
        assert connection.read_response().json() == {"method": "POST", "target": "/public/b", "body": 5}
        assert connection.read_response().status == 401
        assert connection.read_response().json() == {"method": "POST", "target": "/public/c", "body": 5}
        assert connection.read_response("HEAD").status == 200
        assert connection.read_response().status == 404
        assert connection.read_response().json()["target"] == "/public/e"
    assert [r.path for r in upstream.seen()] == ["/public/slow", "/public/b", "/public/c", "/public/d", "/public/e"]


def test_hundreds_of_pipelined_requests(gateway, upstream):
    count = 400
    with gateway.connect() as connection:
        connection.send(b"".join(request_bytes("GET", f"/public/{n}") for n in range(count)))
        assert [connection.read_response().json()["target"] for _ in range(count)] == [f"/public/{n}" for n in range(count)]


def test_close_ends_a_pipeline(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/a", {"Connection": "close"}) + request_bytes("GET", "/public/b"))
        assert connection.read_response().status == 200
        assert connection.is_closed_within(2) and not connection.buffer
    assert upstream.seen("/public/b") == []


# Half-closed and absent peers

@pytest.mark.parametrize("tls, tcp", [(True, False), (False, True), (True, True)], ids=["close_notify", "FIN", "both"])
def test_a_half_closed_client_still_gets_its_answer(gateway, upstream, tls, tcp):
    upstream.on("/public/half", lambda e: (e.read_body(), time.sleep(0.2), e.respond(body=b"z" * 300_000)))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/half", body="hello"))
        connection.half_close(tls, tcp)
        response = connection.read_response()
        assert len(response.body) == 300_000
        assert connection.is_closed_within(3)


def test_a_half_closed_pipeline_is_answered_to_the_end(gateway, upstream):
    upstream.on("/public/slow", lambda e: (time.sleep(0.1), e.respond(body=b"slow")))
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/slow") + request_bytes("GET", "/public/b"))
        connection.half_close()
        assert connection.read_response().body == b"slow"
        assert connection.read_response().json()["target"] == "/public/b"
        assert connection.is_closed_within(3)


def test_a_client_that_resets_cancels_its_upstream_request(gateway, upstream):
    gone = Gate()
    upstream.on("/public/wait", lambda e: e.peer_closed_within(5) and gone.open())
    connection = gateway.connect()
    connection.send(request_bytes("GET", "/public/wait"))
    upstream.wait(path="/public/wait")
    connection.reset()
    assert gone.wait(3), "the upstream request goes on"


def test_a_client_that_leaves_a_download_cancels_it(gateway, upstream):
    gone = Gate()

    def endless(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(100_000):
                exchange.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        finally:
            gone.open()

    upstream.on("/public/endless", endless)
    connection = gateway.connect()
    connection.send(request_bytes("GET", "/public/endless"))
    assert connection.read_head().status == 200
    connection.close()
    assert gone.wait(5), "the upstream goes on sending"


def test_a_client_that_leaves_a_quiet_stream_cancels_it(gateway, upstream):
    gone = Gate()

    def events(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n:\n\n\r\n")
        if exchange.peer_closed_within(5):
            gone.open()

    upstream.on("/public/quiet", events)
    connection = gateway.connect()
    connection.send(request_bytes("GET", "/public/quiet"))
    connection.read_head()
    connection.reset()
    assert gone.wait(3)


def test_a_client_that_leaves_an_upload_cancels_it(gateway, upstream):
    gone = Gate()

    def handler(exchange):
        try:
            exchange.read_body()
        finally:
            gone.open()

    upstream.on("/public/up", handler)
    connection = gateway.connect()
    connection.send(request_bytes("POST", "/public/up", {"Content-Length": "1000000"}) + b"x" * 1000)
    upstream.wait(path="/public/up")
    connection.reset()
    assert gone.wait(3)
    assert not upstream.seen("/public/up")[0].complete


def test_a_truncated_answer_is_never_a_clean_end(gateway, upstream):
    cases = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
        "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhello",
        "between chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "before the last line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "malformed chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    }
    for name, data in cases.items():
        upstream.on(f"/public/{name[:5].strip()}", raw(data, close=True))
        with gateway.connect() as connection, pytest.raises(ClosedEarly):
            response = connection.request("GET", f"/public/{name[:5].strip()}")
            assert response.status == 502, f"{name}: {response}"
            raise ClosedEarly("a 502 is fine too")
    with gateway.connect() as connection:
        upstream.on("/public/reset", lambda e: (e.send(cases["length"]), time.sleep(0.05), e.reset()))
        with pytest.raises(ClosedEarly):
            assert connection.request("GET", "/public/reset").status == 502
            raise ClosedEarly("a 502 is fine too")


def test_bytes_after_an_answer_are_not_the_next_answer(gateway, upstream):
    upstream.on("/public/extra", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"))
    with gateway.connect() as connection:
        for n in range(5):
            assert connection.request("GET", "/public/extra").body == b"ok"
            assert connection.request("GET", f"/public/{n}").json()["target"] == f"/public/{n}"


def test_unasked_bytes_on_an_idle_connection_are_not_the_next_answer(gateway, upstream):
    def handler(exchange):
        exchange.respond(body=b"ok")
        time.sleep(0.05)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")

    upstream.on("/public/later", handler)
    with gateway.connect() as connection:
        assert connection.request("GET", "/public/later").body == b"ok"
        time.sleep(0.15)
        assert connection.request("GET", "/public/next").json()["target"] == "/public/next"


# Backpressure

def test_a_download_nobody_reads_does_not_grow_the_gateway(gateway, upstream):
    size, sent = 256 * MEBIBYTE, [0]
    block = bytes(MEBIBYTE)

    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent[0] < size:
            exchange.send(block)
            sent[0] += len(block)

    upstream.on("/public/big", handler)
    before = gateway.memory()
    with gateway.connect(receive_buffer=65536) as connection:
        connection.send(request_bytes("GET", "/public/big"))
        assert connection.read_head().status == 200
        settled(sent)
        assert sent[0] < size / 2, "the upstream was read to the end though nobody takes it"
        assert gateway.memory() - before < 16 * MEBIBYTE * SCALE
        left, digest = size - len(connection.buffer), hashlib.sha256(connection.buffer)
        connection.buffer.clear()
        while left:
            data = connection.receive()
            assert data, "closed early"
            digest.update(data)
            left -= len(data)
        assert gateway.memory() - before < 24 * MEBIBYTE * SCALE
    whole = hashlib.sha256()
    for _ in range(size // MEBIBYTE):
        whole.update(block)
    assert digest.digest() == whole.digest()


def test_an_upload_nobody_reads_does_not_grow_the_gateway(gateway, upstream):
    size, go = 128 * MEBIBYTE, Gate()
    received = [0]

    def handler(exchange):
        go.wait(30)
        exchange.keep_body = False
        while data := exchange.read_some():
            received[0] += len(data)
        exchange.respond(body=b"%d" % received[0])

    upstream.on("/public/sink", handler)
    before = gateway.memory()
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/sink", {"Content-Length": str(size)}))
        block = bytes(MEBIBYTE)
        sent = 0
        while sent < size:
            taken = connection.send_available(block[:min(MEBIBYTE, size - sent)])
            sent += taken
            if taken < MEBIBYTE:
                break
        assert sent < size / 2, "the whole upload was taken though the upstream reads nothing"
        assert gateway.memory() - before < 16 * MEBIBYTE * SCALE
        go.open()
        while sent < size:
            connection.send(block[:min(MEBIBYTE, size - sent)])
            sent += min(MEBIBYTE, size - sent)
        assert connection.read_response().body == b"%d" % size
    assert gateway.memory() - before < 24 * MEBIBYTE * SCALE


def test_many_stalled_downloads_stay_bounded(gateway, upstream):
    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(64):
            exchange.send(b"100000\r\n" + bytes(MEBIBYTE) + b"\r\n")

    upstream.on("/public/stalled", handler)
    before = gateway.memory()
    connections = [gateway.connect(receive_buffer=16384) for _ in range(20)]
    for connection in connections:
        connection.send(request_bytes("GET", "/public/stalled"))
        assert connection.read_head().status == 200
    time.sleep(0.3)
    assert gateway.memory() - before < 20 * MEBIBYTE * SCALE
    assert gateway.get("/public/alive").status == 200
    for connection in connections:
        connection.reset()
    eventually(lambda: len(upstream.sockets) < 10, 5, what="the stalled downloads are cancelled")


def test_one_stalled_client_does_not_hold_up_the_others(gateway, upstream):
    upstream.on("/public/big", raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (32 * MEBIBYTE) + bytes(32 * MEBIBYTE)))
    with gateway.connect(receive_buffer=16384) as stalled:
        stalled.send(request_bytes("GET", "/public/big"))
        stalled.read_head()
        for n in range(20):
            assert gateway.get(f"/public/{n}").status == 200


def settled(counter):
    """Waits until the number stops changing."""
    last, since = counter[0], time.monotonic()
    while time.monotonic() - since < 0.4:
        time.sleep(0.02)
        if counter[0] != last:
            last, since = counter[0], time.monotonic()


def test_the_connections_of_finished_requests_do_not_pile_up(gateway, upstream):
    for _ in range(30):
        gateway.get("/public/pile")
    before = gateway.descriptors()
    for _ in range(60):
        gateway.get("/public/pile")
    eventually(lambda: gateway.descriptors() <= before + 4, 5)
    stays(lambda: gateway.descriptors() <= before + 4, 0.1)
