#!/usr/bin/env python3
"""What strangers can make the gateway spend: the figures of docs/threat-model.md. Not part of `make test`: `make costs`.

CPU is the gateway's own time (user and system) for one, from /proc/PID/stat around many; one request at a time on one
kept connection unless the line says otherwise, so each pays its own wake-up. Memory is the growth of resident
memory for one, from many that are held. Everything runs on loopback. The words `memory` and `http2` measure these only.
"""

import base64
import os
import socket
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import frames  # noqa: E402
from harness.client import HOST, request_bytes  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.http2 import request_fields  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.tokens import bearer, compact  # noqa: E402
from harness.upstream import Upstream  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
KIBIBYTE = 1024


def cpu(gateway):
    """Microseconds of processor time that the gateway has used."""
    fields = Path(f"/proc/{gateway.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / TICK


def settled(gateway):
    time.sleep(1.0)
    return gateway.memory()


class Costs:
    def __init__(self, gateway, site):
        self.gateway, self.site = gateway, site

    def cpu_of(self, name, count, work):
        work(max(count // 20, 1))
        before = cpu(self.gateway)
        work(count)
        print(f"{name:<58} {(cpu(self.gateway) - before) / count:8.1f} us", flush=True)

    def requests(self, name, request, count=6000, listener=0, expected=None):
        """One request at a time on a kept connection."""
        def work(count):
            with self.gateway.connect(listener) as connection:
                for _ in range(count):
                    connection.send(request)
                    status = connection.read_response().status
                    assert expected in (None, status), (name, status)
        self.cpu_of(name, count, work)

    def connections(self, name, request, count=1000, listener=1, expected=None):
        """Each request on a connection of its own, which the gateway closes."""
        def work(count):
            for _ in range(count):
                with self.gateway.connect(listener) as connection:
                    connection.send(request)
                    status = connection.read_response().status
                    assert expected in (None, status), (name, status)
        self.cpu_of(name, count, work)

    def handshakes(self, name, context, count=1500, resume=False):
        address = self.gateway.address()
        def work(count):
            session = None
            for _ in range(count):
                with socket.create_connection(address) as peer:
                    with context.wrap_socket(peer, server_hostname=HOST, session=session) as tls:
                        if resume:
                            tls.sendall(request_bytes("GET", "/none"))
                            tls.recv(65536)
                            session = tls.session
        self.cpu_of(name, count, work)


def memory_of(start, name, count, hold, listener=0, context=True, http2=None):
    """`hold` is called with each open connection; all are kept until the figure is taken. On a gateway of its own, since
    what others gave back would hide what these take. `http2` are the settings of HTTP/2 connections."""
    with start() as gateway:
        options = {} if context else {"context": None}
        for warming in range(8):
            with gateway.connect(listener) as connection:
                connection.request("GET", "/none")
        before = settled(gateway)
        if http2 is None:
            held = [gateway.connect(listener, **options) for _ in range(count)]
        else:
            held = [gateway.http2(listener, settings=http2, receive_buffer=4096) for _ in range(count)]
        for connection in held:
            hold(connection)
        print(f"{name:<58} {(settled(gateway) - before) / count / KIBIBYTE:8.1f} KiB", flush=True)
        for connection in held:
            connection.__exit__(None, None, None)


def tokens(costs, issuer):
    now = int(time.time())
    def forged(algorithm):
        # A signature of the right form, made for other claims.
        parts = issuer.token(algorithm).split(".")
        return ".".join([*issuer.token(algorithm, sub="root").split(".")[:2], parts[2]])
    def ask(name, token, status=401):
        costs.requests(name, request_bytes("GET", "/notes/7", bearer(token)), expected=status)
    costs.requests("refused, no token (401)", request_bytes("GET", "/notes/7"), expected=401)
    ask("refused, not a token", "x" * 200)
    ask("refused, 16 KiB that are not a token", "x." * 8000)
    for algorithm in ("RS256", "ES256", "EdDSA", "HS256"):
        ask(f"refused, forged signature {algorithm}", forged(algorithm))
    for algorithm in ("RS256", "ES256"):
        ask(f"refused, expired {algorithm}", issuer.token(algorithm, exp=now - 3600, iat=now - 7200))
    ask("refused, unknown key", issuer.token(header={"kid": "nobody"}))
    ask("refused, unknown issuer", issuer.token(iss="https://elsewhere.test"))
    nested = compact(issuer.header(issuer.key()), "[" * 9000, signature=b"x" * 64)
    ask("refused, 12 KiB of nested claims", nested)
    many = issuer.claims(**{f"c{n}": 1 for n in range(900)})
    ask("refused, 12 KiB of claims, forged", compact(issuer.header(issuer.key()), many, signature=b"x" * 64))


def heads(costs):
    costs.requests("no route (404)", request_bytes("GET", "/none"), expected=404)
    costs.requests("another method (405)", request_bytes("BREW", "/notes/7"), expected=405)
    preflight = {"Origin": "https://app.test", "Access-Control-Request-Method": "GET"}
    costs.requests("CORS preflight", request_bytes("OPTIONS", "/cors/1", preflight), expected=204)
    costs.requests("the key set", request_bytes("GET", "/.well-known/jwks.json"), expected=200)
    costs.connections("unreadable head, with its TCP connection (400)", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", expected=400)
    costs.connections("malformed chunk, with its TCP connection (400)", request_bytes(
        "POST", "/public/x", {"Transfer-Encoding": "chunked"}) + b"zz\r\n", expected=400)
    costs.connections("head of 40 KiB, with its TCP connection (431)", request_bytes(
        "GET", "/public/x", {f"X-{n}": "y" * 1000 for n in range(40)}), expected=431)
    costs.connections("body of 10 MiB without a token, with its TCP connection", request_bytes(
        "POST", "/notes/7", {"Content-Length": "10000000"}) + b"x" * 1000, expected=401)
    head = request_bytes("GET", "/none", {"X-A": "y" * 900})
    def bytewise(count):
        with costs.gateway.connect() as connection:
            for _ in range(count):
                for byte in head:
                    connection.send(bytes([byte]))
                connection.read_response()
    costs.cpu_of(f"head of {len(head)} bytes, one byte a TLS record", 30, bytewise)


def endpoints(costs):
    """What the authorization server does for strangers; log-ins are measured by `make bench-as`."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    def basic(secret, name="service"):
        return form | {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}
    def post(name, path, fields, body, status):
        costs.requests(name, request_bytes("POST", f"/oauth/{path}", fields, body), expected=status)
    grant = "grant_type=client_credentials"
    post("token endpoint, malformed form (400)", "token", form, grant + "&a=%", 400)
    post("token endpoint, 60 KiB of parameters (400)", "token", form, grant + "&" + "a=1&" * 15000, 400)
    post("token endpoint, unknown client (401)", "token", basic("x", "nobody"), grant, 401)
    post("token endpoint, wrong secret (401)", "token", basic("x"), grant, 401)
    post("introspection, wrong secret (401)", "introspect", basic("x"), "token=x", 401)
    costs.requests("authorize, unknown client (400)", request_bytes("GET", "/oauth/authorize?client_id=nobody"), expected=400)
    query = ("response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&scope=notes%3Aread"
             f"&code_challenge={'a' * 43}&code_challenge_method=S256&state=" + "s" * 100)
    costs.requests("authorize, the sign-in page", request_bytes("GET", f"/oauth/authorize?{query}"), count=2000, expected=200)
    costs.requests("style sheet", request_bytes("GET", "/oauth/gatehouse.css"), expected=200)
    post("log-in without a form of ours (400)", "login", form, "username=a&password=b", 400)


def http2(costs):
    """Requests and frames of HTTP/2. The limits of the rates are off: what one costs times the rate is what a client gets."""
    def requests(name, path, at_once, count=6000):
        def work(count):
            with costs.gateway.http2() as client:
                for _ in range(max(count // at_once, 1)):
                    streams = [client.request("GET", path) for _ in range(at_once)]
                    client.wait(lambda: all(stream.is_over for stream in streams))
        costs.cpu_of(name, count, work)

    def each(name, make, count=20000, batch=100, fields=None):
        """Frames in batches, each answered to the last before the next comes; `fields` begins a request that stays open."""
        def work(count):
            with costs.gateway.http2() as client:
                if fields:
                    client.send_headers(client.open("POST"), fields, end=False)
                for start in range(0, count, batch):
                    for n in range(start, start + batch):
                        client.open(number=number(n))
                    client.unacknowledged += [{}] * batch
                    client.send(b"".join(make(n) for n in range(start, start + batch)))
                    client.settle()
        costs.cpu_of(name, count, work)

    def number(n):
        return 2 * n + 11

    def block(path, extra=()):
        return frames.block([*request_fields("GET", path), *extra])

    requests("HTTP/2: no route (404)", "/none", 1)
    requests("HTTP/2: no route (404), 50 at once", "/none", 50)
    taken = block("/public/silent")
    each("HTTP/2: a request to an upstream, taken back at once", lambda n: frames.headers(number(n), taken) + frames.reset(number(n), frames.CANCEL), 4000)
    malformed = block("/none", [("connection", "close")])
    each("HTTP/2: a malformed request (400 and RST_STREAM)", lambda n: frames.headers(number(n), malformed), 4000)
    crumbs = block("/none") + frames.indexed(32) * 14000
    each("HTTP/2: a block of 14 KiB that decodes to 0.5 MiB (431)", lambda n: frames.headers(number(n), crumbs), 500, 10)
    each("HTTP/2: PING", lambda n: frames.ping(n.to_bytes(8, "big")))
    each("HTTP/2: SETTINGS", lambda n: frames.settings({frames.INITIAL_WINDOW_SIZE: 65535 + n % 2}))
    each("HTTP/2: PRIORITY", lambda n: frames.priority(number(n), 1))
    each("HTTP/2: WINDOW_UPDATE", lambda n: frames.window_update(0, 1))
    upload = request_fields("POST", "/public/stuck")
    each("HTTP/2: empty DATA", lambda n: frames.data(1), fields=upload)
    each("HTTP/2: DATA of one byte", lambda n: frames.data(1, b"x"), fields=upload)


def http2_memory(start):
    def idle(client):
        client.get("/none")

    def held(path, count=1, method="GET", body=0):
        def hold(client):
            for _ in range(count):
                stream = client.request(method, path, body=None, end=method == "GET", credit=False)
                if body:
                    client.send_available(stream, bytes(body), patience=0.02)
            client.settle()
        return hold

    def unfinished(client):
        fields = [*request_fields("GET", "/none"), *((f"x-{n}", "y" * 1000) for n in range(31))]
        client.send(frames.headers(client.open().number, frames.block(fields)[:16000], end_headers=False))

    memory_of(start, "HTTP/2: idle connection", 400, idle, http2={})
    memory_of(start, "HTTP/2: a block of 16 KiB that does not end", 200, unfinished, http2={})
    memory_of(start, "HTTP/2: 100 answers of 8 MiB, no window", 5, held("/public/large", 100), http2={frames.INITIAL_WINDOW_SIZE: 0})
    memory_of(start, "HTTP/2: 100 answers of 8 MiB, windows open, unread", 5, lambda client: unread(client, "/public/large"), http2={
        frames.INITIAL_WINDOW_SIZE: frames.LARGEST_WINDOW})
    memory_of(start, "HTTP/2: 100 uploads to an upstream that does not read", 5, held("/public/stuck", 100, "POST", 1 << 20), http2={})


def unread(client, path):
    client.send(frames.window_update(0, frames.LARGEST_WINDOW - frames.WINDOW))
    for _ in range(100):
        client.send_headers(client.open(), request_fields("GET", path))
    time.sleep(0.3)


def admin(costs):
    address = costs.gateway.admin_address
    def get(path, host):
        def work(count):
            for _ in range(count):
                with socket.create_connection(address) as peer:
                    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                    while peer.recv(65536):
                        pass
        return work
    own = f"{address[0]}:{address[1]}"
    costs.cpu_of("admin: foreign name in Host (421), with connection", 500, get("/", "evil.test"))
    costs.cpu_of("admin: /metrics, with connection", 200, get("/metrics", own))
    costs.cpu_of("admin: the status page, with connection", 200, get("/", own))


def connections(costs, site):
    def accept_only(count):
        for _ in range(count):
            socket.create_connection(costs.gateway.address()).close()
    costs.cpu_of("TCP connection, nothing sent", 2000, accept_only)
    costs.handshakes("full TLS 1.3 handshake, P-256", site.context)
    context = site.authority.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    costs.handshakes("full TLS 1.2 handshake, P-256", context)
    costs.handshakes("resumed TLS 1.3 handshake and a 404", site.context, resume=True)


def memory(start):
    def idle(connection):
        connection.send(request_bytes("GET", "/none"))
        connection.read_response()
    memory_of(start, "idle connection, TLS", 400, idle)
    memory_of(start, "idle connection, plain", 400, idle, listener=1)
    memory_of(start, "TCP connection that sends nothing, TLS listener", 400, lambda connection: None, context=False)
    large = request_bytes("GET", "/public/x", {f"X-{n}": "y" * 1000 for n in range(31)})[:-4]
    memory_of(start, "head of 31 KiB that does not end", 100, lambda connection: connection.send(large))
    requests = request_bytes("GET", "/.well-known/jwks.json") * 40000
    memory_of(start, "pipelined requests, answers not read", 50, lambda connection: connection.send_available(requests))
    body = request_bytes("POST", "/public/stuck", {"Content-Length": str(8 << 20)})
    memory_of(start, "body to an upstream that does not read", 40, lambda connection: connection.send_available(
        body + b"x" * (8 << 20)))
    memory_of(start, "body of which one byte has come", 200, lambda connection: connection.send(body + b"x"))
    memory_of(start, "response of 8 MiB that is not read", 40, lambda connection: (
        connection.send(request_bytes("GET", "/public/large")), time.sleep(0.1)))
    form = request_bytes("POST", "/oauth/token", {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "65536"})
    memory_of(start, "form of 60 KiB that does not end", 100, lambda connection: connection.send(form + b"a" * 60000))
    memory_of(start, "request whose upstream does not answer", 200, lambda connection: connection.send(
        request_bytes("GET", "/public/silent")))


def main():
    with tempfile.TemporaryDirectory() as folder, Upstream(backlog=1024) as upstream:
        site, stop = Site(folder), threading.Event()
        upstream.on("/public/stuck", lambda exchange: stop.wait())
        upstream.on("/public/silent", lambda exchange: stop.wait())
        upstream.on("/public/large", lambda exchange: exchange.respond(body=b"x" * (8 << 20)))
        config = site.config(upstream, admin=site.admin())
        config["listeners"].append({"address": "127.0.0.1:0"})
        config["routes"].append({"path": "/cors/**", "access": "public", "upstream": "legacy", "cors": {
            "origins": ["https://app.test"]}})
        config["authorization_server"] = {"clients": [
            {"client_id": "service", "client_secret": {"hash": "sha256:" + "0" * 64}, "scope": "notes:read", "introspect": True,
             "grant_types": ["client_credentials"]},
            {"client_id": "web", "token_endpoint_auth_method": "none", "scope": "notes:read",
             "redirect_uris": ["https://app.test/cb"]}]}
        config["storage"] = "sqlite:data/gatehouse.db"
        config["limits"] = {"body_min_rate": "off", "token": {"per_client": "off"}, "http2": {
            "resets": "1000000/1s", "control_frames": "1000000/1s"}}

        def start():
            return Gateway(Path(folder) / "gateway", config, site.context)
        wanted = sys.argv[1:]
        if "memory" not in wanted:
            with start() as gateway:
                costs = Costs(gateway, site)
                if "http2" not in wanted:
                    connections(costs, site)
                    heads(costs)
                    tokens(costs, site.issuer)
                    endpoints(costs)
                    admin(costs)
                http2(costs)
        if "http2" not in wanted:
            memory(start)
        http2_memory(start)
        stop.set()


if __name__ == "__main__":
    main()
