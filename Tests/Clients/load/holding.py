"""Many WebSockets or event streams held by one thread, over HTTP/1.1 or HTTP/2."""

import itertools
import os
import re
import select
import socket
import ssl
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RemoteSettingsChanged, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes

from harness.client import HOST, request_bytes
from harness.tokens import bearer
from harness.waiting import SCALE

from .publisher import PAYLOAD, stamped

KINDS = ("messages", "events", "h2_messages", "h2_events")
SHARED = 50  # streams on one HTTP/2 connection
STAMP = re.compile(rb"(\d{9,}) ")
SAMPLE = 5  # seconds between looks at the memory
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class Ended(Exception):
    """A stream that should have been held has ended, or never began."""


def frame():
    """A binary message from a client, masked (RFC 6455 §5.2)."""
    mask, payload = os.urandom(4), stamped()
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask * (PAYLOAD // 4), "big")
    return bytes([0x82, 0x80 | PAYLOAD]) + mask + masked.to_bytes(PAYLOAD, "big")


class Stream:
    """One stream's bytes so far, and what came of it."""

    def __init__(self):
        self.buffer, self.sent, self.received = bytearray(), 0, 0

    def arrived(self, data, delays):
        now, end = time.monotonic_ns(), 0
        self.buffer += data
        for found in STAMP.finditer(self.buffer):
            delays.append((now - int(found[1])) / 1e9)
            self.received += 1
            end = found.end()
        del self.buffer[:end]


class Connection:
    def __init__(self, address, context):
        plain = socket.create_connection(address, 20 * SCALE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=HOST)

    def available(self):
        """What can be read without waiting."""
        pieces = []
        try:
            while data := self.socket.recv(65536):
                pieces.append(data)
            raise Ended("the connection was closed")
        except ssl.SSLWantReadError:
            return b"".join(pieces)

    def close(self):
        self.socket.close()


class Line(Connection):
    """HTTP/1.1: one stream on a connection of its own."""

    def __init__(self, address, context, token, messages, count=1):
        super().__init__(address, context)
        stream, head = Stream(), b""
        self.streams = [stream]
        self.socket.sendall(request_bytes("GET", "/stream/x", bearer(token) | (UPGRADE if messages else {})))
        while b"\r\n\r\n" not in head:
            data = self.socket.recv(65536)
            head += data
            if not data:
                raise Ended(f"no answer: {head!r}")
        if head[9:12] != (b"101" if messages else b"200"):
            raise Ended(head)
        stream.buffer += head.partition(b"\r\n\r\n")[2]
        self.socket.setblocking(False)

    def send(self, stream, data):
        self.socket.send(data)

    def receive(self, delays):
        self.streams[0].arrived(self.available(), delays)


class SharedLine(Connection):
    """HTTP/2: `count` streams on one connection; WebSockets by extended CONNECT (RFC 8441)."""

    def __init__(self, address, context, token, messages, count):
        super().__init__(address, context)
        if self.socket.selected_alpn_protocol() != "h2":
            raise Ended("the server does not speak HTTP/2")
        self.http2 = H2Connection(H2Configuration(client_side=True, header_encoding=None, validate_inbound_headers=False))
        self.http2.initiate_connection()
        self.answered, self.settled, self.by_number = set(), False, {}
        self._flush()
        fields = [(":scheme", "https"), (":authority", HOST), (":path", "/stream/x"), ("authorization", f"Bearer {token}")]
        fields = ([(":method", "CONNECT"), (":protocol", "websocket")] + fields + [("sec-websocket-version", "13")] if messages
                  else [(":method", "GET")] + fields)
        self._until(lambda: self.settled)
        if messages and not self.http2.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL):
            raise Ended("the server offers no extended CONNECT")
        for _ in range(count):
            number = self.http2.get_next_available_stream_id()
            self.by_number[number] = Stream()
            self.by_number[number].number = number
            self.http2.send_headers(number, fields, end_stream=not messages)
        self._flush()
        self._until(lambda: len(self.answered) == count)
        self.streams = list(self.by_number.values())
        self.socket.setblocking(False)

    def _until(self, condition):
        while not condition():
            data = self.socket.recv(65536)
            if not data:
                raise Ended("closed before all streams had begun")
            self._arrived(data, [])

    def _flush(self):
        if data := self.http2.data_to_send():
            self.socket.sendall(data)

    def _arrived(self, data, delays):
        for event in self.http2.receive_data(data):
            if isinstance(event, DataReceived):
                self.by_number[event.stream_id].arrived(event.data, delays)
                self.http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, ResponseReceived):
                status = dict(event.headers)[b":status"]
                if status != b"200":
                    raise Ended(f"status {status}")
                self.answered.add(event.stream_id)
            elif isinstance(event, RemoteSettingsChanged):
                self.settled = True
            elif isinstance(event, (StreamEnded, StreamReset, ConnectionTerminated)):
                raise Ended(event)
        self._flush()

    def send(self, stream, data):
        self.http2.send_data(stream.number, data)
        self._flush()

    def receive(self, delays):
        self._arrived(self.available(), delays)


class Holder:
    """`count` streams of a kind, all open. `hold` lets time go by; `delays` are those of all messages that came, in seconds."""

    def __init__(self, kind, count, address, site, seconds):
        self.messages, shared = "messages" in kind, kind.startswith("h2_")
        context = site.authority.client_context(alpn=["h2"] if shared else ["http/1.1"])
        token = site.issuer.token(exp=int(time.time() + seconds + 600))
        size = SHARED if shared else 1
        self.lines = [(SharedLine if shared else Line)(address, context, token, self.messages, min(size, count - first))
                      for first in range(0, count, size)]
        self.streams = [(line, stream) for line in self.lines for stream in line.streams]
        self.poll, self.by_descriptor = select.epoll(), {}
        for line in self.lines:
            self.poll.register(line.socket, select.EPOLLIN)
            self.by_descriptor[line.socket.fileno()] = line
        now = time.monotonic()
        self.due = [(now + number / count, *pair) for number, pair in enumerate(self.streams)] if self.messages else []
        self.forget()

    def forget(self):
        """Begins to count anew."""
        self.delays, self.begin = [], time.monotonic()
        for _, stream in self.streams:
            stream.sent = stream.received = 0

    def hold(self, seconds, sample=lambda: None):
        end, next_sample = time.monotonic() + seconds, time.monotonic() + min(SAMPLE, seconds / 2)
        while (now := time.monotonic()) < end:
            if now >= next_sample:
                sample()
                next_sample += SAMPLE
            ready = itertools.takewhile(lambda item: item[0] <= now, self.due)
            for at, line, stream in list(ready):
                line.send(stream, frame())
                stream.sent += 1
                self.due.append((self.due.pop(0)[0] + 1, line, stream))
            until = min(end, next_sample, self.due[0][0] if self.due else end)
            for descriptor, _ in self.poll.poll(max(0, until - time.monotonic())):
                self.by_descriptor[descriptor].receive(self.delays)

    def lost(self):
        """How many messages should have come and have not, those of the last second not counted."""
        due = int(time.monotonic() - self.begin) - 1
        return sum(max(0, (stream.sent - 1 if self.messages else due) - stream.received) for _, stream in self.streams)

    def close(self):
        for line in self.lines:
            line.close()
