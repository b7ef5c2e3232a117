"""A client that sends exactly the bytes it is told to, when it is told to.

TLS runs over memory buffers (`ssl.SSLObject`), so that a test decides when records leave, can stall a handshake, can
end the TLS stream without the TCP stream (a half-close) and the reverse, and can reset the connection.
"""

import select
import socket
import ssl
import struct
import time

from .responses import ClosedEarly, CHUNK_SIZE, Malformed, body_framing, parse_fields, parse_head
from .waiting import SCALE

HOST = "gatehouse.test"


class Connection:
    """One connection. `address` is (host, port) or the path of a Unix socket; `context` None means no TLS."""

    def __init__(self, address, context=None, server_name=HOST, timeout=10.0, session=None, receive_buffer=None,
                 source=None):
        self.timeout = timeout * SCALE
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(self.timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.ended = False  # the peer's stream is over
        self.was_reset = False
        self.tls = None
        if context is not None:
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_name, session=session)
            self.handshake()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # TLS

    def handshake(self):
        try:
            while True:
                try:
                    self.tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    self._flush()
                    if not self._feed():
                        raise ConnectionResetError("closed during the handshake")
            self._flush()
        except BaseException:
            self._flush(quiet=True)
            self.socket.close()
            raise

    def _flush(self, quiet=False):
        data = self.outgoing.read()
        if data:
            try:
                self.socket.sendall(data)
            except OSError:
                if not quiet:
                    raise

    def _feed(self):
        data = self.socket.recv(65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()
        return bool(data)

    # Sending

    def send(self, data):
        """Sends all of `data`; blocks while the peer does not read."""
        if isinstance(data, str):
            data = data.encode("latin-1")
        if self.tls is None:
            self.socket.sendall(data)
            return
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view[:16384]):]
            self._flush()

    def send_available(self, data):
        """Sends what the kernel takes at once; returns how much of `data` that was (at least in whole TLS records)."""
        sent = 0
        view = memoryview(data)
        while sent < len(view):
            if not select.select([], [self.socket], [], 0.25)[1]:
                return sent
            self.send(view[sent:sent + 16384])
            sent += min(16384, len(view) - sent)
        return sent

    def send_slowly(self, data, size=1, pause=0.01):
        for start in range(0, len(data), size):
            self.send(data[start:start + size])
            time.sleep(pause)

    def half_close(self, tls=True, tcp=True):
        """Ends our side only: the TLS stream by close_notify, the TCP stream by FIN."""
        if self.tls is not None and tls:
            try:
                self.tls.unwrap()
            except (ssl.SSLWantReadError, ssl.SSLError):
                pass
            self._flush()
        if tcp:
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Closes with RST, as a process that died or a NAT that forgot does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    # Receiving

    def receive(self, timeout=None):
        """Some bytes, or b"" at the end of the peer's stream. Raises TimeoutError."""
        self.socket.settimeout(self.timeout if timeout is None else max(timeout, 0.001))
        try:
            return self._receive()
        except ConnectionError:
            self.was_reset = True
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            pass
        except ssl.SSLError:  # a fatal alert
            self.was_reset = True
        finally:
            if self.socket.fileno() >= 0:
                self.socket.settimeout(self.timeout)
        self.ended = True
        return b""

    def _receive(self):
        if self.tls is None:
            data = self.socket.recv(65536)
            self.ended = self.ended or not data
            return data
        while True:
            try:
                data = self.tls.read(65536)
                self.ended = self.ended or not data
                return data
            except ssl.SSLWantReadError:
                self._flush()
                self._feed()

    def fill(self, timeout=None):
        data = self.receive(timeout)
        self.buffer += data
        return bool(data)

    def _line(self):
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise ClosedEarly("closed within a chunked body")
        line, _, rest = bytes(self.buffer).partition(b"\r\n")
        self.buffer = bytearray(rest)
        return line

    def _take(self, count, into):
        while count:
            if not self.buffer and not self.fill():
                raise ClosedEarly(f"closed {count} bytes before the end")
            piece = self.buffer[:count]
            del self.buffer[:count]
            into += piece
            count -= len(piece)

    def read_head(self):
        """The next response head, informational ones too."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                raise ClosedEarly(f"closed before the response head; got {bytes(self.buffer)!r}")
        end = self.buffer.index(b"\r\n\r\n") + 4
        raw = bytes(self.buffer[:end])
        del self.buffer[:end]
        return parse_head(raw)

    def read_response(self, method="GET"):
        """The next final response, complete, with the informational ones before it."""
        informational = []
        while True:
            response = self.read_head()
            kind, length = body_framing(response, method)
            if response.status >= 200:
                break
            informational.append(response)
        response.informational = informational
        response.framing = kind
        self.read_body(response, kind, length)
        return response

    def read_body(self, response, kind, length):
        body = bytearray()
        try:
            if kind == "length":
                self._take(length, body)
            elif kind == "chunked":
                self._read_chunks(response, body)
            elif kind == "close":
                while self.fill():
                    pass
                body += self.buffer
                self.buffer.clear()
        except ClosedEarly as error:
            error.partial = response
            raise
        finally:
            response.body = bytes(body)

    def _read_chunks(self, response, body):
        while True:
            line = self._line()
            if not CHUNK_SIZE.match(line):
                raise Malformed(f"chunk size {line!r}")
            if int(line, 16) == 0:
                break
            self._take(int(line, 16), body)
            end = bytearray()
            self._take(2, end)
            if end != b"\r\n":
                raise Malformed("no CRLF after a chunk")
        lines = []
        while line := self._line():
            lines.append(line)
        response.trailers = parse_fields(lines)

    def read_to_end(self, timeout=None):
        """Everything until the peer closes."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while self.fill(deadline - time.monotonic()):
            pass
        data = bytes(self.buffer)
        self.buffer.clear()
        return data

    def is_closed_within(self, seconds):
        """Whether the peer ends the stream in that time. Anything it sends before that is kept."""
        deadline = time.monotonic() + seconds * SCALE
        try:
            while not self.ended:
                self.fill(deadline - time.monotonic())
        except TimeoutError:
            return False
        return True

    def is_quiet_for(self, seconds):
        """Whether the peer neither sends nor closes in that time."""
        try:
            self.fill(seconds)
        except TimeoutError:
            return True
        return False

    def request(self, method, target, fields=(), body=None, host=HOST):
        """Sends a plain request and reads the answer."""
        self.send(request_bytes(method, target, fields, body, host))
        return self.read_response(method)


def request_bytes(method, target, fields=(), body=None, host=HOST, version="HTTP/1.1"):
    """A request as bytes. `host` None leaves Host out; a body gets a Content-Length."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in (fields.items() if isinstance(fields, dict) else fields)]
    if body is not None:
        body = body.encode() if isinstance(body, str) else body
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def chunked(*pieces, trailers=(), extension=""):
    """A chunked body as bytes."""
    out = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension.encode(), p) for p in pieces if p)
    return out + b"0\r\n" + b"".join(f"{n}: {v}\r\n".encode("latin-1") for n, v in trailers) + b"\r\n"
