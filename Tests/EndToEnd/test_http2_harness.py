"""The HTTP/2 client of the harness, against a server made with `h2`, which is another implementation."""

import os
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import hpack
import hyperframe.frame
import pytest

from harness import frames
from harness.certificates import Authority, http2_context
from harness.client import Connection
from harness.http2 import HTTP2Client, StreamReset
from harness.responses import ClosedEarly, Malformed


class Server:
    """Answers each request with its own body, and trailers if it had some; a path /reset is reset. `raw`: bytes instead."""

    def __init__(self, context=None, raw=None):
        self.context, self.raw = context, raw
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.events = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self.listener.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            if self.context:
                peer = self.context.wrap_socket(peer, server_side=True)
            if self.raw is not None:
                peer.sendall(self.raw)
                while peer.recv(65536):
                    pass
                return
            self._speak(peer)
        except (OSError, ssl.SSLError):
            pass
        finally:
            peer.close()

    def _speak(self, peer):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        requests, waiting = {}, {}
        while True:
            peer.sendall(connection.data_to_send())
            data = peer.recv(65536)
            if not data:
                return
            try:
                events = connection.receive_data(data)
            except h2.exceptions.ProtocolError:
                peer.sendall(connection.data_to_send())
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):  # closing on unread bytes would take the last ones back
                    pass
                return
            for event in events:
                self.events.append(event)
                number = getattr(event, "stream_id", None)
                if isinstance(event, h2.events.RequestReceived):
                    requests[number] = [dict(event.headers), bytearray(), None]
                elif isinstance(event, h2.events.DataReceived):
                    requests[number][1] += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, number)
                elif isinstance(event, h2.events.TrailersReceived):
                    requests[number][2] = event.headers
                elif isinstance(event, h2.events.StreamEnded):
                    fields, body, trailers = requests[number]
                    if fields[b":path"] == b"/reset":
                        connection.reset_stream(number, frames.CANCEL)
                        continue
                    connection.send_headers(number, [(":status", "103"), ("link", "</x>")])
                    connection.send_headers(number, [(":status", "200"), ("x-path", fields[b":path"])])
                    waiting[number] = (body, trailers)
            self._send(connection, waiting)

    @staticmethod
    def _send(connection, waiting):
        for number, (body, trailers) in list(waiting.items()):
            while body and (size := min(connection.local_flow_control_window(number), 16384, len(body))):
                connection.send_data(number, bytes(body[:size]))
                del body[:size]
            if not body:
                if trailers:
                    connection.send_headers(number, [(n, v) for n, v in trailers], end_stream=True)
                else:
                    connection.end_stream(number)
                del waiting[number]


@pytest.fixture(scope="module", params=["plain", "tls"])
def server(request, tmp_path_factory):
    """A server and a function that connects to it."""
    if request.param == "plain":
        server, context = Server(), None
    else:
        authority = Authority(tmp_path_factory.mktemp("ca"))
        theirs = authority.server_context("h2", "gatehouse.test")
        theirs.set_alpn_protocols(["h2"])
        server, context = Server(theirs), http2_context(authority.client_context())
    yield server, lambda **options: HTTP2Client(Connection(server.address, context), **options)
    server.stop()


def test_exchanges(server):
    _, connect = server
    with connect() as client:
        response = client.exchange("POST", "/a?b", {"X-A": "1"}, b"hello")
        assert (response.status, response.get("x-path"), response.body) == (200, "/a?b", b"hello")
        assert [i.status for i in response.informational] == [103]
        assert client.exchange("POST", "/t", body=b"x", trailers=[("x-sum", "1")]).trailers == [("x-sum", "1")]
        assert client.get("/g").body == b""
        with pytest.raises(StreamReset) as caught:
            client.get("/reset")
        assert caught.value.code == frames.CANCEL
        client.settle()


def test_windows_are_kept_both_ways(server):
    _, connect = server
    body = os.urandom(500_000)
    with connect() as client:
        assert client.exchange("POST", "/big", body=body).body == body
    with connect(settings={frames.INITIAL_WINDOW_SIZE: 10}, credit=False) as client:
        stream = client.request("POST", "/small", body=b"x" * 25)
        client.wait(lambda: stream.body_count == 10)
        client.send_settings({frames.INITIAL_WINDOW_SIZE: 20})
        client.wait(lambda: stream.body_count == 20)
        client.grant(stream, 5)
        assert client.response(stream).body == b"x" * 25


def test_many_streams_and_numbers(server):
    _, connect = server
    with connect() as client:
        streams = [client.request("POST", f"/{n}", body=b"%d" % n) for n in range(50)]
        assert [client.response(s).body for s in streams] == [b"%d" % n for n in range(50)]
        client.next_stream = 1001
        assert client.get("/far").get("x-path") == "/far"


def test_an_error_of_the_connection_is_seen(server):
    _, connect = server
    with connect() as client:
        client.send(frames.data(1, b"x"))
        client.failed_with(frames.PROTOCOL_ERROR, frames.STREAM_CLOSED)


def answered(*pieces):
    """What a client sees that asks once and gets these bytes after proper SETTINGS."""
    server = Server(raw=frames.settings() + b"".join(pieces))
    with HTTP2Client(Connection(server.address, timeout=2)) as client:
        try:
            response = client.get("/a")
            client.closed_within(0.1)
            return response
        finally:
            server.stop()


def fields(*pairs):
    return hpack.Encoder().encode(pairs)


OK = fields((":status", "200"))


def test_a_right_answer_is_taken():
    assert answered(frames.headers(1, OK), frames.data(1, b"ok", True, padding=3)).body == b"ok"
    assert answered(frames.headers(1, OK[:1], True, False), frames.continuation(1, OK[1:])).status == 200


@pytest.mark.parametrize("pieces", [
    [frames.headers(1, fields((":status", "200"), ("Upper", "x")), True)], [frames.headers(1, fields((":status", "200"), ("connection", "close")), True)],
    [frames.headers(1, fields(("x-a", "b"), (":status", "200")), True)], [frames.headers(1, fields((":status", "200"), ("x-a", "b\r\nc")), True)],
    [frames.headers(1, fields((":status", "200"), ("content-length", "3"))), frames.data(1, b"ok", True)], [frames.data(1, b"ok", True)],
    [frames.headers(1, OK), frames.data(1, bytes(16384)) * 5], [frames.headers(1, OK), frames.headers(1, fields(("x-t", "1")))],
    [frames.headers(3, OK, True)], [frames.headers(1, OK, True, False), frames.ping()], [frames.headers(1, OK, True), frames.data(1, b"x")],
    [frames.frame(frames.DATA, 1, bytes(16385))], [frames.settings_ack() * 2], [frames.goaway(1) + frames.goaway(3)], [frames.window_update(0, 0)],
    [frames.frame(frames.PUSH_PROMISE, 1, b"\0\0\0\2" + OK, frames.END_HEADERS)]], ids=lambda pieces: str(frames.parse_header(pieces[-1][:9])))
def test_a_wrong_answer_is_noticed(pieces):
    with pytest.raises((Malformed, AssertionError)) as caught:
        response = answered(*pieces, frames.goaway(1))
        raise ClosedEarly(f"taken for {response}")
    assert not isinstance(caught.value, ClosedEarly) or "taken" not in str(caught.value), caught.value


@pytest.mark.parametrize("made, parsed", [
    (frames.data(5, b"abc", True, padding=2), "DataFrame"), (frames.headers(5, OK, padding=1, depends_on=3), "HeadersFrame"), (frames.reset(5, 8), "RstStreamFrame"),
    (frames.settings({4: 5}), "SettingsFrame"), (frames.ping(), "PingFrame"), (frames.goaway(3, 1, b"why"), "GoAwayFrame"),
    (frames.window_update(3, 9), "WindowUpdateFrame"), (frames.priority(3, 1), "PriorityFrame"), (frames.continuation(3, OK), "ContinuationFrame")])
def test_frames_are_what_hyperframe_reads(made, parsed):
    frame, length = hyperframe.frame.Frame.parse_frame_header(memoryview(made[:9]))
    frame.parse_body(memoryview(made[9:]))
    assert type(frame).__name__ == parsed and length == len(made) - 9
    assert frame.serialize() == made


def test_fields_by_hand_are_what_hpack_reads():
    pairs = [("x-a", "b" * 200), ("x-b", ""), (":path", "/x")]
    assert hpack.Decoder().decode(frames.block(pairs)) == pairs
    assert hpack.Decoder().decode(frames.indexed(2) + frames.literal(4, "/y", indexing=True) + frames.indexed(62)) == [
        (":method", "GET"), (":path", "/y"), (":path", "/y")]
    assert frames.integer(1337, 5) == b"\x1f\x9a\x0a"  # RFC 7541 C.1.2
