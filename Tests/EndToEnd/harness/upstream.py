"""A recording upstream: keeps the raw bytes of each request and answers as a test tells it to.

A thread serves each connection. It reads a request head, records it, and calls the handler that the test set for the
path (or `default`). The handler reads the body when it wants to, and answers with whole responses or with raw bytes.
"""

import json
import select
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager

import h11

from .responses import Message
from .waiting import SCALE, eventually


class Gone(Exception):
    """The gateway closed the connection."""


class Recorded(Message):
    """One request as the upstream saw it."""

    def __init__(self, head, connection):
        lines = head[:-4].split(b"\r\n")
        self.method, self.target, self.version = lines[0].decode("latin-1").split(" ")
        pairs = (line.partition(b":") for line in lines[1:])
        super().__init__([(n.decode("latin-1"), v.strip(b" \t").decode("latin-1")) for n, _, v in pairs])
        self.head = head  # raw
        self.raw_body = b""  # raw: with the chunk framing
        self.body = bytearray()
        self.body_count = 0
        self.trailers = []
        self.extensions = []  # of chunks
        self.complete = False
        self.connection = connection
        self.at = time.monotonic()

    @property
    def path(self):
        return self.target.partition("?")[0]

    def trailer(self, name):
        return [value for key, value in self.trailers if key.lower() == name.lower()]

    def __repr__(self):
        return f"<{self.method} {self.target} {self.fields} {bytes(self.body[:200])!r} complete={self.complete}>"

    def problem(self):
        """What h11, another implementation, finds wrong with these bytes. None if nothing."""
        peer = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        try:
            peer.receive_data(self.head + self.raw_body)
            while True:
                event = peer.next_event()
                if event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.EndOfMessage):
                    break
        except h11.RemoteProtocolError as error:
            return f"{error}: {self.head!r}"
        return None


class Exchange:
    """A request being handled, and the means to answer it."""

    def __init__(self, upstream, peer, number):
        self.upstream, self.socket, self.number = upstream, peer, number
        self.buffer = bytearray()
        self.request = None
        self.body_started = False
        self.closed = False
        self.keep_body = True

    # Reading

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except (OSError, ssl.SSLError) as error:
            raise Gone(str(error)) from None
        if not data:
            raise Gone("closed")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._fill()
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        self.request.raw_body += data if self.keep_body else b""
        return data

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
        return self._take(self.buffer.index(b"\r\n") + 2)[:-2]

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        end = self.buffer.index(b"\r\n\r\n") + 4
        head = bytes(self.buffer[:end])
        del self.buffer[:end]
        self.request = Recorded(head, self.number)
        self.body_started = False
        self.chunk_left = 0
        self.keep_body = True
        if "transfer-encoding" in self.request:
            self.framing, self.left = "chunked", 0
        else:
            self.framing, self.left = "length", int(self.request.all("content-length")[0]) if (
                "content-length" in self.request) else 0
            self.request.complete = self.left == 0
        return self.request

    def read_some(self):
        """Some bytes of the body, or b"" at its end. Raises Gone if the gateway goes away before that."""
        request = self.request
        if request.complete:
            return b""
        if self.framing == "length":
            if not self.buffer:
                self._fill()
            data = self._take(min(self.left, len(self.buffer)))
            self.left -= len(data)
            request.complete = self.left == 0
        else:
            if self.chunk_left == 0:
                size, _, extension = self._line().partition(b";")
                if extension:
                    request.extensions.append(extension)
                self.chunk_left = int(size, 16)
                if self.chunk_left == 0:
                    while line := self._line():
                        name, _, value = line.partition(b":")
                        request.trailers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
                    request.complete = True
                    return b""
            if not self.buffer:
                self._fill()
            data = self._take(min(self.chunk_left, len(self.buffer)))
            self.chunk_left -= len(data)
            if self.chunk_left == 0 and self._take(2) != b"\r\n":
                raise AssertionError("no CRLF after a chunk")
        request.body_count += len(data)
        if self.keep_body:
            request.body += data
        return data

    def read_body(self, keep=True):
        self.keep_body = keep
        while self.read_some():
            pass
        return bytes(self.request.body)

    def peer_closed_within(self, seconds):
        """Whether the gateway closes this connection in that time; body bytes still coming are read and dropped."""
        deadline = time.monotonic() + seconds * SCALE
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return False
            try:
                if not self.socket.recv(65536):
                    return True
            except OSError:
                return True
        return False

    # Answering

    def send(self, data):
        data = data.encode("latin-1") if isinstance(data, str) else data
        try:
            self.socket.sendall(data)
        except (OSError, ssl.SSLError) as error:
            raise Gone(str(error)) from None

    def respond(self, status=200, fields=(), body=b"", reason="OK", length=True):
        """A whole response. `length` False leaves Content-Length out (for 204 and the like)."""
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {reason}"] + [f"{n}: {v}" for n, v in fields]
        if length and not any(n.lower() in ("content-length", "transfer-encoding") for n, _ in fields):
            lines.append(f"Content-Length: {len(body)}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if self.request.method == "HEAD" else body))

    def close(self):
        self.closed = True
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def reset(self):
        self.closed = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def echo(exchange):
    """The default: reads the body and answers with what was seen, as JSON."""
    request = exchange.request
    exchange.read_body()
    seen = {"method": request.method, "target": request.target, "body": len(request.body)}
    exchange.respond(200, [("Content-Type", "application/json")], json.dumps(seen))


def answer(status=200, fields=(), body=b"", reason="OK", length=True):
    """A handler that reads the body and gives this response."""

    def handler(exchange):
        exchange.read_body()
        exchange.respond(status, fields, body, reason, length)

    return handler


def raw(data, close=False):
    """A handler that reads the body and sends these bytes."""

    def handler(exchange):
        exchange.read_body()
        exchange.send(data)
        if close:
            exchange.close()

    return handler


class Upstream:
    """Listens on loopback (or on a Unix socket at `path`), with TLS if a server `context` is given."""

    def __init__(self, port=0, path=None, context=None, default=echo, backlog=128):
        self.path, self.context, self.default = path, context, default
        self.lock = threading.Lock()
        self.handlers = {}
        self.requests = []
        self.errors = []
        self.connections = 0
        self.sockets = set()
        self.stopped = False
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", port))
            self.port = self.listener.getsockname()[1]
        self.listener.listen(backlog)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        if self.path:
            return f"unix:{self.path}"
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def on(self, path, handler):
        """Sets the handler for a path (without query); a callable that takes an Exchange."""
        self.handlers[path] = handler

    def clear(self):
        with self.lock:
            self.requests.clear()
            self.errors.clear()
            self.handlers.clear()

    def seen(self, path=None):
        with self.lock:
            return [r for r in self.requests if path is None or r.path == path]

    def only(self, path=None):
        """The one request seen (for that path), complete."""
        requests = eventually(lambda: self.seen(path), what=f"a request for {path or 'anything'} at the upstream")
        assert len(requests) == 1, f"the upstream saw {len(requests)} requests: {requests}"
        eventually(lambda: requests[0].complete, what="the end of the request body at the upstream")
        return requests[0]

    def wait(self, count=1, path=None, timeout=5.0):
        """Waits until that many requests have come; returns them."""
        eventually(lambda: len(self.seen(path)) >= count, timeout, what=f"{count} requests at the upstream")
        return self.seen(path)

    def check(self):
        """Everything that a handler or h11 found wrong with what came."""
        return self.errors + [p for r in self.seen() if r.complete and r.body_count < 1 << 20 and (p := r.problem())]

    def open_connections(self):
        with self.lock:
            return len(self.sockets)

    def stop(self):
        """Closes the listener and every connection, as a process that dies does."""
        self.stopped = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            sockets = list(self.sockets)
        for peer in sockets:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _accept(self):
        while not self.stopped:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
                self.sockets.add(peer)
            threading.Thread(target=self._serve, args=(peer, number), daemon=True).start()

    def _serve(self, plain, number):
        peer = plain
        try:
            if plain.family != socket.AF_UNIX:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                plain.settimeout(30)
                peer = self.context.wrap_socket(plain, server_side=True)
                peer.settimeout(None)
                with self.lock:
                    self.sockets.discard(plain)
                    self.sockets.add(peer)
            exchange = Exchange(self, peer, number)
            while not exchange.closed and not self.stopped:
                self._serve_one(exchange)
        except (Gone, OSError):
            pass
        except Exception as error:  # a broken test handler, or a broken request
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            with self.lock:
                self.sockets.discard(plain)
                self.sockets.discard(peer)
            try:
                peer.close()
            except OSError:
                pass

    def _serve_one(self, exchange):
        request = exchange.read_head()
        with self.lock:
            self.requests.append(request)
        self.handlers.get(request.path, self.default)(exchange)
        if not exchange.closed and not request.complete:
            exchange.close()  # the handler did not want the rest


class Gate:
    """Lets a handler wait until the test says go on."""

    def __init__(self):
        self.event = threading.Event()

    def open(self):
        self.event.set()

    def wait(self, timeout=10.0):
        return self.event.wait(timeout * SCALE)


@contextmanager
def dead_port():
    """A loopback port on which connections are refused for as long as this lasts."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))  # bound but not listening: refused, and nobody else gets it
    try:
        yield holder.getsockname()[1]
    finally:
        holder.close()


@contextmanager
def deaf_port():
    """A loopback port whose accept queue is full: connections to it hang."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    try:
        yield listener.getsockname()[1]
    finally:
        for filler in fillers:
            filler.close()
        listener.close()
