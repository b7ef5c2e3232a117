"""Attacks by HTTP/2 frames: each ends its own connection, is counted, costs little, and harms nobody else.

`-rP` shows the figures. The limits are the defaults of `limits.http2`.
"""

import struct
import time

import pytest

from harness import frames
from harness.attack import MEBIBYTE, Attack, flood, flood_unread
from harness.frames import (ENHANCE_YOUR_CALM, INITIAL_WINDOW_SIZE, LARGEST_WINDOW, block, continuation, data, frame, headers, indexed, literal, ping,
                            priority, reset, settings, window_update)
from harness.gateway import free_port
from harness.http2 import request_fields
from harness.responses import ClosedEarly
from harness.upstream import Gate, Upstream, answer
from harness.waiting import SCALE, eventually

GET = block(request_fields("GET", "/public/a"))
WAIT = block(request_fields("GET", "/public/wait"))
POST = block(request_fields("POST", "/public/wait"))
MISSING = block(request_fields("GET", "/nowhere"))


def configuration(site, upstream):
    return site.config(upstream, admin=site.admin())


@pytest.fixture(scope="module")
def upstream():
    """One that takes a thousand connections at once."""
    with Upstream(backlog=4096) as upstream:
        yield upstream


@pytest.fixture
def waiting(upstream):
    """`/public/wait` is answered when the test is over; its connections may go before."""
    gate = Gate()
    upstream.on("/public/wait", lambda e: e.peer_closed_within(10) or gate.wait(0))
    yield gate
    gate.open()


def numbers(n):
    """The number of the nth stream."""
    return 2 * n + 1


def calmed(client, attack, *reasons):
    """Checks that the connection was ended with ENHANCE_YOUR_CALM, and counted as one of these."""
    client.failed_with(ENHANCE_YOUR_CALM)
    attack.counted(*reasons)


def prepared(client, count=20_000):
    """Takes note of streams that are opened by bytes, so that the client knows them when answers come."""
    for n in range(count):
        client.open(number=numbers(n))


# Requests taken back

@pytest.mark.parametrize("head", [GET, WAIT, MISSING, POST], ids=["answered", "waiting", "refused", "with a body"])
def test_rapid_reset(gateway, upstream, waiting, head):
    """CVE-2023-44487: requests that are taken back as fast as they are sent never count as open."""
    with gateway.http2() as client, Attack(gateway, "rapid reset") as attack:
        prepared(client)
        flood(client, lambda n: headers(numbers(n), head, head is not POST) + reset(numbers(n)), attack, 20_000, 50)
        calmed(client, attack, "rapid_reset")
    assert len([r for r in upstream.seen() if r.path != attack.path]) < 3000
    eventually(lambda: upstream.open_connections() < 30, 10, what="what was taken back is cancelled upstream")


def test_rapid_reset_by_one_client_that_comes_back(gateway, upstream, waiting):
    with Attack(gateway, "rapid reset, 10 connections", memory=16 * MEBIBYTE, cpu=15) as attack:
        for _ in range(10):
            with gateway.http2() as client:
                prepared(client, 5000)
                flood(client, lambda n: headers(numbers(n), WAIT, True) + reset(numbers(n)), attack, 5000, 50)
                client.failed_with(ENHANCE_YOUR_CALM)
        attack.counted("rapid_reset")


PROVOCATIONS = {
    "a window update of 0": lambda n: headers(n, WAIT, True) + window_update(n, 0),
    "a window that is too large": lambda n: headers(n, WAIT, True) + window_update(n, LARGEST_WINDOW),
    "DATA after the end": lambda n: headers(n, WAIT, True) + data(n, b"x"),
    "HEADERS after the end": lambda n: headers(n, WAIT, True) + headers(n, block([("x-a", "b")]), True),
    "PRIORITY of 4 bytes": lambda n: headers(n, WAIT, True) + frame(frames.PRIORITY, n, bytes(4)),
    "a length that is not kept": lambda n: headers(n, POST + literal("content-length", "5")) + data(n, b"too long", True),
    "malformed trailers": lambda n: headers(n, POST) + headers(n, block([(":path", "/")]), True),
    "malformed requests": lambda n: headers(n, block(request_fields("GET", "/public/a", [("connection", "close")])), True),
    "upper-case names": lambda n: headers(n, GET + literal("X-A", "b"), True),
}


@pytest.mark.parametrize("name", PROVOCATIONS)
def test_made_you_reset(gateway, upstream, waiting, name):
    """CVE-2025-8671: the same, with the gateway made to reset its streams. Each kind is bounded, whatever the code is."""
    with gateway.http2() as client, Attack(gateway, f"made you reset, {name}") as attack:
        prepared(client)
        flood(client, lambda n: PROVOCATIONS[name](numbers(n)), attack, 20_000, 50)
        assert client.closed_within(5)
        if client.goaway.code == ENHANCE_YOUR_CALM:
            attack.counted("provoked_resets")
        else:  # an error of the connection at the first one bounds it as well
            assert client.goaway.code in (frames.PROTOCOL_ERROR, frames.STREAM_CLOSED, frames.FRAME_SIZE_ERROR, frames.FLOW_CONTROL_ERROR)
            assert len(upstream.seen("/public/wait")) <= 100
    eventually(lambda: upstream.open_connections() < 30, 10, what="what was reset is cancelled upstream")


def test_streams_beyond_the_limit(gateway, upstream, waiting):
    """A client that ignores SETTINGS_MAX_CONCURRENT_STREAMS: refused, and ended when it goes on."""
    with gateway.http2() as client, Attack(gateway, "streams beyond the limit") as attack:
        prepared(client)
        flood(client, lambda n: headers(numbers(n), WAIT, True), attack, 20_000)
        assert client.closed_within(5), "streams are refused without end"
        assert client.goaway.code in (ENHANCE_YOUR_CALM, frames.PROTOCOL_ERROR, frames.REFUSED_STREAM)
        assert len(upstream.seen("/public/wait")) <= 110


def test_resets_do_not_harm_others_on_a_shared_upstream_connection(start, site, upstream, waiting):
    """What many clients take back goes upstream on one HTTP/2 connection, and a server there counts resets as well."""
    gate = Gate()
    upstream.on("/public/slow", lambda e: (e.read_body(), gate.wait(20), e.respond(body=b"slow")))
    behind = start(site.config(upstream, listeners=[{"address": f"127.0.0.1:{free_port()}", "protocols": ["h2c"]}], admin=site.admin()))
    gateway = start(site.config(f"h2c://127.0.0.1:{behind.port()}", admin=site.admin()))
    with gateway.http2() as honest:
        slow = honest.request("POST", "/public/slow", body=b"not to be sent again")
        upstream.wait(path="/public/slow")
        with Attack(gateway, "slow resets to an HTTP/2 upstream", memory=16 * MEBIBYTE, cpu=15) as attack:
            for _ in range(4):
                with gateway.http2() as client:
                    for n in range(0, 900, 50):  # fewer than the gateway allows each of them
                        streams = [client.request("GET", "/public/wait") for _ in range(50)]
                        client.settle()
                        time.sleep(0.02)
                        for stream in streams:
                            client.cancel(stream)
                        attack.sent += 50
        gate.open()
        assert honest.response(slow).body == b"slow"
    abuse = {dict(labels)["reason"]: value for (name, labels), value in behind.metrics().items() if name == "gatehouse_http2_abuse_total"}
    assert abuse["rapid_reset"] == 0, "the server ended a connection that others use"


# Frames that cost nothing to send

FLOODS = {
    "PING": (lambda n: ping(struct.pack(">Q", n)), "ping_flood"),
    "answers to PING": (lambda n: ping(struct.pack(">Q", n), frames.ACK), "ping_flood"),
    "SETTINGS": (lambda n: settings({frames.MAX_CONCURRENT_STREAMS: n}), "settings_flood"),
    "empty SETTINGS": (lambda n: settings(), "settings_flood"),
    "SETTINGS that change every window": (lambda n: settings({INITIAL_WINDOW_SIZE: 65535 + n % 2}), "settings_flood"),
    "SETTINGS of 2730 values": (lambda n: settings([(4, 65535 + n % 2)] * 2730), "settings_flood"),
    "table sizes": (lambda n: settings({frames.HEADER_TABLE_SIZE: n % 2 * 4096}), "settings_flood"),
    "PRIORITY": (lambda n: priority(3 + 2 * (n % 1000), 1), "priority_flood"),
    "WINDOW_UPDATE": (lambda n: window_update(0, 1), "window_update_flood"),
    "WINDOW_UPDATE of a stream": (lambda n: window_update(1, 1), "window_update_flood"),
    "empty DATA": (lambda n: data(1), "empty_frames"),
    "padding alone": (lambda n: data(1, padding=0), "empty_frames"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_of_control_frames(gateway, upstream, waiting, name):
    make, reason = FLOODS[name]
    with gateway.http2() as client, Attack(gateway, f"flood of {name}") as attack:
        client.request("POST", "/public/wait", end=False)
        upstream.wait(path="/public/wait")
        client.unacknowledged += [{}] * 60_000
        flood(client, make, attack, 60_000)
        calmed(client, attack, reason)


OTHERS = {
    "RST_STREAM of a stream that is over": lambda n: reset(1),
    "unknown frames": lambda n: frame(0x5a, 0, b""),
    "unknown frames of 16 KiB": lambda n: frame(0x5a, 0, bytes(16384)) if n % 10 == 0 else b"",
    "GOAWAY": lambda n: frames.goaway(0),
    "WINDOW_UPDATE of a stream that is over": lambda n: window_update(1, 1),
    "ORIGIN": lambda n: frame(0xc, 0, b""),
    "PRIORITY_UPDATE": lambda n: frame(0x10, 0, struct.pack(">I", 1) + b"u=1"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_floods_of_frames_without_effect(gateway, upstream, name):
    """Ended, or so cheap that there is nothing to end."""
    with gateway.http2() as client, Attack(gateway, f"flood of {name}", cpu=3) as attack:
        client.get("/public/a")
        flood(client, OTHERS[name], attack, 20_000, 200)


@pytest.mark.parametrize("head", [GET, GET + indexed(2) * 16_000], ids=["small", "large"])
def test_floods_of_fields_that_no_stream_takes(gateway, head):
    """They are decoded all the same, for the sake of the table."""
    with gateway.http2() as client, Attack(gateway, "HEADERS of a stream that is over", cpu=3) as attack:
        client.get("/public/a")
        flood(client, lambda n: headers(1, head, True), attack, 20_000, 20)
        calmed(client, attack, "empty_frames")


@pytest.mark.parametrize("name", ["PING", "empty SETTINGS", "requests", "requests with pages", "malformed requests"])
def test_floods_of_what_is_answered_by_a_client_that_reads_nothing(gateway, upstream, name):
    """CVE-2019-9512, -9515: answers that pile up. The gateway stops reading, or ends it."""
    page = block(request_fields("GET", "/nowhere", {"sec-fetch-mode": "navigate"}))
    make = {"PING": FLOODS["PING"][0], "empty SETTINGS": FLOODS["empty SETTINGS"][0], "requests": lambda n: headers(numbers(n), GET, True),
            "requests with pages": lambda n: headers(numbers(n), page, True), "malformed requests": lambda n: headers(numbers(n), GET + literal("X", ""), True)}[name]
    with gateway.http2(receive_buffer=4096, settings={INITIAL_WINDOW_SIZE: LARGEST_WINDOW}) as client:
        client.grant(None, LARGEST_WINDOW - frames.WINDOW)
        with Attack(gateway, f"{name}, unread", memory=8 * MEBIBYTE) as attack:
            waits = flood_unread(client.connection, make, attack, 400_000)
            time.sleep(0.2)
            assert waits or client.connection.is_closed_within(5), "nothing stopped it"


# Field blocks

CONTINUATIONS = {
    "fields": lambda n: continuation(1, literal("x-a", "v" * 1000), False),
    "large fields": lambda n: continuation(1, literal("x-a", "v" * 16000), False),
    "nothing": lambda n: continuation(1, b"", False),
    "one byte each": lambda n: continuation(1, b"\x00", False),
    "the same indexed field": lambda n: continuation(1, indexed(2) * 1000, False),
    "table sizes": lambda n: continuation(1, b"\x20", False),
}


@pytest.mark.parametrize("name", CONTINUATIONS)
def test_continuation_flood(gateway, upstream, name):
    """CVE-2024-27316: a block of fields without end."""
    with gateway.http2() as client, Attack(gateway, f"CONTINUATION of {name}") as attack:
        client.open()
        client.send(headers(1, GET, True, False))
        flood(client, CONTINUATIONS[name], attack, 20_000, 20)
        client.failed_with(ENHANCE_YOUR_CALM, frames.COMPRESSION_ERROR)
        if client.goaway.code == ENHANCE_YOUR_CALM:
            attack.counted("continuation_flood", "field_bomb")
    assert upstream.seen("/public/a") == []


def bomb(stream, name):
    """Blocks of at most 16 KiB that grow when they are decoded."""
    entry = literal("x-bomb", "v" * 3900, indexing=True) if stream == 1 else b""
    content = {
        "one entry, 12000 times": entry + indexed(62) * 12_000,
        "cookie crumbs": indexed(32) * 14_000,
        "empty fields": indexed(20) * 14_000,
        "one entry, replaced without end": literal("x-a", "", indexing=True) * 2000,
    }[name]
    return headers(stream, GET + content, True)


@pytest.mark.parametrize("name", ["one entry, 12000 times", "cookie crumbs", "empty fields", "one entry, replaced without end"])
def test_field_bombs(gateway, upstream, name):
    """CVE-2016-6581 and its kin: 16 KiB that mean 47 MiB. Each is refused by what it decodes to; many end the connection."""
    with gateway.http2() as client, Attack(gateway, f"bomb: {name}", memory=6 * MEBIBYTE) as attack:
        prepared(client, 400)
        statuses = set()
        for n in range(300):
            if client.goaway or client.connection.ended:
                break
            stream = client.streams[numbers(n)]
            try:
                client.send(bomb(stream.number, name))
                attack.sent += 1
                client.wait(lambda: stream.is_over or client.goaway)
            except (OSError, ClosedEarly):
                break
            if stream.response:
                statuses.add(stream.response.status)
        if client.goaway or client.connection.ended:
            client.failed_with(ENHANCE_YOUR_CALM)
            attack.counted("field_bomb", "provoked_resets")
        assert statuses <= {431, 400}, statuses
    assert upstream.seen("/public/a") == []


def test_a_bomb_in_trailers(gateway, upstream):
    with gateway.http2() as client, Attack(gateway, "bomb in trailers", memory=6 * MEBIBYTE) as attack:
        prepared(client, 400)
        for n in range(100):
            number = numbers(n)
            entry = literal("x-bomb", "v" * 3900, indexing=True) if n == 0 else b""
            try:
                client.send(headers(number, block(request_fields("POST", "/public/a"))) + data(number, b"x")
                            + headers(number, entry + indexed(62) * 12_000, True))
                attack.sent += 1
                client.read_available()
            except OSError:
                break
            if client.goaway:
                break
        calmed(client, attack, "field_bomb")
    assert not any(r.complete for r in upstream.seen("/public/a"))


def test_answers_that_would_fill_the_table_of_the_client(gateway, upstream):
    """However large a client says that its table is, ours for it stays small."""
    count = [0]

    def handler(exchange):
        count[0] += 1
        exchange.respond(200, [(f"X-{count[0]}-{n}", "v" * 3000) for n in range(10)])

    upstream.on("/public/fields", handler)
    with gateway.http2(settings={frames.HEADER_TABLE_SIZE: 0xffffffff}) as client:
        client.decoder.max_allowed_table_size = 1 << 30
        with Attack(gateway, "a table without end", memory=6 * MEBIBYTE, cpu=10) as attack:
            for _ in range(400):
                assert client.get("/public/fields").status == 200
                attack.sent += 1


# Windows

def test_windows_that_are_never_opened(gateway, upstream):
    """Ten connections with a hundred answers each, none of which can be sent."""
    upstream.on("/public/big", answer(200, [], bytes(300_000)))
    with Attack(gateway, "1000 streams with windows of 0", memory=80 * MEBIBYTE, cpu=20) as attack:
        clients = [gateway.http2(settings={INITIAL_WINDOW_SIZE: 0}, credit=False) for _ in range(10)]
        for client in clients:
            client.settle()
            streams = [client.request("GET", "/public/big") for _ in range(100)]
            attack.sent += len(streams)
        for client in clients:
            client.wait(lambda: all(s.response for s in client.streams.values()), 30, "the heads of all answers")
        held = gateway.memory() - attack.memory
        print(f"a stream that waits for its window: {held / 1000 / 1024:.1f} KiB")
    for client in clients:
        client.connection.reset()
    eventually(lambda: upstream.open_connections() < 30, 10, what="everything is cancelled")


def test_windows_opened_a_byte_at_a_time(gateway, upstream):
    """CVE-2019-9511: an answer in frames of one byte costs its bytes, and the updates are counted in the end."""
    upstream.on("/public/big", answer(200, [], bytes(300_000)))
    with gateway.http2(settings={INITIAL_WINDOW_SIZE: 0}, credit=False) as client, Attack(gateway, "windows of 1 byte", cpu=6) as attack:
        streams = [client.request("GET", "/public/big") for _ in range(20)]
        for stream in streams:
            client.response_head(stream)
            stream.granted = 300_000
        flood(client, lambda n: window_update(streams[n % 20].number, 1), attack, 40_000)
        client.failed_with(ENHANCE_YOUR_CALM)
        attack.counted("window_update_flood")


def test_windows_wide_open_and_nothing_read(gateway, upstream):
    """CVE-2019-9517: what a client lets come, but does not take from its socket."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (8 * MEBIBYTE) + bytes(8 * MEBIBYTE)
    upstream.on("/public/big", lambda e: e.send(whole))
    with Attack(gateway, "windows wide open, unread", memory=25 * MEBIBYTE) as attack:
        clients = [gateway.http2(receive_buffer=4096, settings={INITIAL_WINDOW_SIZE: LARGEST_WINDOW}) for _ in range(5)]
        for client in clients:
            client.grant(None, LARGEST_WINDOW - frames.WINDOW)
            for _ in range(50):
                client.send_headers(client.open(), request_fields("GET", "/public/big"))
                attack.sent += 1
        time.sleep(1)
    for client in clients:
        client.connection.reset()
    eventually(lambda: upstream.open_connections() < 30, 10, what="everything is cancelled")


# Honest clients that look a little like these

def test_what_honest_clients_do_is_no_attack(gateway, upstream, waiting):
    upstream.on("/public/down", answer(200, [], bytes(16 * MEBIBYTE)))
    with gateway.http2() as client:
        stream = client.request("GET", "/public/down")
        stream.keep_body = False
        client.wait(lambda: stream.is_over, 20)  # two WINDOW_UPDATE for each frame of DATA, some of them small
        for n in range(100):  # a page left while its pictures come
            client.cancel(client.request("GET", "/public/wait"))
        for n in range(100):
            client.settle()
        up = client.request("POST", "/public/up", end=False)
        for n in range(3000):
            client.window, up.window = client.window - 1, up.window - 1
            client.send(data(up.number, b"x"))
            client.read_available()
        client.send(data(up.number, b"", True))
        assert client.response(up).json()["body"] == 3000
        for n in range(50):
            client.send(priority(numbers(5000 + n)))
        client.send_settings({INITIAL_WINDOW_SIZE: 1 << 20})
        assert client.get("/public/next").status == 200 and client.goaway is None


def test_an_honest_neighbour_on_another_connection_keeps_its_streams(gateway, upstream):
    gate = Gate()
    upstream.on("/public/slow", lambda e: (gate.wait(20), e.respond(body=b"slow")))
    with gateway.http2() as honest, gateway.http2() as client, Attack(gateway, "beside a neighbour") as attack:
        slow = [honest.request("GET", "/public/slow") for _ in range(20)]
        upstream.wait(20, "/public/slow")
        prepared(client)
        begun = time.monotonic()
        flood(client, lambda n: headers(numbers(n), GET, True) + reset(numbers(n)), attack, 20_000, 50)
        assert time.monotonic() - begun < 20 * SCALE
        gate.open()
        assert all(honest.response(s).body == b"slow" for s in slow)
        client.failed_with(ENHANCE_YOUR_CALM)
