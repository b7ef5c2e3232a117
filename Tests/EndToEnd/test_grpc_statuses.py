"""What clients of gRPC and gRPC-Web are told of refusals and failures (docs/requests.md), and what the access log says of it."""

import time

import pytest

from harness import frames
from harness.client import request_bytes
from harness.tokens import bearer
from harness.upstream import answer

GRPC = {"content-type": "application/grpc", "te": "trailers"}
APP = "https://app.example"


def configuration(site, upstream):
    routes = [
        {"path": "/notes/**", "scopes": ["notes:read"], "upstream": "legacy", "cors": {"origins": [APP]}},
        {"path": "/closed/**", "access": "deny"},
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/read/**", "methods": ["GET"], "access": "public", "upstream": "legacy"},
        {"path": "/gone/**", "access": "public", "upstream": "gone"},
    ]
    return site.config(upstream, routes=routes, limits={"body_size": "1KiB"}, upstreams={
        "legacy": {"servers": [upstream.url], "response_timeout": "500ms"},
        "gone": {"servers": ["http://127.0.0.1:1"]}})


CASES = {
    "no token": ("/notes/a", {}, b"", 16, "credentials_missing"),
    "a bad token": ("/notes/a", {"authorization": "Bearer a.b.c"}, b"", 16, None),
    "two tokens": ("/notes/a", {"authorization": "Bearer a b"}, b"", 13, "malformed_credentials"),
    "a scope": ("/notes/a", "scope", b"", 7, "insufficient_scope"),
    "closed": ("/closed/a", {}, b"", 7, "denied"),
    "no route": ("/nowhere", {}, b"", 12, "not_found"),
    "no POST": ("/read/a", {}, b"", 12, "method_not_allowed"),
    "a path": ("/public/a;b", {}, b"", 13, "path_parameters"),
    "a large message": ("/public/a", {}, bytes(1025), 8, "body_too_large"),
    "a large path": ("/public/" + "a" * 9000, {}, b"", 8, "malformed_request"),
    "much metadata": ("/public/a", {"x-much": "a" * 33000}, b"", 8, "malformed_request"),
    "an API that is not there": ("/gone/a", {}, b"", 14, "upstream_unreachable"),
    "an API that is slow": ("/public/slow", {}, b"", 14, "upstream_timed_out"),
}


def token_fields(site, fields):
    return bearer(site.issuer.token(scope="other")) if fields == "scope" else fields


@pytest.fixture
def slow(upstream):
    upstream.on("/public/slow", lambda e: e.peer_closed_within(5))


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused_is_a_status_of_grpc(gateway, site, slow, case):
    path, fields, body, status, reason = CASES[case]
    with gateway.http2() as client:
        response = client.response(client.request("POST", path, GRPC | token_fields(site, fields), body))
        assert (response.status, response.get("grpc-status"), response.body) == (200, str(status), b"")
        assert response.get("content-type") == "application/grpc" and response.get("grpc-message")
        assert (response.get("www-authenticate") is None) == (status != 16 and case not in ("a scope", "two tokens"))
    entry = gateway.logged(request_id=response.get("x-request-id"))
    assert (entry["status"], entry["grpc_status"], entry["decision"]) == (200, status, "refused")
    assert reason is None or entry["reason"] == reason


@pytest.mark.parametrize("length", [1025, 5_000_000])
@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_a_call_that_promises_too_much_is_refused_before_it_comes(gateway, upstream, protocol, length):
    upstream.clear()
    fields = GRPC | {"content-length": str(length)}
    if protocol == "h2":
        with gateway.http2() as client:
            stream = client.request("POST", "/public/large", fields, end=False)
            response = client.response(stream)
            client.settle()
            assert stream.reset in (None, frames.NO_ERROR)
    else:
        with gateway.connect() as connection:
            connection.send(request_bytes("POST", "/public/large", fields))
            response = connection.read_response()
    assert (response.status, response.get("grpc-status")) == (200, "8")
    assert gateway.logged(request_id=response.get("x-request-id"))["grpc_status"] == 8
    assert not upstream.seen()


def test_a_call_that_sends_too_slowly_has_missed_its_time(gateway):
    """body_min_rate, where a call to an upstream of HTTP/1.1 may not rest."""
    with gateway.http2() as client:
        stream = client.request("POST", "/public/slow-body", GRPC | {"content-length": "1000"}, b"\0", end=False)
        client.wait(lambda: stream.is_over, timeout=14, what="the end of the call")
        assert (stream.response.status, stream.response.get("grpc-status")) == (200, "4")


# gRPC-Web

WEB = ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text", "application/grpc-web-text+proto", "Application/gRPC-Web"]


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
@pytest.mark.parametrize("type", WEB)
def test_a_client_of_grpc_web_is_told_in_the_fields(gateway, site, type, protocol):
    fields = {"content-type": f"{type}; charset=utf-8", "accept": "text/html", "sec-fetch-mode": "cors", "origin": APP, "x-grpc-web": "1"}
    for more, status, reason in [({}, "16", "credentials_missing"), (bearer(site.issuer.token(scope="other")), "7", "insufficient_scope")]:
        if protocol == "h2":
            with gateway.http2() as client:
                response = client.response(client.request("POST", "/notes/a.B/C", {n.lower(): v for n, v in (fields | more).items()}, b"\0\0\0\0\0"))
        else:
            response = gateway.request("POST", "/notes/a.B/C", fields | more, b"\0\0\0\0\0")
        assert (response.status, response.get("content-type"), response.body) == (200, type, b"")
        assert response.get("grpc-status") == status and response.get("grpc-message") and not response.trailers
        exposed = {name.strip().lower() for line in response.all("access-control-expose-headers") for name in line.split(",")}
        assert {"grpc-status", "grpc-message", "www-authenticate"} <= exposed
        assert response.get("access-control-allow-origin") == APP
        entry = gateway.logged(request_id=response.get("x-request-id"))
        assert (entry["grpc_status"], entry["reason"]) == (int(status), reason)


@pytest.mark.parametrize("type", ["application/grpc-webs", "application/grpc-web-texts", "application/grpc-websocket", "application/grpcweb"])
def test_what_only_looks_like_grpc_web_is_not(gateway, type):
    response = gateway.request("POST", "/notes/a", {"content-type": type}, b"")
    assert response.status == 401 and response.get("content-type") == "application/problem+json"
    assert "grpc_status" not in gateway.logged(request_id=response.get("x-request-id"))


# The access log has what the API said

@pytest.mark.parametrize("fields, trailers, logged", [
    ([], [("grpc-status", "5"), ("grpc-message", "none")], 5),
    ([], [("grpc-status", "0")], 0),
    ([("grpc-status", "13")], [], 13),
    ([], [], None),
    ([], [("grpc-status", "many")], None),
    ([], [("grpc-status", "99999999999999999999")], None)])
def test_the_access_log_has_the_status_of_the_api(gateway, upstream, unique, fields, trailers, logged):
    def handler(exchange):
        exchange.read_body()
        exchange.respond(200, [("Content-Type", "application/grpc"), ("Transfer-Encoding", "chunked"), *fields], length=False)
        exchange.send("5\r\n\0\0\0\0\0\r\n0\r\n" + "".join(f"{n}: {v}\r\n" for n, v in trailers) + "\r\n")

    path = f"/public/{unique}"
    upstream.on(path, handler)
    with gateway.http2() as client:
        assert client.response(client.request("POST", path, GRPC, b"\0\0\0\0\0")).status == 200
    assert gateway.logged(path=path).get("grpc_status") == logged


def test_other_requests_have_no_status_of_grpc(gateway, upstream, unique):
    path = f"/public/{unique}"
    upstream.on(path, answer(200, [("grpc-status", "7")], b"x"))
    assert gateway.get(path).get("grpc-status") == "7"
    assert "grpc_status" not in gateway.logged(path=path)
    assert gateway.get(f"/notes/{unique}").status == 401
    assert "grpc_status" not in gateway.logged(path=f"/notes/{unique}")


def test_the_access_log_has_the_status_with_which_a_call_was_broken_off(gateway, upstream, unique):
    def handler(exchange):
        exchange.read_body()
        exchange.respond(200, [("Content-Type", "application/grpc"), ("Transfer-Encoding", "chunked")], length=False)
        exchange.send("5\r\n\0\0\0\0\0\r\n")
        time.sleep(0.2)
        exchange.reset()

    path = f"/public/{unique}"
    upstream.on(path, handler)
    with gateway.http2() as client:
        assert dict(client.response(client.request("POST", path, GRPC, b"\0\0\0\0\0")).trailers)["grpc-status"] == "14"
    assert gateway.logged(path=path)["grpc_status"] == 14
