"""HTTP/2 connections and requests from beginning to end: how they are chosen, cancelled, drained, timed out, and ended."""

import signal
import struct
import threading
import time
from copy import deepcopy

import pytest

from harness import frames
from harness.certificates import client_context, http2_context
from harness.client import Connection, request_bytes
from harness.gateway import free_port
from harness.http2 import HTTP2Client, StreamReset, request_fields
from harness.responses import ClosedEarly
from harness.tokens import bearer
from harness.upstream import Gate, answer, dead_port, raw
from harness.waiting import SCALE, eventually, stays


def configuration(site, upstream):
    return site.config(upstream, listeners=[
        {"address": f"127.0.0.1:{free_port()}", "tls": site.tls()},
        {"address": f"127.0.0.1:{free_port()}", "tls": site.tls(), "protocols": ["http/1.1"]},
        {"address": f"127.0.0.1:{free_port()}", "protocols": ["h2c", "http/1.1"]},
        {"address": f"127.0.0.1:{free_port()}"},
    ], admin=site.admin(), upstreams={"legacy": {"servers": [upstream.url], "response_timeout": "2s"}})


TLS, TLS_HTTP1, H2C, PLAIN = range(4)


@pytest.fixture
def client(gateway):
    with gateway.http2() as client:
        yield client


@pytest.fixture
def waiting(upstream):
    """`/public/wait` is answered when the gate opens, at the latest after the test."""
    gate = Gate()
    upstream.on("/public/wait", lambda e: (e.read_body(), gate.wait(10), e.respond(body=b"done")))
    yield gate
    gate.open()


# Which protocol

@pytest.mark.parametrize("listener, offered, chosen", [
    (TLS, ["h2"], "h2"), (TLS, ["http/1.1", "h2"], "h2"), (TLS, ["h2", "http/1.1"], "h2"), (TLS, ["http/1.1"], "http/1.1"), (TLS, None, None),
    (TLS_HTTP1, ["h2", "http/1.1"], "http/1.1")])
def test_alpn_chooses(gateway, site, listener, offered, chosen):
    context = site.authority.client_context(alpn=offered)
    with gateway.connect(listener, context=context) as connection:
        assert connection.tls.selected_alpn_protocol() == chosen
        if chosen == "h2":
            assert HTTP2Client(connection).get("/public/a").status == 200
        else:
            assert connection.request("GET", "/public/a").status == 200


def test_alpn_without_a_common_protocol_ends_the_handshake(gateway, site):
    """RFC 7301 §3.2."""
    with pytest.raises(OSError):
        gateway.connect(TLS_HTTP1, context=site.authority.client_context(alpn=["h2"])).close()


def test_http_2_over_tls_1_2(gateway, site):
    import ssl
    context = site.authority.client_context(alpn=["h2"], maximum=ssl.TLSVersion.TLSv1_2)
    with gateway.http2(context=context) as client:
        assert client.get("/public/a").status == 200


def test_http_1_where_alpn_chose_h2_is_refused(gateway, upstream):
    with gateway.connect(context=http2_context(gateway.context)) as connection:
        connection.send(request_bytes("GET", "/public/a"))
        assert connection.is_closed_within(5)
        assert b"HTTP/1.1 200" not in connection.buffer
    assert upstream.seen() == []


def test_h2c_by_prior_knowledge_where_the_listener_allows_it(gateway, upstream):
    with gateway.http2(H2C) as client:
        assert client.response(client.request("GET", "/public/a")).status == 200
        assert client.exchange("POST", "/public/b", body=b"x" * 100_000).json()["body"] == 100_000
    assert upstream.only("/public/a").get("x-forwarded-proto") == "http"
    with gateway.connect(H2C) as connection:
        assert connection.request("GET", "/public/a").status == 200


@pytest.mark.parametrize("size", [1, 5])
def test_a_preface_in_pieces_is_told_from_http_1(gateway, size):
    with gateway.connect(H2C) as connection:
        connection.send_slowly(frames.PREFACE, size, 0.002)
        client = HTTP2Client(connection, start=False)
        client.send_settings({})
        assert client.get("/public/a").status == 200
    with gateway.connect(H2C) as connection:
        connection.send_slowly(request_bytes("PRIVATE", "/public/a"), size, 0.001)
        assert connection.read_response("PRIVATE").status == 200


def test_h2c_is_refused_where_it_is_not_allowed(gateway, upstream):
    for listener in (PLAIN, TLS_HTTP1):
        with gateway.connect(listener) as connection:
            connection.send(frames.PREFACE + frames.settings() + frames.headers(1, frames.block(request_fields("GET", "/public/a")), True))
            data = connection.read_to_end(5)
            assert data == b"" or data.startswith((b"HTTP/1.1 400", b"HTTP/1.1 505"))
    assert upstream.seen() == []


@pytest.mark.parametrize("listener", [TLS, H2C, PLAIN])
def test_upgrade_to_h2c_is_never_followed_nor_passed_on(gateway, upstream, listener):
    fields = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA"}
    assert gateway.get("/public/u", fields, listener=listener).status == 200
    assert not {"upgrade", "http2-settings"} & set(upstream.only("/public/u").names())


# Exchanges

def test_many_requests_at_once(client, upstream):
    streams = [client.request("POST" if n % 3 else "GET", f"/public/{n}", body=b"x" * n if n % 3 else None) for n in range(60)]
    for n, stream in reversed(list(enumerate(streams))):
        assert client.response(stream).json() == {"method": "POST" if n % 3 else "GET", "target": f"/public/{n}", "body": n if n % 3 else 0}


def test_a_slow_answer_holds_up_no_other(client, upstream, waiting):
    slow = client.request("GET", "/public/wait")
    upstream.wait(path="/public/wait")
    for n in range(20):
        assert client.get(f"/public/{n}").status == 200
    waiting.open()
    assert client.response(slow).body == b"done"


def test_hundreds_of_requests_on_one_connection(client):
    for n in range(400):
        assert client.get(f"/public/{n}").status == 200


def test_head_has_the_fields_of_get_and_no_body(client, upstream):
    upstream.on("/public/h", answer(200, [("Content-Length", "5"), ("ETag", '"x"')], b"hello"))
    response = client.exchange("HEAD", "/public/h")
    assert (response.status, response.get("content-length"), response.body) == (200, "5", b"")
    assert client.get("/public/h").body == b"hello"
    assert client.exchange("HEAD", "/nowhere").status == 404
    assert client.exchange("HEAD", "/notes/x").status == 401


@pytest.mark.parametrize("status, fields", [(204, []), (304, [("ETag", '"x"')]), (304, [("Content-Length", "100")]), (205, [("Content-Length", "0")])])
def test_answers_without_a_body(client, upstream, status, fields):
    upstream.on("/public/n", answer(status, fields, length=False, reason="None"))
    response = client.get("/public/n")
    assert (response.status, response.body) == (status, b"")
    assert client.get("/public/next").status == 200


def test_an_answer_until_close_ends_the_stream_only(client, upstream):
    upstream.on("/public/c", raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", close=True))
    assert client.get("/public/c").body == b"hello"
    assert client.get("/public/next").status == 200


def test_a_response_streams(client, upstream):
    gates = [Gate() for _ in range(3)]

    def events(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for n, gate in enumerate(gates):
            gate.wait()
            exchange.send(b"9\r\ndata: %d\n\n\r\n" % n)
        exchange.send(b"0\r\n\r\n")

    upstream.on("/public/events", events)
    stream = client.request("GET", "/public/events")
    assert client.response_head(stream).get("content-type") == "text/event-stream"
    for n, gate in enumerate(gates):
        gate.open()
        client.wait(lambda: b"data: %d\n\n" % n in stream.body, 2, f"event {n}")
    assert client.response(stream).body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_a_request_streams(client, upstream):
    got = Gate()

    def handler(exchange):
        while len(exchange.request.body) < 5:
            exchange.read_some()
        got.open()
        exchange.read_body()
        exchange.respond(body=b"done")

    upstream.on("/public/stream", handler)
    stream = client.request("POST", "/public/stream", end=False)
    client.send_body(stream, b"hello", False)
    assert got.wait(5), "the first part waits for the last"
    client.send_body(stream, b"world")
    assert client.response(stream).body == b"done"
    assert bytes(upstream.only("/public/stream").body) == b"helloworld"


def test_both_directions_at_once(client, upstream):
    """As gRPC does: each part is answered before the next is sent."""
    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while part := exchange.read_some():
            exchange.send(b"%x\r\n%s\r\n" % (len(part), part))
        exchange.send(b"0\r\nX-End: 1\r\n\r\n")

    upstream.on("/public/both", handler)
    stream = client.request("POST", "/public/both", end=False)
    for n in range(5):
        client.send_body(stream, b"part %d" % n, False)
        client.wait(lambda: stream.body.endswith(b"part %d" % n), 3, f"part {n}")
    client.send_body(stream, b"")
    response = client.response(stream)
    assert response.body == b"part 0part 1part 2part 3part 4" and response.trailers == [("x-end", "1")]


def test_informational_answers_pass(client, upstream):
    upstream.on("/public/hint", raw(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    response = client.get("/public/hint")
    assert [i.status for i in response.informational] == [103, 102]
    assert (response.informational[0].get("link"), response.body) == ("</a.css>", b"ok")


@pytest.mark.parametrize("upstream_sends_100", [True, False])
def test_expect_100_continue(client, upstream, upstream_sends_100):
    def handler(exchange):
        if upstream_sends_100:
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        exchange.read_body()
        exchange.respond(body=b"done")

    upstream.on("/public/x", handler)
    stream = client.request("POST", "/public/x", {"expect": "100-continue"}, end=False)
    try:
        client.wait(lambda: stream.informational, 3 if upstream_sends_100 else 0.3)
        assert stream.informational[0].status == 100
    except AssertionError:
        assert not upstream_sends_100
    client.send_body(stream, b"hello")
    response = client.response(stream)
    assert response.body == b"done" and [i.status for i in response.informational] in ([], [100])
    assert bytes(upstream.only("/public/x").body) == b"hello"


def test_expect_is_answered_by_a_refusal_before_the_body(client, upstream):
    stream = client.request("POST", "/notes/x", {"expect": "100-continue"}, end=False)
    response = client.response(stream)
    assert (response.status, response.informational) == (401, [])
    assert client.get("/public/next").status == 200


def test_an_early_answer_ends_the_request_without_an_error(client, upstream):
    """RFC 9113 §8.1: RST_STREAM with NO_ERROR after the whole answer; the body that was under way does no harm."""
    stream = client.request("POST", "/notes/x", end=False)
    client.send(frames.data(stream.number, bytes(10_000)))
    assert client.response(stream).status == 401
    client.wait(lambda: stream.reset is not None, 3, "RST_STREAM, for nobody reads the body")
    assert stream.reset == frames.NO_ERROR
    client.send(frames.data(stream.number, bytes(10_000)) * 3 + frames.data(stream.number, b"", True))
    assert client.get("/public/next").status == 200
    assert client.goaway is None


def test_an_early_answer_of_the_upstream_comes_through(client, upstream):
    upstream.on("/public/early", lambda e: e.respond(403, body=b"no"))
    stream = client.request("POST", "/public/early", end=False)
    client.send_available(stream, bytes(200_000), 0.2)
    assert client.response(stream).body == b"no"
    assert client.get("/public/next").status == 200


# Cancelling

def test_reset_stream_cancels_its_upstream_request(client, upstream):
    gone = Gate()
    upstream.on("/public/cancel", lambda e: e.peer_closed_within(5) and gone.open())
    other = Gate()
    upstream.on("/public/other", lambda e: (other.wait(8), e.respond(body=b"other")))
    kept, stream = client.request("GET", "/public/other"), client.request("GET", "/public/cancel")
    upstream.wait(path="/public/cancel")
    client.cancel(stream)
    assert gone.wait(3), "the upstream request goes on"
    other.open()
    assert client.response(kept).body == b"other"


def test_reset_stream_cancels_an_upload_and_a_download(client, upstream):
    gone = [Gate(), Gate()]

    def endless(exchange):
        try:
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(100_000):
                exchange.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        finally:
            gone[0].open()

    def upload(exchange):
        try:
            exchange.read_body()
        finally:
            gone[1].open()

    upstream.on("/public/down", endless)
    upstream.on("/public/up", upload)
    down, up = client.request("GET", "/public/down", credit=False), client.request("POST", "/public/up", end=False)
    client.response_head(down)
    client.send_body(up, b"x" * 1000, False)
    upstream.wait(path="/public/up")
    client.cancel(down)
    client.cancel(up)
    assert gone[0].wait(5) and gone[1].wait(5)
    assert not upstream.seen("/public/up")[0].complete
    client.grant(None, 1 << 20)
    assert client.get("/public/next").status == 200


def test_a_client_that_goes_cancels_all_its_requests(client, upstream):
    gone = []
    upstream.on("/public/cancel", lambda e: e.peer_closed_within(5) and gone.append(1))
    for _ in range(5):
        client.request("GET", "/public/cancel")
    upstream.wait(5, "/public/cancel")
    client.connection.reset()
    eventually(lambda: len(gone) == 5, 4, what="all five are cancelled")


def test_a_half_closed_client_gets_answers_to_what_it_asked_completely(client, upstream, waiting):
    gone = Gate()
    upstream.on("/public/cut", lambda e: e.peer_closed_within(5) and gone.open())
    whole = client.request("GET", "/public/wait", credit=False)
    cut = client.request("POST", "/public/cut", end=False, credit=False)
    upstream.wait(path="/public/wait")
    upstream.wait(path="/public/cut")
    client.connection.half_close()
    assert gone.wait(3), "the upstream waits for a body that cannot come"
    client.answers = False
    waiting.open()
    assert client.response(whole).body == b"done"
    assert client.closed_within(3)
    assert cut.reset is not None


def endless(exchange, gone):
    """A body that never comes to its end; the gate opens when nobody takes it any more."""
    try:
        exchange.respond(200, [("Content-Length", str(64 << 20))], length=False)
        exchange.send(bytes(1 << 20))
        closed = exchange.peer_closed_within(8)
    except OSError:
        closed = True
    if closed:
        gone.open()


def test_what_waits_for_a_window_ends_with_a_half_closed_client(gateway, upstream, waiting):
    """Nobody can open it any more."""
    gone = Gate()
    upstream.on("/public/big", lambda e: endless(e, gone))
    with gateway.http2(credit=False) as client:
        big = client.request("GET", "/public/big")
        upstream.wait(path="/public/big")
        client.wait(lambda: big.body_count == frames.WINDOW, 5, "a full window")
        client.connection.half_close()
        assert gone.wait(3), "the upstream waits for a reader that can't come"
        client.wait(lambda: big.is_over, 3, "the end of the stream")
        assert client.closed_within(3)


@pytest.mark.parametrize("bytes_wait", [False, True])
def test_a_client_that_ends_without_close_notify_is_gone(gateway, upstream, bytes_wait):
    gone = Gate()
    if bytes_wait:
        upstream.on("/public/cut", lambda e: endless(e, gone))
    else:
        upstream.on("/public/cut", lambda e: e.peer_closed_within(8) and gone.open())
    with gateway.http2(credit=False) as client:
        client.request("GET", "/public/cut")
        upstream.wait(path="/public/cut")
        client.settle()
        client.connection.half_close(tls=False)
        assert gone.wait(1), "the upstream works for nobody"


def test_without_tls_a_fin_is_a_half_close(gateway, upstream, waiting):
    with gateway.http2(H2C) as client:
        stream = client.request("GET", "/public/wait")
        upstream.wait(path="/public/wait")
        client.connection.half_close()
        client.answers = False
        waiting.open()
        assert client.response(stream).body == b"done"


def test_goaway_of_the_client_lets_its_requests_end(client, upstream, waiting):
    stream = client.request("GET", "/public/wait")
    upstream.wait(path="/public/wait")
    client.send(frames.goaway(0, frames.NO_ERROR))
    client.settle()
    waiting.open()
    assert client.response(stream).body == b"done"
    assert client.closed_within(5), "the connection stays, though nothing more can come"


# Failures of the upstream

def test_failures_before_the_head_are_answers(start, site, upstream):
    with dead_port() as port:
        gateway = start(site.config(upstream, upstreams={"legacy": {"servers": [f"http://127.0.0.1:{port}"]}}))
        with gateway.http2() as client:
            for _ in range(3):
                assert client.get("/public/a").status == 502


def test_a_slow_upstream_is_504_and_others_go_on(client, upstream, waiting):
    stream = client.request("GET", "/public/wait")
    assert client.get("/public/next").status == 200
    assert client.response(stream).status == 504


@pytest.mark.parametrize("data", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"], ids=["length", "between chunks", "malformed chunk"])
def test_a_truncated_answer_is_never_a_clean_end(client, upstream, data):
    upstream.on("/public/cut", lambda e: (e.send(data), time.sleep(0.05), e.close()))
    with pytest.raises(StreamReset) as caught:
        response = client.get("/public/cut")
        assert response.status == 502
        raise AssertionError("a 502 cannot be: the head came first")
    assert caught.value.code in (frames.INTERNAL_ERROR, frames.CANCEL, frames.PROTOCOL_ERROR)
    assert client.get("/public/next").status == 200


def test_bytes_of_one_answer_never_reach_another_stream(client, upstream):
    upstream.on("/public/extra", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"))
    streams = [client.request("GET", "/public/extra" if n % 2 else f"/public/{n}") for n in range(20)]
    for n, stream in enumerate(streams):
        body = client.response(stream).body
        assert body == b"ok" if n % 2 else b"poison" not in body


# Drain and reload

def refused(gateway):
    try:
        gateway.connect(timeout=1).close()
        return False
    except OSError:
        return True


def test_sigterm_says_goaway_and_finishes_what_is_under_way(start, site, upstream, waiting):
    gateway = start(site.config(upstream, shutdown_timeout="20s"))
    with gateway.http2() as client, gateway.http2() as idle:
        assert idle.get("/public/a").status == 200
        slow = client.request("GET", "/public/wait")
        sending = client.request("POST", "/public/up", end=False)
        client.send_body(sending, b"hello", False)
        upstream.wait(path="/public/wait")
        upstream.wait(path="/public/up")
        gateway.signal(signal.SIGTERM)
        client.wait(lambda: client.goaway and client.goaway.last_stream < frames.LARGEST_WINDOW, 5, "the final GOAWAY")
        assert client.goaway.code == frames.NO_ERROR and client.goaway.last_stream >= sending.number
        idle.failed_with(frames.NO_ERROR)
        eventually(lambda: refused(gateway), 5, what="new connections are refused")
        client.send_body(sending, b"world")
        assert client.response(sending).json()["body"] == 10
        waiting.open()
        assert client.response(slow).body == b"done"
        assert client.closed_within(5)
    assert gateway.wait(5) == 0


def test_requests_that_cross_goaway_are_served_or_refused_never_lost(start, site, upstream):
    """The first GOAWAY names every stream (RFC 9113 §6.8), so that none is lost on the way."""
    gateway = start(site.config(upstream, shutdown_timeout="10s"))
    with gateway.http2() as client:
        assert client.get("/public/a").status == 200
        gateway.signal(signal.SIGTERM)
        streams = []
        for n in range(200):
            if client.goaway:
                break
            streams.append(client.request("GET", f"/public/{n}"))
            time.sleep(0.002)
            client.read_available()
        for stream in streams:
            try:
                client.wait(lambda: stream.is_over, 5)
                assert stream.ended or stream.reset == frames.REFUSED_STREAM
            except ClosedEarly:
                assert stream.number > client.goaway.last_stream, "a stream that GOAWAY counts as handled was dropped"
    assert gateway.wait(5) == 0


def test_shutdown_timeout_ends_streams_that_do_not_finish(start, site, upstream):
    upstream.on("/public/never", lambda e: e.peer_closed_within(20))
    gateway = start(site.config(upstream, shutdown_timeout="1s"))
    with gateway.http2() as client:
        client.request("GET", "/public/never")
        upstream.wait(path="/public/never")
        begun = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(6) == 0
        assert 0.8 < time.monotonic() - begun < 5
        assert client.closed_within(2)


def test_reload_says_goaway_and_lets_streams_finish(start, site, upstream, waiting):
    gateway = start(site.config(upstream))
    changed = deepcopy(gateway.config)
    changed["routes"].append({"path": "/new/**", "access": "public", "upstream": "legacy"})
    with gateway.http2() as client, gateway.http2() as idle:
        assert idle.get("/public/a").status == 200
        slow = client.request("GET", "/public/wait")
        upstream.wait(path="/public/wait")
        gateway.reload(changed)
        client.wait(lambda: client.goaway, 5, "GOAWAY")
        assert client.goaway.code == frames.NO_ERROR
        idle.failed_with(frames.NO_ERROR)
        waiting.open()
        assert client.response(slow).body == b"done"
        assert client.closed_within(5)
    eventually(lambda: gateway.get("/new/x").status == 200, 5)
    with gateway.http2() as client:
        assert client.get("/new/x").status == 200


def test_reloads_under_load_lose_nothing(start, site, upstream):
    gateway = start(site.config(upstream))
    failures, count, stop = [], [0], threading.Event()

    def load():
        client = gateway.http2()
        while not stop.is_set():
            try:
                if client.goaway:
                    client.connection.close()
                    client = gateway.http2()
                streams = [client.request("GET", f"/public/{n}") for n in range(4)]
                for stream in streams:
                    client.wait(lambda: stream.is_over, 5)
                    count[0] += 1
                    if stream.reset not in (None, frames.REFUSED_STREAM) or stream.ended and stream.response.status != 200:
                        failures.append((stream.reset, stream.response))
            except (ClosedEarly, OSError) as error:
                if not client.goaway or any(not s.is_over and s.number <= client.goaway.last_stream for s in client.streams.values()):
                    failures.append(repr(error))
                client = gateway.http2()
        client.connection.close()

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(6):
        changed = deepcopy(gateway.config)
        changed["routes"].append({"path": f"/r{n}/**", "access": "public", "upstream": "legacy"})
        gateway.reload(changed)
        eventually(lambda: gateway.get(f"/r{n}/x").status == 200, 5)
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join(15)
    assert failures == [] and count[0] > 20


# Time

def test_an_idle_connection_is_closed_with_goaway(start, site, upstream):
    gateway = start(site.config(upstream, limits={"idle_timeout": "1s"}))
    with gateway.http2() as client:
        assert client.get("/public/a").status == 200
        begun = time.monotonic()
        client.failed_with(frames.NO_ERROR)
        assert 0.7 < time.monotonic() - begun < 4 * SCALE


def test_pings_do_not_keep_an_idle_connection(start, site, upstream):
    gateway = start(site.config(upstream, limits={"idle_timeout": "1s"}))
    with gateway.http2() as client:
        assert client.get("/public/a").status == 200
        begun = time.monotonic()
        while not client.goaway and time.monotonic() - begun < 5 * SCALE:
            client.send(frames.ping())
            client.read_available()
            time.sleep(0.05)
        assert client.goaway and client.goaway.code == frames.NO_ERROR


def test_a_busy_connection_is_not_idle(start, site, upstream):
    upstream.on("/public/slow", lambda e: (time.sleep(1.8), e.respond(body=b"ok")))
    gateway = start(site.config(upstream, limits={"idle_timeout": "1s"}))
    with gateway.http2() as client:
        assert client.get("/public/slow").body == b"ok"


def test_a_connection_that_says_nothing_is_closed(start, site, upstream):
    gateway = start(site.config(upstream, limits={"header_timeout": "1s"}))
    for sent in (b"", frames.PREFACE[:10], frames.PREFACE, frames.PREFACE + frames.settings()[:5]):
        with gateway.http2(start=False) as client:
            client.send(sent)
            assert client.closed_within(4), f"open after {sent}"


def test_a_block_that_does_not_end_is_timed_out(start, site, upstream):
    gateway = start(site.config(upstream, limits={"header_timeout": "1s"}))
    block = frames.block(request_fields("GET", "/public/a"))
    with gateway.http2() as client:
        client.send(frames.headers(client.open().number, block[:5], True, False))
        assert client.closed_within(4)
    with gateway.http2() as client:  # dripping: the limit is on the whole block
        begun = time.monotonic()
        client.send(frames.headers(client.open().number, block[:5], True, False))
        for byte in block[5:] * 20:
            try:
                client.send(frames.continuation(1, bytes([byte]), False))
                if client.closed_within(0.1):
                    break
            except OSError:
                break
            if time.monotonic() - begun > 6 * SCALE:
                raise AssertionError("a block may drip for ever")
    assert upstream.seen() == []


def test_a_body_below_the_least_rate_is_408_and_others_go_on(start, site, upstream):
    gateway = start(site.config(upstream, limits={"body_min_rate": 500}))
    with gateway.http2() as client:
        stream = client.request("POST", "/public/slow", end=False)
        begun = time.monotonic()
        while not stream.is_over and time.monotonic() - begun < 22 * SCALE:
            client.send(frames.data(stream.number, b"x" * 10))
            assert client.get("/public/next").status == 200
            client.read_available()
            time.sleep(0.25)
        assert 8 < time.monotonic() - begun < 20 * SCALE
        assert stream.reset is not None or stream.response.status == 408
        assert client.get("/public/next").status == 200
    assert not any(r.complete for r in upstream.seen("/public/slow"))


def test_a_client_that_takes_nothing_of_its_answer_is_let_go(start, site, upstream):
    """idle_timeout holds for a stream whose window is never opened, and for a socket that is not read."""
    upstream.on("/public/big", lambda e: e.respond(body=bytes(64 << 20)))
    gateway = start(site.config(upstream, limits={"idle_timeout": "1s"}))
    with gateway.http2(settings={frames.INITIAL_WINDOW_SIZE: 0}, credit=False) as client:
        stream = client.request("GET", "/public/big")
        client.response_head(stream)
        client.wait(lambda: stream.reset is not None or client.goaway, 6, "the end of the stream")
    with gateway.http2(receive_buffer=4096, settings={frames.INITIAL_WINDOW_SIZE: frames.LARGEST_WINDOW}) as client:
        client.grant(None, frames.LARGEST_WINDOW - frames.WINDOW)
        client.send_headers(client.open(), request_fields("GET", "/public/big"))
        eventually(lambda: len(gateway.access_log()) == 2, 10, what="the gateway lets the stalled client go")
        assert client.connection.is_closed_within(5)


# What is told of it

def test_the_access_log_names_the_protocol(gateway, client, unique):
    assert client.get(f"/public/{unique}").status == 200
    entry = gateway.logged(path=f"/public/{unique}")
    assert (entry["status"], entry["method"], entry["version"]) == (200, "GET", "HTTP/2")
    assert gateway.get(f"/public/{unique}-1").status == 200
    assert gateway.logged(path=f"/public/{unique}-1")["version"] == "HTTP/1.1"


def test_each_cancelled_request_is_logged_once(gateway, client, upstream, unique):
    upstream.on(f"/public/{unique}", lambda e: e.peer_closed_within(5))
    stream = client.request("GET", f"/public/{unique}")
    upstream.wait(path=f"/public/{unique}")
    client.cancel(stream)
    gateway.logged(path=f"/public/{unique}")
    stays(lambda: len([e for e in gateway.access_log() if e.get("path") == f"/public/{unique}"]) == 1)


def test_connections_and_streams_are_counted(gateway, upstream, waiting):
    with gateway.http2() as client:
        streams = [client.request("GET", "/public/wait") for _ in range(3)]
        upstream.wait(3, "/public/wait")
        metrics = gateway.metrics()
        assert metrics["gatehouse_http_connections", frozenset({("protocol", "HTTP/2")})] >= 1
        assert metrics["gatehouse_http2_streams", frozenset()] == 3
        client.cancel(streams[0])
        waiting.open()
        client.response(streams[1])
        client.response(streams[2])
        eventually(lambda: gateway.metrics()["gatehouse_http2_streams", frozenset()] == 0)
    eventually(lambda: gateway.metrics()["gatehouse_http_connections", frozenset({("protocol", "HTTP/2")})] == 0)


def test_grpc_failures_are_trailers_only(client, site):
    """The gRPC protocol over HTTP/2: status 200 and `grpc-status` in one HEADERS frame."""
    fields = {"content-type": "application/grpc", "te": "trailers"}
    message = struct.pack(">BI", 0, 0)
    none = client.exchange("POST", "/notes/Service/Method", fields, message)
    assert (none.status, none.get("grpc-status"), none.body) == (200, "16", b"")
    scope = client.exchange("POST", "/notes/Service/Method", fields | bearer(site.issuer.token(scope="notes:read")), message)
    assert (scope.status, scope.get("grpc-status"), scope.body) == (200, "7", b"")
    assert scope.get("content-type").startswith("application/grpc")
