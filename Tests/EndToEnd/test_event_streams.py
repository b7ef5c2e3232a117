"""CONTRACT §4.5, §3: server-sent events and other long answers reach the client as they come, and end with their token."""

import queue
import statistics
import time

import pytest

from harness.client import request_bytes
from harness.responses import ClosedEarly
from harness.tokens import bearer
from harness.upstream import Gate, Gone
from harness.waiting import SCALE, eventually

TYPE = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")]


def configuration(site, upstream):
    config = site.config(upstream)
    config["upstreams"]["legacy"] |= {"response_timeout": "1s", "idle_timeout": "1s"}
    config["routes"] += [{"path": "/lasting/**", "scopes": ["notes:read"], "close_on_token_expiry": False, "upstream": "legacy"},
                         {"path": "/timed/**", "access": "public", "timeout": "2s", "upstream": "legacy"}]
    return config


class Source:
    """An upstream's event stream: sends what the test puts in, until it puts None."""

    def __init__(self, upstream, path, framing="chunked"):
        self.events, self.framing, self.gone = queue.Queue(), framing, Gate()
        upstream.on(path, self.serve)

    def put(self, text):
        self.events.put(text)

    def serve(self, exchange):
        extra = [("Transfer-Encoding", "chunked")] if self.framing == "chunked" else [("Connection", "close")]
        exchange.respond(200, TYPE + extra, length=False)
        try:
            while (text := self.events.get(timeout=30)) is not None:
                data = text.encode()
                exchange.send(b"%x\r\n%s\r\n" % (len(data), data) if self.framing == "chunked" else data)
            if self.framing == "chunked":
                exchange.send("0\r\n\r\n")
            else:
                exchange.close()
        except Gone:
            self.gone.open()


class Reader:
    """A client's event stream, of either protocol."""

    def __init__(self, gateway, protocol, path, fields=()):
        self.protocol, self.data, self.ended = protocol, bytearray(), False
        if protocol == "h2":
            self.client = gateway.http2()
            self.stream = self.client.request("GET", path, fields)
            self.head = self.client.response_head(self.stream)
        else:
            self.client = gateway.connect()
            self.client.send(request_bytes("GET", path, fields))
            self.head = self.client.read_head()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        (self.client.connection if self.protocol == "h2" else self.client).close()

    def wait_for(self, text, timeout=5):
        if self.protocol == "h2":
            self.client.wait(lambda: text.encode() in self.stream.body or self.stream.is_over, timeout, text)
            assert text.encode() in self.stream.body
        else:
            deadline = time.monotonic() + timeout * SCALE
            while text.encode() not in self.client.buffer:
                assert self.client.fill(deadline - time.monotonic()), f"closed before {text}"

    def is_cut_within(self, seconds):
        """Whether it ends in that time, in a way that tells the client that it is not complete."""
        if self.protocol == "h2":
            self.client.wait(lambda: self.stream.is_over, seconds, "the end of the stream")
            return self.stream.reset is not None
        return self.client.is_closed_within(seconds) and not self.client.buffer.endswith(b"0\r\n\r\n")


@pytest.fixture(params=["h1", "h2"])
def protocol(request):
    return request.param


@pytest.fixture
def path(unique):
    return f"/public/{unique}"


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_events_come_one_by_one(gateway, upstream, protocol, path, framing):
    source = Source(upstream, path, framing)
    with Reader(gateway, protocol, path) as reader:  # the head is here before any event
        assert reader.head.status == 200 and reader.head.get("content-type") == "text/event-stream"
        assert "content-length" not in reader.head and reader.head.get("cache-control") == "no-cache"
        for number in range(20):
            source.put(f"data: {number}\n\n")
            reader.wait_for(f"data: {number}\n\n")
        source.put(None)
        if protocol == "h2":
            reader.client.wait(lambda: reader.stream.ended)
        else:
            reader.wait_for("0\r\n\r\n")


def test_events_are_not_held_back(gateway, upstream, protocol, path):
    """From the upstream's write to the client's read: a hundredth of a second would be a buffer's time-out."""
    source = Source(upstream, path)
    delays = []
    with Reader(gateway, protocol, path) as reader:
        for number in range(100):
            begun = time.monotonic()
            source.put(f"data: {number} {'x' * (number * 37 % 1500)}\n\n")
            reader.wait_for(f"data: {number} ")
            delays.append(time.monotonic() - begun)
            time.sleep(0.002)
        source.put(None)
    assert statistics.median(delays) < 0.01 * SCALE, sorted(delays)
    assert max(delays) < 0.25 * SCALE, sorted(delays)


def test_a_stream_has_no_total_time_out(gateway, upstream, protocol, unique):
    """Longer than response_timeout, idle_timeout and the route's timeout, but never silent for as long."""
    path = f"/timed/{unique}"
    source = Source(upstream, path)
    with Reader(gateway, protocol, path) as reader:
        for number in range(8):
            time.sleep(0.3)
            source.put(f"data: {number}\n\n")
            reader.wait_for(f"data: {number}\n\n")
        source.put(None)


def test_a_silent_stream_is_cut_after_the_idle_time_out(gateway, upstream, protocol, path):
    source = Source(upstream, path)
    with Reader(gateway, protocol, path) as reader:
        source.put("data: 1\n\n")
        reader.wait_for("data: 1")
        begun = time.monotonic()
        assert reader.is_cut_within(4)
        assert 0.8 < time.monotonic() - begun
    source.put("data: 2\n\n")
    source.put("data: 3\n\n")


def test_a_client_that_goes_away_ends_the_upstreams_stream(gateway, upstream, protocol, path):
    source = Source(upstream, path)
    with Reader(gateway, protocol, path) as reader:
        source.put("data: 1\n\n")
        reader.wait_for("data: 1")

    def is_gone():
        source.put("data: more\n\n")
        return source.gone.event.is_set()

    eventually(is_gone, 3)


def test_many_streams_of_one_connection(gateway, upstream, unique):
    paths = [f"/public/{unique}-{number}" for number in range(40)]
    sources = [Source(upstream, path) for path in paths]
    with gateway.http2() as client:
        streams = [client.request("GET", path) for path in paths]
        for stream in streams:
            client.response_head(stream)
        for round_number in range(3):
            for number, source in enumerate(sources):
                source.put(f"data: {number}.{round_number}\n\n")
            for number, stream in enumerate(streams):
                wanted = f"data: {number}.{round_number}\n\n".encode()
                client.wait(lambda: wanted in stream.body, what=wanted)
        for source in sources:
            source.put(None)
        for stream in streams:
            client.wait(lambda: stream.ended)


def test_a_stream_ends_when_its_token_expires(gateway, upstream, site, protocol, unique):
    token = site.issuer.token(exp=int(time.time()) - 57)  # 60 s of clock skew: good for some 3 s more
    path, lasting_path = f"/notes/{unique}", f"/lasting/{unique}"
    sources = [Source(upstream, path), Source(upstream, lasting_path)]
    with Reader(gateway, protocol, path, bearer(token)) as reader, Reader(gateway, protocol, lasting_path, bearer(token)) as lasting:
        deadline = time.monotonic() + 6 * SCALE
        number = 0
        while time.monotonic() < deadline:
            number += 1
            for source in sources:
                source.put(f"data: {number}\n\n")
            lasting.wait_for(f"data: {number}\n\n")
            try:
                reader.wait_for(f"data: {number}\n\n")
            except (AssertionError, ClosedEarly):
                break
            time.sleep(0.2)
        assert number > 3 and reader.is_cut_within(1)
    assert gateway.logged(path=path)["reason"] == "token_expired"
    for source in sources:
        source.put(None)


def test_a_stream_ends_when_its_token_is_revoked(start, site, upstream, protocol, unique):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={},
                                trusted_issuers=[site.trusted(user_prefix="foreign:")]))
    token, path = gateway.issue_token("ada", "notes:read"), f"/notes/{unique}"
    source = Source(upstream, path)
    with Reader(gateway, protocol, path, bearer(token)) as reader:
        source.put("data: 1\n\n")
        reader.wait_for("data: 1")
        assert gateway.command("token", "revoke", token).returncode == 0
        assert reader.is_cut_within(2)
    assert gateway.logged(reason="token_revoked")
    source.put(None)


@pytest.mark.parametrize("kind, status", [("text/event-stream", 401), ("text/plain", 200)])
def test_a_stream_whose_token_was_revoked_before_its_head(start, site, upstream, protocol, unique, kind, status):
    """An answer may come, but nothing that goes on and on."""
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={},
                                trusted_issuers=[site.trusted(user_prefix="foreign:")]))
    token, path, gate = gateway.issue_token("ada", "notes:read"), f"/notes/{unique}", Gate()

    def handler(exchange):
        gate.wait()
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n")
        while not exchange.peer_closed_within(0.05):
            exchange.send("data: 1\n\n")

    upstream.on(path, handler)
    fields = bearer(token)
    with gateway.http2() as client, gateway.connect() as old:
        if protocol == "h2":
            stream = client.request("GET", path, fields)
        else:
            old.send(request_bytes("GET", path, fields))
        upstream.wait(1, path)
        assert gateway.command("token", "revoke", token).returncode == 0
        eventually(lambda: gateway.get(f"/notes/{unique}-2", fields).status == 401, what="the revocation")
        gate.open()
        if protocol == "h2":
            assert client.response_head(stream).status == status
            client.wait(lambda: stream.is_over, 2.5, "the end of the stream")
        else:
            assert old.read_head().status == status
            assert status == 401 or old.is_closed_within(2.5)


def test_an_upload_ends_when_its_token_is_revoked(start, site, upstream, unique):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={},
                                trusted_issuers=[site.trusted(user_prefix="foreign:")]))
    token, path = gateway.issue_token("ada", "notes:write"), f"/notes/{unique}"
    with gateway.connect() as old, gateway.http2() as client:
        old.send(request_bytes("POST", path, bearer(token) | {"Transfer-Encoding": "chunked"}) + b"1\r\nx\r\n")
        stream = client.request("POST", path, bearer(token), b"x", end=False)
        eventually(lambda: len(upstream.seen(path)) == 2, what="both requests")
        assert gateway.command("token", "revoke", token).returncode == 0
        client.wait(lambda: stream.is_over, timeout=3, what="the end of the upload")
        assert stream.response.status == 401 and old.read_response().status == 401


# gRPC over HTTP/2: its status is told even when the answer has begun

GRPC = {"content-type": "application/grpc", "te": "trailers"}


def test_a_call_that_is_not_answered_ends_when_its_token_expires(gateway, site, unique):
    """The answer to a stream of the client's begins with its end; an upload goes on, since its token was good."""
    fields = bearer(site.issuer.token(exp=int(time.time()) - 57))
    with gateway.http2() as client:
        call = client.request("POST", f"/notes/{unique}", GRPC | fields, b"\0\0\0\0\0", end=False)
        upload = client.request("POST", f"/notes/{unique}-2", fields, b"x", end=False)
        client.wait(lambda: call.is_over, timeout=6, what="the end of the call")
        assert call.response.status == 200 and call.response.get("grpc-status") == "16"
        assert not upload.is_over
        client.send_body(upload, b"y", end=True)
        assert client.response(upload).status == 200


def test_a_refused_call_is_an_answer_of_one_frame(gateway, upstream, site):
    cases = [({}, "16"), (bearer(site.issuer.token(scope="other")), "7"), (bearer("x.y.z"), "16")]
    with gateway.http2() as client:
        for fields, status in cases:
            response = client.response(client.request("POST", "/notes/call", GRPC | fields, b"\0\0\0\0\0"))
            assert (response.status, response.get("grpc-status"), response.body) == (200, status, b"")
            assert response.get("content-type") == "application/grpc" and response.get("grpc-message") and not response.trailers
    assert not upstream.seen()


def test_a_call_that_is_cut_ends_with_a_status(gateway, upstream, site, unique):
    source = Source(upstream, f"/notes/{unique}")
    with gateway.http2() as client:
        token = site.issuer.token(exp=int(time.time()) - 57, scope="notes:write")
        stream = client.request("POST", f"/notes/{unique}", GRPC | bearer(token), b"\0\0\0\0\0")
        client.response_head(stream)
        while not stream.is_over:
            source.put("\0\0\0\0\1x")
            client.settle()
            time.sleep(0.1)
        trailers = dict(stream.response.trailers)
        assert trailers["grpc-status"] == "16" and "expired" in trailers["grpc-message"]
        assert client.get("/public/beside").status == 200
    source.put(None)


def test_a_call_whose_upstream_breaks_off_ends_with_a_status(gateway, upstream, unique):
    def handler(exchange):
        exchange.read_body()
        exchange.respond(200, [("Content-Type", "application/grpc"), ("Transfer-Encoding", "chunked")], length=False)
        exchange.send("6\r\n\0\0\0\0\1x\r\n")
        time.sleep(0.2)
        exchange.reset()

    upstream.on(f"/public/{unique}", handler)
    with gateway.http2() as client:
        stream = client.request("POST", f"/public/{unique}", GRPC, b"\0\0\0\0\0")
        response = client.response(stream)
        assert response.body == b"\0\0\0\0\1x" and dict(response.trailers)["grpc-status"] == "14"
