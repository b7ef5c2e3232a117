"""Reading HTTP/1.1 responses strictly: whatever a gateway may not send is an error here."""

from dataclasses import dataclass, field
import json
import re

STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9]) ([\x20-\x7e\x80-\xff\t]*)\Z")
FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*\Z", re.DOTALL)
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})\Z")


class ClosedEarly(AssertionError):
    """The peer closed before the response was complete. `partial` is what had arrived, or None."""

    def __init__(self, text, partial=None):
        super().__init__(text)
        self.partial = partial


class Malformed(AssertionError):
    """The peer sent something that is not HTTP/1.1."""


@dataclass
class Message:
    """Fields by name, without regard to case."""

    fields: list = field(default_factory=list)  # of (name, value), both str (latin-1)

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else default

    def __contains__(self, name):
        return bool(self.all(name))

    def names(self):
        return [name.lower() for name, _ in self.fields]


@dataclass
class Response(Message):
    version: int = 1
    status: int = 0
    reason: str = ""
    body: bytes = b""
    trailers: list = field(default_factory=list)
    informational: list = field(default_factory=list)
    framing: str = "none"  # none, length, chunked, close
    raw_head: bytes = b""

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()

    @property
    def keeps_alive(self):
        options = [o.strip().lower() for value in self.all("connection") for o in value.split(",")]
        if "close" in options:
            return False
        return self.version == 1 or "keep-alive" in options

    def trailer(self, name):
        return [value for key, value in self.trailers if key.lower() == name.lower()]


def parse_fields(lines):
    fields = []
    for line in lines:
        match = FIELD_LINE.match(line)
        if not match or re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line):
            raise Malformed(f"field line {line!r}")
        fields.append((match[1].decode(), match[2].decode("latin-1")))
    return fields


def parse_head(raw):
    """A response head from its bytes, up to and including the empty line."""
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        raise Malformed(f"bare CR or LF in {raw!r}")
    lines = raw[:-4].split(b"\r\n")
    match = STATUS_LINE.match(lines[0])
    if not match:
        raise Malformed(f"status line {lines[0]!r}")
    response = Response(fields=parse_fields(lines[1:]), version=int(match[1]), status=int(match[2]))
    response.reason = match[3].decode("latin-1")
    response.raw_head = raw
    return response


def body_framing(response, method):
    """RFC 9112 §6.3, and no tolerance for what it forbids a sender."""
    lengths = response.all("content-length")
    codings = response.all("transfer-encoding")
    if lengths and codings:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or (lengths and not re.fullmatch(r"[0-9]+", lengths[0])):
        raise Malformed(f"Content-Length {lengths}")
    if codings and codings != ["chunked"]:
        raise Malformed(f"Transfer-Encoding {codings}")
    if response.status < 200 or response.status == 204:
        if lengths or codings:
            raise Malformed(f"a {response.status} with {lengths or codings}")  # RFC 9110 §8.6, RFC 9112 §6.1
        return "none", 0
    if response.status == 304 or method == "HEAD" or (method == "CONNECT" and response.status < 300):
        return "none", 0
    if codings:
        return "chunked", 0
    if lengths:
        return "length", int(lengths[0])
    return "close", 0
