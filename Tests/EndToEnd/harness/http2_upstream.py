"""An upstream that speaks HTTP/2, made with `h2`: by prior knowledge, or with TLS by ALPN.

Each connection has a thread that reads, and each request a thread that runs the handler that the test set for its path
(or `default`). `h2` checks every frame and field that the gateway sends; what it finds wrong is in `errors`.
"""

import json
import socket
import ssl
import threading
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from . import frames
from .responses import Message
from .waiting import SCALE, eventually


class Gone(Exception):
    """The gateway reset the stream or closed the connection."""


class Exchange(Message):
    """One request, and the means to answer it."""

    def __init__(self, connection, number, fields):
        pairs = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in fields]
        self.pseudo = dict(p for p in pairs if p[0].startswith(":"))
        super().__init__([p for p in pairs if not p[0].startswith(":")])
        self.connection, self.stream = connection, number
        self.method, self.target = self.pseudo.get(":method"), self.pseudo.get(":path", "")
        self.authority, self.scheme = self.pseudo.get(":authority"), self.pseudo.get(":scheme")
        self.pieces, self.body_count, self.trailers = [], 0, []
        self.complete, self.reset = False, None
        self.credits = True  # windows open again as the body is read
        self.at = time.monotonic()

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def body(self):
        return b"".join(self.pieces)

    # Reading

    def wait(self, condition, what, timeout=10.0):
        with self.connection.changed:
            if not self.connection.changed.wait_for(lambda: condition() or self.reset is not None or self.connection.closed, timeout * SCALE):
                raise AssertionError(f"not within {timeout} s: {what}")
            if not condition():
                raise Gone(f"stream {self.stream}: reset {self.reset}")

    def read_body(self, keep=True):
        self.keep = keep
        self.wait(lambda: self.complete, "the end of a request body")
        return self.body

    def credit(self, count):
        """Opens the windows for bytes that came while `credits` was off."""
        with self.connection.changed:
            self.connection.session.acknowledge_received_data(count, self.stream)
            self.connection.flush()

    # Answering

    def head(self, status=200, fields=(), end=False):
        with self.connection.changed:
            self._check()
            self.connection.session.send_headers(self.stream, [(":status", str(status)), *fields], end_stream=end)
            self.connection.flush()

    def send(self, data, end=False):
        """Sends data as the windows allow."""
        connection = self.connection
        rest = memoryview(data)
        while True:
            with connection.changed:
                connection.changed.wait_for(lambda: self.reset is not None or connection.closed or not rest or self._room() > 0, 30 * SCALE)
                self._check()
                piece = rest[: min(self._room(), connection.session.max_outbound_frame_size)] if rest else rest
                rest = rest[len(piece) :]
                connection.session.send_data(self.stream, bytes(piece), end_stream=end and not rest)
                connection.flush()
            if not rest:
                return

    def finish(self, trailers=None):
        with self.connection.changed:
            self._check()
            if trailers:
                self.connection.session.send_headers(self.stream, trailers, end_stream=True)
            else:
                self.connection.session.end_stream(self.stream)
            self.connection.flush()

    def respond(self, status=200, fields=(), body=b"", trailers=None):
        body = body.encode() if isinstance(body, str) else body
        self.head(status, fields, end=not body and not trailers)
        if body:
            self.send(body, end=not trailers)
        if trailers:
            self.finish(trailers)

    def cancel(self, code=h2.errors.ErrorCodes.INTERNAL_ERROR):
        with self.connection.changed:
            self._check()
            self.connection.session.reset_stream(self.stream, code)
            self.connection.flush()

    def _room(self):
        return self.connection.session.local_flow_control_window(self.stream) if self.reset is None else 0

    def _check(self):
        if self.reset is not None or self.connection.closed:
            raise Gone(f"stream {self.stream}: reset {self.reset}")


def echo(exchange):
    """The default: reads the body and answers with what was seen, as JSON."""
    body = exchange.read_body()
    seen = {"method": exchange.method, "target": exchange.target, "body": len(body)}
    exchange.respond(200, [("content-type", "application/json")], json.dumps(seen))


class SecureSocket:
    """TLS on a socket from which one thread reads while others write; an `SSLSocket` is not made for that.

    OpenSSL works on bytes in memory, under a lock that nobody holds while the socket makes them wait.
    """

    def __init__(self, plain, context):
        self.plain, self.lock, self.sending = plain, threading.Lock(), threading.Lock()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self._read(self.tls.do_handshake)

    def _read(self, step):
        """Calls `step` until it has all that it needs from the peer."""
        while True:
            try:
                with self.lock:
                    return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                self._flush()
            data = self.plain.recv(65536)
            with self.lock:
                self.incoming.write(data) if data else self.incoming.write_eof()

    def _flush(self):
        with self.sending:
            with self.lock:
                data = self.outgoing.read()
            self.plain.sendall(data)

    def recv(self, count):
        return self._read(lambda: self.tls.read(count))

    def sendall(self, data):
        for start in range(0, len(data), 16384):
            with self.lock:
                self.tls.write(data[start : start + 16384])
            self._flush()

    def selected_alpn_protocol(self):
        return self.tls.selected_alpn_protocol()

    def shutdown(self, how):
        self.plain.shutdown(how)

    def close(self):
        self.plain.close()


class ServerConnection:
    def __init__(self, upstream, peer, number):
        self.upstream, self.socket, self.number = upstream, peer, number
        self.session = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self.changed = threading.Condition(threading.RLock())
        self.exchanges = {}
        self.closed = False
        self.last_stream = None  # after a farewell
        self.goaway = None  # the code that the gateway closed with

    def flush(self):
        """Call with `changed` held."""
        data = self.session.data_to_send()
        if data:
            self.raw(data)

    def raw(self, data):
        try:
            self.socket.sendall(data)
        except (OSError, ssl.SSLError):
            self.closed = True
            self.changed.notify_all()

    def farewell(self):
        """Says that no more streams are taken; those that have begun go on. `h2` would end them."""
        with self.changed:
            self.last_stream = max(self.exchanges)
            self.raw(frames.goaway(self.last_stream))

    def cut(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def serve(self):
        with self.changed:
            for name, value in self.upstream.settings.items():
                self.session.local_settings[name] = value
            self.session.local_settings.acknowledge()
            self.session.initiate_connection()
            self.flush()
        try:
            while not self.closed:
                data = self.socket.recv(65536)
                if not data:
                    break
                with self.changed:
                    for event in self.session.receive_data(data):
                        self._handle(event)
                    self.flush()
                    self.changed.notify_all()
        except h2.exceptions.ProtocolError as error:
            self.upstream.errors.append(f"{type(error).__name__}: {error}")
            with self.changed:
                self.flush()
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.changed:
                self.closed = True
                self.changed.notify_all()
            self.socket.close()

    def _handle(self, event):
        exchange = self.exchanges.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RequestReceived):
            if self.last_stream is not None and event.stream_id > self.last_stream:
                return
            exchange = Exchange(self, event.stream_id, event.headers)
            self.exchanges[event.stream_id] = exchange
            self.upstream.began(exchange)
        elif isinstance(event, h2.events.DataReceived) and exchange:
            exchange.body_count += len(event.data)
            if getattr(exchange, "keep", True):
                exchange.pieces.append(event.data)
            if exchange.credits and self.upstream.credits:
                self.session.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived) and exchange:
            exchange.trailers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers]
        elif isinstance(event, h2.events.StreamEnded) and exchange:
            exchange.complete = True
        elif isinstance(event, h2.events.StreamReset) and exchange:
            exchange.reset = event.error_code
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code


class HTTP2Upstream:
    """Listens on loopback, with TLS if a server `context` is given. `settings` are sent to the gateway."""

    def __init__(self, context=None, settings=None, default=echo):
        self.context, self.default = context, default
        self.settings = settings or {}
        self.credits = True
        if context:
            context.set_alpn_protocols(["h2"])
        self.lock = threading.Lock()
        self.handlers, self.requests, self.errors, self.connections = {}, [], [], []
        self.stopped = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self.context else 'h2c'}://127.0.0.1:{self.port}"

    def on(self, path, handler):
        self.handlers[path] = handler

    def seen(self, path=None):
        with self.lock:
            return [r for r in self.requests if path is None or r.path == path]

    def only(self, path=None):
        requests = self.wait(1, path)
        assert len(requests) == 1, f"the upstream saw {len(requests)} requests"
        eventually(lambda: requests[0].complete, what="the end of the request body at the upstream")
        return requests[0]

    def wait(self, count=1, path=None, timeout=5.0):
        eventually(lambda: len(self.seen(path)) >= count, timeout, what=f"{count} requests at the upstream")
        return self.seen(path)

    def began(self, exchange):
        with self.lock:
            self.requests.append(exchange)
        threading.Thread(target=self._run, args=(exchange,), daemon=True).start()

    def stop(self):
        self.stopped = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in list(self.connections):
            connection.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _run(self, exchange):
        try:
            self.handlers.get(exchange.path, self.default)(exchange)
        except Gone:
            pass
        except Exception as error:  # a broken test handler
            self.errors.append(f"{type(error).__name__}: {error}")

    def _accept(self):
        while not self.stopped:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                peer = SecureSocket(peer, self.context)
            with self.lock:
                connection = ServerConnection(self, peer, len(self.connections) + 1)
                self.connections.append(connection)
            if self.context and peer.selected_alpn_protocol() != "h2":
                self.errors.append("the gateway did not offer h2")
                peer.close()
                return
            connection.serve()
        except (OSError, ssl.SSLError):
            pass
