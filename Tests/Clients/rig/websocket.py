"""A WebSocket client that blocks its caller: the asyncio client of `websockets`, on a loop in a thread of its own.

The library's own blocking client writes in one thread and reads in another. Python's `ssl` takes that badly: when a session
ticket of TLS 1.3 is read at the moment the request is written, one of them is lost (about once in a thousand connections,
whichever server is at the other end).
"""

import asyncio
import functools
import socket
import struct
import threading

from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosedOK


@functools.cache
def _loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def _wait(coroutine, timeout=None):
    """What the coroutine returns or raises; `TimeoutError` after `timeout` seconds."""
    return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout), _loop()).result()


class WebSocket:
    def __init__(self, connection):
        self.connection = connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        """Messages until the server closes with 1000 or 1001; another end is raised."""
        while True:
            try:
                yield self.recv()
            except ConnectionClosedOK:
                return

    def send(self, message):
        """Sends one message; a list is sent as its fragments."""
        _wait(self.connection.send(message))

    def recv(self, timeout=None):
        return _wait(self.connection.recv(), timeout)

    def ping(self, data, timeout):
        """Returns when the pong is there."""
        async def there_and_back():
            await (await self.connection.ping(data))
        _wait(there_and_back(), timeout)

    def close(self, code=1000, reason=""):
        _wait(self.connection.close(code, reason))

    def vanish(self):
        """Resets the TCP connection."""
        async def abort():
            transport = self.connection.transport
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        _wait(abort())

    @property
    def subprotocol(self):
        return self.connection.subprotocol

    @property
    def extensions(self):
        return self.connection.protocol.extensions

    @property
    def close_code(self):
        return self.connection.close_code

    @property
    def close_reason(self):
        return self.connection.close_reason


def connect(**options):
    """Takes what `websockets.asyncio.client.connect` takes, and raises what it raises."""
    async def opened():
        return await connect_async(**options)
    return WebSocket(_wait(opened()))
