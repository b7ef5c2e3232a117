"""CONTRACT §4.4: hop-by-hop fields, Via, Forwarded, X-Forwarded-*, request ids, tracing, header rules, cookies."""

import re
import socket

import pytest

from harness.client import chunked, request_bytes
from harness.tokens import bearer
from harness.upstream import answer

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def configuration(site, upstream):
    return site.config(upstream, routes=[
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/any/**", "access": "authenticated", "upstream": "legacy"},
        {"path": "/host/**", "access": "public", "upstream": "keeper"},
        {"path": "/rules/**", "access": "public", "upstream": "legacy",
         "request_headers": {"set": {"X-Set": "gateway", "X-Mode": "legacy"}, "add": {"X-Add": "gateway"}, "remove": ["X-Secret", "Referer"]},
         "response_headers": {"set": {"X-Frame-Options": "DENY", "Cache-Control": "no-store"}, "add": {"X-Added": "gateway"},
                              "remove": ["X-Powered-By", "Server"]}},
    ], upstreams={"legacy": {"servers": [upstream.url]}, "keeper": {"servers": [upstream.url], "preserve_host": True}})


HOP_BY_HOP = ["Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "TE", "HTTP2-Settings"]


@pytest.mark.parametrize("name", HOP_BY_HOP)
def test_hop_by_hop_fields_do_not_go_upstream(gateway, upstream, name):
    assert gateway.get("/public/h", {name: "value", "Connection": name if name in ("TE", "HTTP2-Settings") else "keep-alive"}).status == 200
    seen = upstream.only("/public/h")
    assert name.lower() not in seen.names()
    assert "close" not in ",".join(seen.all("connection")).lower()


def test_what_connection_names_does_not_go_upstream(gateway, upstream):
    fields = [("Connection", "X-One, x-two"), ("X-One", "1"), ("X-Two", "2"), ("X-Three", "3"), ("Connection", "X-THREE,,keep-alive"), ("X-Four", "4")]
    assert gateway.get("/public/h", fields).status == 200
    seen = upstream.only("/public/h")
    assert not {"x-one", "x-two", "x-three"} & set(seen.names())
    assert seen.get("x-four") == "4"


@pytest.mark.parametrize("value", ["close", "x-user-name", "content-length", "host", "transfer-encoding", "authorization", ",", "@@", "a b"])
def test_odd_connection_values_do_not_break_framing(gateway, upstream, value):
    with gateway.connect() as connection:
        response = connection.request("POST", "/public/h", {"Connection": value}, b"hello")
        assert response.status in (200, 400)
    if response.status == 200:
        assert bytes(upstream.only("/public/h").body) == b"hello"


def test_hop_by_hop_fields_of_the_answer_stay_behind(gateway, upstream):
    upstream.on("/public/r", answer(200, [("Connection", "X-Hop, keep-alive"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "x"),
                                          ("Upgrade", "h2c"), ("X-End", "2")], b"hi"))
    with gateway.connect() as connection:
        response = connection.request("GET", "/public/r")
        assert not {"x-hop", "keep-alive", "proxy-connection", "upgrade"} & set(response.names())
        assert "x-hop" not in ",".join(response.all("connection")).lower()
        assert response.get("x-end") == "2"
        assert connection.request("GET", "/public/again").status == 200


def test_the_upstreams_connection_close_does_not_close_the_client(gateway, upstream):
    upstream.on("/public/r", lambda e: (answer(200, [("Connection", "close")], b"hi")(e), e.close()))
    with gateway.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/public/r").body == b"hi"


def test_end_to_end_fields_pass_in_order_and_unchanged(gateway, upstream):
    fields = [("X-A", "1"), ("Accept", "*/*"), ("X-B", "2"), ("X-A", "3"), ("User-Agent", "tests/1"), ("Accept-Encoding", "gzip, br"), ("Cookie", "a=b"),
              ("X-A", "4"), ("If-None-Match", '"x"'), ("Range", "bytes=0-1"), ("Content-Type", "text/x; a=b"), ("Origin", "https://o.test"),
              ("Accept-Language", "de"), ("Cache-Control", "no-cache"), ("X-Empty", "")]
    assert gateway.request("POST", "/public/e", fields, b"x").status == 200
    seen = upstream.only("/public/e")
    sent = {n.lower() for n, _ in fields}
    assert [(n.lower(), v) for n, v in seen.fields if n.lower() in sent] == [(n.lower(), v) for n, v in fields]


def test_fields_of_the_answer_pass_in_order_and_unchanged(gateway, upstream):
    fields = [("Set-Cookie", "a=1; Path=/"), ("X-A", "1"), ("Set-Cookie", "b=2"), ("ETag", 'W/"x"'), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
              ("Content-Type", "text/plain; charset=utf-8"), ("Vary", "Accept"), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"), ("X-A", "2"),
              ("Location", "http://127.0.0.1:1/x"), ("Server", "legacy/1"), ("Content-Encoding", "gzip"), ("Cache-Control", "max-age=1"), ("Link", "<x>")]
    upstream.on("/public/e", answer(203, fields, b"hello", "Non-Authoritative"))
    response = gateway.get("/public/e")
    sent = {n.lower() for n, _ in fields}
    assert [(n.lower(), v) for n, v in response.fields if n.lower() in sent] == [(n.lower(), v) for n, v in fields]
    assert (response.status, response.body) == (203, b"hello")


@pytest.mark.parametrize("status", [200, 201, 202, 206, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 410, 418, 422, 429, 451, 500, 501, 502, 503,
                                    504, 599])
def test_every_status_of_the_upstream_passes(gateway, upstream, status):
    upstream.on("/public/s", answer(status, [("WWW-Authenticate", 'Basic realm="legacy"'), ("Retry-After", "7")], b"body", "Whatever"))
    response = gateway.get("/public/s")
    assert (response.status, response.body, response.get("retry-after")) == (status, b"body", "7")
    assert response.all("www-authenticate") == ['Basic realm="legacy"']
    assert len(upstream.seen()) == 1, "an answer was taken for a failure and the request sent again"


def test_an_answer_without_date_gets_one(gateway, upstream):
    upstream.on("/public/d", answer(200, [], b"x"))
    assert re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", gateway.get("/public/d").get("date"))
    assert "date" in gateway.get("/nowhere")


def test_via_names_the_gateway_after_those_before(gateway, upstream):
    assert gateway.get("/public/v", {"Via": "1.0 before"}).status == 200
    entries = [e.strip() for v in upstream.only("/public/v").all("via") for e in v.split(",")]
    assert entries[0] == "1.0 before" and len(entries) == 2
    assert re.fullmatch(r"(HTTP/)?1\.1 \S+", entries[1])


def test_via_says_the_version_received(gateway, upstream):
    with gateway.connect() as connection:
        connection.send("GET /public/v HTTP/1.0\r\nHost: gatehouse.test\r\n\r\n")
        assert connection.read_response().status == 200
    assert upstream.only("/public/v").get("via").startswith("1.0 ")


def test_forwarded_fields_say_who_is_there(gateway, upstream):
    assert gateway.get("/public/f", host="gatehouse.test").status == 200
    seen = upstream.only("/public/f")
    assert seen.get("x-forwarded-for") == "127.0.0.1"
    assert seen.get("x-forwarded-proto") == "https"
    assert seen.get("x-forwarded-host") == "gatehouse.test"
    pairs = dict(p.strip().split("=", 1) for p in seen.get("forwarded").split(";"))
    assert pairs["for"].strip('"') in ("127.0.0.1",) or pairs["for"].strip('"').startswith("127.0.0.1:")
    assert (pairs["proto"], pairs["host"].strip('"')) == ("https", "gatehouse.test")


FORGED = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.test", "Forwarded": "for=6.6.6.6;proto=http;host=evil.test",
          "X-Forwarded-Port": "81", "X-Forwarded-Prefix": "/evil", "X-Forwarded-Server": "evil.test", "X-Forwarded-Ssl": "off",
          "X_Forwarded_For": "6.6.6.6", "x.forwarded.host": "evil.test", "X-Forwarded-User": "admin", "X-Forwarded-Email": "evil@evil.test"}


def test_what_a_client_says_of_forwarding_is_replaced(gateway, upstream):
    assert gateway.get("/public/f", FORGED).status == 200
    seen = upstream.only("/public/f")
    text = str([(n, v) for n, v in seen.fields if "forwarded" in n.lower()])
    assert "evil" not in text and "6.6.6.6" not in text and "81" not in text and "off" not in text and "admin" not in text
    assert (seen.get("x-forwarded-for"), seen.get("x-forwarded-proto"), seen.get("x-forwarded-host")) == ("127.0.0.1", "https", "gatehouse.test")


def test_what_a_trusted_proxy_says_counts(start, site, upstream):
    gateway = start(site.config(upstream, forwarding={"trusted_proxies": ["127.0.0.0/8"]}))
    fields = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "public.test"}
    assert gateway.get("/public/f", fields).status == 200
    seen = upstream.only("/public/f")
    assert [a.strip() for a in seen.get("x-forwarded-for").split(",")] == ["203.0.113.9", "127.0.0.1"]
    assert seen.get("x-forwarded-host") == "public.test"
    assert gateway.logged(path="/public/f")
    assert "203.0.113.9" in str(gateway.logged(path="/public/f"))


def test_only_the_trusted_part_of_a_chain_counts(start, site, upstream):
    gateway = start(site.config(upstream, forwarding={"trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}))
    assert gateway.get("/public/f", {"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.1.2.3"}).status == 200
    entry = str(gateway.logged(path="/public/f"))
    assert "203.0.113.9" in entry and "6.6.6.6" not in entry


def test_the_upstream_gets_its_own_host_or_the_clients(gateway, upstream):
    assert gateway.get("/public/x").status == 200
    assert upstream.only("/public/x").get("host") == f"127.0.0.1:{upstream.port}"
    assert gateway.get("/host/x", host="gatehouse.test").status == 200
    assert upstream.only("/host/x").get("host") == "gatehouse.test"


def test_each_request_has_an_id_of_its_own(gateway, upstream):
    for n in range(3):
        gateway.get(f"/public/id{n}")
    ids = [r.get("x-request-id") for r in upstream.seen()]
    assert len(set(ids)) == 3 and all(re.fullmatch(r"[\x21-\x7e]{8,64}", i) for i in ids)
    for n, seen in enumerate(upstream.seen()):
        assert gateway.logged(path=f"/public/id{n}")["request_id"] == seen.get("x-request-id")


@pytest.mark.parametrize("sent", ["client-chosen-id-0001", "x" * 3000, "a b\tc", "évil", "'; DROP TABLE", ""])
def test_a_request_id_of_the_client_is_one_safe_field(gateway, upstream, sent):
    assert gateway.get("/public/id", [("X-Request-Id", sent), ("x_request_id", "other"), ("X-Request-Id", "second")]).status == 200
    seen = upstream.only("/public/id")
    assert re.fullmatch(r"[\x21-\x7e]{1,200}", seen.get("x-request-id"))


def test_traceparent_is_continued(gateway, upstream):
    assert gateway.get("/public/t", {"traceparent": TRACEPARENT, "tracestate": "a=b,c=d"}).status == 200
    seen = upstream.only("/public/t")
    version, trace, parent, flags = seen.get("traceparent").split("-")
    assert (version, trace, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert re.fullmatch(r"[0-9a-f]{16}", parent) and parent != "0" * 16
    assert seen.get("tracestate") == "a=b,c=d"


@pytest.mark.parametrize("sent", [
    None, "", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra", "garbage",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01"])
def test_an_invalid_traceparent_is_replaced(gateway, upstream, sent):
    assert gateway.get("/public/t", {"traceparent": sent, "tracestate": "a=b"} if sent is not None else {}).status == 200
    seen = upstream.only("/public/t")
    match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0[0-3]", seen.get("traceparent"))
    assert match and match[1] != "0" * 32 and match[2] != "0" * 16
    assert match[1] != "4bf92f3577b34da6a3ce929d0e0e4736"
    assert "tracestate" not in seen  # W3C Trace Context §4.3: it belongs to the trace that was dropped


def test_two_traceparents_are_invalid(gateway, upstream):
    assert gateway.get("/public/t", [("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT.replace("4b", "5c"))]).status == 200
    assert len(upstream.only("/public/t").all("traceparent")) == 1


def test_a_later_traceparent_version_is_continued(gateway, upstream):
    """W3C Trace Context §3.2.2, §4.3: who records no span of its own passes it on as it is."""
    later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"
    assert gateway.get("/public/t", {"traceparent": later}).status == 200
    assert upstream.only("/public/t").get("traceparent") == later


def test_request_header_rules(gateway, upstream):
    fields = [("X-Set", "client"), ("x_set", "client"), ("X-Mode", "client"), ("X-Secret", "1"), ("Referer", "https://r.test/"), ("X-Add", "client"), ("X-Other", "o")]
    assert gateway.get("/rules/q", fields).status == 200
    seen = upstream.only("/rules/q")
    assert seen.get("x-set") == "gateway" and seen.get("x-mode") == "legacy" and seen.get("x-other") == "o"
    assert not {"x-secret", "referer", "x_set"} & set(seen.names())
    assert seen.all("x-add")[-1] == "gateway"


@pytest.mark.parametrize("name", ["X-Secret", "x.secret", "Referer", "X-Set", "x_mode"])
def test_request_header_rules_hold_for_trailers(gateway, upstream, name):
    with gateway.connect() as connection:
        fields = {"Transfer-Encoding": "chunked", "Trailer": name}
        connection.send(request_bytes("POST", "/rules/t", fields) + chunked(b"hi", trailers=[(name, "1"), ("X-Other", "o")]))
        assert connection.read_response().status == 200
    seen = upstream.only("/rules/t")
    assert [n.lower() for n, _ in seen.trailers] == ["x-other"] and "trailer" not in seen


def test_response_header_rules(gateway, upstream):
    upstream.on("/rules/p", answer(200, [("X-Frame-Options", "ALLOW"), ("X-Powered-By", "PHP"), ("Server", "legacy"), ("X-Added", "upstream"),
                                         ("Cache-Control", "public"), ("Cache-Control", "max-age=60")], b"x"))
    response = gateway.get("/rules/p")
    assert response.get("x-frame-options") == "DENY" and response.get("cache-control") == "no-store"
    assert not {"x-powered-by"} & set(response.names()) and "legacy" not in response.all("server")
    assert response.all("x-added") == ["upstream", "gateway"]


def test_a_field_that_some_route_sets_is_managed_on_every_route(gateway, upstream):
    assert gateway.get("/public/m", {"X-Set": "forged", "X_SET": "forged"}).status == 200
    assert not {"x-set", "x_set"} & set(upstream.only("/public/m").names())


@pytest.mark.parametrize("cookies, kept", [
    ("a=1; __Host-gatehouse=SECRET; b=2", "a=1; b=2"), ("__Host-gatehouse=SECRET", None), ("__Host-gatehouse-session=SECRET; a=1", "a=1"),
    ("a=1; b=2", "a=1; b=2"), ("x__Host-gatehouse=1", "x__Host-gatehouse=1"), ("a=1;__Host-gatehouse_login=SECRET;b=2", "a=1;b=2"),
])
def test_the_gateways_own_cookies_are_not_forwarded(gateway, upstream, cookies, kept):
    assert gateway.get("/public/c", {"Cookie": cookies}).status == 200
    seen = upstream.only("/public/c")
    assert "SECRET" not in str(seen.fields)
    assert (seen.get("cookie") or "").replace(" ", "") == (kept or "").replace(" ", "")


def test_cookies_over_several_fields(gateway, upstream):
    assert gateway.get("/public/c", [("Cookie", "a=1"), ("Cookie", "__Host-gatehouse=SECRET; b=2"), ("cookie", "c=3")]).status == 200
    seen = upstream.only("/public/c")
    assert "SECRET" not in str(seen.fields)
    assert sorted(c.strip() for v in seen.all("cookie") for c in v.split(";")) == ["a=1", "b=2", "c=3"]


def test_an_upstream_cannot_set_the_gateways_cookies(gateway, upstream):
    upstream.on("/public/c", answer(200, [("Set-Cookie", "__Host-gatehouse=x; Secure"), ("Set-Cookie", "a=1"), ("set-cookie", " __Host-gatehouse-session=y"),
                                          ("SET-COOKIE", "__host-GATEHOUSE=z"), ("Service-Worker-Allowed", "/")], b"x"))
    response = gateway.get("/public/c")
    assert response.all("set-cookie") == ["a=1"]
    assert "service-worker-allowed" not in response


def test_an_upstream_cannot_set_them_in_trailers_or_early_hints(gateway, upstream):
    upstream.on("/public/c", lambda e: e.send(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSet-Cookie: __Host-gatehouse=x\r\nService-Worker-Allowed: /\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSet-Cookie: __Host-gatehouse=x\r\nX-T: 1\r\n\r\n"))
    response = gateway.get("/public/c")
    assert "__Host-gatehouse" not in str(response.trailers) + str([i.fields for i in response.informational])


def test_nothing_is_taken_from_host(gateway, upstream):
    response = gateway.get("/any/i", {"X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}, host="evil.test")
    assert response.status == 401
    assert "evil" not in str(response.fields) and b"evil" not in response.body
    assert "https://gatehouse.test/" in response.get("www-authenticate")


def test_a_good_token_does_not_reach_any_field(gateway, upstream, token):
    assert gateway.get("/any/i", bearer(token)).status == 200
    assert token not in str(upstream.only("/any/i").fields)
    assert token.split(".")[2] not in str(upstream.only("/any/i").fields)


def test_no_field_is_sent_twice_and_nothing_unexpected_is_added(gateway, upstream):
    assert gateway.get("/public/n").status == 200
    names = upstream.only("/public/n").names()
    assert len(names) == len(set(names)), names
    assert set(names) <= {"host", "via", "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "traceparent",
                          "connection", "x-forwarded-port"}, names


def test_the_client_address_over_ipv6(start, site, upstream):

    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    gateway = start(site.config(upstream, listeners=[{"address": "[::1]:0", "tls": site.tls()}]))
    assert gateway.get("/public/six").status == 200
    seen = upstream.only("/public/six")
    assert seen.get("x-forwarded-for") == "::1"
    assert re.search(r'for="\[::1\](:\d+)?"', seen.get("forwarded"))  # RFC 7239 §6: quoted, in brackets
