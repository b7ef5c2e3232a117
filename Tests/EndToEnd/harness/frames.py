"""HTTP/2 frames as bytes (RFC 9113 §4 to §6), right or wrong, and the names of the numbers in them."""

import struct
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
NAMES = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"]

END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 0x20

(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
 CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED) = range(14)

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
ENABLE_CONNECT_PROTOCOL = 8
NO_RFC7540_PRIORITIES = 9

WINDOW = 65535  # what both sides begin with
LARGEST_WINDOW = (1 << 31) - 1


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    def __repr__(self):
        name = NAMES[self.kind] if self.kind < len(NAMES) else f"frame {self.kind:#x}"
        return f"<{name} flags={self.flags:#x} stream={self.stream} {len(self.payload)} bytes {self.payload[:40]!r}>"

    @property
    def code(self):
        """The error code of RST_STREAM or GOAWAY."""
        return struct.unpack(">I", self.payload[:4] if self.kind == RST_STREAM else self.payload[4:8])[0]

    @property
    def last_stream(self):
        return struct.unpack(">I", self.payload[:4])[0] & LARGEST_WINDOW

    @property
    def increment(self):
        return struct.unpack(">I", self.payload)[0] & LARGEST_WINDOW

    def content(self):
        """The payload without padding and priority."""
        data = self.payload
        if self.flags & PADDED and self.kind in (DATA, HEADERS):
            padding = data[0]
            assert padding < len(data), f"more padding than frame: {self}"
            data = data[1:len(data) - padding]
        if self.flags & PRIORITIZED and self.kind == HEADERS:
            data = data[5:]
        return data


def frame(kind, stream=0, payload=b"", flags=0, length=None):
    """Any frame; `length` says another length than it has."""
    size = len(payload) if length is None else length
    return struct.pack(">IBI", size << 8 | kind, flags, stream) + payload


def parse_header(header):
    """(length, kind, flags, stream) from the nine bytes."""
    first, flags, stream = struct.unpack(">IBI", header)
    return first >> 8, first & 0xff, flags, stream & LARGEST_WINDOW


def settings(values=(), flags=0, stream=0):
    pairs = values.items() if isinstance(values, dict) else values
    return frame(SETTINGS, stream, b"".join(struct.pack(">HI", name, value) for name, value in pairs), flags)


def settings_ack():
    return settings(flags=ACK)


def ping(data=b"12345678", flags=0, stream=0):
    return frame(PING, stream, data, flags)


def goaway(last=0, code=NO_ERROR, debug=b"", stream=0):
    return frame(GOAWAY, stream, struct.pack(">II", last, code) + debug)


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, stream, struct.pack(">I", code))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, stream, struct.pack(">I", increment))


def priority(stream, depends_on=0, weight=15):
    return frame(PRIORITY, stream, struct.pack(">IB", depends_on, weight))


def data(stream, payload=b"", end=False, padding=None, flags=0):
    return frame(DATA, stream, *_padded(payload, flags | (END_STREAM if end else 0), padding))


def headers(stream, block, end=False, end_headers=True, padding=None, depends_on=None, flags=0):
    flags |= (END_STREAM if end else 0) | (END_HEADERS if end_headers else 0)
    if depends_on is not None:
        block, flags = struct.pack(">IB", depends_on, 15) + block, flags | PRIORITIZED
    return frame(HEADERS, stream, *_padded(block, flags, padding))


def continuation(stream, block, end_headers=True):
    return frame(CONTINUATION, stream, block, END_HEADERS if end_headers else 0)


def _padded(payload, flags, padding):
    if padding is None:
        return payload, flags
    return bytes([padding]) + payload + bytes(padding), flags | PADDED


# HPACK by hand (RFC 7541), for blocks that no encoder makes.

def integer(value, bits, first=0):
    """An integer with a prefix of that many bits, the others being those of `first`."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out = [first | most]
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def string(text, length=None):
    text = text.encode("latin-1") if isinstance(text, str) else text
    return integer(len(text) if length is None else length, 7) + text


def indexed(index):
    return integer(index, 7, 0x80)


def literal(name, value, indexing=False):
    """A literal field. `name` is text or an index."""
    prefix = (6, 0x40) if indexing else (4, 0)
    start = integer(name, *prefix) if isinstance(name, int) else integer(0, *prefix) + string(name)
    return start + string(value)


def block(fields):
    """Fields as literals without indexing, to the byte: nothing is checked, nothing depends on what came before."""
    return b"".join(literal(name, value) for name, value in fields)
