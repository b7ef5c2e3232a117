"""Both ends of an upgraded connection. What is in it are opaque bytes to the gateway, so hardly any test needs frames."""

import base64
import hashlib
import os

from .client import HOST, request_bytes
from .http2 import request_fields

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def accept(key):
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def handshake(target, fields=(), key=KEY, host=HOST, upgrade="websocket"):
    """A WebSocket handshake of HTTP/1.1 as bytes."""
    own = [("Connection", "Upgrade"), ("Upgrade", upgrade), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", key)]
    return request_bytes("GET", target, own + list(fields.items() if isinstance(fields, dict) else fields), host=host)


def open_tunnel(connection, target, fields=(), **options):
    """Sends the handshake and returns the answer, which must be 101."""
    connection.send(handshake(target, fields, **options))
    response = connection.read_head()
    assert response.status == 101, (response.status, response.fields)
    return response


def connect_fields(target, fields=(), protocol="websocket", host=HOST):
    """The field list of an extended CONNECT (RFC 8441)."""
    own = {"sec-websocket-version": "13"} | dict(fields)
    pseudo, rest = request_fields("CONNECT", target, own, host)[:4], request_fields("CONNECT", target, own, host)[4:]
    return pseudo[:1] + [(":protocol", protocol)] + pseudo[1:] + rest


def open_stream(client, target, fields=(), **options):
    """An extended CONNECT on an HTTP/2 connection; returns its stream, with its answer."""
    stream = client.open("CONNECT")
    client.send_headers(stream, connect_fields(target, fields, **options), end=False)
    client.response_head(stream)
    return stream


def read_exactly(connection, count):
    while len(connection.buffer) < count:
        assert connection.fill(), f"closed after {bytes(connection.buffer)[:100]!r}"
    data = bytes(connection.buffer[:count])
    del connection.buffer[:count]
    return data


class Tunnel:
    """The upstream's end."""

    def __init__(self, exchange):
        self.exchange, self.socket = exchange, exchange.socket

    def read(self):
        """Some bytes, or b"" at the end."""
        if self.exchange.buffer:
            data = bytes(self.exchange.buffer)
            self.exchange.buffer.clear()
            return data
        try:
            return self.socket.recv(65536)
        except OSError:
            return b""

    def read_exactly(self, count):
        data = b""
        while len(data) < count and (piece := self.read()):
            data += piece
        self.exchange.buffer[:0] = data[count:]
        return data[:count]

    def read_to_end(self):
        pieces = []
        while piece := self.read():
            pieces.append(piece)
        return b"".join(pieces)

    def send(self, data):
        self.exchange.send(data)


def switch(exchange, fields=(), protocol="websocket", accepted=None, more=b""):
    """Answers 101."""
    key = exchange.request.get("sec-websocket-key")
    lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", f"Upgrade: {protocol}"]
    if accepted or key:
        lines.append(f"Sec-WebSocket-Accept: {accepted or accept(key)}")
    lines += [f"{n}: {v}" for n, v in fields]
    exchange.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + more)
    return Tunnel(exchange)


def tunnel(serve, **options):
    """A handler that switches, calls `serve` with the upstream's end, and closes."""

    def handler(exchange):
        end = switch(exchange, **options)
        try:
            serve(end)
        finally:
            exchange.close()

    return handler


def echo(end):
    while data := end.read():
        end.send(data)


def noise(count):
    return os.urandom(count)
