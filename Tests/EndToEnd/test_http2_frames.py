"""RFC 9113 section by section, in the manner of h2spec: what each broken frame does, and what is ignored.

`closes` is an error of the connection: GOAWAY with that code, and the end. `resets` is an error of the stream, after
which others go on; RFC 9113 §5.4.2 lets a peer treat it as one of the connection. `ignored` has no effect.
"""

import struct

import pytest

from harness import frames
from harness.frames import (ACK, COMPRESSION_ERROR, END_HEADERS, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, STREAM_CLOSED, block, continuation,
                            data, frame, goaway, headers, indexed, integer, literal, ping, priority, reset, settings, string, window_update)
from harness.http2 import request_fields
from harness.responses import ClosedEarly
from harness.upstream import Gate

GET = block(request_fields("GET", "/public/a"))
POST = block(request_fields("POST", "/public/a"))
WAIT = block(request_fields("GET", "/public/wait"))
# Counted at the upstream, where what another test broke off may still come in.
ONCE = block(request_fields("GET", "/public/once"))


def configuration(site, upstream):
    return site.config(upstream)


@pytest.fixture
def client(gateway):
    with gateway.http2() as client:
        yield client


@pytest.fixture
def waiting(upstream):
    """`/public/wait` is answered when the test is over."""
    gate = Gate()
    upstream.on("/public/wait", lambda e: (gate.wait(10), e.respond(body=b"done")))
    yield gate
    gate.open()


# Errors of the connection. Stream 1 is what the frames begin; 3 is idle. No codes: GOAWAY may be left out (§3.4).

CLOSES = {
    "3.4 nothing but text for a preface": (None, b"GET /public/a HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n", None),
    "3.4 a preface that is a little wrong": (None, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r \n" + settings(), None),
    "3.4 no SETTINGS after the preface": (None, frames.PREFACE + ping(), {PROTOCOL_ERROR}),
    "3.4 HEADERS after the preface": (None, frames.PREFACE + headers(1, GET, True), {PROTOCOL_ERROR}),
    "3.4 an acknowledgement after the preface": (None, frames.PREFACE + settings(flags=ACK), {PROTOCOL_ERROR}),
    "4.2 DATA larger than SETTINGS_MAX_FRAME_SIZE": ("open", frame(frames.DATA, 1, bytes(16385)), {FRAME_SIZE_ERROR}),
    "4.2 HEADERS larger than that": ("new", frame(frames.HEADERS, 1, GET + literal("x-a", bytes(16385)), END_HEADERS | 1), {FRAME_SIZE_ERROR}),
    "4.2 an unknown frame larger than that": ("new", frame(0x5a, 0, bytes(16385)), {FRAME_SIZE_ERROR}),
    "4.2 a length that never comes": ("new", frame(frames.HEADERS, 1, b"", END_HEADERS, length=0xffffff), {FRAME_SIZE_ERROR}),
    "4.3 a block that ends within an integer": ("new", headers(1, GET + b"\x7f\xff\xff", True), {COMPRESSION_ERROR}),
    "4.3 a block that ends within a string": ("new", headers(1, GET + string("x-a")[:-1], True), {COMPRESSION_ERROR}),
    "4.3 index 0": ("new", headers(1, GET + indexed(0), True), {COMPRESSION_ERROR}),
    "4.3 an index beyond both tables": ("new", headers(1, GET + indexed(70), True), {COMPRESSION_ERROR}),
    "4.3 an integer without end": ("new", headers(1, GET + b"\xff" + b"\xff" * 12, True), {COMPRESSION_ERROR}),
    "4.3 a string longer than its block": ("new", headers(1, GET + b"\x00" + string("x-a") + string("b", 100), True), {COMPRESSION_ERROR}),
    "4.3 Huffman with EOS": ("new", headers(1, GET + b"\x00" + string("x-a") + b"\x84\xff\xff\xff\xff", True), {COMPRESSION_ERROR}),
    "4.3 Huffman padded with zeros": ("new", headers(1, GET + b"\x00" + string("x-a") + b"\x81\x18", True), {COMPRESSION_ERROR}),
    "4.3 Huffman padded by a whole byte": ("new", headers(1, GET + b"\x00" + string("x-a") + b"\x82\x1f\xff", True), {COMPRESSION_ERROR}),
    "4.3 a table larger than SETTINGS_HEADER_TABLE_SIZE": ("new", headers(1, integer(1 << 20, 5, 0x20) + GET, True), {COMPRESSION_ERROR}),
    "4.3 a table size within the block": ("new", headers(1, GET + integer(100, 5, 0x20), True), {COMPRESSION_ERROR}),
    "5.1 DATA on an idle stream": ("new", data(1, b"x", True), {PROTOCOL_ERROR, STREAM_CLOSED}),
    "5.1 RST_STREAM on an idle stream": ("new", reset(1), {PROTOCOL_ERROR}),
    "5.1 WINDOW_UPDATE on an idle stream": ("new", window_update(1, 1), {PROTOCOL_ERROR}),
    "5.1 CONTINUATION on an idle stream": ("new", continuation(1, GET), {PROTOCOL_ERROR}),
    "5.1.1 an even stream number": ("new", headers(2, GET, True), {PROTOCOL_ERROR}),
    "6.1 DATA on stream 0": ("new", data(0, b"x"), {PROTOCOL_ERROR}),
    "6.1 more padding than DATA": ("open", frame(frames.DATA, 1, b"\x05abcd", frames.PADDED), {PROTOCOL_ERROR}),
    "6.1 PADDED without a length": ("open", frame(frames.DATA, 1, b"", frames.PADDED), {PROTOCOL_ERROR, FRAME_SIZE_ERROR}),
    "6.2 HEADERS on stream 0": ("new", headers(0, GET, True), {PROTOCOL_ERROR}),
    "6.2 another frame before END_HEADERS": ("new", headers(1, GET, True, False) + ping(), {PROTOCOL_ERROR}),
    "6.2 HEADERS of another stream before END_HEADERS": ("new", headers(1, GET, True, False) + headers(3, GET, True), {PROTOCOL_ERROR}),
    "6.2 an unknown frame before END_HEADERS": ("new", headers(1, GET, True, False) + frame(0x5a, 1, b"x"), {PROTOCOL_ERROR}),
    "6.2 more padding than HEADERS": ("new", frame(frames.HEADERS, 1, b"\xff" + GET, END_HEADERS | frames.PADDED | 1), {PROTOCOL_ERROR}),
    "6.2 PRIORITY in too short a frame": ("new", frame(frames.HEADERS, 1, b"\x00\x00", END_HEADERS | frames.PRIORITIZED | 1), {FRAME_SIZE_ERROR, PROTOCOL_ERROR}),
    "6.4 RST_STREAM on stream 0": ("new", reset(0), {PROTOCOL_ERROR}),
    "6.4 RST_STREAM of 3 bytes": ("open", frame(frames.RST_STREAM, 1, b"\x00\x00\x08"), {FRAME_SIZE_ERROR}),
    "6.4 RST_STREAM of 5 bytes": ("open", frame(frames.RST_STREAM, 1, b"\x00\x00\x00\x08\x00"), {FRAME_SIZE_ERROR}),
    "6.5 SETTINGS on a stream": ("open", settings(stream=1), {PROTOCOL_ERROR}),
    "6.5 an acknowledgement that says something": ("new", settings({3: 1}, ACK), {FRAME_SIZE_ERROR}),
    "6.5 SETTINGS of 5 bytes": ("new", frame(frames.SETTINGS, 0, bytes(5)), {FRAME_SIZE_ERROR}),
    "6.5 SETTINGS of 7 bytes": ("new", frame(frames.SETTINGS, 0, bytes(7)), {FRAME_SIZE_ERROR}),
    "6.5.2 ENABLE_PUSH of 2": ("new", settings({frames.ENABLE_PUSH: 2}), {PROTOCOL_ERROR}),
    "6.5.2 INITIAL_WINDOW_SIZE above 2^31-1": ("new", settings({frames.INITIAL_WINDOW_SIZE: 1 << 31}), {FLOW_CONTROL_ERROR}),
    "6.5.2 MAX_FRAME_SIZE below 16384": ("new", settings({frames.MAX_FRAME_SIZE: 16383}), {PROTOCOL_ERROR}),
    "6.5.2 MAX_FRAME_SIZE above 2^24-1": ("new", settings({frames.MAX_FRAME_SIZE: 1 << 24}), {PROTOCOL_ERROR}),
    "6.6 PUSH_PROMISE from a client": ("open", frame(frames.PUSH_PROMISE, 1, struct.pack(">I", 2) + GET, END_HEADERS), {PROTOCOL_ERROR}),
    "6.7 PING on a stream": ("open", ping(stream=1), {PROTOCOL_ERROR}),
    "6.7 PING of 7 bytes": ("new", ping(b"1234567"), {FRAME_SIZE_ERROR}),
    "6.7 PING of 9 bytes": ("new", ping(b"123456789"), {FRAME_SIZE_ERROR}),
    "6.8 GOAWAY on a stream": ("open", goaway(stream=1), {PROTOCOL_ERROR}),
    "6.8 GOAWAY of 7 bytes": ("new", frame(frames.GOAWAY, 0, bytes(7)), {FRAME_SIZE_ERROR}),
    "6.9 WINDOW_UPDATE of 3 bytes": ("new", frame(frames.WINDOW_UPDATE, 0, b"\x00\x00\x01"), {FRAME_SIZE_ERROR}),
    "6.9 WINDOW_UPDATE of 5 bytes": ("open", frame(frames.WINDOW_UPDATE, 1, b"\x00\x00\x00\x01\x00"), {FRAME_SIZE_ERROR}),
    "6.10 CONTINUATION after END_HEADERS": ("new", headers(1, GET, True) + continuation(1, block([("x-a", "b")])), {PROTOCOL_ERROR}),
    "6.10 CONTINUATION on stream 0": ("new", headers(1, GET, True, False) + continuation(0, b""), {PROTOCOL_ERROR}),
    "6.10 CONTINUATION of another stream": ("new", headers(1, GET, True, False) + continuation(3, b""), {PROTOCOL_ERROR}),
    "6.10 DATA instead of CONTINUATION": ("new", headers(1, POST, False, False) + data(1, b"x", True), {PROTOCOL_ERROR}),
    "6.10 CONTINUATION after DATA": ("open", data(1, b"x") + continuation(1, b""), {PROTOCOL_ERROR}),
}


@pytest.mark.parametrize("state, sent, codes", CLOSES.values(), ids=CLOSES)
def test_an_error_of_the_connection_closes_it(gateway, upstream, waiting, state, sent, codes):
    with gateway.http2(start=state is not None) as client:
        if state == "open":
            client.send(headers(client.open("POST").number, POST))
        elif state == "closed":
            client.response(client.request("GET", "/public/a"))
        for number in {1, 3, 5} - set(client.streams):  # answers to what was well-formed may come first
            client.open(number=number)
        client.send(sent)
        if not codes:
            assert client.closed_within(5)
            assert client.goaway is None or client.goaway.code == PROTOCOL_ERROR
            return
        client.failed_with(*codes)


# Errors of a stream

RESETS = {
    "5.1 DATA on a stream that has ended": ("closed", data(1, b"x"), {STREAM_CLOSED}),
    "5.1 HEADERS on a stream that has ended": ("closed", headers(1, ONCE, True), {STREAM_CLOSED, PROTOCOL_ERROR}),
    "5.1.1 a number below one used": ("closed", headers(5, ONCE, True) + headers(3, ONCE, True), {STREAM_CLOSED, PROTOCOL_ERROR}),
    "5.1 DATA on a half-closed stream": ("half-closed", data(1, b"x"), {STREAM_CLOSED}),
    "5.1 HEADERS on a half-closed stream": ("half-closed", headers(1, block([("x-a", "b")]), True), {STREAM_CLOSED, PROTOCOL_ERROR}),
    "5.3.1 a stream that depends on itself": ("half-closed", priority(1, 1), {PROTOCOL_ERROR}),
    "6.3 PRIORITY of 4 bytes": ("half-closed", frame(frames.PRIORITY, 1, bytes(4)), {FRAME_SIZE_ERROR}),
    "6.9 WINDOW_UPDATE of 0": ("half-closed", window_update(1, 0), {PROTOCOL_ERROR}),
    "6.9.1 a window above 2^31-1": ("half-closed", window_update(1, (1 << 31) - 1), {FLOW_CONTROL_ERROR}),
}
# RFC 9113 §5.3 drops priorities, and what comes for a stream that has ended may have been under way: errors, or nothing.
MAY_BE_IGNORED = {"5.3.1 a stream that depends on itself", "5.1 DATA on a stream that has ended", "5.1 HEADERS on a stream that has ended",
                  "5.1.1 a number below one used"}


@pytest.mark.parametrize("name", RESETS)
def test_an_error_of_a_stream_leaves_the_others(gateway, upstream, waiting, name):
    state, sent, codes = RESETS[name]
    with gateway.http2() as client:
        stream = client.open()
        client.send(headers(1, ONCE if state == "closed" else WAIT, True))
        client.open(number=5)
        if state == "closed":
            client.response(stream)
        client.send(sent)
        try:
            client.settle()
            client.settle()  # an answer to PING may overtake RST_STREAM
        except AssertionError:
            pass
        if client.goaway:
            assert client.goaway.code in codes, client.ending()
        elif stream.reset is not None:
            assert stream.reset in codes
            assert client.get("/public/next").status == 200
        else:
            assert name in MAY_BE_IGNORED, "nothing happened"
            assert client.get("/public/next").status == 200
            assert len(upstream.seen("/public/once")) <= 2 if "number" in name else len(upstream.seen("/public/once")) <= 1, "served twice"


# What has no effect

IGNORED = {
    "4.1 an unknown frame": frame(0x5a, 1, b"12345678", 0xff), "4.1 an unknown frame on stream 0": frame(0x5a, 0, b"x", 0xff),
    "4.1 an unknown frame on an idle stream": frame(0xfe, 77, b""), "5.3.2 PRIORITY": priority(1, 0), "5.3.2 PRIORITY of an idle stream": priority(99, 1),
    "6.5.2 unknown settings": settings([(0xfe, 1), (0, 5), (0xffff, 0xffffffff)]), "6.5 empty settings": settings(),
    "6.5 the same setting twice": settings([(4, 1), (4, 65535)]), "6.5.2 push allowed": settings({2: 1}),
    "6.5.2 the largest frames": settings({5: (1 << 24) - 1}), "6.5.2 no table": settings({1: 0}), "6.5.2 a huge table": settings({1: 0xffffffff}),
    "6.5.2 no streams": settings({3: 0}), "6.5.2 a small header list": settings({6: 100}), "6.5 flags": frame(frames.SETTINGS, 0, b"", 0xfe),
    "6.7 PING with odd flags": frame(frames.PING, 0, b"12345678", 0xfe), "6.7 an answer that nobody asked for": ping(flags=ACK),
    "9218 PRIORITY_UPDATE": frame(0x10, 0, struct.pack(">I", 1) + b"u=1"),
    "5.1 RST_STREAM twice": reset(1) + reset(1), "5.1 WINDOW_UPDATE of a stream that has ended": window_update(1, 5),
    "8336 ORIGIN from a client": frame(0xc, 0, b"\x00\x03a.b"), "7838 ALTSVC from a client": frame(0xa, 0, b"\x00\x01aa"),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_has_no_effect(client, upstream, name):
    assert client.get("/public/first").status == 200
    client.unacknowledged += [{}] * 2
    client.send(IGNORED[name])
    assert client.get("/public/next").status == 200
    assert client.exchange("POST", "/public/up", body=b"x" * 50_000).status == 200
    assert client.goaway is None


def test_flags_and_bits_without_a_meaning_are_ignored(client, upstream):
    """RFC 9113 §4.1: the reserved bit too."""
    stream = client.open()
    client.send(frame(frames.HEADERS, 0x80000001, GET, END_HEADERS | 1 | 0xd2 & ~0x28))
    assert client.response(stream).status == 200
    client.send(frame(frames.PING, 0x80000000, b"reserved", 0))
    client.wait(lambda: any(f.payload == b"reserved" for f in client.of_kind(frames.PING)))


@pytest.mark.parametrize("padding", [0, 1, 255])
@pytest.mark.parametrize("depends_on", [None, 0, 0x80000000 + 7])
def test_padding_and_priority_are_taken_off(client, upstream, padding, depends_on):
    stream = client.open("POST")
    client.send(headers(1, POST, padding=padding, depends_on=depends_on) + data(1, b"hello", True, padding=padding))
    assert client.response(stream).status == 200
    assert bytes(upstream.only("/public/a").body) == b"hello"


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_field_block_may_come_in_pieces(client, upstream, size):
    whole = block([*request_fields("GET", "/public/a"), ("x-a", "b" * 50)])
    pieces = [whole[i:i + size] for i in range(0, len(whole), size)] if size else [b"", whole, b""]
    stream = client.open()
    for n, piece in enumerate(pieces[:8]):
        client.send(headers(1, piece, True, False) if n == 0 else continuation(1, piece, False))
    client.send(continuation(1, b"".join(pieces[8:])))
    assert client.response(stream).status == 200
    assert upstream.only("/public/a").get("x-a") == "b" * 50


@pytest.mark.parametrize("size", [1, 2, 5])
def test_frames_may_arrive_in_pieces(gateway, upstream, size):
    with gateway.http2(start=False) as client:
        client.unacknowledged.append({})
        stream = client.open("POST")
        client.connection.send_slowly(frames.PREFACE + settings() + headers(1, POST) + data(1, b"hello") + headers(1, block([("x-t", "1")]), True), size, 0.0005)
        assert client.response(stream).status == 200
    assert upstream.only("/public/a").trailer("x-t") == ["1"]


def test_the_field_table_works_over_many_requests(client, upstream):
    """RFC 7541 §4: entries that come, are used, and go."""
    for n in range(120):
        assert client.get(f"/public/{n % 7}", {"x-a": "v" * (n * 20 % 900), "x-n": str(n % 5), "cookie": f"c={n % 3}"}).status == 200
    client.send_settings({frames.HEADER_TABLE_SIZE: 0})
    client.encoder.header_table_size = 0
    assert client.get("/public/a", {"x-a": "b"}).status == 200
    client.encoder.header_table_size = 4096
    for n in range(3):
        assert client.get("/public/a", {"x-a": "b"}).status == 200
    assert upstream.seen("/public/a")[-1].get("x-a") == "b"


def test_answers_keep_to_the_clients_table(client, upstream):
    """The strict decoder of this client would notice an entry that is too much."""
    for size in (0, 64, 4096, 100):
        client.send_settings({frames.HEADER_TABLE_SIZE: size})
        client.decoder.max_allowed_table_size = max(size, client.decoder.max_allowed_table_size)
        client.settle()
        client.decoder.max_allowed_table_size = size
        for _ in range(3):
            assert client.get("/public/a").status == 200


def test_the_first_settings_say_the_limits(client):
    client.settle()
    assert client.peer_settings[frames.MAX_CONCURRENT_STREAMS] >= 100
    assert client.peer_settings.get(frames.HEADER_TABLE_SIZE, 4096) <= 65536
    assert client.peer_settings.get(frames.MAX_FRAME_SIZE, 16384) == 16384
    assert client.frames[0].kind == frames.SETTINGS


def test_ping_is_answered_with_its_bytes(client):
    for bytes_ in (b"abcdefgh", bytes(8), b"\xff" * 8):
        client.send(ping(bytes_))
        client.wait(lambda: any(f.flags == ACK and f.payload == bytes_ for f in client.of_kind(frames.PING)))


def test_settings_are_acknowledged_in_order(client):
    for n in range(5):
        client.send_settings({frames.MAX_CONCURRENT_STREAMS: n})
    client.wait(lambda: not client.unacknowledged)


def test_more_streams_than_allowed_are_never_served(client, upstream, waiting):
    """RFC 9113 §5.1.2: an error of the stream, or of the connection (§5.4.1); a client knows the number."""
    client.settle()
    most = client.peer_settings[frames.MAX_CONCURRENT_STREAMS]
    streams = [client.request("GET", "/public/wait") for _ in range(most)]
    upstream.wait(most, "/public/wait", 15)
    with pytest.raises(ClosedEarly) as caught:
        client.get("/public/more")
    if client.goaway:
        assert client.goaway.code == PROTOCOL_ERROR
    else:
        assert caught.value.code in (frames.REFUSED_STREAM, PROTOCOL_ERROR)
        waiting.open()
        assert all(client.response(s).status == 200 for s in streams)
        assert client.get("/public/again").status == 200
    assert upstream.seen("/public/more") == []


def test_as_many_streams_as_allowed_again_and_again(client, upstream):
    """A client that opens the next one as soon as one ends is never beyond the limit."""
    client.settle()
    most = client.peer_settings[frames.MAX_CONCURRENT_STREAMS]
    streams = [client.request("GET", "/public/a") for _ in range(most)]
    for n in range(3 * most):
        client.response(streams.pop(0))
        streams.append(client.request("GET", "/public/a"))
        if n % 7 == 0:  # a stream that is taken back makes room at once
            client.cancel(streams.pop())
            streams.append(client.request("GET", "/public/a"))
    assert all(client.response(s).status == 200 for s in streams)


def test_stream_numbers_may_skip_and_run_out(client, upstream):
    client.next_stream = 1001
    assert client.get("/public/a").status == 200
    client.next_stream = (1 << 31) - 1
    assert client.get("/public/b").status == 200
    client.send(ping(b"last one"))
    client.wait(lambda: client.of_kind(frames.PING) or client.goaway)
