#!/usr/bin/env python3
"""What strangers can make the gateway spend: the figures of docs/threat-model.md. Not part of `make test`: `make costs`.

CPU is the gateway's own time (user and system) for one, from /proc/PID/stat around many; one request at a time on one
kept connection unless the line says otherwise, so each pays its own wake-up. Memory is the growth of resident
memory for one, from many that are held. Everything runs on loopback. The word `memory` measures that half only.
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

from harness.client import HOST, request_bytes  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
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


def memory_of(start, name, count, hold, listener=0, context=True):
    """`hold` is called with each open connection; all are kept until the figure is taken. On a gateway of its own, since
    what others gave back would hide what these take."""
    with start() as gateway:
        options = {} if context else {"context": None}
        for warming in range(8):
            with gateway.connect(listener) as connection:
                connection.request("GET", "/none")
        before = settled(gateway)
        held = [gateway.connect(listener, **options) for _ in range(count)]
        for connection in held:
            hold(connection)
        print(f"{name:<58} {(settled(gateway) - before) / count / KIBIBYTE:8.1f} KiB", flush=True)
        for connection in held:
            connection.close()


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
        config["limits"] = {"body_min_rate": "off", "token": {"per_client": "off"}}

        def start():
            return Gateway(Path(folder) / "gateway", config, site.context)
        if "memory" not in sys.argv[1:]:
            with start() as gateway:
                costs = Costs(gateway, site)
                connections(costs, site)
                heads(costs)
                tokens(costs, site.issuer)
                endpoints(costs)
                admin(costs)
        memory(start)
        stop.set()


if __name__ == "__main__":
    main()
