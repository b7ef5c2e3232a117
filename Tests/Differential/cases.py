"""The inputs that are compared: what is known to be read in two ways, kept fuzzer inputs, and random changes of both."""

import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


def head(line=b"GET / HTTP/1.1", *fields, host=b"Host: a"):
    return b"\r\n".join([line, *([host] if host is not None else []), *fields, b"", b""])


LINES = [
    b"GET / HTTP/1.1", b"GET / HTTP/1.0", b"GET / HTTP/1.2", b"GET / HTTP/2.0", b"GET / HTTP/0.9", b"GET /", b"GET  / HTTP/1.1",
    b"GET /  HTTP/1.1", b"GET / HTTP/1.1 ", b" GET / HTTP/1.1", b"GET\t/ HTTP/1.1", b"GET /a b HTTP/1.1", b"get / HTTP/1.1",
    b"GET / http/1.1", b"GET / HTTP/1.10", b"GET / HTTP/01.1", b"OPTIONS * HTTP/1.1", b"GET * HTTP/1.1", b"M-SEARCH * HTTP/1.1",
    b"PROPFIND / HTTP/1.1", b"UNHEARD / HTTP/1.1", b"PRI * HTTP/2.0", b"TRACE / HTTP/1.1", b"CONNECT a:443 HTTP/1.1",
    b"CONNECT / HTTP/1.1", b"GET http://a/ HTTP/1.1", b"GET http://a HTTP/1.1", b"GET http://b/ HTTP/1.1",
    b"GET http://u@a/ HTTP/1.1", b"GET HTTP://a:80/?x HTTP/1.1", b"GET ftp://a/ HTTP/1.1", b"GET //a/b HTTP/1.1",
    b"GET /a#b HTTP/1.1", b"GET /?a#b HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /?\xff HTTP/1.1", b"GET /\x00 HTTP/1.1",
    b"GET /\x7f HTTP/1.1", b"GET /a\\b HTTP/1.1", b"GET /%2f HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /../a HTTP/1.1",
    b"GET /a;b HTTP/1.1", b"GET /\"<>^`{|} HTTP/1.1", b"GET ?a HTTP/1.1", b"GET a HTTP/1.1", b"G\xe9T / HTTP/1.1", b"", b"\r\n",
]
FIELDS = [
    b"X: y", b"X:y", b"X:", b"X: \t y \t ", b"X : y", b"X\t: y", b" X: y", b"\tX: y", b"X: a\r\n b", b"X: a\r\n\tb", b"X: a\r\n ",
    b"X", b": y", b"X y: z", b"X\x00: y", b"X: a\x00b", b"X: a\x01b", b"X: a\x7fb", b"X: a\x0bb", b"X: a\x0cb", b"X: \xe9\xff",
    b"X\xe9: y", b"X(: y", b"X_y.z~!#$%&'*+-.^`|: y", b"X: a\nY: b", b"X: a\rY: b", b"X: a\r\r\nY: b", b"X: a\n\r\nY: b",
    b"Content-Length: 3", b"Content-Length: 003", b"Content-Length: +3", b"Content-Length: -3", b"Content-Length: 0x3",
    b"Content-Length: 3, 3", b"Content-Length: 3,4", b"Content-Length: 3\r\nContent-Length: 3",
    b"Content-Length: 3\r\nContent-Length: 4", b"Content-Length:", b"Content-Length: 3 3", b"Content-Length: 3\x0b",
    b"Content-Length: 18446744073709551619", b"Content-Length: 99999999999999999999999", b"Content-Length: 0",
    b"Content-Length : 3", b"Content_Length: 3", b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding:chunked", b"Transfer-Encoding: chunked ", b"Transfer-Encoding : chunked", b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: identity, chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: chunked;a=b",
    b"Transfer-Encoding: \"chunked\"", b"Transfer-Encoding: ,chunked", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding:",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding:\r\n chunked", b"Transfer_Encoding: chunked", b"Host: a", b"Host: b", b"host: a", b"Connection: close",
    b"Connection: keep-alive", b"Connection: close, keep-alive",
    b"Connection: keep-alive\t", b"Connection: close\t", b"Connection: Upgrade\r\nUpgrade: websocket",
    b"Transfer-Encoding: chunked\t", b"Content-Length: 3\t", b"Connection: content-length\r\nContent-Length: 3", b"Expect: 100-continue", b"Expect: x", b"TE: trailers",
    b"Upgrade: h2c", b"Proxy-Connection: close",
]
HOSTS = [
    None, b"Host:", b"Host: ", b"Host: a, b", b"Host: a b", b"Host: u@a", b"Host: a/b", b"Host: a:b", b"Host: [::1]:80", b"Host: .",
    b"Host: a.", b"Host: a\x00", b"Host: \xc3\xa9", b"Host: a:99999", b"Host : a", b"HOST: A",
]
BODIES = [
    b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"03\r\nabc\r\n000\r\n\r\n", b"A\r\n0123456789\r\n0\r\n\r\n", b"3;a=b\r\nabc\r\n0\r\n\r\n",
    b"3;a=\"b;\\\"\"\r\nabc\r\n0;x\r\n\r\n", b"3 ;a\r\nabc\r\n0\r\n\r\n", b"3; a = b\r\nabc\r\n0\r\n\r\n", b"3 \r\nabc\r\n0\r\n\r\n",
    b"3;\r\nabc\r\n0\r\n\r\n", b"3;a\nabc\r\n0\r\n\r\n", b"3;a\rb\r\nabc\r\n0\r\n\r\n", b"3;\"\r\nabc\r\n0\r\n\r\n", b"3;a=\x00\r\nabc\r\n0\r\n\r\n",
    b"3;\xe9\r\nabc\r\n0\r\n\r\n", b"3\nabc\n0\n\n", b"3\r\nabc0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nab\r\n0\r\n\r\n", b"3\r\nabc\n0\r\n\r\n",
    b"3\r\nabc\r0\r\n\r\n", b"+3\r\nabc\r\n0\r\n\r\n", b"-3\r\nabc\r\n0\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b" 3\r\nabc\r\n0\r\n\r\n",
    b"3_0\r\nabc\r\n0\r\n\r\n", b"\r\n3\r\nabc\r\n0\r\n\r\n", b"g\r\n", b"10000000000000003\r\nabc\r\n0\r\n\r\n", b"ffffffffffffffff\r\nabc",
    b"00000000000000000000003\r\nabc\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nX : y\r\n\r\n", b"0\r\n X: y\r\n\r\n", b"0\r\nX: y\r\n z\r\n\r\n",
    b"0\r\nX: y\nZ: w\r\n\r\n", b"0\r\nX\r\n\r\n", b"0\r\nContent-Length: 3\r\n\r\nabc", b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"0\r\nTransfer-Encoding: gzip\r\n\r\n", b"0\r\nContent-Length: x\r\n\r\n", b"000000000000000003\r\nabc\r\n0\r\n\r\n",
    b"0\r\nHost: evil\r\n\r\n", b"0\r\n\n", b"0\n\r\n", b"0\r\n\r", b"0\r\n", b"0\r\nX: a\x00\r\n\r\n", b"0\r\n: y\r\n\r\n", b"",
]


def known():
    """Every line, field, host and body above in a request that another one follows."""
    for line in LINES:
        yield head(line) + NEXT
        yield head(line, b"Content-Length: 3") + b"abc" + NEXT
    for field in FIELDS:
        for line in (b"GET / HTTP/1.1", b"POST / HTTP/1.1", b"POST / HTTP/1.0"):
            yield head(line, field) + b"abc" + NEXT
            yield head(line, field) + b"3\r\nabc\r\n0\r\n\r\n" + NEXT
            yield head(line, field) + NEXT
            yield head(line, b"Connection: keep-alive", field) + b"abc" + NEXT
    for host in HOSTS:
        for line in (b"GET / HTTP/1.1", b"GET / HTTP/1.0", b"GET http://a/ HTTP/1.1"):
            yield head(line, host=host) + NEXT
    for body in BODIES:
        yield head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + body + NEXT
        yield head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", b"Connection: close") + body + NEXT
    for start in (b"\r\n", b"\n", b"\r\n\r\n", b"\r", b" ", b"\x00", b"\xef\xbb\xbf"):
        yield start + NEXT
        yield NEXT + start + NEXT
        yield NEXT + start


def kept(with_found):
    """The inputs of the fuzzers that are kept, and those that they found on this machine."""
    for folder in [ROOT / "Fuzz" / "Corpus"] + ([ROOT / ".build-fuzz" / "corpus"] if with_found else []):
        for path in sorted((folder / "RequestHead").glob("*")):
            yield path.read_bytes() + b"3\r\nabc\r\n0\r\n\r\n" + NEXT
        for path in sorted((folder / "ChunkedBody").glob("*")):
            yield head(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + path.read_bytes() + NEXT


def changed(count, seed):
    """Random changes of the cases above, mostly of what stands between names, values and lines."""
    generator = random.Random(seed)
    sources = list(known())
    pieces = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"\x00", b"\x0b", b"\x7f", b"\x80", b"0", b"3", b"\r\n ", b"\r\n\r\n",
              b"chunked", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: a\r\n", b"\"", b"%", b"/", b"HTTP/1.1"]
    for _ in range(count):
        data = bytearray(generator.choice(sources))
        for _ in range(generator.randint(1, 3)):
            place = generator.randrange(len(data) + 1)
            kind = generator.random()
            if kind < 0.4:
                data[place:place] = generator.choice(pieces)
            elif kind < 0.6:
                del data[place:place + generator.randint(1, 4)]
            elif kind < 0.8 and place < len(data):
                data[place] = generator.choice(b"\x00\t\n\r :;,09azAZ\x7f\xff")
            else:
                other = generator.choice(sources)
                cut = generator.randrange(len(other) + 1)
                data = data[:place] + other[cut:]
        yield bytes(data)
