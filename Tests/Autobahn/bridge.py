"""Lets a client that speaks only HTTP/1.1 reach a server by WebSocket over HTTP/2 (RFC 8441).

It takes the client's opening handshake, makes an extended CONNECT of it on an HTTP/2 connection of its own, answers the
handshake itself, and from there carries bytes both ways, unchanged, within the windows of flow control. An end or a reset
on one side becomes the same on the other.
"""

import asyncio
import base64
import hashlib
import threading

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RemoteSettingsChanged, ResponseReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import ProtocolError

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CARRIED = ("sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions", "origin")
ANSWERED = ("sec-websocket-protocol", "sec-websocket-extensions")
PIECE = 65536


class Bridge:
    """Listens on loopback at `port`, in a thread of its own, until it is closed."""

    def __init__(self, address, context, authority):
        self.address, self.context, self.authority = address, context, authority
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self):
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()
        server.close()

    async def _serve(self, reader, writer):
        link = Link(reader, writer)
        try:
            await link.carry(self)
        except (OSError, ProtocolError, asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            writer.close()
            if link.far_writer:
                link.far_writer.close()


class Link:
    """One client, and its stream to the server."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.far_writer = reader, writer, None
        self.http2 = H2Connection(H2Configuration(header_encoding="latin-1"))
        self.settled, self.window = asyncio.Event(), asyncio.Event()
        self.ended, self.upward = False, None

    async def carry(self, bridge):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        self.far_reader, self.far_writer = await asyncio.open_connection(
            *bridge.address, ssl=bridge.context, server_hostname=bridge.authority)
        self.http2.initiate_connection()
        self._flush()
        receiving = asyncio.create_task(self._receive())
        await self.settled.wait()
        self.stream = self.http2.get_next_available_stream_id()
        self.http2.send_headers(self.stream, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", bridge.authority),
            (":path", head[0].split(" ")[1]), *((name, self.fields[name]) for name in CARRIED if name in self.fields)])
        self._flush()
        await receiving

    def _flush(self):
        self.far_writer.write(self.http2.data_to_send())

    async def _receive(self):
        try:
            while not self.ended and (data := await self.far_reader.read(PIECE)):
                for event in self.http2.receive_data(data):
                    self._take(event)
                self._flush()
                await self.writer.drain()
            if not self.ended:
                raise ConnectionError("the server closed the connection")
            if self.writer.can_write_eof():
                self.writer.write_eof()
            if self.upward:
                await asyncio.wait([self.upward], timeout=5)
        finally:
            if self.upward:
                self.upward.cancel()

    def _take(self, event):
        if isinstance(event, RemoteSettingsChanged):
            self.settled.set()
        elif isinstance(event, WindowUpdated):
            self.window.set()
        elif isinstance(event, ResponseReceived):
            self._answer(dict(event.headers))
        elif isinstance(event, DataReceived):
            self.writer.write(event.data)
            self.http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self.ended = True
        elif isinstance(event, StreamReset):
            raise ConnectionError("the server reset the stream")

    def _answer(self, fields):
        if fields[":status"] != "200":
            self.writer.write(f"HTTP/1.1 {fields[':status']} Refused\r\nContent-Length: 0\r\n\r\n".encode())
            self.ended = True
            return
        accept = base64.b64encode(hashlib.sha1((self.fields["sec-websocket-key"] + GUID).encode()).digest()).decode()
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}",
                 *(f"{name}: {fields[name]}" for name in ANSWERED if name in fields)]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        self.upward = asyncio.create_task(self._send())

    async def _send(self):
        while data := await self.reader.read(PIECE):
            while data:
                room = min(self.http2.local_flow_control_window(self.stream), self.http2.max_outbound_frame_size)
                if room == 0:
                    self.window.clear()
                    await self.window.wait()
                    continue
                self.http2.send_data(self.stream, data[:room])
                data = data[room:]
                self._flush()
            await self.far_writer.drain()
        self.http2.end_stream(self.stream)
        self._flush()
