"""A WebSocket server as an API behind the gateway: the library `websockets`, with a handler for each path."""

import threading
from dataclasses import dataclass

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

LARGEST = 64 << 20


@dataclass
class Opened:
    """One connection as the server saw it: the request, and how it was closed."""

    path: str
    headers: object
    subprotocol: str | None = None
    code: int | None = None
    reason: str = ""
    done: bool = False


def echo(connection):
    for message in connection:
        connection.send(message)


class EchoServer:
    """`on(path, handler)` sets what is done with a connection; other paths get their messages back. A handler of a path
    in `refusing` is called with the request instead, before it is answered, and returns a response."""

    def __init__(self, **options):
        self.handlers, self.refusing, self.opened = {}, {}, []
        self.server = serve(self._serve, "127.0.0.1", 0, **{
            "process_request": self._answer, "select_subprotocol": self._choose, "max_size": LARGEST, "ping_interval": None,
            "close_timeout": 2, **options})
        self.port = self.server.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def on(self, path, handler):
        self.handlers[path] = handler

    def clear(self):
        self.handlers.clear()
        self.refusing.clear()
        self.opened.clear()

    def close(self):
        self.server.shutdown()
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _answer(self, connection, request):
        path = request.path.partition("?")[0]
        self.opened.append(Opened(path, request.headers))
        connection.opened = self.opened[-1]
        handler = self.refusing.get(path)
        return handler(connection, request) if handler else None

    @staticmethod
    def _choose(connection, offered):
        """The first one: what the gateway took out was not offered to this server."""
        return offered[0] if offered else None

    def _serve(self, connection):
        opened = connection.opened
        opened.subprotocol = connection.subprotocol
        try:
            self.handlers.get(opened.path, echo)(connection)
        except ConnectionClosed:
            pass
        finally:
            connection.close()
            opened.code, opened.reason, opened.done = connection.close_code, connection.close_reason, True
