"""HTTP/2 flow control (RFC 9113 §5.2, §6.9): the windows are kept to the byte, tied to the other side's, and one slow
stream never stops the others."""

import os
import time

import pytest

from harness import frames
from harness.frames import INITIAL_WINDOW_SIZE, LARGEST_WINDOW, WINDOW
from harness.http2 import StreamReset
from harness.upstream import Gate, answer
from harness.waiting import SCALE

MEBIBYTE = 1 << 20
# What a sanitizer's shadow and quarantine take beside the gateway's own memory; nothing in a plain build.
SANITIZER = int(os.environ.get("GATEHOUSE_SANITIZER_MIB", "0")) << 20


def configuration(site, upstream):
    routes = [r | {"body_size": "1GiB"} for r in site.config()["routes"]]
    return site.config(upstream, routes=routes, upstreams={
        "legacy": {"servers": [upstream.url], "response_timeout": "20s", "idle_timeout": "20s"}})


@pytest.fixture
def client(gateway):
    with gateway.http2() as client:
        yield client


def sink(gate):
    """A handler that reads nothing until the gate opens."""

    def handler(exchange):
        gate.wait(20)
        exchange.read_body(keep=False)
        exchange.respond(body=b"%d" % exchange.request.body_count)

    return handler


def quiet(client, seconds=0.3):
    """Reads until nothing has come for that long."""
    try:
        while client.read(seconds):
            pass
    except TimeoutError:
        pass


# Bodies

@pytest.mark.parametrize("size", [0, 1, 16384, 16385, WINDOW, WINDOW + 1, 3 * MEBIBYTE + 1])
def test_bodies_arrive_to_the_byte(client, upstream, size):
    body = os.urandom(size)
    upstream.on("/public/down", answer(200, [], body))
    assert client.exchange("POST", "/public/up", body=body).json()["body"] == size
    assert bytes(upstream.only("/public/up").body) == body
    assert client.get("/public/down").body == body


def test_bodies_of_many_streams_at_once_do_not_mix(client, upstream):
    bodies = [os.urandom(70_000 + n) for n in range(30)]
    for n, body in enumerate(bodies):
        upstream.on(f"/public/{n}", answer(200, [], body))
    streams = [client.request("GET", f"/public/{n}") for n in range(30)]
    for stream, body in zip(streams, bodies):
        assert client.response(stream).body == body


def test_padding_counts_and_is_given_back(client, upstream):
    """RFC 9113 §6.9.1: padding is part of the window too; an upload with much of it must not stall."""
    stream = client.request("POST", "/public/up", end=False)
    sent = 0
    while sent < 20_000:
        client.wait(lambda: min(client.window, stream.window) >= 266, what="a window")
        client.window, stream.window = client.window - 266, stream.window - 266
        client.send(frames.data(stream.number, b"0123456789", padding=255))
        sent += 10
    client.send(frames.data(stream.number, b"", end=True))
    assert client.response(stream).json()["body"] == sent


# The client's windows

def test_nothing_is_sent_into_a_window_of_0(gateway, upstream):
    upstream.on("/public/r", answer(200, [], b"hello world"))
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 0}, credit=False) as client:
        stream = client.request("GET", "/public/r")
        assert client.response_head(stream).status == 200
        quiet(client)
        assert stream.body_count == 0 and not stream.ended
        client.grant(stream, 5, connection=False)
        client.wait(lambda: stream.body_count == 5)
        quiet(client)
        assert bytes(stream.body) == b"hello" and not stream.ended
        client.grant(stream, 100, connection=False)
        assert client.response(stream).body == b"hello world"


@pytest.mark.parametrize("size", [b"", None], ids=["an empty body", "HEAD"])
def test_an_answer_without_a_body_needs_no_window(gateway, upstream, size):
    upstream.on("/public/r", answer(200, [], b""))
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 0}, credit=False) as client:
        assert client.exchange("GET" if size == b"" else "HEAD", "/public/r").status == 200


def test_refusals_wait_for_the_window_too(gateway):
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 1}, credit=False) as client:
        stream = client.request("GET", "/nowhere")
        assert client.response_head(stream).status == 404
        quiet(client)
        assert stream.body_count == 1
        client.grant(stream, 10_000, connection=False)
        assert client.response(stream).json()["status"] == 404


def test_a_window_opened_byte_by_byte(gateway, upstream):
    body = os.urandom(300)
    upstream.on("/public/r", answer(200, [], body))
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 0}, credit=False) as client:
        stream = client.request("GET", "/public/r")
        for count in range(1, len(body) + 1):
            client.grant(stream, 1)
            client.wait(lambda: stream.body_count == count)
        assert client.response(stream).body == body


def test_the_connections_window_bounds_all_streams_together(gateway, upstream):
    upstream.on("/public/r", answer(200, [], bytes(40_000)))
    with gateway.http2(credit=False) as client:
        streams = [client.request("GET", "/public/r") for _ in range(4)]
        for stream in streams:
            client.response_head(stream)
        quiet(client)
        assert sum(s.body_count for s in streams) == WINDOW and client.granted == 0
        assert client.exchange("HEAD", "/public/next").status == 200
        client.grant(None, 100_000)
        assert all(len(client.response(s).body) == 40_000 for s in streams)


def test_trailers_pass_a_shut_window(gateway, upstream):
    """Only DATA is held back (§5.2.1)."""
    upstream.on("/public/r", lambda e: e.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"))
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 5}, credit=False) as client:
        response = client.get("/public/r")
        assert (response.body, response.trailers) == (b"hello", [("x-sum", "1")])


def test_the_window_of_open_streams_follows_the_setting(gateway, upstream):
    """RFC 9113 §6.9.2: up at once, and below zero, from where it must be opened again."""
    upstream.on("/public/r", answer(200, [], bytes(10_000)))
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 1000}, credit=False) as client:
        stream = client.request("GET", "/public/r")
        client.wait(lambda: stream.body_count == 1000)
        client.send_settings({INITIAL_WINDOW_SIZE: 3000})
        client.wait(lambda: stream.body_count == 3000)
        client.send_settings({INITIAL_WINDOW_SIZE: 500})
        client.wait(lambda: not client.unacknowledged, what="the acknowledgement")
        assert stream.granted == -2500
        client.grant(stream, 2500, connection=False)
        quiet(client)
        assert stream.body_count == 3000
        client.grant(stream, 1, connection=False)
        client.wait(lambda: stream.body_count == 3001)
        client.send_settings({INITIAL_WINDOW_SIZE: 20_000})
        assert len(client.response(stream).body) == 10_000


def test_a_download_nobody_takes_does_not_grow_the_gateway(gateway, upstream):
    """Each stream's answer is held back at the upstream, whatever the size of the window never opened."""
    sent = [0]

    def handler(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MEBIBYTE))
        for _ in range(64):
            exchange.send(bytes(MEBIBYTE))
            sent[0] += MEBIBYTE

    upstream.on("/public/big", handler)
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 0}, credit=False) as client:
        before = gateway.memory()
        streams = [client.request("GET", "/public/big") for _ in range(20)]
        for stream in streams:
            assert client.response_head(stream).status == 200
        time.sleep(0.5)
        assert sum(s.body_count for s in streams) == 0
        assert gateway.memory() - before < 6 * MEBIBYTE + SANITIZER
        assert sent[0] < 20 * 8 * MEBIBYTE, "the upstream was read though nobody takes it"
        assert client.exchange("HEAD", "/public/alive").status == 200
        stream = streams[0]
        stream.keep_body, stream.credit = False, True
        client.grant(stream, MEBIBYTE)
        client.wait(lambda: stream.is_over, 20, "the whole answer")
        assert stream.body_count == 64 * MEBIBYTE
        assert gateway.memory() - before < 8 * MEBIBYTE + SANITIZER


def test_one_answer_nobody_takes_does_not_stop_the_others(client, upstream):
    upstream.on("/public/big", answer(200, [], bytes(8 * MEBIBYTE)))
    client.grant(None, MEBIBYTE)
    stalled = [client.request("GET", "/public/big", credit=False) for _ in range(3)]
    for stream in stalled:
        client.wait(lambda: stream.granted == 0)
    upstream.on("/public/r", answer(200, [], bytes(200_000)))
    for _ in range(5):
        assert len(client.get("/public/r").body) == 200_000
    assert all(s.body_count == WINDOW for s in stalled)


# The gateway's windows

def test_an_upload_nobody_takes_is_held_back(client, gateway, upstream):
    gate, size = Gate(), 64 * MEBIBYTE
    upstream.on("/public/sink", sink(gate))
    assert client.get("/public/first").status == 200
    before = gateway.memory()
    stream = client.request("POST", "/public/sink", {"content-length": str(size)}, end=False)
    sent = client.send_available(stream, bytes(size))
    assert sent < 16 * MEBIBYTE, "the whole upload was taken though the upstream reads nothing"
    assert gateway.memory() - before < 6 * MEBIBYTE + SANITIZER
    gate.open()
    client.send_body(stream, bytes(size - sent))
    assert client.response(stream, 30).body == b"%d" % size
    assert gateway.memory() - before < 8 * MEBIBYTE + SANITIZER


def test_uploads_nobody_takes_do_not_stop_the_others(client, upstream):
    """The connection's window is given back though the streams' are not."""
    gate = Gate()
    upstream.on("/public/sink", sink(gate))
    stalled = [client.request("POST", "/public/sink", end=False) for _ in range(3)]
    # More than the kernel takes for a server that has been a quick reader (32 MiB, by tcp_rmem).
    sent = [client.send_available(s, bytes(64 * MEBIBYTE), 0.3) for s in stalled]
    assert all(n < 64 * MEBIBYTE for n in sent)
    for n in range(5):
        assert client.exchange("POST", f"/public/{n}", body=bytes(300_000)).json()["body"] == 300_000
    gate.open()
    for stream, size in zip(stalled, sent):
        client.send_body(stream, b"", True)
        assert client.response(stream).body == b"%d" % size


def test_many_uploads_nobody_takes_stay_bounded(client, gateway, upstream):
    gate = Gate()
    upstream.on("/public/sink", sink(gate))
    assert client.get("/public/first").status == 200
    before = gateway.memory()
    stalled = [client.request("POST", "/public/sink", end=False) for _ in range(40)]
    upstream.wait(40, "/public/sink")
    for stream in stalled:
        client.send_available(stream, bytes(8 * MEBIBYTE), 0.02)
    assert gateway.memory() - before < 16 * MEBIBYTE + SANITIZER
    for stream in stalled:
        client.cancel(stream)
    assert client.exchange("POST", "/public/next", body=bytes(300_000)).status == 200
    gate.open()


def test_unread_bodies_give_the_connections_window_back(client, upstream):
    """What was sent to a stream that is refused or reset counts as read, or the connection would stop for ever."""
    for _ in range(40):
        stream = client.request("POST", "/notes/a", end=False)
        client.send_available(stream, bytes(60_000), 0.2)
        assert client.response(stream).status == 401
        if stream.reset is None:
            client.cancel(stream)
    assert client.exchange("POST", "/public/next", body=bytes(300_000)).json()["body"] == 300_000


def test_data_that_crosses_a_reset_gives_the_connections_window_back(client, upstream):
    gate = Gate()
    upstream.on("/public/sink", sink(gate))
    for _ in range(40):
        stream = client.request("POST", "/public/sink", end=False)
        client.send_available(stream, bytes(60_000), 0.05)
        client.cancel(stream)
    assert client.exchange("POST", "/public/next", body=bytes(300_000)).json()["body"] == 300_000
    gate.open()


def test_a_stream_that_overruns_its_window_is_refused(client, upstream):
    """RFC 9113 §6.9.1."""
    gate = Gate()
    upstream.on("/public/sink", sink(gate))
    stream = client.request("POST", "/public/sink", end=False)
    client.send_available(stream, bytes(32 * MEBIBYTE))
    for _ in range(max(stream.window // 16384, 0) + 2):
        client.send(frames.data(stream.number, bytes(16384)))
    client.wait(lambda: stream.reset is not None or client.goaway, what="an error")
    assert (stream.reset if stream.reset is not None else client.goaway.code) == frames.FLOW_CONTROL_ERROR
    gate.open()


def test_a_connection_that_overruns_its_window_is_closed(gateway, upstream):
    gate = Gate()
    upstream.on("/public/sink", sink(gate))
    with gateway.http2() as client:
        stalled = [client.request("POST", "/public/sink", end=False) for _ in range(40)]
        upstream.wait(40, "/public/sink")
        deadline = time.monotonic() + 30 * SCALE
        while client.window >= 16384:
            assert time.monotonic() < deadline, "the connection's window is never shut: what bounds its memory?"
            for stream in stalled:
                client.send_available(stream, bytes(8 * MEBIBYTE), 0.02)
        fresh = client.request("POST", "/public/sink", end=False)
        try:
            for _ in range(client.window // 16384 + 2):
                client.send(frames.data(fresh.number, bytes(16384)))
        except OSError:
            pass
        client.failed_with(frames.FLOW_CONTROL_ERROR)
    gate.open()


# Broken windows

def test_a_streams_window_above_the_largest_is_an_error_of_the_stream(client, upstream):
    upstream.on("/public/r", answer(200, [], bytes(200_000)))
    stream = client.request("GET", "/public/r", credit=False)
    client.response_head(stream)
    client.send(frames.window_update(stream.number, LARGEST_WINDOW))
    client.send(frames.window_update(stream.number, LARGEST_WINDOW))
    with pytest.raises(StreamReset) as caught:
        stream.granted = LARGEST_WINDOW
        client.response(stream)
    assert caught.value.code == frames.FLOW_CONTROL_ERROR
    assert client.exchange("HEAD", "/public/next").status == 200


def test_a_connections_window_above_the_largest_closes_it(client):
    client.send(frames.window_update(0, LARGEST_WINDOW))
    client.failed_with(frames.FLOW_CONTROL_ERROR)


def test_a_setting_that_lifts_a_streams_window_above_the_largest(client, upstream):
    """RFC 9113 §6.9.2: an error of the connection; some end the stream only, which is as safe."""
    gate = Gate()
    upstream.on("/public/r", lambda e: (gate.wait(5), e.respond()))
    stream = client.request("GET", "/public/r")
    client.send(frames.window_update(stream.number, LARGEST_WINDOW - WINDOW))
    client.settle()
    client.send_settings({INITIAL_WINDOW_SIZE: WINDOW + 1})
    client.wait(lambda: stream.reset is not None or client.goaway, what="an error")
    assert (stream.reset if stream.reset is not None else client.goaway.code) == frames.FLOW_CONTROL_ERROR
    gate.open()


def test_an_increment_of_0(client, upstream):
    """RFC 9113 §6.9: an error of the stream, or of the connection."""
    gate = Gate()
    upstream.on("/public/r", lambda e: (gate.wait(5), e.respond()))
    stream = client.request("GET", "/public/r")
    client.send(frames.window_update(stream.number, 0))
    client.wait(lambda: stream.reset is not None or client.goaway, what="an error")
    assert (stream.reset if stream.reset is not None else client.goaway.code) == frames.PROTOCOL_ERROR
    gate.open()


def test_an_increment_of_0_for_the_connection_closes_it(client):
    client.send(frames.window_update(0, 0))
    client.failed_with(frames.PROTOCOL_ERROR)


def test_updates_for_closed_streams_are_ignored(client):
    """RFC 9113 §5.1: they may have been under way."""
    stream = client.request("GET", "/public/a")
    client.response(stream)
    for _ in range(3):
        client.send(frames.window_update(stream.number, 1000))
    client.settle()
    assert client.get("/public/next").status == 200


def test_an_upload_keeps_its_pace_with_the_upstream(client, upstream):
    """Backpressure all the way, and no deadlock: 24 MiB through an upstream that reads in bursts."""
    def handler(exchange):
        exchange.keep_body = False
        while exchange.read_some():
            if exchange.request.body_count % MEBIBYTE < 65536:
                time.sleep(0.01)
        exchange.respond(body=b"%d" % exchange.request.body_count)

    upstream.on("/public/bursts", handler)
    begun = time.monotonic()
    assert client.exchange("POST", "/public/bursts", body=bytes(24 * MEBIBYTE)).body == b"%d" % (24 * MEBIBYTE)
    assert time.monotonic() - begun < 15 * SCALE
