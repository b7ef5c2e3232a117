"""What the streams are held with: an upstream, in a process of its own, that sends WebSocket messages back and publishes
an event a second to each event stream. One thread and one epoll set, so that it costs little beside what is measured."""

import base64
import hashlib
import heapq
import multiprocessing
import os
import random
import re
import select
import signal
import socket
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = re.compile(rb"\r\nsec-websocket-key: *([^\r]+)\r\n", re.I)
EVENTS = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n"
          b"\r\n")
PAYLOAD = 64  # bytes of a message: a time in nanoseconds, filled up


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def stamped():
    """A message that says when it was made."""
    return (b"%d " % time.monotonic_ns()).ljust(PAYLOAD, b".")


def event():
    text = b"data: " + stamped() + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(text), text)


def unmasked(buffer):
    """Takes the whole frames off the front of a client's stream; yields (first byte, payload)."""
    while len(buffer) >= 6:
        length = buffer[1] & 0x7F
        if length > 125:
            raise ValueError("only small frames are expected here")
        if len(buffer) < 6 + length:
            return
        mask = int.from_bytes((bytes(buffer[2:6]) * 32)[:length], "big")
        yield buffer[0], (int.from_bytes(buffer[6:6 + length], "big") ^ mask).to_bytes(length, "big")
        del buffer[:6 + length]


class Publisher:
    """Serves on a free port until it is closed."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.process = multiprocessing.get_context("fork").Process(target=serve, args=(self.listener,), daemon=True)
        self.process.start()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join()


class _Peer:
    def __init__(self, connection):
        self.socket, self.buffer, self.kind = connection, bytearray(), None

    def readable(self):
        """Whether the connection goes on."""
        data = self.socket.recv(65536)
        if not data:
            return False
        self.buffer += data
        if self.kind is None and b"\r\n\r\n" in self.buffer:
            self._begin()
        if self.kind == "messages":
            for first, payload in unmasked(self.buffer):
                if first & 0xF == 8:
                    return False
                self.socket.send(bytes([first, len(payload)]) + payload)
        return True

    def _begin(self):
        end = self.buffer.index(b"\r\n\r\n") + 4
        head = bytes(self.buffer[:end])
        del self.buffer[:end]
        if key := KEY.search(head):
            self.kind = "messages"
            self.socket.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             b"Sec-WebSocket-Accept: " + accept_key(key[1].strip()) + b"\r\n\r\n")
        else:
            self.kind = "events"
            self.socket.send(EVENTS + event())


def serve(listener):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    poll, peers, due = select.epoll(), {}, []
    poll.register(listener, select.EPOLLIN)
    parent = os.getppid()
    while os.getppid() == parent:
        now = time.monotonic()
        while due and due[0][0] <= now:
            at, descriptor, peer = heapq.heappop(due)
            if peers.get(descriptor) is peer:
                _quietly(peer.socket.send, event())
                heapq.heappush(due, (at + 1, descriptor, peer))
        for descriptor, _ in poll.poll(max(0, min(due[0][0] - now, 1)) if due else 1):
            if descriptor == listener.fileno():
                connection, _ = listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poll.register(connection, select.EPOLLIN)
                peers[connection.fileno()] = _Peer(connection)
                continue
            peer = peers[descriptor]
            had = peer.kind
            try:
                goes_on = peer.readable()
            except OSError:
                goes_on = False
            if not goes_on:
                poll.unregister(descriptor)
                del peers[descriptor]
                peer.socket.close()
            elif had is None and peer.kind == "events":
                heapq.heappush(due, (time.monotonic() + random.random(), descriptor, peer))


def _quietly(function, *arguments):
    try:
        function(*arguments)
    except OSError:
        pass
