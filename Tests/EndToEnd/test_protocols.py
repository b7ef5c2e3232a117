"""Which protocols a listener speaks (CONTRACT §3), what a reload changes of that, and how it is counted."""

import json
import re
import subprocess
import threading
from copy import deepcopy

import pytest

from harness.certificates import client_context
from harness.client import Connection, request_bytes
from harness.frames import LARGEST_WINDOW
from harness.gateway import run, write_config
from harness.http2 import HTTP2Client
from harness.responses import ClosedEarly
from harness.upstream import Gate, Upstream
from harness.waiting import eventually, stays


def configuration(site, upstream):
    """One listener for each combination that can be had."""
    return site.config(upstream, admin=site.admin(), listeners=[
        {"address": "127.0.0.1:0", "tls": site.tls()},
        {"address": "127.0.0.1:0", "tls": site.tls(), "protocols": ["http/1.1"]},
        {"address": "127.0.0.1:0", "tls": site.tls(), "protocols": ["h2"]},
        {"address": "127.0.0.1:0", "tls": site.tls(), "protocols": ["http/1.1", "h2"]},
        {"address": "127.0.0.1:0"},
        {"address": "127.0.0.1:0", "protocols": ["h2c", "http/1.1"]},
        {"address": "127.0.0.1:0", "protocols": ["h2c"]},
        {"address": "unix:h2c.sock", "protocols": ["h2c"]},
    ])


BOTH, ONLY_1, ONLY_2, FIRST_1, PLAIN, PLAIN_BOTH, PLAIN_2, SOCKET = range(8)


def offering(site, *protocols):
    context = client_context(alpn=list(protocols))
    context.load_verify_locations(cafile=site.authority.file)
    return context


def negotiated(gateway, site, listener, *protocols):
    with gateway.connect(listener, context=offering(site, *protocols)) as connection:
        return connection.tls.selected_alpn_protocol()


@pytest.mark.parametrize("listener, offered, chosen", [
    (BOTH, ["h2", "http/1.1"], "h2"), (BOTH, ["http/1.1", "h2"], "h2"), (BOTH, ["http/1.1"], "http/1.1"), (BOTH, ["h2"], "h2"), (BOTH, ["h3", "h2"], "h2"), (BOTH, [], None),
    (ONLY_1, ["h2", "http/1.1"], "http/1.1"), (ONLY_2, ["h2", "http/1.1"], "h2"), (FIRST_1, ["h2", "http/1.1"], "http/1.1"), (FIRST_1, ["h2"], "h2"),
])
def test_the_handshake_chooses(gateway, site, listener, offered, chosen):
    assert negotiated(gateway, site, listener, *offered) == chosen


@pytest.mark.parametrize("listener, offered", [(BOTH, "h3"), (ONLY_1, "h2"), (ONLY_2, "http/1.1")])
def test_a_client_that_speaks_nothing_of_it_gets_an_alert(gateway, site, listener, offered):
    """RFC 7301 §3.2: no_application_protocol."""
    with pytest.raises(OSError, match="(?i)no.application.protocol"):
        gateway.connect(listener, context=offering(site, offered))


@pytest.mark.parametrize("listener", [BOTH, ONLY_2, PLAIN_BOTH, PLAIN_2, SOCKET])
def test_http2_is_spoken(gateway, upstream, listener):
    with gateway.http2(listener) as client:
        assert client.get("/public/two").status == 200
        assert client.get("/notes/7").status == 401
    assert upstream.only("/public/two").method == "GET"


@pytest.mark.parametrize("listener", [BOTH, ONLY_1, FIRST_1, PLAIN, PLAIN_BOTH])
def test_http1_is_spoken(gateway, listener):
    with gateway.connect(listener) as connection:
        assert connection.request("GET", "/public/one").status == 200
        assert connection.request("GET", "/public/one").status == 200


@pytest.mark.parametrize("listener", [PLAIN_2, SOCKET, ONLY_2])
def test_a_listener_of_http2_alone_answers_no_http1(gateway, upstream, listener):
    """Without ALPN a client of TLS speaks HTTP/1.1."""
    with gateway.connect(listener) as connection:
        connection.send(request_bytes("GET", "/public/one"))
        with pytest.raises((ClosedEarly, ConnectionError)):
            connection.read_response()
    assert not upstream.seen("/public/one")


def test_a_plain_listener_takes_no_http2_unless_it_says_so(gateway):
    """The preface is a malformed request of HTTP/1."""
    with gateway.connect(PLAIN) as connection:
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert connection.read_response().status in (400, 505)
        assert connection.is_closed_within(3)


@pytest.mark.parametrize("size", [1, 3, 14, 18, 23])
def test_the_preface_may_come_in_pieces(gateway, size):
    with gateway.connect(PLAIN_BOTH) as connection:
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        for start in range(0, len(preface), size):
            connection.send(preface[start:start + size])
            stays(lambda: True, 0.01)
        client = HTTP2Client(connection, start=False)
        client.send_settings({})
        assert client.get("/public/pieces").status == 200


@pytest.mark.parametrize("text", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r", b"PRI / HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n", b"PUT /public/p HTTP/1.1\r\nHost: gatehouse.test\r\nContent-Length: 0\r\n\r\n"])
def test_what_only_begins_like_the_preface_is_http1(gateway, text):
    with gateway.connect(PLAIN_BOTH) as connection:
        connection.send(text)
        assert connection.read_response().status in (200, 400, 404, 505)


def test_an_upgrade_to_h2c_is_not_answered(gateway, upstream):
    """RFC 9113 §3.1: the upgrade of RFC 7540 is gone."""
    fields = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    with gateway.connect(PLAIN_BOTH) as connection:
        assert connection.request("GET", "/public/up", fields).status == 200
    assert not {"upgrade", "http2-settings"} & set(upstream.only("/public/up").names())


def test_connections_are_counted_by_protocol(gateway):
    def counted(name):
        return int(re.search(r'gatehouse_http_connections\{protocol="%s"\} (\d+)' % re.escape(name), gateway.admin("/metrics").text)[1])

    eventually(lambda: counted("HTTP/2") == 0 and counted("HTTP/1.1") == 0, 5, what="no connections")
    with gateway.http2() as client, gateway.connect() as connection:
        assert client.get("/public/x").status == 200 and connection.request("GET", "/public/x").status == 200
        assert (counted("HTTP/2"), counted("HTTP/1.1")) == (1, 1)
        page = gateway.admin("/").text
        assert re.search(r"<span>HTTP/2</span> <strong>1</strong>", page) and re.search(r"<span>HTTP/1.1</span> <strong>1</strong>", page)
    eventually(lambda: counted("HTTP/2") == 0 and counted("HTTP/1.1") == 0, 5, what="no connections again")


def test_requests_under_way_are_counted(gateway, upstream):
    gate = Gate()
    upstream.on("/public/slow", lambda e: (gate.wait(), e.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))
    streams = lambda: int(re.search(r"^gatehouse_http2_streams (\d+)", gateway.admin("/metrics").text, re.M)[1])
    with gateway.http2() as client:
        under_way = [client.request("GET", "/public/slow") for _ in range(3)]
        eventually(lambda: streams() == 3, 5, what="three streams")
        gate.open()
        assert [client.response(s).status for s in under_way] == [200] * 3
    eventually(lambda: streams() == 0, 5, what="no streams")


def test_the_log_names_the_protocol(gateway):
    with gateway.http2() as client, gateway.connect() as connection:
        client.get("/public/log-2")
        connection.request("GET", "/public/log-1")
    lines = lambda: [json.loads(line) for line in gateway.lines if line.startswith("{") and "/public/log-" in line]
    eventually(lambda: len(lines()) == 2, 5, what="two lines in the log")
    assert {line["path"]: line["version"] for line in lines()} == {"/public/log-1": "HTTP/1.1", "/public/log-2": "HTTP/2"}


def test_a_failed_handshake_is_counted(gateway, site):
    failed = lambda: int(re.search(r"^gatehouse_tls_handshakes_failed_total (\d+)", gateway.admin("/metrics").text, re.M)[1])
    before = failed()
    with pytest.raises(OSError):
        gateway.connect(BOTH, context=offering(site, "h3"))
    eventually(lambda: failed() == before + 1, 5, what="one more failed handshake")


# Reload


def test_a_reload_changes_what_is_spoken(start, site, upstream):
    gateway = start(site.config(upstream))
    with gateway.http2() as client:
        assert client.get("/public/x").status == 200
        changed = deepcopy(gateway.config)
        changed["listeners"][0]["protocols"] = ["http/1.1"]
        gateway.reload(changed)
        eventually(lambda: negotiated(gateway, site, 0, "h2", "http/1.1") == "http/1.1", 5, what="HTTP/1.1 alone")
        assert client.closed_within(5) and client.goaway and client.goaway.code == 0, client.ending()
    del changed["listeners"][0]["protocols"]
    gateway.reload(changed)
    eventually(lambda: negotiated(gateway, site, 0, "h2", "http/1.1") == "h2", 5, what="HTTP/2 again")


def test_a_reload_ends_no_request(start, site, upstream):
    """Clients are sent elsewhere for more (GOAWAY), and what is under way is finished."""
    gate = Gate()
    upstream.on("/public/slow", lambda e: (e.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"), gate.wait(), e.send(b"1\r\nb\r\n0\r\n\r\n")))
    gateway = start(site.config(upstream))
    with gateway.http2() as client:
        slow = client.request("GET", "/public/slow")
        assert client.response_head(slow).status == 200
        gateway.reload()
        client.wait(lambda: client.goaway, 5, "GOAWAY")
        gate.open()
        assert client.response(slow).body == b"ab"
        assert client.goaway.code == 0 and client.closed_within(5)
    with gateway.http2() as client:
        assert client.get("/public/x").status == 200


@pytest.mark.parametrize("heeds", ["the first word", "the last word"])
def test_reloads_under_load_lose_no_request(start, site, upstream, heeds):
    """Clients that leave when they are asked to get all of their answers, and so do those that go on until they must leave."""
    gateway = start(site.config(upstream))
    stop, failures, clients = threading.Event(), [], range(4)
    connections = [0 for _ in clients]  # on which something was answered

    def has_to_leave(client):
        return client.goaway and (heeds == "the first word" or client.goaway.last_stream < LARGEST_WINDOW)

    def ask(number):
        try:
            while not stop.is_set():
                with gateway.http2() as client:
                    is_new = True
                    while not stop.is_set() and not has_to_leave(client):
                        stream = client.request("GET", "/public/load")
                        try:
                            assert client.response(stream).status == 200
                            connections[number] += is_new
                            is_new = False
                        except ClosedEarly:
                            # RFC 9113 §6.8: not begun, to be sent again on another connection.
                            assert client.goaway and client.goaway.last_stream < stream.number, client.ending()
                            break
        except Exception as error:  # noqa: BLE001
            failures.append(repr(error))

    threads = [threading.Thread(target=ask, args=[number]) for number in clients]
    for thread in threads:
        thread.start()
    for reloads in range(6):
        eventually(lambda: all(connections[n] > reloads for n in clients) or failures, 10, what="every client on another connection")
        if reloads < 5:
            gateway.reload()
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not failures, failures


def test_limits_reach_connections_to_come(start, site, upstream):
    gateway = start(site.config(upstream, limits={"http2": {"concurrent_streams": 7, "header_table_size": 0, "stream_window": "32KiB", "connection_window": "96KiB"}, "header_size": "16KiB"}))
    with gateway.http2() as client:
        client.get("/public/x")
        settings = client.peer_settings
        assert (settings[1], settings[3], settings[4]) == (0, 7, 32768), settings
        assert settings[6] >= 16384 and settings[8] == 1, settings
        assert sum(int.from_bytes(f.payload, "big") for f in client.of_kind(8, 0)) >= 96 * 1024 - 65535
    changed = deepcopy(gateway.config)
    changed["limits"]["http2"]["concurrent_streams"] = 9
    gateway.reload(changed)

    def allowed():
        with gateway.http2() as client:
            client.get("/public/x")
            return client.peer_settings[3]

    eventually(lambda: allowed() == 9, 5, what="nine streams")


# A configuration from before there was HTTP/2


OLD = """{
  // Written for the version before HTTP/2.
  "issuer": "https://gatehouse.test",
  "listeners": [
    { "address": "127.0.0.1:0", "tls": { "certificate_file": "CERTIFICATE", "private_key_file": "KEY", "minimum_version": "1.2" } },
    { "address": "127.0.0.1:0", "redirect_to_https": true }
  ],
  "storage": "sqlite:data/gatehouse.db",
  "workers": 2, "shutdown_timeout": "3s",
  "scopes": { "notes:read": "Read your notes", "notes:write": { "description": "Write notes", "implies": ["notes:read"] } },
  "upstreams": { "legacy": { "servers": ["UPSTREAM"], "connect_timeout": "2s", "response_timeout": "30s", "idle_timeout": "60s", "retries": 1 } },
  "routes": [
    { "path": "/public/**", "access": "public", "upstream": "legacy" },
    { "path": "/notes/**", "methods": ["GET", "HEAD"], "scopes": ["notes:read"], "upstream": "legacy" },
    { "path": "/notes/**", "methods": ["POST", "PUT", "DELETE"], "scopes": ["notes:write"], "upstream": "legacy" }
  ],
  "authorization_server": {},
  "trusted_issuers": [ { "issuer": "ISSUER", "jwks_file": "JWKS", "audiences": ["AUDIENCE"], "user_prefix": "" } ],
  "forwarding": { "user_header": "X-User-Name", "underscore_headers": "drop" },
  "limits": { "target_size": "8KiB", "header_size": "32KiB", "header_count": 100, "body_size": "10MiB", "header_timeout": "10s",
              "body_min_rate": 500, "idle_timeout": "75s", "connections": 10000, "login": { "per_user": "5/15m", "per_address": "30/15m" } },
  "logging": { "level": "info", "access": "json" }
}"""


def test_a_configuration_of_before_works_unchanged(start, site, upstream, tmp_path, token):
    trusted = site.trusted()
    values = {"CERTIFICATE": site.certificate, "KEY": site.key, "UPSTREAM": upstream.url, "ISSUER": trusted["issuer"], "JWKS": trusted["jwks_file"], "AUDIENCE": trusted["audiences"][0]}
    text = OLD
    for name, value in values.items():
        text = text.replace(f'"{name}"', json.dumps(str(value)))
    config = json.loads(re.sub(r"^ *//.*$", "", text, flags=re.M))
    (tmp_path / "old").mkdir()
    checked = run("check", write_config(tmp_path / "old", text))
    assert checked.returncode == 0 and "error" not in checked.stdout, checked.stdout
    gateway = start(config)
    bearer = {"Authorization": f"Bearer {token}"}
    with gateway.connect() as connection, gateway.http2() as client:
        for ask in (connection.request, client.exchange):
            assert ask("GET", "/public/x").status == 200
            assert ask("GET", "/notes/x").status == 401
            assert ask("GET", "/notes/x", bearer).status == 200
            assert ask("GET", "/.well-known/jwks.json").status == 200
    assert all(r.get("x-user-name") for r in upstream.seen("/notes/x"))
    with gateway.connect(1) as connection:
        assert connection.request("GET", "/public/x").status == 308


@pytest.mark.parametrize("protocols, more", [(["h2", "http/1.1"], {"http2": False}), (["http/1.1"], {}), (["http/1.1"], {"http2": True}), ([], {})])
def test_an_upstream_gets_what_it_may_choose_from(start, site, protocols, more):
    """The upstream here speaks HTTP/1.1 alone, and prefers HTTP/2 where it lists it."""
    context = site.authority.server_context("upstream", "127.0.0.1")
    context.set_alpn_protocols(protocols)
    with Upstream(context=context) as upstream:
        config = site.config(upstream)
        config["upstreams"]["legacy"]["tls"] = {"ca_file": str(site.authority.file), **more}
        gateway = start(config)
        assert [gateway.get("/public/x").status for _ in range(3)] == [200] * 3
        assert upstream.check() == []


@pytest.mark.parametrize("server", ["h2c://127.0.0.1:1", "https://127.0.0.1:1"])
def test_an_upstream_that_can_not_be_reached_is_502(start, site, server):
    gateway = start(site.config(server))
    assert gateway.get("/public/x").status == 502


def test_curl_speaks_http2_by_itself(gateway, site):
    port = gateway.port(BOTH)
    done = subprocess.run(["curl", "-sS", "--cacert", str(site.authority.file), "--resolve", f"gatehouse.test:{port}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
                           f"https://gatehouse.test:{port}/public/curl"], capture_output=True, text=True, timeout=20)
    assert done.stdout == "2 200", done
