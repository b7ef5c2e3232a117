"""An ASGI application in Hypercorn: an upstream that speaks HTTP/1.1, HTTP/2 and WebSocket, with TLS and without.

What it does depends on the last segment of the path, so that it works behind any route, and without a gateway too.
"""

import asyncio
import hashlib
import json
import threading
import time
from urllib.parse import parse_qs

from hypercorn.asyncio import serve
from hypercorn.config import Config

from harness.gateway import free_port
from harness.waiting import eventually

PATTERN = bytes(range(251)) * 64  # of a length that divides nothing else
PAGE = b"<!doctype html><meta charset=utf-8><title>Peers</title><link rel=icon href=data:,><h1>Peers</h1>"


def pattern(start, size):
    """That part of the endless pattern which `/bytes` sends."""
    offset = start % len(PATTERN)
    return (PATTERN * ((offset + size) // len(PATTERN) + 1))[offset:offset + size]


class Seen:
    """One request or WebSocket as the application saw it."""

    def __init__(self, scope):
        self.method, self.path, self.version = scope.get("method"), scope["path"], scope["http_version"]
        self.fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        self.subprotocols = scope.get("subprotocols", [])
        self.length, self.digest = 0, hashlib.sha256()
        self.complete = self.gone = False
        self.received = []  # what came over a WebSocket

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name]

    def document(self):
        return {"method": self.method, "path": self.path, "version": self.version, "fields": self.fields,
                "length": self.length, "sha256": self.digest.hexdigest()}


class Application:
    """The application, served until `stop`. `plain` takes HTTP/1.1 and HTTP/2 by prior knowledge, `secure` both by ALPN."""

    def __init__(self, certificate, key):
        self.plain_port, self.secure_port = free_port(), free_port()
        self.lock, self.requests = threading.Lock(), []
        config = Config()
        config.insecure_bind, config.bind = [f"127.0.0.1:{self.plain_port}"], [f"127.0.0.1:{self.secure_port}"]
        config.certfile, config.keyfile = str(certificate), str(key)
        config.alpn_protocols = ["h2", "http/1.1"]
        config.graceful_timeout, config.keep_alive_timeout, config.keep_alive_max_requests = 0.1, 120, 1 << 30
        config.include_server_header, config.websocket_max_message_size = False, 64 << 20
        config.loglevel = "CRITICAL"
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve(config)), daemon=True)
        self.thread.start()
        assert self.ready.wait(10)
        eventually(self._accepts, 10, what="Hypercorn listens")

    async def _serve(self, config):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await serve(self, config, shutdown_trigger=self.over.wait, mode="asgi")

    def _accepts(self):
        import socket
        try:
            for port in (self.plain_port, self.secure_port):
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(10)

    def clear(self):
        with self.lock:
            self.requests.clear()

    def seen(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def only(self, path):
        """The one request for that path."""
        requests = eventually(lambda: self.seen(path), what=f"a request for {path}")
        assert len(requests) == 1, [r.document() for r in requests]
        return requests[0]

    # The application

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        seen = Seen(scope)
        with self.lock:
            self.requests.append(seen)
        name = scope["path"].rpartition("/")[2]
        query = {key: values[0] for key, values in parse_qs(scope["query_string"].decode()).items()}
        if scope["type"] == "websocket":
            return await socket(seen, receive, send, **query)
        handlers = {"page": page, "bytes": some_bytes, "ticks": ticks, "duplex": duplex, "status": status, "trailers": trailers}
        await handlers.get(name, echo)(seen, receive, send, **query)


async def start(send, status=200, fields=(), **more):
    await send({"type": "http.response.start", "status": status, "headers": [(n.encode(), str(v).encode()) for n, v in fields], **more})


async def body(send, data=b"", more=False):
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def chunks(seen, receive):
    """The pieces of the request's body as they come. Ends early, with `seen.gone`, if the client goes."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            seen.gone = True
            return
        if data := message.get("body", b""):
            seen.length += len(data)
            seen.digest.update(data)
            yield data
        if not message.get("more_body", False):
            seen.complete = True
            return


async def echo(seen, receive, send, **_):
    """What was seen, as JSON; the body only as its length and digest."""
    async for _ in chunks(seen, receive):
        pass
    text = json.dumps(seen.document()).encode()
    await start(send, 200, [("content-type", "application/json"), ("content-length", len(text))])
    await body(send, text)


async def page(seen, receive, send, **_):
    await start(send, 200, [("content-type", "text/html"), ("content-length", len(PAGE))])
    await body(send, PAGE)


async def status(seen, receive, send, code="200", **_):
    async for _ in chunks(seen, receive):
        pass
    await start(send, int(code), [("x-code", code)])
    await body(send)


async def some_bytes(seen, receive, send, count="0", chunk="65536", length="yes", **_):
    count, sent = int(count), 0
    fields = [("content-type", "application/octet-stream")] + ([("content-length", count)] if length == "yes" else [])
    await start(send, 200, fields)
    if seen.method == "HEAD":
        return await body(send)
    while sent < count:
        size = min(int(chunk), count - sent)
        await body(send, pattern(sent, size), True)
        sent += size
    await body(send)


async def ticks(seen, receive, send, count="10", every="0.05", **_):
    """Server-sent events: each has the clock's reading when it was sent. `count` 0 never ends; then `gone` is set at a cancel."""
    await start(send, 200, [("content-type", "text/event-stream"), ("cache-control", "no-cache")])
    async def watch():
        async for _ in chunks(seen, receive):
            pass
        if not seen.gone and (await receive())["type"] == "http.disconnect":
            seen.gone = True
    watching = asyncio.create_task(watch())
    number = 0
    while (number < int(count) or count == "0") and not seen.gone:
        number += 1
        await body(send, f"id: {number}\ndata: {time.monotonic()}\n\n".encode(), True)
        await asyncio.sleep(float(every))
    if not seen.gone:
        await body(send)
    watching.cancel()


async def duplex(seen, receive, send, **_):
    """Each piece of the body goes back as soon as it comes."""
    await start(send, 200, [("content-type", "application/octet-stream")])
    await body(send, b"", True)
    async for data in chunks(seen, receive):
        await body(send, data, True)
    if not seen.gone:
        await body(send)


async def trailers(seen, receive, send, **_):
    await start(send, 200, [("content-type", "text/plain"), ("trailer", "x-digest")], trailers=True)
    await body(send, b"body")
    await send({"type": "http.response.trailers", "headers": [(b"x-digest", b"abc")], "more_trailers": False})


async def socket(seen, receive, send, refuse="", **_):
    """A WebSocket that says what it hears. `close CODE REASON` closes it, `flood COUNT SIZE` sends that many messages."""
    message = await receive()
    if refuse:
        return await send({"type": "websocket.close", "code": 1000})  # 403 to the upgrade
    chosen = next((p for p in seen.subprotocols if p.startswith("notes.")), None)
    await send({"type": "websocket.accept", "subprotocol": chosen, "headers": [(b"x-accepted", b"yes")]})
    while (message := await receive())["type"] == "websocket.receive":
        heard = message["text"] if message.get("text") is not None else message["bytes"]
        seen.received.append(heard)
        words = heard.split() if isinstance(heard, str) else []
        if words[:1] == ["close"]:
            return await send({"type": "websocket.close", "code": int(words[1]), "reason": " ".join(words[2:])})
        if words[:1] == ["flood"]:
            for number in range(int(words[1])):
                await send({"type": "websocket.send", "bytes": pattern(number, int(words[2]))})
        elif isinstance(heard, str):
            await send({"type": "websocket.send", "text": heard})
        else:
            await send({"type": "websocket.send", "bytes": heard})
    seen.gone = True
