"""The tools themselves: the client against the upstream, without a gateway between."""

import threading

import pytest

from harness.certificates import Authority, names_of
from harness.challenges import parse
from harness.client import Connection, chunked, request_bytes
from harness.gateway import parse_metrics, total
from harness.responses import ClosedEarly, Malformed
from harness.tokens import ALGORITHMS, Issuer, unb64
from harness.upstream import Upstream, answer, raw


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module", params=["plain", "tls"])
def pair(request, authority):
    """An upstream and a function that connects to it."""
    tls = request.param == "tls"
    with Upstream(context=authority.server_context("up", "gatehouse.test") if tls else None) as upstream:
        context = authority.client_context() if tls else None
        yield upstream, lambda: Connection(("127.0.0.1", upstream.port), context)


def test_a_request_is_recorded_to_the_byte(pair):
    upstream, connect = pair
    upstream.clear()
    sent = request_bytes("POST", "/a?b=c", {"X-A": "1", "x-a": "2"}, "hello")
    with connect() as connection:
        connection.send_slowly(sent, 7, 0.001)
        assert connection.read_response().json() == {"method": "POST", "target": "/a?b=c", "body": 5}
    seen = upstream.only("/a")
    assert seen.head + seen.raw_body == sent
    assert seen.all("X-A") == ["1", "2"]
    assert upstream.check() == []


def test_chunked_bodies_and_trailers_pass_both_ways(pair):
    upstream, connect = pair
    upstream.clear()
    upstream.on("/c", raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", b"c", trailers=[("X-T", "1")])))
    with connect() as connection:
        connection.send(b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(chunked(b"123", b"45", trailers=[("X-Sum", "9")], extension=";a=b"))
        response = connection.read_response()
    assert (response.body, response.trailers) == (b"abc", [("X-T", "1")])
    seen = upstream.only("/c")
    assert (bytes(seen.body), seen.trailers, seen.extensions) == (b"12345", [("X-Sum", "9")], [b"a=b", b"a=b"])


def test_pipelined_requests_and_informational_responses(pair):
    upstream, connect = pair
    upstream.on("/hint", raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"))
    with connect() as connection:
        connection.send(request_bytes("GET", "/hint") + request_bytes("HEAD", "/two") + request_bytes("GET", "/three"))
        hinted = connection.read_response()
        assert (hinted.status, [i.status for i in hinted.informational]) == (204, [103])
        assert connection.read_response("HEAD").body == b""
        assert connection.read_response().json()["target"] == "/three"


def test_a_half_close_still_reads(pair):
    upstream, connect = pair
    with connect() as connection:
        connection.send(request_bytes("GET", "/half"))
        connection.half_close(tcp=False)
        assert connection.read_response().status == 200


def test_truncation_is_noticed(pair):
    upstream, connect = pair
    upstream.on("/short", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", close=True))
    with connect() as connection, pytest.raises(ClosedEarly) as caught:
        connection.request("GET", "/short")
    assert caught.value.partial.body == b"abc"


@pytest.mark.parametrize("head", [
    b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", b"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"])
def test_malformed_responses_are_noticed(pair, head):
    upstream, connect = pair
    upstream.on("/bad", raw(head, close=True))
    with connect() as connection, pytest.raises((Malformed, ClosedEarly)):
        connection.request("GET", "/bad")


def test_a_reset_is_seen_by_the_upstream(pair):
    upstream, connect = pair
    gone = threading.Event()
    upstream.on("/reset", lambda exchange: exchange.peer_closed_within(5) and gone.set())
    connection = connect()
    connection.send(request_bytes("GET", "/reset"))
    upstream.wait(path="/reset")
    connection.reset()
    assert gone.wait(5)


def test_answer_closes_or_not(pair):
    upstream, connect = pair
    upstream.on("/teapot", answer(418, [("X-Pot", "short")], b"tea", "Stout"))
    with connect() as connection:
        assert connection.request("GET", "/teapot").reason == "Stout"
        assert connection.request("GET", "/again").status == 200


def test_tokens_verify_with_another_implementation():
    issuer = Issuer()
    assert len(issuer.jwks()["keys"]) == len(ALGORITHMS)
    for algorithm in ALGORITHMS:
        header, payload, signature = issuer.token(algorithm).split(".")
        if algorithm == "EdDSA":
            issuer.key(algorithm).secret.public_key().verify(unb64(signature), f"{header}.{payload}".encode())
        if algorithm == "ES512":
            assert len(unb64(signature)) == 132
        assert "=" not in signature


def test_challenges_and_metrics_are_read_strictly():
    assert parse('Bearer realm="a", scope="b c"') == {"realm": "a", "scope": "b c"}
    for bad in ('Bearer realm=a', 'Bearer realm="a" scope="b"', 'Bearer a="1", a="2"', 'Basic realm="a"'):
        with pytest.raises(AssertionError):
            parse(bad)
    samples = parse_metrics('# TYPE a counter\na{reason="x",b="q\\"z"} 2\na{reason="y"} 3\nb 1.5e3\n')
    assert total(samples, "a", reason="x") == 2 and total(samples, reason=".") == 5 and total(samples, "b") == 1500


def test_certificates_name_their_hosts(authority):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    file, _ = authority.issue("named", "a.test", "127.0.0.1")
    der = x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
    assert names_of(der) == ["a.test", "127.0.0.1"]
