"""CONTRACT §4.5, §5: WebSockets and other upgrades, from HTTP/1.1 clients and by extended CONNECT (RFC 8441)."""

import re
import signal
import time

import pytest

from harness import frames
from harness.challenges import challenge
from harness.client import request_bytes
from harness.gateway import total
from harness.tokens import bearer
from harness.tunnels import (KEY, accept, connect_fields, echo, handshake, noise, open_stream, open_tunnel, read_exactly,
                             switch, tunnel)
from harness.upstream import Gate, Upstream, answer
from harness.waiting import SCALE, eventually

MEBIBYTE = 1 << 20
ENABLE_CONNECT_PROTOCOL = 8


def configuration(site, upstream):
    config = site.config(upstream, admin=site.admin())
    config["upstreams"]["legacy"] |= {"idle_timeout": "20s"}
    config["upstreams"]["short"] = {"servers": [upstream.url], "idle_timeout": "2s"}
    config["upstreams"]["dead"] = {"servers": ["http://127.0.0.1:1"]}
    config["upstreams"]["h2c"] = {"servers": ["h2c://127.0.0.1:1"]}
    public = {"access": "public", "upstream": "legacy"}
    config["routes"] += [
        {"path": "/short/**", "access": "public", "upstream": "short"}, {"path": "/dead/**", "access": "public", "upstream": "dead"},
        {"path": "/h2c/**", "access": "public", "upstream": "h2c"},
        {"path": "/pages/**", "cors": {"origins": ["https://app.test"]}, **public},
        {"path": "/passed/**", "scopes": ["notes:read"], "forward_authorization": True, "upstream": "legacy"},
        {"path": "/lasting/**", "scopes": ["notes:read"], "close_on_token_expiry": False, "upstream": "legacy"},
    ]
    return config


@pytest.fixture
def client(gateway):
    with gateway.http2() as client:
        client.wait(lambda: client.peer_settings is not None, what="SETTINGS")
        yield client


def read_stream(client, stream, count):
    client.wait(lambda: len(stream.body) >= count or stream.is_over, what=f"{count} bytes in the tunnel")
    data = bytes(stream.body[:count])
    del stream.body[:count]
    return data


def open_tunnels(gateway):
    return total(gateway.metrics(), "gatehouse_tunnels")


# The handshake

def test_a_websocket_goes_through(gateway, upstream, token, unique):
    path = f"/notes/{unique}"
    upstream.on(path, tunnel(echo, fields=[("Sec-WebSocket-Extensions", "permessage-deflate"), ("X-Own", "yes")], more=b"first"))
    with gateway.connect() as connection:
        extra = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits", "Origin": "https://any.test",
                 "X-User-Name": "mallory", **bearer(token)}
        response = open_tunnel(connection, path, extra)
        assert response.get("upgrade") == "websocket" and response.get("connection").lower() == "upgrade"
        assert response.all("sec-websocket-accept") == [accept(KEY)] and response.get("x-own") == "yes"
        assert response.get("sec-websocket-extensions") == "permessage-deflate"
        assert "content-length" not in response and "transfer-encoding" not in response
        assert read_exactly(connection, 5) == b"first"
        for size in (1, 1000, 100_000):
            data = noise(size)
            connection.send(data)
            assert read_exactly(connection, size) == data
    seen = upstream.only(path)
    assert seen.all("upgrade") == ["websocket"] and seen.all("connection") == ["Upgrade"]
    assert seen.all("sec-websocket-key") == [KEY] and seen.get("sec-websocket-version") == "13"
    assert seen.get("sec-websocket-extensions").startswith("permessage-deflate") and seen.get("origin") == "https://any.test"
    assert seen.all("x-user-name") == ["ada"] and "authorization" not in seen


def test_what_is_sent_before_the_101_is_not_lost(gateway, upstream, unique):
    path = f"/public/{unique}"
    gate = Gate()

    def handler(exchange):
        gate.wait()
        echo(switch(exchange))
        exchange.close()

    upstream.on(path, handler)
    with gateway.connect() as connection:
        early = noise(200_000)
        connection.send(handshake(path) + b"hasty")
        connection.send_available(early)
        gate.open()
        assert connection.read_head().status == 101
        assert read_exactly(connection, 5 + 100_000) == b"hasty" + early[:100_000]


@pytest.mark.parametrize("offered, sent", [("h2c", []), ("H2C, HTTP/2.0", []), ("TLS/1.3, HTTP/1.1", []), ("h2c, websocket", ["websocket"])])
def test_nothing_in_which_requests_would_follow_is_passed_on(gateway, upstream, unique, offered, sent):
    path = f"/public/{unique}"
    if sent:
        upstream.on(path, tunnel(echo))
    with gateway.connect() as connection:
        fields = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": offered, "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        connection.send(request_bytes("GET", path, fields))
        assert connection.read_head().status == (101 if sent else 200)
    seen = upstream.only(path)
    assert seen.all("upgrade") == sent and "http2-settings" not in seen and "HTTP2-Settings" not in str(seen.all("connection"))


@pytest.mark.parametrize("lines", [
    {"Connection": "Upgrade", "Upgrade": "websocket", "Content-Length": "3"}, {"Upgrade": "websocket"}, {"Connection": "Upgrade"}])
def test_what_is_no_upgrade_is_a_request(gateway, upstream, unique, lines):
    """RFC 9110 §7.8: a server may ignore it; Upgrade counts only if Connection names it."""
    path = f"/public/{unique}"
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", path, lines) + (b"abc" if "Content-Length" in lines else b""))
        assert connection.read_response().status == 200
        assert connection.request("GET", "/public/next").status == 200
    assert "upgrade" not in upstream.only(path) and "connection" not in upstream.only(path)


def test_http_1_0_upgrades_nothing(gateway, upstream, unique):
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", f"/public/{unique}", {"Connection": "Upgrade", "Upgrade": "websocket"}, version="HTTP/1.0"))
        assert connection.read_response().status == 200
    assert "upgrade" not in upstream.only(f"/public/{unique}")


def test_another_protocol_and_another_method(gateway, upstream, unique):
    path = f"/public/{unique}"
    upstream.on(path, tunnel(echo, protocol="TCP"))
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", path, {"Connection": "upgrade", "Upgrade": "tcp"}, body=b""))
        response = connection.read_head()
        assert response.status == 101 and response.get("upgrade") == "TCP" and "sec-websocket-accept" not in response
        connection.send(b"\x00\xff")
        assert read_exactly(connection, 2) == b"\x00\xff"
    assert upstream.only(path).method == "POST"


@pytest.mark.parametrize("status", [200, 403, 404, 426, 503])
def test_an_upstream_that_does_not_switch_is_passed_on(gateway, upstream, unique, status):
    path = f"/public/{unique}"
    upstream.on(path, answer(status, [("Upgrade", "websocket"), ("Connection", "Upgrade")], b"no thanks"))
    with gateway.connect() as connection:
        connection.send(handshake(path))
        response = connection.read_response()
        assert response.status == status and response.body == b"no thanks"
        assert connection.request("GET", "/public/next").status == 200


@pytest.mark.parametrize("lines", ["Upgrade: other\r\nConnection: Upgrade\r\n", "", "Upgrade: websocket\r\nUpgrade: websocket\r\n", "Upgrade: h2c\r\n"])
def test_a_switch_to_something_else_is_502(gateway, upstream, unique, lines):
    def handler(exchange):
        exchange.send(f"HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n")
        exchange.peer_closed_within(5)
        exchange.close()

    upstream.on(f"/public/{unique}", handler)
    with gateway.connect() as connection:
        connection.send(handshake(f"/public/{unique}"))
        assert connection.read_response().status == 502


def test_a_switch_that_nobody_asked_for_is_502(gateway, upstream, unique):
    upstream.on(f"/public/{unique}", tunnel(echo))
    assert gateway.get(f"/public/{unique}").status == 502


def test_an_upstream_that_is_not_there(gateway):
    with gateway.connect() as connection:
        connection.send(handshake("/dead/x"))
        assert connection.read_response().status == 502


def test_a_server_of_http_2_alone_takes_no_upgrade(gateway):
    with gateway.connect() as connection:
        connection.send(handshake("/h2c/x"))
        response = connection.read_response()
        assert response.status == 502 and "HTTP/2" in response.json()["detail"]


# The token

def test_a_token_is_needed_before_the_upgrade(gateway, upstream, site):
    cases = [({}, 401), (bearer(site.issuer.token(exp=int(time.time()) - 900)), 401), (bearer(site.issuer.token(scope="other")), 403),
             ({"Sec-WebSocket-Protocol": f"bearer.{site.issuer.token(scope='other')}"}, 403), ({"Sec-WebSocket-Protocol": "bearer.x.y.z"}, 401)]
    for fields, status in cases:
        with gateway.connect() as connection:
            connection.send(handshake("/notes/refused", fields))
            response = connection.read_response()
            assert response.status == status and "www-authenticate" in response
    assert not upstream.seen("/notes/refused")


@pytest.mark.parametrize("offer, sent, chosen, told", [
    ("chat, {}", ["chat"], "chat", "chat"), ("{},a,b", ["a, b"], "b", "b"), ("{}", [], None, "{}"), ("{}, chat", ["chat"], None, None)])
def test_a_token_as_a_subprotocol(gateway, upstream, site, unique, offer, sent, chosen, told):
    """A browser's script can put it nowhere else. One of those offered must be chosen, if only the token is."""
    token, path = site.issuer.token(), f"/notes/{unique}"
    upstream.on(path, tunnel(echo, fields=[("Sec-WebSocket-Protocol", chosen)] if chosen else []))
    with gateway.connect() as connection:
        response = open_tunnel(connection, path, {"Sec-WebSocket-Protocol": offer.format(f"bearer.{token}")})
        assert response.all("sec-websocket-protocol") == ([told.format(f"bearer.{token}")] if told else [])
        connection.send(b"ping")
        assert read_exactly(connection, 4) == b"ping"
    seen = upstream.only(path)
    assert seen.all("sec-websocket-protocol") == sent and seen.get("x-user-name") == "ada"
    assert token.encode() not in seen.head
    assert gateway.logged(path=path)
    assert token.split(".")[2] not in gateway.stderr() and token.split(".")[2] not in str(gateway.access_log())


def test_a_forwarded_token_is_where_upstreams_look_for_it(gateway, upstream, site, unique):
    token, path = site.issuer.token(), f"/passed/{unique}"
    upstream.on(path, tunnel(echo))
    with gateway.connect() as connection:
        open_tunnel(connection, path, {"Sec-WebSocket-Protocol": f"chat, bearer.{token}"})
    seen = upstream.only(path)
    assert seen.all("authorization") == [f"Bearer {token}"] and seen.all("sec-websocket-protocol") == ["chat"]


@pytest.mark.parametrize("offer, fields", [
    ("bearer.{0}, bearer.{0}", {}), ("bearer.", {}), ("chat, bearer.{0}", {"Authorization": "Bearer {0}"})])
def test_two_tokens_are_malformed(gateway, token, offer, fields):
    with gateway.connect() as connection:
        fields = {name: value.format(token) for name, value in fields.items()}
        connection.send(handshake("/notes/x", {"Sec-WebSocket-Protocol": offer.format(token), **fields}))
        response = connection.read_response()
        assert response.status == 400 and challenge(response)["error"] == "invalid_request"


def test_a_subprotocol_is_no_token_without_a_handshake(gateway, upstream, token, unique):
    assert gateway.get("/notes/x", {"Sec-WebSocket-Protocol": f"bearer.{token}"}).status == 401
    path = f"/public/{unique}"
    assert gateway.get(path, {"Sec-WebSocket-Protocol": f"a, bearer.{token}"}).status == 200
    assert upstream.only(path).all("sec-websocket-protocol") == ["a"]


@pytest.mark.parametrize("origin, status", [
    ("https://app.test", 101), ("https://gatehouse.test", 101), (None, 101), ("https://evil.test", 403), ("null", 403)])
def test_pages_of_other_origins_open_no_websocket(gateway, upstream, unique, origin, status):
    upstream.on(f"/pages/{unique}", tunnel(echo))
    with gateway.connect() as connection:
        connection.send(handshake(f"/pages/{unique}", {"Origin": origin} if origin else {}))
        assert connection.read_head().status == status
    assert len(upstream.seen(f"/pages/{unique}")) == (status == 101)


def test_explain_shows_an_upgrade(gateway, token):
    done = gateway.command("explain", "GET", "https://gatehouse.test/notes/x", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
                           "-H", f"Sec-WebSocket-Protocol: chat, bearer.{token}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Upgrade: websocket" in done.stdout and token not in done.stdout


# Ends

@pytest.mark.parametrize("secure", [False, True])
def test_each_side_may_end_alone(gateway, upstream, start, site, unique, secure):
    """The client's end reaches the upstream, which still answers, and the other way round."""
    def count(end):
        end.send(b"%d" % len(end.read_to_end()))

    def farewell(end):
        end.send(b"bye")
        if secure:
            end.exchange.socket.unwrap()
        else:
            end.socket.shutdown(1)
            received.append(len(end.read_to_end()))

    received, path = [], f"/public/{unique}"
    if secure:
        upstream = Upstream(context=site.authority.server_context("upstream", "127.0.0.1"))
        gateway = start(site.config(upstream, upstreams={"legacy": {"servers": [upstream.url], "tls": {"ca_file": str(site.authority.file)}}}))
    upstream.on(path, tunnel(count))
    with gateway.connect() as connection:
        open_tunnel(connection, path)
        connection.send(noise(MEBIBYTE))
        connection.half_close()
        assert connection.read_to_end() == b"%d" % MEBIBYTE
        assert not connection.was_reset
    upstream.on(path, tunnel(farewell))
    with gateway.connect() as connection:
        open_tunnel(connection, path)
        assert connection.read_to_end() == b"bye"
        if not secure:
            connection.send(noise(MEBIBYTE))
            connection.half_close()
            eventually(lambda: received == [MEBIBYTE], 10, what="what came after the upstream's end")
    if secure:
        upstream.stop()


def test_a_client_that_goes_away_ends_the_upstreams_side(gateway, upstream, unique):
    ended = Gate()
    upstream.on(f"/public/{unique}", tunnel(lambda end: (end.read_to_end(), ended.open())))
    with gateway.connect() as connection:
        open_tunnel(connection, f"/public/{unique}")
        connection.reset()
        assert ended.wait(3)


def test_an_upstream_that_breaks_off_ends_the_clients_side(gateway, upstream, unique):
    path = f"/public/{unique}"

    def handler(exchange):
        switch(exchange).send(b"last words")
        time.sleep(0.2)
        exchange.reset()

    upstream.on(path, handler)
    with gateway.connect() as connection:
        open_tunnel(connection, path)
        assert connection.read_to_end() == b"last words"
    entry = gateway.logged(path=path)
    assert entry["status"] == 101 and entry["reason"] == "upstream_gone"


def test_a_tunnel_is_logged_and_counted(gateway, upstream, unique):
    path = f"/public/{unique}"
    upstream.on(path, tunnel(echo))
    before = open_tunnels(gateway)
    with gateway.connect() as connection:
        open_tunnel(connection, path)
        connection.send(b"x" * 1000)
        read_exactly(connection, 1000)
        eventually(lambda: open_tunnels(gateway) == before + 1)
        assert not [e for e in gateway.access_log() if e["path"] == path]
        time.sleep(0.3)
        connection.half_close()
        connection.read_to_end()
    eventually(lambda: open_tunnels(gateway) == before)
    entry = gateway.logged(path=path)
    assert entry["status"] == 101 and entry["decision"] == "forwarded" and entry.get("reason") is None
    assert entry["bytes_received"] == entry["bytes_sent"] == 1000 and entry["duration_ms"] - entry["upstream_ms"] > 200


def test_nothing_for_the_idle_time_out_ends_it(gateway, upstream, unique):
    path = f"/short/{unique}"
    upstream.on(path, tunnel(echo))
    with gateway.connect() as connection:
        open_tunnel(connection, path)
        for _ in range(5):  # longer than the time-out, but never silent for as long
            time.sleep(0.6)
            connection.send(b".")
            assert read_exactly(connection, 1) == b"."
        begun = time.monotonic()
        assert connection.is_closed_within(5)
        assert 1.8 < time.monotonic() - begun
    assert gateway.logged(path=path)["reason"] == "idle"


# Backpressure

@pytest.mark.parametrize("direction", ["to the upstream", "to the client"])
def test_a_side_that_does_not_read_slows_the_other_down(gateway, upstream, unique, direction):
    gate, path, sent = Gate(), f"/public/{unique}", []

    def silent(end):
        gate.wait(20)
        received = 0
        while piece := end.read():
            received += len(piece)
        end.send(b"%d" % received)

    def flood(end):
        end.socket.settimeout(1.0)
        try:
            while True:
                end.socket.sendall(b"x" * 65536)
                sent.append(65536)
        except OSError:
            gate.open()

    upstream.on(path, tunnel(silent if direction == "to the upstream" else flood))
    before = gateway.memory()
    with gateway.connect(receive_buffer=65536) as connection:
        open_tunnel(connection, path)
        if direction == "to the upstream":
            count = connection.send_available(bytes(64 * MEBIBYTE))
            assert count < 32 * MEBIBYTE
            assert gateway.memory() - before < 8 * MEBIBYTE * SCALE
            gate.open()
            connection.half_close(tcp=False)
            assert connection.read_to_end() == b"%d" % count
        else:
            assert gate.wait(10)
            assert sum(sent) < 32 * MEBIBYTE and gateway.memory() - before < 8 * MEBIBYTE * SCALE


# Drain, reload, expiry

def test_a_tunnel_has_the_shutdown_time_out(start, site, upstream, unique):
    gateway = start(site.config(upstream, shutdown_timeout="2s"))
    upstream.on(f"/public/{unique}", tunnel(echo))
    with gateway.connect() as connection:
        open_tunnel(connection, f"/public/{unique}")
        gateway.signal(signal.SIGTERM)
        begun = time.monotonic()
        time.sleep(0.5)
        connection.send(b"still")
        assert read_exactly(connection, 5) == b"still"
        assert connection.is_closed_within(4)
        assert 1.5 < time.monotonic() - begun
    assert gateway.wait(3) == 0


def test_a_tunnel_that_ends_lets_the_gateway_end(start, site, upstream, unique):
    gateway = start(site.config(upstream, shutdown_timeout="30s"))
    upstream.on(f"/public/{unique}", tunnel(echo))
    with gateway.connect() as connection:
        open_tunnel(connection, f"/public/{unique}")
        gateway.signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.half_close()
        connection.read_to_end()
        assert gateway.wait(3) == 0


def test_a_tunnel_outlives_a_reload(start, site, upstream, unique):
    config = site.config(upstream)
    gateway = start(config)
    upstream.on(f"/public/{unique}", tunnel(echo))
    with gateway.connect() as connection:
        open_tunnel(connection, f"/public/{unique}")
        gateway.reload(config | {"routes": [{"path": "/other/**", "access": "deny"}]})
        eventually(lambda: gateway.get(f"/public/{unique}").status == 404)
        connection.send(b"still")
        assert read_exactly(connection, 5) == b"still"


def test_a_tunnel_is_cut_when_its_token_expires(gateway, upstream, site, unique):
    token = site.issuer.token(exp=int(time.time()) - 57)  # 60 s of clock skew: good for some 3 s more
    paths = [f"/notes/{unique}", f"/lasting/{unique}"]
    for path in paths:
        upstream.on(path, tunnel(echo))
    with gateway.connect() as short, gateway.connect() as lasting:
        open_tunnel(short, paths[0], bearer(token))
        open_tunnel(lasting, paths[1], bearer(token))
        short.send(b"x")
        assert read_exactly(short, 1) == b"x"
        assert short.is_closed_within(6)
        assert not upstream.errors
        lasting.send(b"x")
        assert read_exactly(lasting, 1) == b"x"
    assert gateway.logged(path=paths[0])["reason"] == "token_expired"


def test_a_tunnel_is_cut_when_its_token_is_revoked(start, site, upstream, unique):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={},
                                trusted_issuers=[site.trusted(user_prefix="foreign:")]))
    token, other = gateway.issue_token("ada", "notes:read"), gateway.issue_token("ada", "notes:read")
    upstream.on(f"/notes/{unique}", tunnel(echo))
    with gateway.connect() as mine, gateway.connect() as others:
        open_tunnel(mine, f"/notes/{unique}", {"Sec-WebSocket-Protocol": f"bearer.{token}"})
        open_tunnel(others, f"/notes/{unique}", bearer(other))
        assert gateway.command("token", "revoke", token).returncode == 0
        assert mine.is_closed_within(2)
        others.send(b"x")
        assert read_exactly(others, 1) == b"x"
    assert gateway.logged(reason="token_revoked")


def test_no_tunnel_opens_whose_token_was_revoked_meanwhile(start, site, upstream, unique):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={},
                                trusted_issuers=[site.trusted(user_prefix="foreign:")]))
    token, path, gate = gateway.issue_token("ada", "notes:read"), f"/notes/{unique}", Gate()
    upstream.on(path, lambda exchange: gate.wait() and echo(switch(exchange)))
    with gateway.connect() as old, gateway.http2() as client:
        client.settle()
        old.send(handshake(path, bearer(token)))
        stream = client.open("CONNECT")
        client.send_headers(stream, connect_fields(path, {"authorization": f"Bearer {token}"}), end=False)
        upstream.wait(2, path)
        assert gateway.command("token", "revoke", token).returncode == 0
        eventually(lambda: gateway.get(f"/notes/{unique}-2", bearer(token)).status == 401, what="the revocation")
        gate.open()
        assert old.read_head().status == 401
        assert client.response_head(stream).status == 401


# Extended CONNECT

def test_extended_connect_is_offered(client):
    assert client.peer_settings[ENABLE_CONNECT_PROTOCOL] == 1


@pytest.mark.parametrize("place", ["field", "subprotocol"])
def test_a_websocket_from_http_2(gateway, upstream, client, token, unique, place):
    path = f"/notes/{unique}"
    upstream.on(path, tunnel(echo, fields=[("Sec-WebSocket-Protocol", "chat")], more=b"first"))
    fields = {"sec-websocket-protocol": f"chat, bearer.{token}"} if place == "subprotocol" else bearer(token) | {"sec-websocket-protocol": "chat"}
    stream = open_stream(client, path, fields | {"origin": "https://any.test"})
    answer = stream.response
    assert answer.status == 200 and answer.get("sec-websocket-protocol") == "chat"
    assert not [n for n in ("sec-websocket-accept", "upgrade", "connection", "content-length") if n in answer]
    assert read_stream(client, stream, 5) == b"first"
    for size in (1, 1000, 300_000):
        data = noise(size)
        client.send_body(stream, data, end=False)
        assert read_stream(client, stream, size) == data
    assert client.get("/public/beside").status == 200
    client.send_body(stream, b"", end=True)
    client.wait(lambda: stream.ended, what="the end of the tunnel")
    seen = upstream.only(path)
    assert (seen.method, seen.version) == ("GET", "HTTP/1.1")
    assert seen.all("upgrade") == ["websocket"] and seen.all("connection") == ["Upgrade"] and seen.get("sec-websocket-version") == "13"
    assert re.fullmatch("[A-Za-z0-9+/]{22}==", seen.get("sec-websocket-key")) and len(seen.all("sec-websocket-key")) == 1
    assert seen.all("sec-websocket-protocol") == ["chat"] and seen.get("x-user-name") == "ada" and token.encode() not in seen.head
    entry = gateway.logged(path=path)
    assert entry["status"] == 200 and entry["method"] == "CONNECT" and entry["bytes_received"] == 301_001


def test_only_the_right_answer_to_our_key_opens_it(client, upstream, unique):
    upstream.on(f"/public/{unique}", tunnel(echo, accepted=accept(KEY)))
    stream = open_stream(client, f"/public/{unique}")
    assert stream.response.status == 502


@pytest.mark.parametrize("status", [403, 404, 426])
def test_a_refusal_of_the_upstream_reaches_http_2(client, upstream, unique, status):
    upstream.on(f"/public/{unique}", answer(status, body=b"no thanks"))
    stream = open_stream(client, f"/public/{unique}")
    client.wait(lambda: stream.is_over, what="the end of the answer")
    assert stream.response.status == status and bytes(stream.body) == b"no thanks"


def test_a_page_of_the_upstream_opens_no_tunnel(client, upstream, unique):
    """A 2xx is what opens one over HTTP/2 (RFC 8441 §5), so bytes of a page would be taken for frames."""
    upstream.on(f"/public/{unique}", answer(200, body=b"\x81\x05hello"))
    stream = open_stream(client, f"/public/{unique}")
    client.wait(lambda: stream.is_over, what="the end of the answer")
    assert stream.response.status == 502 and b"hello" not in bytes(stream.body)
    assert upstream.only(f"/public/{unique}")


def test_a_token_is_needed_before_an_extended_connect(client, upstream, site):
    for fields, status in [({}, 401), (bearer(site.issuer.token(scope="other")), 403), ({"sec-websocket-protocol": "bearer.x.y.z"}, 401),
                           ({"content-type": "application/grpc"}, 401)]:
        stream = open_stream(client, "/notes/refused", fields)
        assert stream.response.status == status and "www-authenticate" in stream.response
    assert not upstream.seen("/notes/refused")


@pytest.mark.parametrize("protocol", ["connect-udp", "h2c", "tcp"])
def test_only_websockets_are_opened_by_connect(client, upstream, unique, protocol):
    stream = open_stream(client, f"/public/{unique}", protocol=protocol)
    assert stream.response.status == 501
    assert not upstream.seen(f"/public/{unique}")


def test_a_protocol_is_part_of_connect_alone(client, upstream, unique):
    """RFC 8441 §4."""
    stream = client.open("GET")
    fields = [(":method", "GET") if name == ":method" else (name, value) for name, value in connect_fields(f"/public/{unique}")]
    client.send_headers(stream, fields)
    client.wait(lambda: stream.is_over)
    assert stream.reset is not None or stream.response.status == 400
    assert not upstream.seen(f"/public/{unique}")


def test_each_side_may_end_its_stream_alone(client, upstream, unique):
    received, path = [], f"/public/{unique}"
    upstream.on(path, tunnel(lambda end: end.send(b"%d" % len(end.read_to_end()))))
    stream = open_stream(client, path)
    client.send_body(stream, noise(MEBIBYTE), end=True)
    client.wait(lambda: stream.ended, what="the upstream's end")
    assert bytes(stream.body) == b"%d" % MEBIBYTE and stream.reset is None

    def farewell(end):
        end.send(b"bye")
        end.socket.shutdown(1)
        received.append(len(end.read_to_end()))

    upstream.on(path, tunnel(farewell))
    stream = open_stream(client, path)
    client.wait(lambda: stream.ended, what="the upstream's end")
    assert bytes(stream.body) == b"bye"
    stream.ended = False  # the client's direction is open
    client.send_body(stream, noise(MEBIBYTE), end=True)
    eventually(lambda: received == [MEBIBYTE], 10, what="what came after the upstream's end")
    client.settle()


@pytest.mark.parametrize("code", [0, 8])
def test_a_reset_ends_the_upstreams_side(client, upstream, unique, code):
    """NO_ERROR too, which says nothing about who has ended what."""
    ended = Gate()
    upstream.on(f"/public/{unique}", tunnel(lambda end: (end.read_to_end(), ended.open())))
    client.cancel(open_stream(client, f"/public/{unique}"), code)
    assert ended.wait(3)
    assert client.get("/public/beside").status == 200


def test_a_tunnel_that_nobody_reads_stops_no_other(client, gateway, upstream, unique):
    gate = Gate()
    upstream.on(f"/public/{unique}", tunnel(lambda end: gate.wait(20)))
    upstream.on(f"/public/{unique}-2", tunnel(echo))
    before = gateway.memory()
    stuck, lively = open_stream(client, f"/public/{unique}"), open_stream(client, f"/public/{unique}-2")
    sent = client.send_available(stuck, bytes(64 * MEBIBYTE))
    assert sent < 32 * MEBIBYTE and gateway.memory() - before < 8 * MEBIBYTE * SCALE
    for _ in range(3):
        client.send_body(lively, b"x" * 20_000, end=False)
        assert read_stream(client, lively, 20_000) == b"x" * 20_000
    gate.open()


@pytest.mark.parametrize("fields", [{}, {"content-type": "application/grpc"}])
def test_a_tunnel_of_http_2_is_cut_when_its_token_expires(client, gateway, upstream, site, unique, fields):
    """In both directions, although a stream of gRPC would end with a status that the client may leave unread."""
    path = f"/notes/{unique}"
    upstream.on(path, tunnel(echo))
    stream = open_stream(client, path, bearer(site.issuer.token(exp=int(time.time()) - 57)) | fields)
    client.wait(lambda: stream.is_over, timeout=6, what="the end of the tunnel")
    assert stream.reset is not None
    assert client.get("/public/beside").status == 200
    assert gateway.logged(path=path)["reason"] == "token_expired"


def test_nothing_for_the_idle_time_out_ends_a_tunnel_of_http_2(client, gateway, upstream, unique):
    path = f"/short/{unique}"
    upstream.on(path, tunnel(echo))
    stream = open_stream(client, path)
    for _ in range(4):
        time.sleep(0.6)
        client.send_body(stream, b".", end=False)
        assert read_stream(client, stream, 1) == b"."
    client.wait(lambda: stream.is_over, timeout=5, what="the end of the tunnel")
    assert client.get("/public/beside").status == 200
    assert gateway.logged(path=path)["reason"] == "idle"


def test_an_upstream_that_breaks_off_ends_a_tunnel_of_http_2(client, gateway, upstream, unique):
    path = f"/public/{unique}"

    def handler(exchange):
        switch(exchange).send(b"last words")
        time.sleep(0.2)
        exchange.reset()

    upstream.on(path, handler)
    stream = open_stream(client, path)
    client.wait(lambda: stream.is_over, what="the end of the tunnel")
    assert bytes(stream.body) == b"last words"
    assert gateway.logged(path=path)["reason"] == "upstream_gone"
    assert client.get("/public/beside").status == 200


@pytest.mark.parametrize("event", ["reload", "shutdown"])
def test_a_tunnel_of_http_2_outlives_a_farewell(start, site, upstream, unique, event):
    config = site.config(upstream, shutdown_timeout="2s")
    gateway = start(config)
    upstream.on(f"/public/{unique}", tunnel(echo))
    with gateway.http2() as client:
        client.wait(lambda: client.peer_settings is not None, what="SETTINGS")
        stream = open_stream(client, f"/public/{unique}")
        if event == "reload":
            gateway.reload(config | {"routes": [{"path": "/other/**", "access": "deny"}]})
        else:
            gateway.signal(signal.SIGTERM)
        client.wait(lambda: client.goaway is not None, what="GOAWAY")
        client.send_body(stream, b"still", end=False)
        assert read_stream(client, stream, 5) == b"still"
        if event == "shutdown":
            assert client.closed_within(4)
            assert gateway.wait(3) == 0
        else:
            client.send_body(stream, b"", end=True)
            assert client.closed_within(3)  # it was the last that was under way


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_what_a_client_sent_before_its_end_arrives_however_late(gateway, upstream, unique, protocol):
    """Both have said that nothing more comes, and much is still on its way to an upstream that does not read."""
    gate, received, path = Gate(), [], f"/public/{unique}"

    def late(end):
        end.socket.shutdown(1)
        gate.wait(20)
        received.append(len(end.read_to_end()))

    def cpu():
        fields = open(f"/proc/{gateway.pid}/stat").read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])  # in hundredths of a second

    upstream.on(path, tunnel(late))
    if protocol == "h2":
        with gateway.http2() as client:
            client.wait(lambda: client.peer_settings is not None, what="SETTINGS")
            stream = open_stream(client, path)
            client.wait(lambda: stream.ended, what="the upstream's end")
            stream.ended = False
            sent = client.send_available(stream, bytes(64 * MEBIBYTE))
            client.send(frames.data(stream.number, b"", True))
            before = cpu()
            time.sleep(1)
            assert cpu() - before < 30, "it waits by asking again and again"
            gate.open()
            eventually(lambda: received == [sent], 20, what=f"{sent} bytes at the upstream, not {received}")
    else:
        with gateway.connect() as connection:
            open_tunnel(connection, path)
            assert connection.read_to_end() == b""
            sent = connection.send_available(bytes(64 * MEBIBYTE))
            connection.socket.shutdown(1)
            before = cpu()
            time.sleep(1)
            assert cpu() - before < 30, "it waits by asking again and again"
            gate.open()
            eventually(lambda: received == [sent], 20, what=f"{sent} bytes at the upstream, not {received}")
