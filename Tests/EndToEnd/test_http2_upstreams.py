"""Upstreams that speak HTTP/2: by prior knowledge (`h2c://`) and by ALPN (`https://`)."""

import hashlib
import os
import signal
import threading
import time

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from harness import frames
from harness.certificates import Authority
from harness.client import chunked, request_bytes
from harness.gateway import Gateway
from harness.http2_upstream import HTTP2Upstream
from harness.responses import ClosedEarly
from harness.upstream import Gate, Upstream
from harness.waiting import SCALE, eventually, stays

WINDOW = 64 << 10  # of one stream, towards an upstream


def to(site, upstream, tls=None, **more):
    server = {"servers": [upstream.url], **({"tls": tls} if tls else {}), **more}
    return site.config(upstreams={"legacy": server}, workers=1)


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("private"), "Private CA")


@pytest.fixture(scope="module")
def h2c():
    with HTTP2Upstream() as upstream:
        yield upstream
        assert upstream.errors == []


@pytest.fixture(scope="module")
def shared(h2c, site, tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("shared"), to(site, h2c), site.context) as gateway:
        yield gateway


def test_a_request_as_http2_has_it(shared, h2c, token, unique):
    path = f"/notes/{unique}"
    fields = {"Authorization": f"Bearer {token}", "Cookie": "a=b; c=d", "TE": "trailers", "X-User-Name": "forged", "X-Custom": "Kept As Is", "Connection": "te, x-hop", "X-Hop": "1"}
    response = shared.get(f"{path}?q=%20a", fields)
    assert response.status == 200 and response.json()["target"] == f"{path}?q=%20a"
    seen = h2c.only(path)
    assert (seen.method, seen.scheme, seen.authority) == ("GET", "http", f"127.0.0.1:{h2c.port}")
    assert seen.all("x-user-name") == ["ada"] and seen.get("x-custom") == "Kept As Is"
    assert seen.all("cookie") == ["a=b; c=d"] and seen.all("te") == ["trailers"]
    assert not {"host", "connection", "x-hop", "authorization", "transfer-encoding", "upgrade"} & set(seen.names())
    assert all(name == name.lower() for name in seen.names())


def test_what_an_unused_connection_says_never_stands_in_for_what_a_client_says(start, site, unique):
    """Both come in one batch of the loop, the client's first: its request, which cannot be sent twice, has the connection looked at."""
    body = os.urandom(2000)
    with HTTP2Upstream() as h2c:
        config = to(site, h2c)
        gateway = start(config | {"listeners": config["listeners"] + [{"address": "127.0.0.1:0"}]})
        connection = gateway.connect(listener=1)
        for number in range(3):
            path = f"/public/{unique}-{number}"
            assert connection.request("GET", path).status == 200
            gateway.signal(signal.SIGSTOP)
            connection.send(request_bytes("POST", path, {"Content-Length": str(len(body))}) + body + request_bytes("GET", path + "-next"))
            h2c.connections[-1].raw(frames.ping() * 100)
            time.sleep(0.05)
            gateway.signal(signal.SIGCONT)
            assert connection.read_response().status == 200
            assert h2c.wait(2, path)[1].body == body
            assert connection.read_response().json()["target"] == path + "-next"


def test_bodies_and_trailers_both_ways(shared, h2c, unique):
    path, body = f"/public/{unique}", os.urandom(1_500_000)

    def back(exchange):
        received = exchange.read_body()
        exchange.respond(200, [("x-sum", hashlib.sha256(received).hexdigest())], received, [("x-trailer", "t1")])

    h2c.on(path, back)
    with shared.connect() as connection:
        response = connection.request("POST", path, body=body)
        assert response.body == body and response.get("x-sum") == hashlib.sha256(body).hexdigest()
        assert h2c.seen(path)[0].get("content-length") == str(len(body))
        connection.send(request_bytes("POST", path, {"Transfer-Encoding": "chunked", "Trailer": "x-up"}) + chunked(body[:9000], body[9000:20000], trailers=[("X-Up", "u1"), ("X-User-Name", "root")]))
        response = connection.read_response()
        assert response.body == body[:20000] and response.trailers == [("x-trailer", "t1")]
    seen = h2c.seen(path)[1]
    assert seen.trailers == [("x-up", "u1")] and "content-length" not in seen


@pytest.mark.parametrize("method, status", [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_responses_without_a_body(shared, h2c, unique, method, status):
    path = f"/public/{unique}"
    h2c.on(path, lambda exchange: exchange.head(status, [("etag", '"1"'), *([("content-length", "5")] if method == "HEAD" else [])], end=True))
    with shared.connect() as connection:
        response = connection.request(method, path)
        assert response.status == status and response.body == b"" and response.get("etag") == '"1"'
        if method == "HEAD":
            assert response.get("content-length") == "5"
        assert connection.request("GET", "/public/after").status == 200


def test_informational_responses(shared, h2c, unique):
    path = f"/public/{unique}"

    def hints(exchange):
        exchange.head(103, [("link", "</a.css>; rel=preload")])
        exchange.read_body()
        exchange.respond(200, body="done")

    h2c.on(path, hints)
    with shared.connect() as connection:
        connection.send(request_bytes("GET", path))
        assert connection.read_response().body == b"done"


def test_many_requests_share_a_connection(shared, h2c, unique):
    path, count = f"/public/{unique}", 30
    all_there = threading.Barrier(count)

    def together(exchange):
        all_there.wait(10 * SCALE)
        exchange.respond(200, body=exchange.target)

    h2c.on(path, together)
    connections = [shared.connect() for _ in range(count)]
    for n, connection in enumerate(connections):
        connection.send(request_bytes("GET", f"{path}?{n}"))
    for n, connection in enumerate(connections):
        assert connection.read_response().body == f"{path}?{n}".encode()
        connection.close()
    assert len({r.connection.number for r in h2c.seen(path)}) == 1


def test_a_slow_reader_does_not_stop_the_others_and_costs_its_window(shared, h2c, unique):
    path, sent = f"/public/{unique}", []

    def endless(exchange):
        exchange.head(200, [("content-type", "application/octet-stream")])
        while True:
            exchange.send(bytes(16 << 10))
            sent.append(16 << 10)

    h2c.on(path, endless)
    with shared.connect(receive_buffer=4096) as slow:
        slow.send(request_bytes("GET", path))
        eventually(lambda: sum(sent) > 100_000, what="some of the endless response")
        last = -1
        while last != sum(sent) or h2c.seen(path)[0]._room() > 0:  # until the windows are closed, and the gateway has no others to give
            last = sum(sent)
            assert shared.get("/public/meanwhile").status == 200
            time.sleep(0.3)
        before = shared.memory()
        assert last < 8 << 20, "backpressure reaches the upstream"
        for n in range(30):
            assert shared.get(f"/public/other{n}").status == 200
        assert sum(sent) == last and shared.memory() < before + (4 << 20)
        assert len({r.connection.number for r in h2c.seen()}) == 1
    eventually(lambda: h2c.seen(path)[0].reset == ErrorCodes.CANCEL, what="the reset of a stream whose client has gone")


def test_an_upload_waits_for_the_upstreams_window(start, site):
    with HTTP2Upstream() as upstream:
        upstream.credits = False
        gateway = start(to(site, upstream) | {"limits": {"body_size": "1GiB"}})
        with gateway.connect(timeout=60) as client:
            client.send(request_bytes("PUT", "/public/up", {"Content-Length": str(64 << 20)}))
            count = 0
            while (more := client.send_available(bytes(1 << 20))) > 0:
                count += more
            assert count < 16 << 20, "the client is held back"
            request = upstream.wait(1, "/public/up")[0]
            eventually(lambda: request.body_count == 65535, what="a full window of body")
            stays(lambda: request.body_count == 65535)
            assert gateway.get("/public/other").status == 200
            upstream.credits = True
            request.credit(65535)
            request.keep = False
            rest = (64 << 20) - count
            while rest > 0:
                client.send(bytes(min(rest, 1 << 20)))
                rest -= 1 << 20
            assert client.read_response().status == 200
            assert request.body_count == 64 << 20
            assert gateway.memory() < 120 << 20


def test_a_stream_of_both_directions(shared, h2c, unique):
    path = f"/public/{unique}"

    def chat(exchange):
        exchange.head(200, [("content-type", "application/grpc")])
        answered = 0
        while True:
            exchange.wait(lambda: exchange.body_count > answered or exchange.complete, "a message")
            if exchange.body_count == answered:
                break
            piece = exchange.body[answered:]
            answered += len(piece)
            exchange.send(piece.upper())
        exchange.finish([("grpc-status", "0"), ("grpc-message", "fine")])

    h2c.on(path, chat)
    with shared.connect() as client:
        client.send(request_bytes("POST", path, {"Transfer-Encoding": "chunked", "TE": "trailers", "Content-Type": "application/grpc"}))
        assert client.read_head().status == 200
        for word in (b"one", b"two", b"three"):
            client.send(b"%x\r\n%s\r\n" % (len(word), word))
            assert client._line() == b"%x" % len(word)
            assert client._line() == word.upper()
        client.send(b"0\r\n\r\n")
        assert client._line() == b"0"
        assert {client._line().lower(), client._line().lower()} == {b"grpc-status: 0", b"grpc-message: fine"}


# HTTP/2 on both sides


def test_http2_all_the_way(shared, h2c, unique):
    path, body = f"/public/{unique}", os.urandom(300_000)

    def back(exchange):
        received = exchange.read_body()
        exchange.respond(200, [("x-te", exchange.get("te", ""))], received, [("grpc-status", "0"), *exchange.trailers])

    h2c.on(path, back)
    with shared.http2() as client:
        streams = [client.request("POST", path, [("te", "trailers"), ("content-type", "application/grpc")], body, [("x-up", str(n))]) for n in range(10)]
        for n, stream in enumerate(streams):
            response = client.response(stream)
            assert response.status == 200 and response.body == body and response.get("x-te") == "trailers"
            assert response.trailers == [("grpc-status", "0"), ("x-up", str(n))]
    assert len({r.connection.number for r in h2c.seen(path)}) == 1


def test_an_answer_that_is_only_a_head(shared, h2c, unique):
    """As gRPC answers with a failure."""
    path = f"/public/{unique}"
    h2c.on(path, lambda exchange: exchange.head(200, [("content-type", "application/grpc"), ("grpc-status", "5")], end=True))
    with shared.http2() as client:
        stream = client.request("POST", path, body=b"x")
        response = client.response(stream)
        assert response.get("grpc-status") == "5" and response.body == b"" and not response.trailers
        assert "content-length" not in response and client.of_kind(frames.DATA, stream.number) == []
    response = shared.get(path)
    assert response.get("grpc-status") == "5" and response.get("content-length") == "0"


def test_a_cancelled_stream_is_cancelled_upstream(shared, h2c, unique):
    path = f"/public/{unique}"
    h2c.on(path, lambda exchange: exchange.head(200))
    with shared.http2() as client:
        stream = client.request("POST", path, end=False)
        client.response_head(stream)
        client.cancel(stream)
        eventually(lambda: h2c.seen(path)[0].reset == ErrorCodes.CANCEL, what="the reset upstream")
        assert client.get("/public/after").status == 200


def test_a_stalled_stream_stops_no_other_on_either_side(shared, h2c, unique):
    path, sent = f"/public/{unique}", []

    def endless(exchange):
        exchange.head(200)
        while True:
            exchange.send(bytes(16 << 10))
            sent.append(16 << 10)

    h2c.on(path, endless)
    with shared.http2(settings={frames.INITIAL_WINDOW_SIZE: 10_000}) as client:
        stalled = [client.request("GET", path, credit=False) for _ in range(5)]
        for stream in stalled:
            client.response_head(stream)
        for n in range(20):
            assert client.get(f"/public/other{n}").status == 200
        assert sum(sent) < 5 * (400 << 10)
        for stream in stalled:
            client.cancel(stream)
    eventually(lambda: all(r.reset is not None for r in h2c.seen(path)), what="the resets upstream")


# Choice and connections


def test_an_https_upstream_chooses_http2(start, site, private):
    with HTTP2Upstream(context=private.server_context("chosen", "127.0.0.1")) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file)}))
        connections = [gateway.connect() for _ in range(10)]
        for n, connection in enumerate(connections):
            connection.send(request_bytes("GET", f"/public/{n}"))
        for connection in connections:
            assert connection.read_response().status == 200
            connection.close()
        assert {r.scheme for r in upstream.seen()} == {"https"}
        assert len(upstream.connections) == 1
        body = os.urandom(600_000)
        assert gateway.request("POST", "/public/up", {}, body).json()["body"] == len(body)
        assert upstream.errors == []


def test_http2_can_be_turned_off_for_https(start, site, private):
    context = private.server_context("off", "127.0.0.1")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Upstream(context=context) as upstream:
        gateway = start(to(site, upstream, {"ca_file": str(private.file), "http2": False}))
        assert gateway.get("/public/x").status == 200
        assert upstream.only("/public/x").version == "HTTP/1.1"


def test_a_server_that_only_speaks_http1_behind_h2c_is_502(start, site):
    with Upstream() as upstream:
        config = to(site, upstream)
        config["upstreams"]["legacy"]["servers"] = [upstream.url.replace("http:", "h2c:")]
        gateway = start(config)
        for method in ("GET", "POST"):
            assert gateway.request(method, "/public/x").status in (502, 503, 504)


def test_the_servers_limit_of_streams_is_kept(start, site):
    with HTTP2Upstream(settings={SettingCodes.MAX_CONCURRENT_STREAMS: 3}) as upstream:
        gateway = start(to(site, upstream))
        busy = threading.Barrier(8)

        def together(exchange):
            busy.wait(10 * SCALE)
            exchange.respond(200, body="ok")

        upstream.on("/public/busy", together)
        connections = [gateway.connect() for _ in range(8)]
        for connection in connections:
            connection.send(request_bytes("GET", "/public/busy"))
        for connection in connections:
            assert connection.read_response().status == 200
            connection.close()
        assert len(upstream.connections) == 3 and upstream.errors == []


def test_an_upgrade_cannot_go_to_an_h2c_server(shared, h2c, unique):
    path = f"/public/{unique}"
    fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert shared.get(path, fields).status == 502
    assert h2c.seen(path) == []


# Reloading and stopping


def slow(gate):
    def handler(exchange):
        exchange.head(200)
        exchange.send(b"begun ")
        gate.wait()
        exchange.send(b"and done", end=True)

    return handler


def test_a_reload_leaves_streams_and_then_closes_their_connection(start, site):
    with HTTP2Upstream() as upstream:
        gateway, gate = start(to(site, upstream)), Gate()
        upstream.on("/public/slow", slow(gate))
        with gateway.connect() as client:
            client.send(request_bytes("GET", "/public/slow"))
            assert client.read_head().status == 200
            changed = to(site, upstream)
            changed["routes"].append({"path": "/new/**", "access": "public", "upstream": "legacy"})
            gateway.reload(changed)
            eventually(lambda: gateway.get("/new/x").status == 200, what="the new configuration")
            assert len(upstream.connections) == 2 and not upstream.connections[0].closed
            gate.open()
            while b"and done" not in client.buffer:
                assert client.fill(), "closed before the end"
        eventually(lambda: upstream.connections[0].closed, what="the end of the old connection")
        assert upstream.connections[0].goaway == ErrorCodes.NO_ERROR
        assert gateway.get("/public/x").status == 200 and len(upstream.connections) == 2


def test_stopping_finishes_streams(start, site):
    with HTTP2Upstream() as upstream:
        gateway, gate = start(to(site, upstream)), Gate()
        upstream.on("/public/slow", slow(gate))
        with gateway.connect() as client:
            client.send(request_bytes("GET", "/public/slow"))
            assert client.read_head().status == 200
            gateway.signal(signal.SIGTERM)
            time.sleep(0.2)
            gate.open()
            while b"and done" not in client.buffer:
                assert client.fill(), "closed before the end"
        assert gateway.wait() == 0


# Failures


def test_farewells_lose_no_request(start, site):
    """A server that is replaced says GOAWAY, and finishes what it has begun."""
    with HTTP2Upstream() as upstream:
        gateway = start(to(site, upstream))
        served = [0]

        def one_in_ten(exchange):
            exchange.read_body()
            served[0] += 1
            if served[0] % 10 == 0:
                exchange.connection.farewell()
            time.sleep(0.002)
            exchange.respond(200, body="ok")

        upstream.default = one_in_ten

        def work(statuses):
            with gateway.connect() as connection:
                for n in range(60):
                    statuses.append(connection.request("POST", f"/public/{n}").status)

        results = [[] for _ in range(4)]
        threads = [threading.Thread(target=work, args=(r,)) for r in results]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30 * SCALE)
        assert [set(r) for r in results] == [{200}] * 4 and [len(r) for r in results] == [60] * 4
        assert len(upstream.connections) > 5


def test_a_cut_connection_and_what_may_be_sent_again(start, site):
    with HTTP2Upstream() as upstream:
        gateway = start(to(site, upstream))
        upstream.on("/public/cut", lambda exchange: exchange.connection.cut())
        assert gateway.request("POST", "/public/cut").status == 502
        assert len(upstream.seen("/public/cut")) == 1, "nothing that may have been done is done twice"
        upstream.on("/public/once", lambda exchange: exchange.connection.cut() if len(upstream.seen("/public/once")) == 1 else exchange.respond(200, body="ok"))
        assert gateway.get("/public/once").status == 200
        assert len(upstream.seen("/public/once")) == 2
        upstream.on("/public/refused", lambda exchange: exchange.cancel(ErrorCodes.REFUSED_STREAM) if len(upstream.seen("/public/refused")) == 1 else exchange.respond(200, body="ok"))
        assert gateway.request("POST", "/public/refused").status == 200


@pytest.mark.parametrize("how", ["reset", "goaway"])
def test_what_the_server_did_not_begin_can_be_sent_again(start, site, how):
    """RFC 9113 §8.7: the client is told so, since a part of the body is gone."""
    with HTTP2Upstream() as upstream:
        gateway = start(to(site, upstream))

        def refuse(exchange):
            exchange.wait(lambda: exchange.body_count, "some of the body")
            if how == "reset":
                return exchange.cancel(ErrorCodes.REFUSED_STREAM)
            with exchange.connection.changed:
                exchange.connection.raw(frames.frame(frames.GOAWAY, payload=bytes(8)))

        upstream.on("/public/refused", refuse)
        for fields, status, grpc_status in [({}, 503, None), ({"Content-Type": "application/grpc", "TE": "trailers"}, 200, "14")]:
            with gateway.connect() as client:
                client.send(request_bytes("POST", "/public/refused", {"Transfer-Encoding": "chunked", **fields}) + b"1\r\nx\r\n")
                response = client.read_response()
                assert (response.status, response.get("grpc-status"), response.get("retry-after")) == (status, grpc_status, "1")
            assert gateway.logged(request_id=response.get("x-request-id"))["reason"] == "upstream_refused"
        assert len(upstream.seen("/public/refused")) == 2, "nothing of which a part is gone is sent again"
        assert gateway.get("/public/alive").status == 200


def test_a_response_that_breaks_off_is_cut(shared, h2c, unique):
    path = f"/public/{unique}"

    def half(exchange):
        exchange.head(200)
        exchange.send(b"half of it")
        time.sleep(0.1)
        exchange.cancel()

    h2c.on(path, half)
    with shared.connect() as client, pytest.raises(ClosedEarly):
        client.request("GET", path)
    assert shared.get("/public/after").status == 200


def test_timeouts_are_of_each_request(start, site):
    with HTTP2Upstream() as upstream:
        gateway, over = start(to(site, upstream, response_timeout="1500ms", idle_timeout="2s")), Gate()
        upstream.on("/public/silent", lambda exchange: over.wait(20))
        upstream.on("/public/stops", lambda exchange: (exchange.head(200), exchange.send(b"a"), over.wait(20)))
        with gateway.connect() as silent, gateway.connect() as stops:
            silent.send(request_bytes("GET", "/public/silent"))
            stops.send(request_bytes("GET", "/public/stops"))
            assert gateway.get("/public/quick").status == 200
            assert silent.read_response().status == 504
            with pytest.raises(ClosedEarly):
                stops.read_response()
        assert len(upstream.connections) == 1
        eventually(lambda: upstream.seen("/public/silent")[0].reset == ErrorCodes.CANCEL, what="the reset upstream")
        over.open()


FLOODS = {
    "pings": frames.frame(frames.PING, payload=bytes(8)),
    "settings": frames.frame(frames.SETTINGS),
    "windows": frames.frame(frames.WINDOW_UPDATE, payload=b"\0\0\0\1"),
    "priorities": frames.frame(frames.PRIORITY, 1, bytes(4) + b"\x10"),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_an_upstream_that_floods_is_cut_off(start, site, kind):
    with HTTP2Upstream() as upstream:
        gateway = start(to(site, upstream))

        def attack(exchange):
            flood = FLOODS[kind] * 2000
            for _ in range(200):
                with exchange.connection.changed:
                    exchange.connection.raw(flood)
                if exchange.connection.closed:
                    return

        upstream.on("/public/flood", attack)
        assert gateway.get("/public/quiet").status == 200
        before, cpu = gateway.memory(), gateway.cpu()
        assert gateway.request("POST", "/public/flood").status == 502
        assert gateway.memory() < before + (8 << 20) and gateway.cpu() - cpu < 2 * SCALE
        assert gateway.get("/public/after").status == 200


@pytest.mark.parametrize("kind", ["pings", "settings"])
def test_answers_that_an_upstream_asks_for_earn_it_nothing(start, site, kind):
    """So few at once that each is answered before the next come."""
    sent = []
    with HTTP2Upstream() as upstream:
        gateway = start(to(site, upstream))

        def attack(exchange):
            while len(sent) < 150 and not exchange.connection.closed:
                with exchange.connection.changed:
                    exchange.connection.raw(FLOODS[kind] * 400)
                sent.append(400)
                time.sleep(0.01)

        upstream.on("/public/drip", attack)
        assert gateway.request("POST", "/public/drip").status == 502
        assert sum(sent) < 20_000
