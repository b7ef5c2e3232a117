"""CONTRACT §7: the access log, and that no secret is ever in any output."""

import json
import re

import pytest

from harness.client import chunked, request_bytes
from harness.tokens import bearer
from harness.upstream import answer, raw
from harness.waiting import eventually


def configuration(site, upstream):
    return site.config(upstream, admin=site.admin(), logging={"access": "json", "level": "debug"}, storage="sqlite:data/gatehouse.db", authorization_server={},
                       trusted_issuers=[site.trusted(user_prefix="corp:")], routes=[{"name": "notes", "path": "/notes/**", "scopes": ["notes:read"], "upstream": "legacy"},
                                                                                   {"path": "/public/**", "access": "public", "upstream": "legacy"},
                                                                                   {"path": "/passing/**", "access": "authenticated", "forward_authorization": True, "upstream": "legacy"}])


def test_a_forwarded_request(gateway, upstream, token):
    upstream.on("/notes/l1", answer(201, [], b"x" * 1234))
    response = gateway.request("POST", "/notes/l1?secret=1", bearer(token), b"y" * 321, host="gatehouse.test:8443")
    assert response.status == 201
    entry = gateway.logged(path="/notes/l1")
    assert entry["method"] == "POST" and entry["status"] == 201 and entry["route"] == "notes" and entry["user"] == "corp:ada" and entry["client_id"] == "tests"
    assert entry["host"].startswith("gatehouse.test")
    assert entry["request_id"] == upstream.only("/notes/l1").get("x-request-id")
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", entry["time"])
    assert "127.0.0.1" in str(entry) and "forwarded" in entry["decision"] or "allow" in entry["decision"]
    assert 1234 in entry.values() and 321 in entry.values(), "bytes both ways"
    numbers = {k: v for k, v in entry.items() if re.search(r"ms|seconds|duration|time", k) and isinstance(v, (int, float))}
    assert len(numbers) >= 2 and all(0 <= v < 60_000 for v in numbers.values()), "durations: total and upstream"


@pytest.mark.parametrize("fields, status, reason", [
    ({}, 401, r"credential|token"), ("expired", 401, "expired"), ("audience", 401, "audience"), ("issuer", 401, "issuer"), ("signature", 401, "signature"), ("scope", 403, "scope"),
    ({"Authorization": "Bearer"}, 400, "."), ({"Authorization": "Bearer a.b.c"}, 401, "malformed")])
def test_a_refused_request(gateway, site, fields, status, reason):
    made = {"expired": lambda: site.issuer.token(exp=1), "audience": lambda: site.issuer.token(aud="x"), "issuer": lambda: site.issuer.token(iss="https://x.test"),
            "signature": lambda: site.issuer.token()[:-8] + "AAAAAAAA", "scope": lambda: site.issuer.token(scope="x")}
    if isinstance(fields, str):
        fields = bearer(made[fields]())
    response = gateway.get("/notes/refused", fields)
    assert response.status == status
    entry = gateway.logged(request_id=response.json()["request_id"])
    assert entry["status"] == status and entry["decision"] != "forwarded"
    assert re.search(reason, entry["reason"]), entry


def test_what_never_reached_a_route(gateway):
    response = gateway.get("/nowhere?x=1")
    entry = gateway.logged(request_id=response.json()["request_id"])
    assert entry["status"] == 404 and entry["path"] == "/nowhere" and not entry.get("route") and not entry.get("user")


def test_a_malformed_request_is_logged_too(gateway):
    with gateway.connect() as connection:
        connection.send(b"GET /public/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        response = connection.read_response()
    assert gateway.logged(request_id=response.json()["request_id"])["status"] == 400


def test_a_failed_upstream(gateway, upstream):
    upstream.on("/public/bad", raw(b"nonsense\r\n\r\n", close=True))
    response = gateway.request("POST", "/public/bad")
    assert response.status == 502
    assert gateway.logged(request_id=response.json()["request_id"])["reason"]


def test_a_client_that_left(gateway, upstream):
    upstream.on("/public/left", lambda e: e.peer_closed_within(5))
    connection = gateway.connect()
    connection.send(request_bytes("GET", "/public/left"))
    upstream.wait(path="/public/left")
    connection.reset()
    entry = gateway.logged(path="/public/left")
    assert entry["status"] in (0, 499, None) or entry.get("reason")


def test_nothing_breaks_out_of_a_line(gateway, site):
    """Every line is JSON by itself, whatever the client sends."""
    before = len(gateway.access_log())
    gateway.get('/public/%0A{"status":200}%22', {"User-Agent": 'x"\\\x7f'.replace("\x7f", ""), "X-Request-Id": '"}\\n{'})
    gateway.get("/public/\"quote\\", host='a"b')
    gateway.get("/notes/x", bearer(site.issuer.token(sub='ada"}\n{"user":"root', scope="notes:read")))
    with gateway.connect() as connection:
        connection.send(b"G\xffT /\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n")
        connection.read_to_end(5)
    entry = gateway.logged(path="/notes/x")
    assert entry["user"].startswith("corp:ada") and entry["user"] != "root"
    eventually(lambda: len(gateway.access_log()) >= before + 4, what="an entry for each")
    for line in gateway.lines:
        assert line.startswith("listening on ") or isinstance(json.loads(line), dict), line


def test_no_secret_is_in_any_output(gateway, upstream, site):
    planted = {}

    def plant(name):
        planted[name] = f"PLANTED{name}{len(planted)}x7Qz"
        return planted[name]

    tokens = [site.issuer.token(secret=plant("claim")), site.issuer.token(exp=1, secret=plant("expired")), site.issuer.token()[:-9] + "PLANTEDsi", gateway.issue_token()]
    upstream.on("/public/s", answer(200, [("Set-Cookie", "sid=" + plant("setcookie")), ("Authorization", plant("upstreamauth"))], plant("answer").encode()))
    for token in tokens:
        gateway.get("/notes/s?access_token=" + plant("query"), {**bearer(token), "Cookie": "sid=" + plant("cookie")})
        gateway.get("/passing/s", bearer(token))
        gateway.get("/nowhere?code=" + plant("code"), bearer(token))
        gateway.get(f"/public/s?token={token}", {"Referer": "https://x.test/?" + plant("referer")})
        gateway.get("/notes/s", {"Authorization": "Bearer " + token + " " + plant("second")})
        gateway.get("/notes/s#" + plant("fragment"), bearer(token))
    gateway.get("/notes/s", {"Authorization": "Basic " + plant("basic")})
    gateway.get("/notes/s", {"Proxy-Authorization": plant("proxy"), "X-Api-Key": plant("key"), "X-User-Name": plant("forged")})
    gateway.get("/notes/s", {"Authorization": "Bearer " + plant("opaque")})
    gateway.request("POST", "/public/s", {}, "password=" + plant("password"))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/public/s", {"Transfer-Encoding": "chunked"}) + chunked(plant("body").encode(), trailers=[("X-T", plant("trailer"))]))
        connection.read_response()
    for bad in (b"GET /public/s?x=" + plant("badquery").encode() + b" HTTP/1.1\r\nHost: a\r\nHost: b\r\nCookie: " + plant("badcookie").encode() + b"\r\n\r\n",
                b"GET /public/s HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer " + plant("badfield").encode() + b"\r\n\r\n",
                b"GET /public/%zz?" + plant("badescape").encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"):
        with gateway.connect() as connection:
            connection.send(bad)
            connection.read_to_end(5)
    upstream.on("/public/broken", raw(b"HTTP/1.1 200 OK\r\nSet-Cookie: " + plant("brokenanswer").encode() + b"\r\nbroken\r\n\r\n", close=True))
    gateway.request("POST", "/public/broken")
    gateway.get("/public/last")
    gateway.logged(path="/public/last")
    output = "\n".join(gateway.lines) + gateway.stderr() + gateway.admin("/metrics").text + gateway.admin("/").text
    for name, secret in planted.items():
        assert secret not in output, f"the {name} is in the output"
    for token in tokens:
        for part in token.split(".")[1:]:
            assert part not in output, "a part of a token is in the output"


@pytest.mark.parametrize("form", ["text", "off"])
def test_other_forms(start, site, upstream, form):
    gateway = start(site.config(upstream, logging={"access": form}))
    assert gateway.get("/public/form?secret=PLANTED").status == 200
    gateway.stop()
    lines = [line for line in gateway.lines if not line.startswith("listening on ")]
    assert "PLANTED" not in str(lines)
    if form == "off":
        assert lines == []
    else:
        assert any("/public/form" in line and "200" in line for line in lines)
