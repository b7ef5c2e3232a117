"""CONTRACT §7: nothing that a peer sends may use unbounded memory, hold a connection for nothing, or make two ends disagree."""

import os
import ctypes
import signal
import socket
import time

import pytest

from harness.client import request_bytes
from harness.upstream import Gate, raw
from harness.waiting import SCALE, eventually, stays

MEBIBYTE = 1 << 20
# What a sanitizer's shadow and quarantine take beside the gateway's own memory; nothing in a plain build.
SANITIZER = int(os.environ.get("GATEHOUSE_SANITIZER_MIB", "0")) << 20


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


# Clients that do not read

PAGE = request_bytes("GET", "/nowhere", {"Sec-Fetch-Mode": "navigate"})


def flood(connection, data, seconds=4.0):
    """Sends `data` again and again without reading, until the gateway has taken nothing for a while."""
    sent, deadline = 0, time.monotonic() + seconds * SCALE
    while time.monotonic() < deadline and len(data) == (taken := connection.send_available(data)):
        sent += taken
    return sent


@pytest.mark.parametrize("tls", [True, False])
def test_pipelined_requests_wait_while_their_answers_are_not_read(start, site, upstream, tls):
    listeners = [{"address": "127.0.0.1:0", "tls": site.tls()}, {"address": "127.0.0.1:0"}]
    gateway = start(site.config(upstream, listeners=listeners))
    with gateway.connect(0 if tls else 1) as connection:
        before = gateway.memory()
        flood(connection, PAGE * 150)
        time.sleep(0.5)
        assert gateway.memory() - before < 12 * MEBIBYTE + SANITIZER
        assert connection.read_response().status == 404  # it goes on when the client reads
        for _ in range(3000):
            assert connection.read_response().status == 404


def test_requests_that_waited_for_room_are_answered_after_a_half_close(start, site, upstream):
    """The time to send a head does not run while it is not read."""
    gateway = start(site.config(upstream, listeners=[{"address": "127.0.0.1:0"}], limits={"header_timeout": "1s"}))
    with gateway.connect(receive_buffer=4096) as connection:
        connection.send(PAGE * 4000)
        connection.half_close()
        for _ in range(4000):
            assert connection.read_response().status == 404
        assert connection.is_closed_within(3)


def test_what_follows_a_close_notify_is_not_kept(start, site, upstream):
    gateway = start(site.config(upstream))
    late = Gate()

    def handler(exchange):
        late.wait(20)
        exchange.respond(body=b"late")

    upstream.on("/public/late", handler)
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/late"))
        eventually(lambda: upstream.seen("/public/late"))
        connection.half_close(tcp=False)
        before = gateway.memory()
        connection.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                connection.socket.sendall(bytes(64 << 10))
        assert gateway.memory() - before < 12 * MEBIBYTE + SANITIZER
        late.open()
        assert connection.read_response().body == b"late"


def test_a_peer_that_asks_for_new_keys_and_reads_nothing_is_let_go(gateway, upstream):
    """Each TLS 1.3 KeyUpdate may ask for one back, which a peer that does not read would let pile up."""
    upstream.on("/public/late", lambda exchange: time.sleep(1.5))
    before = gateway.memory()
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        plain.connect(gateway.address())
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = KeyUpdater(plain)
        peer.send(request_bytes("GET", "/public/late"))
        # Far more than the kernel's buffers on the way take.
        updates = peer.ask_for_keys(1_500_000)
        assert updates < 1_500_000, "nothing stopped it"
        assert gateway.memory() - before < 12 * MEBIBYTE + SANITIZER


class KeyUpdater:
    """A client over the system's libssl, which can send KeyUpdate; `ssl` can't. What it sends is gathered in memory first."""

    def __init__(self, plain):
        self.library = library = ctypes.CDLL("libssl.so.3")
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new", "BIO_s_mem", "BIO_new"):
            getattr(library, name).restype = ctypes.c_void_p
        context = ctypes.c_void_p(library.SSL_CTX_new(ctypes.c_void_p(library.TLS_client_method())))
        self.ssl = ctypes.c_void_p(library.SSL_new(context))
        plain.setblocking(True)
        library.SSL_set_fd(self.ssl, plain.fileno())
        assert library.SSL_connect(self.ssl) == 1
        self.outgoing = ctypes.c_void_p(library.BIO_new(ctypes.c_void_p(library.BIO_s_mem())))
        library.SSL_set0_wbio(self.ssl, self.outgoing)
        self.buffer = ctypes.create_string_buffer(65536)
        plain.settimeout(2)
        self.plain = plain

    def flush(self):
        while (count := self.library.BIO_read(self.outgoing, self.buffer, len(self.buffer))) > 0:
            self.plain.sendall(self.buffer[:count])

    def send(self, data):
        assert self.library.SSL_write(self.ssl, data, len(data)) == len(data)
        self.flush()

    def ask_for_keys(self, count, batch=500):
        """How many of so many updates were taken."""
        for number in range(0, count, batch):
            for _ in range(batch):
                self.library.SSL_key_update(self.ssl, 1)
                assert self.library.SSL_do_handshake(self.ssl) == 1
            try:
                self.flush()
            except OSError:  # ended, or nothing taken for a while
                return number
        return count


# Connections that are held for nothing

def test_a_body_that_nobody_wanted_and_that_never_comes_ends_the_connection(start, site, upstream):
    gateway = start(site.config(upstream, limits={"body_min_rate": 500}))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/notes/a", {"Content-Length": "1000"}))
        assert connection.read_response().status == 401
        assert connection.is_closed_within(20)


# Draining

def test_an_idle_connection_does_not_cut_what_other_loops_have_in_hand(start, site, upstream):
    gateway = start(site.config(upstream, workers=2))
    late = Gate()

    def handler(exchange):
        late.wait(5)
        exchange.respond(body=b"late")

    upstream.on("/public/late", handler)
    connections = [gateway.connect() for _ in range(16)]
    for connection in connections:
        assert connection.request("GET", "/public/a").status == 200
    connections[0].send(request_bytes("GET", "/public/late"))
    eventually(lambda: upstream.seen("/public/late"))
    gateway.signal(signal.SIGTERM)
    stays(lambda: gateway.process.poll() is None, 0.5)
    late.open()
    assert connections[0].read_response().body == b"late"
    assert gateway.wait(3) == 0
