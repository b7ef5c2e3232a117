"""An HTTP/2 client that sends exactly the frames it is told to, and is strict about every frame it gets.

Nothing runs in the background: frames are read when a test waits for something. `request` and `response` are for
well-behaved exchanges; `send` takes the bytes of any frames. What a peer may not send (RFC 9113) is `Malformed`.
"""

import re
import select
import time

import hpack

from . import frames
from .client import HOST
from .frames import Frame
from .responses import ClosedEarly, Malformed, Response
from .waiting import SCALE

CONNECTION_FIELDS = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}


class StreamReset(ClosedEarly):
    """The peer reset the stream before its answer was complete."""

    def __init__(self, stream):
        super().__init__(f"stream {stream.number} was reset with {stream.reset}", stream.response)
        self.code = stream.reset


class Stream:
    """One stream of ours. `window` is what we may still send, `granted` what the peer may."""

    def __init__(self, number, method, window, granted, credit):
        self.number, self.method, self.window, self.granted, self.credit = number, method, window, granted, credit
        self.response = None
        self.informational = []
        self.body = bytearray()
        self.body_count = 0
        self.keep_body = True
        self.ended = False  # the peer's side
        self.reset = None  # the code

    @property
    def is_over(self):
        return self.ended or self.reset is not None


class HTTP2Client:
    """Speaks over a `Connection`. `settings` are ours; `credit` False gives no windows back by itself."""

    def __init__(self, connection, settings=None, credit=True, start=True):
        self.connection, self.credit, self.timeout = connection, credit, connection.timeout
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder(1 << 20)
        self.streams, self.next_stream = {}, 1
        self.frames = []  # all that came
        self.peer_settings = None
        self.unacknowledged = []  # the settings that we sent
        self.window, self.granted = frames.WINDOW, frames.WINDOW
        self.peer_initial_window, self.initial_window = frames.WINDOW, frames.WINDOW
        self.peer_max_frame = 16384
        self.goaway = None
        self.open_block = None  # (stream, flags, bytes) of HEADERS whose CONTINUATION comes
        self.answers = True  # acknowledge SETTINGS and PING
        self.pings = 0
        if start:
            self.send(frames.PREFACE)
            self.send_settings(settings or {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    # Sending

    def send(self, data):
        self.connection.send(data)

    def _answer(self, data):
        """Sends what a frame asks for, to a peer that may be gone."""
        try:
            self.send(data)
        except OSError:
            pass

    def send_settings(self, values):
        values = dict(values)
        self.unacknowledged.append(values)
        if (wanted := values.get(frames.INITIAL_WINDOW_SIZE)) is not None and wanted > self.initial_window:
            self._change_granted(wanted)
        self.send(frames.settings(values))

    def _change_granted(self, wanted):
        for stream in self.streams.values():
            stream.granted += wanted - self.initial_window
        self.initial_window = wanted

    def open(self, method="GET", credit=None, number=None):
        """Takes the next stream number, or that one, without sending anything."""
        number = self.next_stream if number is None else number
        stream = Stream(number, method, self.peer_initial_window, self.initial_window, self.credit if credit is None else credit)
        self.streams[number] = stream
        self.next_stream = max(self.next_stream, number + 2)
        return stream

    def encode(self, fields):
        return self.encoder.encode([(text(n), text(v)) for n, v in fields])

    def send_headers(self, stream, fields, end=True, **options):
        """HEADERS with these fields, as they are, and CONTINUATION where they are many."""
        block = options.pop("block", None)
        block = self.encode(fields) if block is None else block
        first, rest = block[:16000], block[16000:]
        self.send(frames.headers(stream.number, first, end, not rest, **options))
        while rest:
            self.send(frames.continuation(stream.number, rest[:16384], len(rest) <= 16384))
            rest = rest[16384:]

    def request(self, method, target, fields=(), body=None, trailers=None, host=HOST, end=True, credit=None):
        """Sends a well-formed request; returns its stream. `end` False leaves it open."""
        stream = self.open(method, credit)
        self.send_headers(stream, request_fields(method, target, fields, host), end and body is None and trailers is None)
        if body is not None:
            self.send_body(stream, body, end and trailers is None)
        if trailers is not None:
            self.send_headers(stream, trailers, True)
        return stream

    def send_body(self, stream, data, end=True, timeout=None):
        """DATA within the peer's windows, waiting for them. Stops early if the stream is over; returns what was sent."""
        view, sent = memoryview(data.encode() if isinstance(data, str) else data), 0
        while True:
            size = min(self.peer_max_frame, self.window, stream.window, len(view) - sent)
            if sent == len(view) or size > 0:
                last = sent + max(size, 0) == len(view)
                self.window, stream.window = self.window - size, stream.window - size
                if size or (last and end):
                    self.send(frames.data(stream.number, bytes(view[sent:sent + size]), last and end))
                sent += max(size, 0)
                self.read_available()
                if last or stream.is_over:
                    return sent
            else:
                if not self.read(timeout):
                    raise ClosedEarly(f"closed within the request body; {self.ending()}")
                if stream.is_over:
                    return sent

    def send_available(self, stream, data, patience=0.5):
        """DATA for as long as the peer's windows open; returns how much was sent before they stayed shut.

        `patience` runs from when the peer has handled all that was sent.
        """
        sent, settled = 0, False
        while sent < len(data):
            size = min(self.peer_max_frame, self.window, stream.window, len(data) - sent)
            if size <= 0:
                try:
                    if not self.read(patience) or stream.is_over:
                        return sent
                except TimeoutError:
                    if settled:
                        return sent
                    self.settle()
                    settled = True
                continue
            settled = False
            self.window, stream.window = self.window - size, stream.window - size
            self.send(frames.data(stream.number, bytes(data[sent:sent + size])))
            sent += size
            self.read_available()
        return sent

    def grant(self, stream, increment, connection=True):
        """Opens the windows of the stream (None: of the connection only)."""
        if connection:
            self.granted += increment
            self._answer(frames.window_update(0, increment))
        if stream is not None:
            stream.granted += increment
            self._answer(frames.window_update(stream.number, increment))

    def cancel(self, stream, code=frames.CANCEL):
        stream.reset = code if stream.reset is None else stream.reset
        self.send(frames.reset(stream.number, code))

    # Receiving

    def read_frame(self, timeout=None):
        """The next frame as it came, or None at the end of the connection. Raises TimeoutError."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        buffer = self.connection.buffer
        while len(buffer) < 9 or len(buffer) < 9 + int.from_bytes(buffer[:3], "big"):
            if not self.connection.fill(max(deadline - time.monotonic(), 0.001)):
                assert not buffer or self.connection.was_reset, f"half a frame at the end: {bytes(buffer[:40])!r}"
                return None
        length, kind, flags, stream = frames.parse_header(bytes(buffer[:9]))
        if length > 16384:
            raise Malformed(f"a frame of {length} bytes, more than the 16384 that we take")
        payload = bytes(buffer[9:9 + length])
        del buffer[:9 + length]
        return Frame(kind, flags, stream, payload)

    def read(self, timeout=None):
        """Reads one frame and does what it asks. None at the end of the connection."""
        frame = self.read_frame(timeout)
        if frame is not None:
            self.frames.append(frame)
            self._received(frame)
        return frame

    def read_available(self):
        """Reads what has come already."""
        while self._has_input():
            try:
                if self.read(0.01) is None:
                    return
            except TimeoutError:
                return

    def _has_input(self):
        buffer, connection = self.connection.buffer, self.connection
        if len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3], "big"):
            return True
        if connection.ended or connection.socket.fileno() < 0:
            return False
        return bool(connection.tls and connection.tls.pending()) or bool(select.select([connection.socket], [], [], 0)[0])

    def wait(self, condition, timeout=None, what="something"):
        """Reads until `condition` holds. Fails when the connection ends or the time is over."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout * SCALE)
        while not condition():
            try:
                frame = self.read(deadline - time.monotonic())
            except TimeoutError:
                raise AssertionError(f"{what} did not come; {self.ending()}; last {self.frames[-3:]}") from None
            if frame is None and not condition():
                raise ClosedEarly(f"closed before {what}; {self.ending()}")

    def ending(self):
        return f"GOAWAY {self.goaway.code} {self.goaway.payload[8:]!r}" if self.goaway else "no GOAWAY"

    def response_head(self, stream, timeout=None):
        """The final head of the answer, before its body is complete."""
        self.wait(lambda: stream.response or stream.is_over, timeout, f"an answer on stream {stream.number}")
        if stream.response is None:
            raise StreamReset(stream)
        return stream.response

    def response(self, stream, timeout=None):
        """The whole answer."""
        self.wait(lambda: stream.is_over, timeout, f"the end of stream {stream.number}")
        if not stream.ended:
            raise StreamReset(stream)
        stream.response.body = bytes(stream.body)
        return stream.response

    def exchange(self, method, target, fields=(), body=None, **options):
        return self.response(self.request(method, target, fields, body, **options))

    def get(self, target, fields=(), **options):
        return self.exchange("GET", target, fields, **options)

    def settle(self, timeout=None):
        """Waits until the peer has handled all that was sent: its answer to a PING."""
        self.pings += 1
        data = b"settle%02d" % (self.pings % 100)
        self.send(frames.ping(data))
        seen = len(self.frames)
        self.wait(lambda: any(f.kind == frames.PING and f.flags & frames.ACK and f.payload == data for f in self.frames[seen:]),
                  timeout, "the answer to PING")

    def closed_within(self, seconds=3):
        """Whether the peer ends the connection in that time; frames before that are handled."""
        deadline = time.monotonic() + seconds * SCALE
        try:
            while self.read(deadline - time.monotonic()):
                pass
        except TimeoutError:
            return False
        return True

    def failed_with(self, *codes, seconds=5):
        """Checks that the peer says GOAWAY with one of these codes and closes."""
        assert self.closed_within(seconds), f"the connection stays open; {self.ending()}; {self.frames[-5:]}"
        assert self.goaway is not None, f"closed without GOAWAY; {self.frames[-5:]}"
        assert self.goaway.code in codes, f"{self.ending()} instead of {codes}"

    def of_kind(self, kind, stream=None):
        return [f for f in self.frames if f.kind == kind and (stream is None or f.stream == stream)]

    # What frames mean

    def _received(self, frame):
        if self.peer_settings is None and (frame.kind != frames.SETTINGS or frame.flags & frames.ACK):
            raise Malformed(f"{frame} before SETTINGS")  # §3.4
        if self.open_block and (frame.kind != frames.CONTINUATION or frame.stream != self.open_block[0]):
            raise Malformed(f"{frame} within a field block")  # §6.10
        handler = self.HANDLERS.get(frame.kind)
        if handler is not None:
            handler(self, frame)

    def _stream(self, frame):
        stream = self.streams.get(frame.stream)
        if stream is None:
            raise Malformed(f"{frame} on a stream that nobody opened")
        return stream

    def _data(self, frame):
        stream = self._stream(frame)
        if stream.ended or stream.response is None:
            raise Malformed(f"{frame} {'after the end' if stream.ended else 'before the head'}")
        size = len(frame.payload)
        if size > self.granted or size > stream.granted:
            raise Malformed(f"{frame}: the windows are {self.granted} and {stream.granted}")
        self.granted, stream.granted = self.granted - size, stream.granted - size
        content = frame.content()
        stream.body_count += len(content)
        if stream.keep_body:
            stream.body += content
        if frame.flags & frames.END_STREAM:
            self._ended(stream)
        if stream.credit and size:
            self.grant(None if stream.is_over else stream, size)

    def _headers(self, frame):
        self._stream(frame)
        self.open_block = (frame.stream, frame.flags, frame.content())
        self._block_ends(frame)

    def _continuation(self, frame):
        if not self.open_block:
            raise Malformed(f"{frame} without HEADERS")
        stream, flags, block = self.open_block
        self.open_block = (stream, flags, block + frame.payload)
        self._block_ends(frame)

    def _block_ends(self, frame):
        if not frame.flags & frames.END_HEADERS:
            return
        number, flags, block = self.open_block
        self.open_block = None
        stream = self.streams[number]
        fields = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in self.decoder.decode(block, raw=True)]
        if stream.ended:
            raise Malformed(f"fields after the end of stream {number}: {fields}")
        if stream.response is not None:
            self._trailers(stream, fields, flags)
            return
        response = parse_response(fields)
        response.block_size = len(block)
        if response.status < 200:
            if flags & frames.END_STREAM:
                raise Malformed(f"an informational answer ends the stream: {fields}")
            stream.informational.append(response)
            return
        stream.response = response
        response.informational = stream.informational
        if flags & frames.END_STREAM:
            self._ended(stream)

    def _trailers(self, stream, fields, flags):
        if not flags & frames.END_STREAM:
            raise Malformed(f"trailers that do not end the stream: {fields}")  # §8.1
        check_fields(fields)
        if any(n.startswith(":") for n, _ in fields):
            raise Malformed(f"pseudo-header in trailers: {fields}")
        stream.response.trailers = fields
        self._ended(stream)

    def _ended(self, stream):
        stream.ended = True
        length = stream.response.get("content-length")
        bodiless = stream.method == "HEAD" or stream.response.status == 304
        if bodiless and stream.body_count:
            raise Malformed(f"a body of {stream.body_count} bytes that may not be there")
        if length is not None and not bodiless and int(length) != stream.body_count:
            raise Malformed(f"content-length {length}, but {stream.body_count} bytes")  # §8.1.1

    def _reset(self, frame):
        if len(frame.payload) != 4:
            raise Malformed(f"{frame}")
        self._stream(frame).reset = frame.code

    def _settings(self, frame):
        if frame.stream or len(frame.payload) % 6:
            raise Malformed(f"{frame}")
        if frame.flags & frames.ACK:
            if frame.payload or not self.unacknowledged:
                raise Malformed(f"{frame}: nothing to acknowledge")
            values = self.unacknowledged.pop(0)
            if (wanted := values.get(frames.INITIAL_WINDOW_SIZE)) is not None and wanted < self.initial_window:
                self._change_granted(wanted)
            return
        first, self.peer_settings = self.peer_settings is None, self.peer_settings or {}
        for at in range(0, len(frame.payload), 6):
            name, value = int.from_bytes(frame.payload[at:at + 2], "big"), int.from_bytes(frame.payload[at + 2:at + 6], "big")
            if first and name in self.peer_settings:
                raise Malformed(f"setting {name} twice in {frame}")
            self.peer_settings[name] = value
            self._apply(name, value)
        if self.answers:
            self._answer(frames.settings_ack())

    def _apply(self, name, value):
        if name == frames.INITIAL_WINDOW_SIZE:
            for stream in self.streams.values():
                stream.window += value - self.peer_initial_window
            self.peer_initial_window = value
        elif name == frames.HEADER_TABLE_SIZE:
            self.encoder.header_table_size = min(value, 4096)
        elif name == frames.MAX_FRAME_SIZE:
            self.peer_max_frame = value

    def _ping(self, frame):
        if len(frame.payload) != 8 or frame.stream:
            raise Malformed(f"{frame}")
        if not frame.flags & frames.ACK and self.answers:
            self._answer(frames.ping(frame.payload, frames.ACK))

    def _goaway(self, frame):
        if frame.stream or len(frame.payload) < 8 or self.goaway and frame.last_stream > self.goaway.last_stream:
            raise Malformed(f"{frame}")
        self.goaway = frame

    def _window_update(self, frame):
        if frame.increment == 0 or len(frame.payload) != 4:
            raise Malformed(f"{frame}")
        if frame.stream == 0:
            self.window += frame.increment
        else:
            self._stream(frame).window += frame.increment

    def _unasked(self, frame):
        raise Malformed(f"{frame} that nobody asked for")

    HANDLERS = {
        frames.DATA: _data, frames.HEADERS: _headers, frames.RST_STREAM: _reset, frames.SETTINGS: _settings,
        frames.PUSH_PROMISE: _unasked, frames.PING: _ping, frames.GOAWAY: _goaway, frames.WINDOW_UPDATE: _window_update,
        frames.CONTINUATION: _continuation,
    }


def text(value):
    return value.encode("latin-1") if isinstance(value, str) else value


def request_fields(method, target, fields=(), host=HOST, scheme="https"):
    """The field list of a request. `host` None leaves `:authority` out."""
    pseudo = [(":method", method), (":scheme", scheme), (":path", target)] + ([] if host is None else [(":authority", host)])
    return pseudo + [(n.lower(), v) for n, v in (fields.items() if isinstance(fields, dict) else fields)]


def check_fields(fields):
    """RFC 9113 §8.2: what no sender may put into fields."""
    for name, value in fields:
        if not re.fullmatch(r":?[!#$%&'*+\-.^_`|~0-9a-z]+", name):
            raise Malformed(f"field name {name!r}")
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value) or value != value.strip(" \t"):
            raise Malformed(f"value of {name}: {value!r}")
        if name in CONNECTION_FIELDS or name == "te":
            raise Malformed(f"{name}: {value} in HTTP/2")


def parse_response(fields):
    check_fields(fields)
    pseudo = [n for n, _ in fields if n.startswith(":")]
    if pseudo != [":status"] or fields[0][0] != ":status" or not re.fullmatch("[1-5][0-9][0-9]", fields[0][1]):
        raise Malformed(f"pseudo-headers of an answer: {fields}")
    response = Response(fields=fields[1:], version=2, status=int(fields[0][1]))
    if len(response.all("content-length")) > 1:
        raise Malformed(f"several content-length: {fields}")
    return response
