"""CONTRACT §4.1: whatever two parsers could read in two ways is refused with 400, and the connection is closed.

Each refused request carries a second one in what might be taken for its body or the next request. The upstream must
see neither.
"""

import pytest

from harness.client import chunked, request_bytes
from harness.upstream import answer
from harness.waiting import stays

HIDDEN = b"GET /public/smuggled HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n"
HEAD = b"POST /public/a HTTP/1.1\r\nHost: gatehouse.test\r\n"


def configuration(site, upstream):
    return site.config(upstream)


def refused(gateway, upstream, sent, status=(400,)):
    """Sends the bytes; checks the answer, that the connection ends, and that nothing complete went upstream."""
    with gateway.connect() as connection:
        connection.send(sent)
        response = connection.read_response()
        assert response.status in status, (response.status, response.body)
        assert not response.keeps_alive, "the answer does not say that the connection is closed"
        assert connection.is_closed_within(3), "the connection stays open"
        assert connection.buffer == b"", f"more after the refusal: {bytes(connection.buffer)!r}"
    assert upstream.seen("/public/smuggled") == []
    assert [r for r in upstream.seen() if r.complete] == [], "the upstream saw a complete request"
    return response


def framing(*fields, body=b"0\r\n\r\n" + HIDDEN):
    return HEAD + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


AMBIGUOUS_FRAMING = {
    "length and chunked": [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    "chunked and length": [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
    "chunked and length 0": [b"Transfer-Encoding: chunked", b"Content-Length: 0"],
    "length and unknown coding": [b"Content-Length: 5", b"Transfer-Encoding: x"],
    "two lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "two lengths, the second 0": [b"Content-Length: 5", b"Content-Length: 0"],
    "list of lengths": [b"Content-Length: 5, 6"],
    "length with plus": [b"Content-Length: +5"],
    "length with minus": [b"Content-Length: -5"],
    "length in hexadecimal": [b"Content-Length: 0x5"],
    "length with letter": [b"Content-Length: 5a"],
    "length with point": [b"Content-Length: 5.0"],
    "length with inner space": [b"Content-Length: 5 5"],
    "length with underscore": [b"Content-Length: 1_0"],
    "length with exponent": [b"Content-Length: 1e1"],
    "length with vertical tab": [b"Content-Length: \x0b5"],
    "length in other digits": ["Content-Length: ٥".encode()],
    "length in quotes": [b'Content-Length: "5"'],
    "length trailing comma": [b"Content-Length: 5,"],
    "empty length": [b"Content-Length:"],
    "length of 2^64": [b"Content-Length: 18446744073709551616"],
    "length of 2^64+5": [b"Content-Length: 18446744073709551621"],
    "length of 40 digits": [b"Content-Length: " + b"9" * 40],
    "gzip": [b"Transfer-Encoding: gzip"],
    "identity": [b"Transfer-Encoding: identity"],
    "gzip, chunked": [b"Transfer-Encoding: gzip, chunked"],
    "chunked, gzip": [b"Transfer-Encoding: chunked, gzip"],
    "chunked, chunked": [b"Transfer-Encoding: chunked, chunked"],
    "chunked, identity": [b"Transfer-Encoding: chunked, identity"],
    "chunked twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "chunked, then gzip": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip"],
    "xchunked": [b"Transfer-Encoding: xchunked"],
    "chunkedx": [b"Transfer-Encoding: chunkedx"],
    "chunked with parameter": [b"Transfer-Encoding: chunked;q=1"],
    "chunked in quotes": [b'Transfer-Encoding: "chunked"'],
    "chunked with trailing comma": [b"Transfer-Encoding: chunked,"],
    "chunked after comma": [b"Transfer-Encoding: , chunked"],
    "empty coding": [b"Transfer-Encoding:"],
    "chunked with vertical tab": [b"Transfer-Encoding: \x0bchunked"],
    "chunked with form feed": [b"Transfer-Encoding: chunked\x0c"],
    "chunked with NUL": [b"Transfer-Encoding: chunked\x00"],
    "chunked with no-break space": [b"Transfer-Encoding: \xa0chunked"],
    "chunked with long s": ["Transfer-Encoding: chunſked".encode()],
    "space before colon": [b"Transfer-Encoding : chunked"],
    "tab before colon": [b"Transfer-Encoding\t: chunked"],
    "space before colon of length": [b"Content-Length : 5"],
    "folded coding": [b"Transfer-Encoding:\r\n chunked"],
    "folded value": [b"Transfer-Encoding: chunked\r\n , identity"],
    "coding after bare LF": [b"X: y\nTransfer-Encoding: chunked"],
    "coding after bare CR": [b"X: y\rTransfer-Encoding: chunked"],
    "length after bare LF": [b"X: y\nContent-Length: 5"],
    "leading space": [b" Transfer-Encoding: chunked"],
    "NUL in the name": [b"Transfer-Encoding\x00: chunked"],
}


@pytest.mark.parametrize("fields", AMBIGUOUS_FRAMING.values(), ids=AMBIGUOUS_FRAMING)
def test_ambiguous_framing_is_refused(gateway, upstream, fields):
    refused(gateway, upstream, framing(*fields))


@pytest.mark.parametrize("fields", [[b"Content-Length: 5", b"Content-Length: 5"], [b"Content-Length: 5, 5"]],
                         ids=["two fields", "a list"])
def test_a_length_given_twice_alike_is_refused_or_merged(gateway, upstream, fields):
    with gateway.connect() as connection:
        connection.send(framing(*fields, body=b"hello" + HIDDEN))
        response = connection.read_response()
    if response.status == 400:
        assert upstream.seen() == []
    else:
        assert bytes(upstream.only("/public/a").body) == b"hello"
        assert upstream.seen("/public/a")[0].all("content-length") == ["5"]


def test_transfer_encoding_in_http_1_0_is_refused(gateway, upstream):
    """RFC 9112 §6.1: its framing is faulty."""
    sent = b"POST /public/a HTTP/1.0\r\nHost: gatehouse.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN
    refused(gateway, upstream, sent)


@pytest.mark.parametrize("spelling", ["Transfer_Encoding", "transfer.encoding", "X-Transfer-Encoding", "Content_Length"])
def test_a_field_that_only_looks_like_framing_does_not_frame(gateway, upstream, spelling):
    with gateway.connect() as connection:
        value = "40" if spelling.startswith("Content") else "chunked"
        connection.send(request_bytes("POST", "/public/a", {spelling: value}, b"0\r\n\r\n"))
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    seen = upstream.only("/public/a")
    assert bytes(seen.body) == b"0\r\n\r\n"
    assert "_" not in "".join(seen.names()), seen.fields


@pytest.mark.parametrize("value", [b"chunked", b"Chunked", b"CHUNKED", b"chunked \t", b"\t chunked"])
def test_chunked_in_any_case_and_with_white_space_around_it_is_chunked(gateway, upstream, value):
    with gateway.connect() as connection:
        connection.send(HEAD + b"Transfer-Encoding:" + value + b"\r\n\r\n" + chunked(b"hello"))
        assert connection.read_response().status == 200
    seen = upstream.only("/public/a")
    assert bytes(seen.body) == b"hello"
    assert seen.all("transfer-encoding") == ["chunked"]


BAD_FIELDS = {
    "folded by a space": b"X: a\r\n b", "folded by a tab": b"X: a\r\n\tb", "fold alone": b" ",
    "bare LF": b"X: a\nY: b", "bare CR": b"X: a\rY: b", "LF CR": b"X: a\n\rY: b", "CR CR LF": b"X: a\r",
    "NUL": b"X: a\x00b", "control 1": b"X: a\x01b", "bell": b"X: a\x07b", "backspace": b"X: a\x08b",
    "vertical tab": b"X: a\x0bb", "form feed": b"X: a\x0cb", "escape": b"X: a\x1bb", "delete": b"X: a\x7fb",
    "no colon": b"Xa", "no name": b": a", "space in name": b"X Y: a", "space before colon": b"X : a",
    "tab before colon": b"X\t: a", "bracket in name": b"X(Y: a", "at in name": b"X@Y: a", "slash in name": b"X/Y: a",
    "quote in name": b'X"Y: a', "NUL in name": b"X\x00Y: a", "high byte in name": b"X\xe9: a", "comma in name": b"X,Y: a",
    "semicolon in name": b"X;Y: a", "equals in name": b"X=Y: a", "brace in name": b"X{Y: a",
    "second colon name": b"\x01: a",
}


@pytest.mark.parametrize("field", BAD_FIELDS.values(), ids=BAD_FIELDS)
def test_a_malformed_field_is_refused(gateway, upstream, field):
    refused(gateway, upstream, b"GET /public/a HTTP/1.1\r\nHost: gatehouse.test\r\n" + field + b"\r\n\r\n" + HIDDEN)


def test_a_folded_first_field_is_refused(gateway, upstream):
    refused(gateway, upstream, b"GET /public/a HTTP/1.1\r\n Host: gatehouse.test\r\n\r\n" + HIDDEN)
    refused(gateway, upstream, b"GET /public/a HTTP/1.1\r\n\tX: y\r\nHost: gatehouse.test\r\n\r\n" + HIDDEN)


REQUEST_LINES = {
    "no version": b"GET /public/a", "two spaces": b"GET  /public/a HTTP/1.1", "two spaces later": b"GET /public/a  HTTP/1.1",
    "trailing space": b"GET /public/a HTTP/1.1 ", "leading space": b" GET /public/a HTTP/1.1", "tabs": b"GET\t/public/a\tHTTP/1.1",
    "space in target": b"GET /public/a b HTTP/1.1", "no method": b" /public/a HTTP/1.1", "bad method": b"GE(T /public/a HTTP/1.1",
    "method with colon": b"GET: /public/a HTTP/1.1", "no target": b"GET  HTTP/1.1",
    "lower-case version": b"GET /public/a http/1.1", "version with text": b"GET /public/a HTTP/1.1x",
    "version 1.10": b"GET /public/a HTTP/1.10", "version 1.": b"GET /public/a HTTP/1.", "version 1": b"GET /public/a HTTP/1",
    "version with space": b"GET /public/a HTTP /1.1", "version 01.1": b"GET /public/a HTTP/01.1", "icy": b"GET /public/a ICY/1.1",
    "control in target": b"GET /public/a\x01 HTTP/1.1", "NUL in target": b"GET /public/a\x00 HTTP/1.1",
    "delete in target": b"GET /public/a\x7f HTTP/1.1", "tab in target": b"GET /public/a\tb HTTP/1.1",
    "vertical tab in target": b"GET /public/a\x0bb HTTP/1.1", "high bytes in target": b"GET /public/\xc3\xa9 HTTP/1.1",
    "bare CR": b"GET /public/a HTTP/1.1\rX: y", "LF only": b"GET /public/a HTTP/1.1\nX: y", "relative target": b"GET public/a HTTP/1.1",
    "asterisk with GET": b"GET * HTTP/1.1", "query only": b"GET ?a=b HTTP/1.1", "authority with GET": b"GET gatehouse.test:443 HTTP/1.1",
    "NUL method": b"\x00GET /public/a HTTP/1.1",
}


@pytest.mark.parametrize("line", REQUEST_LINES.values(), ids=REQUEST_LINES)
def test_a_malformed_request_line_is_refused(gateway, upstream, line):
    refused(gateway, upstream, line + b"\r\nHost: gatehouse.test\r\n\r\n" + HIDDEN)


@pytest.mark.parametrize("version", [b"HTTP/2.0", b"HTTP/0.9", b"HTTP/3.0", b"HTTP/9.9"])
def test_another_major_version_is_refused(gateway, upstream, version):
    refused(gateway, upstream, b"GET /public/a " + version + b"\r\nHost: gatehouse.test\r\n\r\n" + HIDDEN, (400, 505))


def test_a_head_with_bare_line_feeds_is_refused(gateway, upstream):
    refused(gateway, upstream, b"GET /public/a HTTP/1.1\nHost: gatehouse.test\n\n" + HIDDEN)


def test_bare_line_feed_before_a_request_is_refused(gateway, upstream):
    refused(gateway, upstream, b"\n" + HIDDEN)
    refused(gateway, upstream, b"\r" + HIDDEN)


def test_one_empty_line_before_a_request_is_skipped(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(b"\r\n" + request_bytes("POST", "/public/a", body="hi"))
        assert connection.read_response().status == 200
        connection.send(b"\r\n" + request_bytes("GET", "/public/b"))  # as old clients do after a POST
        assert connection.read_response().status == 200
    assert [r.target for r in upstream.seen()] == ["/public/a", "/public/b"]


HOSTS = {
    "missing": b"", "empty": b"Host:\r\n", "twice alike": b"Host: gatehouse.test\r\nHost: gatehouse.test\r\n",
    "twice": b"Host: gatehouse.test\r\nHost: other.test\r\n", "twice, cases": b"host: gatehouse.test\r\nHOST: other.test\r\n",
    "a list": b"Host: gatehouse.test, other.test\r\n", "with space": b"Host: gatehouse.test other.test\r\n",
    "with path": b"Host: gatehouse.test/x\r\n", "with user": b"Host: a@gatehouse.test\r\n", "with query": b"Host: gatehouse.test?x\r\n",
    "with fragment": b"Host: gatehouse.test#x\r\n", "with scheme": b"Host: https://gatehouse.test\r\n",
    "port of letters": b"Host: gatehouse.test:https\r\n", "port too large": b"Host: gatehouse.test:65536\r\n",
    "two ports": b"Host: gatehouse.test:1:2\r\n", "open bracket": b"Host: [::1\r\n", "bad literal": b"Host: [::g]\r\n",
    "text after literal": b"Host: [::1]x\r\n", "backslash": b"Host: gatehouse.test\\x\r\n", "NUL": b"Host: gatehouse\x00.test\r\n",
    "port only": b"Host: :443\r\n", "quote": b'Host: "gatehouse.test"\r\n',
}


@pytest.mark.parametrize("fields", HOSTS.values(), ids=HOSTS)
def test_a_missing_repeated_or_malformed_host_is_refused(gateway, upstream, fields):
    refused(gateway, upstream, b"GET /public/a HTTP/1.1\r\n" + fields + b"\r\n" + HIDDEN)


def test_http_1_0_needs_no_host(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(b"GET /public/old HTTP/1.0\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.is_closed_within(3)
    assert upstream.only("/public/old").version == "HTTP/1.1"


def test_an_absolute_target_that_agrees_with_host_is_taken(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(b"GET https://gatehouse.test/public/a?x=1 HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n")
        assert connection.read_response().status == 200
        connection.send(b"GET https://GATEHOUSE.test/public/b HTTP/1.1\r\nHost: gatehouse.TEST\r\n\r\n")
        assert connection.read_response().status == 200
    assert [r.target for r in upstream.seen()] == ["/public/a?x=1", "/public/b"]


@pytest.mark.parametrize("target", [
    "https://other.test/public/a", "https://gatehouse.test:8443/public/a", "https://a@gatehouse.test/public/a",
    "https://gatehouse.test@other.test/public/a", "https:///public/a", "https:/public/a", "ftp://gatehouse.test/public/a",
    "https://gatehouse.test\\@other.test/public/a", "https://gatehouse.test.other.test/public/a"])
def test_an_absolute_target_that_differs_from_host_or_is_malformed_is_refused(gateway, upstream, target):
    refused(gateway, upstream, f"GET {target} HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n".encode() + HIDDEN)


def test_a_target_that_begins_with_two_slashes_is_a_path_and_names_no_host(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(b"GET //gatehouse.test HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n")
        assert connection.read_response().status in (400, 404)
    assert upstream.seen() == []


CHUNKS = {
    "letters": b"g\r\nhello\r\n0\r\n\r\n", "empty size": b"\r\nhello\r\n0\r\n\r\n", "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "plus": b"+5\r\nhello\r\n0\r\n\r\n", "0x": b"0x5\r\nhello\r\n0\r\n\r\n", "leading space": b" 5\r\nhello\r\n0\r\n\r\n",
    "trailing space": b"5 \r\nhello\r\n0\r\n\r\n", "trailing tab": b"5\t\r\nhello\r\n0\r\n\r\n", "underscore": b"1_0\r\nhello\r\n0\r\n\r\n",
    "bare LF": b"5\nhello\n0\n\n", "bare LF after size": b"5\nhello\r\n0\r\n\r\n", "bare CR after size": b"5\rhello\r\n0\r\n\r\n",
    "LF after data": b"5\r\nhello\n0\r\n\r\n", "no line end after data": b"5\r\nhello0\r\n\r\n", "data too long": b"5\r\nhelloo\r\n0\r\n\r\n",
    "two bytes that are not CRLF": b"5\r\nhelloXX0\r\n\r\n", "17 digits": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "all F": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "32 digits": b"f" * 32 + b"\r\nhello\r\n0\r\n\r\n",
    "extension with bare LF": b"5;a\nb\r\nhello\r\n0\r\n\r\n", "extension with bare CR": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "extension with NUL": b"5;a\x00\r\nhello\r\n0\r\n\r\n", "extension open quote": b'5;a="b\r\nhello\r\n0\r\n\r\n',
    "last chunk bare LF": b"5\r\nhello\r\n0\n\n", "last chunk then bare LF": b"5\r\nhello\r\n0\r\n\n",
    "malformed trailer": b"5\r\nhello\r\n0\r\nX : y\r\n\r\n", "folded trailer": b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
    "trailer without colon": b"5\r\nhello\r\n0\r\nXY\r\n\r\n", "trailer with NUL": b"5\r\nhello\r\n0\r\nX: \x00\r\n\r\n",
    "trailer with bare LF": b"5\r\nhello\r\n0\r\nX: y\nZ: z\r\n\r\n", "other digits": "５\r\nhello\r\n0\r\n\r\n".encode(),
    "long extension": b"5;" + b"a" * 70000 + b"\r\nhello\r\n0\r\n\r\n", "long size": b"0" * 70000 + b"5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
def test_malformed_chunks_are_refused(gateway, upstream, body):
    refused(gateway, upstream, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + HIDDEN, (400, 413, 431))


@pytest.mark.parametrize("extension", [";a", ";a=b", ';a="b c"', ';a="b\\"c;\\\\"', ";a=b;c=d"])
def test_well_formed_chunk_extensions_are_dropped(gateway, upstream, extension):
    with gateway.connect() as connection:
        connection.send(HEAD.replace(b"/public/a", b"/public/chunks") + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"he", b"llo", extension=extension))
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    seen = upstream.only("/public/chunks")
    assert (bytes(seen.body), seen.extensions) == (b"hello", [])


@pytest.mark.parametrize("size", [b"5", b"05", b"0000000005"])
def test_chunk_sizes_may_have_leading_zeros_and_either_case(gateway, upstream, size):
    with gateway.connect() as connection:
        connection.send(HEAD.replace(b"/public/a", b"/public/chunks") + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\nhello\r\n" + b"A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n")
        assert connection.read_response().status == 200
    assert bytes(upstream.only("/public/chunks").body) == b"hello01234567890123456789"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_trace_and_connect_are_not_allowed(gateway, upstream, method):
    target = "gatehouse.test:443" if method == "CONNECT" else "/public/a"
    with gateway.connect() as connection:
        connection.send(f"{method} {target} HTTP/1.1\r\nHost: gatehouse.test{':443' if method == 'CONNECT' else ''}\r\n\r\n")
        response = connection.read_response()
    assert response.status == 405
    assert "allow" in response  # RFC 9110 §15.5.6
    assert upstream.seen() == []


def test_trace_is_refused_on_a_protected_route_too(gateway, upstream, token):
    assert gateway.request("TRACE", "/notes/a", {"Authorization": f"Bearer {token}"}).status == 405
    assert upstream.seen() == []


def test_options_asterisk_is_answered_by_the_gateway(gateway, upstream):
    with gateway.connect() as connection:
        assert connection.request("OPTIONS", "*").status in (200, 204)
        assert connection.request("GET", "/public/a").status == 200
    assert [r.target for r in upstream.seen()] == ["/public/a"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "M-SEARCH", "get", "X" * 24])
def test_any_other_method_passes_where_the_route_names_none(gateway, upstream, method):
    assert gateway.request(method, "/public/m").status == 200
    assert upstream.only("/public/m").method == method


def test_field_values_pass_to_the_byte(gateway, upstream):
    values = [b"\xe9\xff\x80", b"a\tb", b"  inner   space ", b'"quoted\\" text"', b"!#$%&'*+-.^_`|~", b"a:b:c", b""]
    sent = b"GET /public/v HTTP/1.1\r\nHost: gatehouse.test\r\n" + b"".join(b"X-V:" + v + b"\r\n" for v in values) + b"\r\n"
    with gateway.connect() as connection:
        connection.send(sent)
        assert connection.read_response().status == 200
    assert upstream.only("/public/v").all("x-v") == [v.strip(b" \t").decode("latin-1") for v in values]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_request_may_arrive_in_pieces(gateway, upstream, size):
    sent = HEAD + b"Transfer-Encoding: chunked\r\nX-A: b\r\n\r\n" + chunked(b"hello", b"world", trailers=[("X-T", "1")], extension=";a")
    with gateway.connect() as connection:
        connection.send_slowly(sent, size, 0.0005)
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert bytes(upstream.only("/public/a").body) == b"helloworld"


@pytest.mark.parametrize("split", [b"\r", b"\r\n", b"\r\n\r", b"0\r\n", b"0\r\n\r"])
def test_line_ends_may_be_split_anywhere(gateway, upstream, split):
    sent = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"hello")
    at = sent.index(split) + len(split)
    with gateway.connect() as connection:
        connection.send(sent[:at])
        assert connection.is_quiet_for(0.05)
        connection.send(sent[at:])
        assert connection.read_response().status == 200
    assert bytes(upstream.only("/public/a").body) == b"hello"


def test_requests_after_a_refused_one_are_not_read(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/first") + b"GET /public/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + HIDDEN * 3)
        assert connection.read_response().status == 200
        assert connection.read_response().status == 400
        assert connection.is_closed_within(3) and not connection.buffer
    assert [r.target for r in upstream.seen()] == ["/public/first"]


def test_a_body_on_get_is_framed_and_forwarded(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/public/g", body=HIDDEN))
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert bytes(upstream.only("/public/g").body) == HIDDEN
    assert upstream.seen("/public/smuggled") == []


def test_no_field_of_a_response_can_split_it(gateway, upstream):
    """CR and LF that the client sends percent-encoded stay encoded everywhere."""
    response = gateway.get("/public/%0d%0aX-Evil:%201?a=%0d%0aX-Evil:%201")
    assert "x-evil" not in response
    assert "x-evil" not in upstream.only().names()
    missing = gateway.get("/nowhere/%0d%0aX-Evil:%201")
    assert missing.status == 404 and "x-evil" not in missing


def test_the_refusal_is_a_problem_document(gateway, upstream):
    response = refused(gateway, upstream, framing(b"Content-Length: 5", b"Transfer-Encoding: chunked"))
    assert response.get("content-type") == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 400 and problem["title"] and problem["detail"] and problem["request_id"]


def test_garbage_does_no_harm(gateway, upstream):
    import random
    chance = random.Random(7)
    pieces = [b"GET ", b"/public/a", b" HTTP/1.1", b"\r\n", b"Host: gatehouse.test", b"\n", b"\x00", b":", b"Content-Length: 3",
              b"Transfer-Encoding: chunked", b"\r\n\r\n", b"\xff", b" ", b"0\r\n\r\n", b"A" * 200]
    for _ in range(60):
        sent = b"".join(chance.choice(pieces) for _ in range(chance.randrange(1, 30)))
        with gateway.connect() as connection:
            try:
                connection.send(sent)
                connection.half_close()
                connection.read_to_end(5)
            except OSError:
                pass
    upstream.clear()
    assert gateway.get("/public/alive").status == 200


def test_an_upgrade_that_the_upstream_does_not_know_is_answered_as_if_it_were_not_there(gateway, upstream):
    response = gateway.get("/public/u", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                                         "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    assert response.status == 200
    assert upstream.only("/public/u").get("upgrade") == "websocket"


def test_an_upgrade_that_connection_does_not_name_is_not_forwarded(gateway, upstream):
    """RFC 9110 §7.8: it is for the gateway then, and means nothing to it."""
    assert gateway.get("/public/u", {"Upgrade": "websocket"}).status == 200
    assert "upgrade" not in upstream.only("/public/u").names()


def test_an_h2c_upgrade_is_not_forwarded(gateway, upstream):
    """RFC 9113 §3.1 dropped it; forwarded, it would open a tunnel past every check."""
    response = gateway.get("/public/u", {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"})
    assert response.status == 200
    assert not {"upgrade", "http2-settings"} & set(upstream.only("/public/u").names())


def test_the_http_2_preface_is_refused(gateway, upstream):
    with gateway.connect() as connection:
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        data = connection.read_to_end(5)
    assert data == b"" or data.startswith((b"HTTP/1.1 400", b"HTTP/1.1 505"))
    assert upstream.seen() == []


def test_an_answer_that_looks_late_is_not_given_to_the_next_request(gateway, upstream):
    upstream.on("/public/one", answer(200, body=b"one"))
    upstream.on("/public/two", answer(200, body=b"two"))
    with gateway.connect() as connection:
        for _ in range(5):
            assert connection.request("GET", "/public/one").body == b"one"
            assert connection.request("GET", "/public/two").body == b"two"
    stays(lambda: len(upstream.seen()) == 10, 0.05)
