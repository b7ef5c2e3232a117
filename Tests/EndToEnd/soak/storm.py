#!/usr/bin/env python3
"""Random clients against random upstreams: `make storm`, or

    python Tests/EndToEnd/soak/storm.py [--seed 1] [--seconds 60] [--clients 12]

Clients of HTTP/2 and HTTP/1.1 open requests and tunnels, send parts of bodies, take back, stall, break off; upstreams of
both protocols answer, switch, reset, close and say nothing, at any moment; tokens run out and are revoked, and the
configuration is reloaded. What a client does after that must still work on the same connection. At the end every gauge
must be back at zero, no descriptor and no credit of a window lost, and the gateway must serve as before.
"""

import argparse
import random
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import frames  # noqa: E402
from harness.client import request_bytes  # noqa: E402
from harness.gateway import Gateway, free_port, total  # noqa: E402
from harness.http2 import StreamReset, request_fields  # noqa: E402
from harness.http2_upstream import HTTP2Upstream  # noqa: E402
from harness.responses import ClosedEarly  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.tokens import bearer  # noqa: E402
from harness.tunnels import connect_fields, handshake, switch  # noqa: E402
from harness.upstream import Upstream  # noqa: E402
from harness.waiting import SCALE, eventually  # noqa: E402

GAUGES = ["gatehouse_http2_streams", "gatehouse_tunnels", "gatehouse_connections"]
HONEST = 3 << 20  # more than the windows of a connection


def brief(chance):
    """Mostly no time at all."""
    time.sleep(chance.choice([0, 0, 0, 0.001, 0.01, 0.05, 0.2]))


# Upstreams

class Behaviour:
    """What the upstreams do; their own chance, so that a seed says as much as threads let it."""

    def __init__(self, seed):
        self.chance, self.lock, self.done = random.Random(seed), threading.Lock(), Counter()

    def pick(self, choices):
        with self.lock:
            name, chance = self.chance.choice(choices), random.Random(self.chance.random())
            self.done[name] += 1
            return name, chance

    def http1(self, exchange):
        kind, chance = self.pick(["whole", "whole", "chunks", "close", "reset", "silent", "early", "informational", "empty", "endless", "half", "slow"])
        if exchange.request.get("upgrade") and chance.random() < 0.8:
            return self.tunnel(exchange, chance)
        brief(chance)
        if kind in ("whole", "chunks", "half", "slow", "informational", "empty"):
            if kind == "slow":
                time.sleep(0.3)
            exchange.read_body(keep=False)
        if kind in ("whole", "slow"):
            exchange.respond(chance.choice([200, 404, 500]), [], bytes(chance.choice([0, 1, 1000, 70_000, 400_000])))
        elif kind == "chunks":
            exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n")
            for _ in range(chance.randrange(6)):
                exchange.send(b"1f4\r\n" + bytes(500) + b"\r\n")
                brief(chance)
            exchange.send(chance.choice([b"0\r\n\r\n", b"0\r\nx-t: 1\r\n\r\n", b"", b"zz\r\n"]))
            if chance.random() < 0.3:
                exchange.close()
        elif kind == "informational":
            for _ in range(chance.randrange(1, 5)):
                exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            exchange.respond(200, [], b"x")
        elif kind == "empty":
            exchange.respond(chance.choice([204, 304]), [], b"", length=False)
        elif kind == "early":
            exchange.respond(413, [], b"no")
            exchange.close()
        elif kind == "half":
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + "x" * 5000)
            brief(chance)
            (exchange.close if chance.random() < 0.5 else exchange.reset)()
        elif kind == "endless":
            exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for _ in range(chance.randrange(1, 60)):
                exchange.send(bytes(chance.choice([10, 10_000, 65_536])))
                brief(chance)
            exchange.close()
        elif kind == "silent":
            time.sleep(chance.choice([0.1, 1.5]))
            exchange.close()
        else:
            (exchange.reset if kind == "reset" else exchange.close)()

    def tunnel(self, exchange, chance):
        with self.lock:
            self.done["tunnel"] += 1
        brief(chance)
        end = switch(exchange, more=bytes(chance.choice([0, 0, 10, 5000])), accepted=chance.choice([None] * 9 + ["wrong"]))
        for _ in range(chance.randrange(12)):
            action = chance.choice(["read", "send", "send", "big", "end", "rest"])
            if action == "read":
                end.socket.settimeout(0.2)
                try:
                    if not end.socket.recv(65536):
                        break
                except TimeoutError:
                    pass
                end.socket.settimeout(5)
            elif action == "send":
                end.send(bytes(chance.randrange(1, 2000)))
            elif action == "big":
                end.socket.settimeout(3)
                end.send(bytes(300_000))
            elif action == "end":
                end.socket.shutdown(socket.SHUT_WR)
                end.socket.settimeout(2)
                while chance.random() < 0.9 and end.socket.recv(65536):
                    pass
                break
            else:
                brief(chance)
        (exchange.reset if chance.random() < 0.3 else exchange.close)()

    def http2(self, exchange):
        kind, chance = self.pick(["h2 whole", "h2 whole", "h2 large", "h2 trailers", "h2 reset", "h2 refuse", "h2 silent", "h2 early", "h2 cut", "h2 farewell", "h2 half", "h2 credit"])
        brief(chance)
        connection = exchange.connection
        if kind in ("h2 whole", "h2 large", "h2 trailers", "h2 half"):
            if chance.random() < 0.7:
                exchange.wait(lambda: exchange.complete, "a body", 2)
        if kind == "h2 whole":
            exchange.respond(chance.choice([200, 204, 304, 404]), [], b"")
        elif kind == "h2 large":
            exchange.respond(200, [("content-length", "300000")], bytes(300_000))
        elif kind == "h2 trailers":
            exchange.respond(200, [("content-type", "application/grpc")], bytes(chance.randrange(5000)), [("grpc-status", "0"), ("x-user-name", "a")])
        elif kind == "h2 early":
            exchange.respond(200, [], b"early")
        elif kind == "h2 half":
            exchange.head(200)
            exchange.send(bytes(chance.randrange(1, 100_000)))
            exchange.cancel(chance.choice([0, 2, 8]))
        elif kind in ("h2 reset", "h2 refuse"):
            exchange.cancel(7 if kind == "h2 refuse" else chance.choice([0, 1, 2, 8, 13][:4]))
        elif kind == "h2 silent":
            time.sleep(chance.choice([0.1, 1.5]))
            exchange.cancel()
        elif kind == "h2 cut":
            connection.cut()
        elif kind == "h2 farewell":
            connection.farewell()
            exchange.respond(200, [], b"bye")
        elif kind == "h2 credit":
            exchange.head(200)
            for _ in range(chance.randrange(10)):
                exchange.send(bytes(chance.randrange(1, 20_000)))
                brief(chance)
            exchange.finish([("x-t", "1")] if chance.random() < 0.5 else None)


# Clients

class Storm:
    def __init__(self, gateway, site, seed, revocable):
        self.gateway, self.site, self.seed, self.revocable = gateway, site, seed, revocable
        self.outcomes, self.wrong = Counter(), []
        self.stopping = threading.Event()

    def run(self, number):
        chance, count = random.Random(f"{self.seed}-{number}"), 0
        while not self.stopping.is_set():
            count += 1
            kind = self.http1 if chance.random() < 0.25 else self.http2
            try:
                kind(chance)
                self.outcomes[kind.__name__] += 1
            except (ClosedEarly, ConnectionError, BrokenPipeError, OSError) as error:
                self.outcomes[f"{kind.__name__} {type(error).__name__}"] += 1
            except Exception as error:
                self.wrong.append(f"client {number}, round {count}: {type(error).__name__}: {error}\n{traceback.format_exc()[-900:]}")

    def token(self, chance):
        pick = chance.random()
        if pick < 0.25:
            return self.revocable.get()
        return self.site.issuer.token(exp=int(time.time()) + (2 if pick < 0.6 else 600))

    def fields(self, chance):
        fields = bearer(self.token(chance))
        if chance.random() < 0.2:
            fields |= {"content-type": "application/grpc", "te": "trailers"}
        if chance.random() < 0.1:
            fields |= {"expect": "100-continue"}
        return {name.lower(): value for name, value in fields.items()}

    def target(self, chance):
        return chance.choice(["/public/x", "/any/x", "/any/x", "/plain2/x", "/any2/x", "/any2/x", "/nowhere"])

    def http2(self, chance):
        listener = chance.choice([0, 1])
        window = chance.choice([None, None, 0, 1, 1000, 1 << 20])
        settings = {} if window is None else {frames.INITIAL_WINDOW_SIZE: window}
        with self.gateway.http2(listener, settings, credit=chance.random() < 0.8, timeout=20) as client:
            client.wait(lambda: client.peer_settings is not None, what="SETTINGS")
            opened = []
            for _ in range(chance.randrange(1, 90)):
                self.step(client, opened, chance)
                if client.connection.ended or client.goaway:
                    return
            if chance.random() < 0.5:
                return self.leave(client.connection, chance)
            self.honest(client, opened)

    def step(self, client, opened, chance):
        live = [s for s in opened if not s.is_over]
        action = chance.choice(["open", "open", "open", "data", "data", "data", "end", "trailers", "cancel", "tunnel", "tunnel", "read", "read", "grant", "settings", "ping", "rest", "late"])
        if action in ("open", "tunnel") and len(live) < 60:
            stream = client.open("CONNECT" if action == "tunnel" else chance.choice(["GET", "POST", "PUT", "HEAD"]))
            stream.keep_body, stream.sending = False, True
            fields = self.fields(chance)
            if action == "tunnel":
                fields = {n: v for n, v in fields.items() if n in ("authorization", "content-type")}
                client.send_headers(stream, connect_fields(chance.choice(["/any/t", "/public/t", "/any2/t"]), fields), end=chance.random() < 0.05)
            else:
                end = chance.random() < 0.5
                stream.sending = not end
                client.send_headers(stream, request_fields(stream.method, self.target(chance), fields), end=end)
            opened.append(stream)
        elif action in ("data", "end", "trailers", "cancel", "grant", "late") and live:
            self.act(client, chance.choice(live), action, chance)
        elif action == "read":
            client.read_available()
        elif action == "settings" and not client.unacknowledged:
            client.send_settings({frames.INITIAL_WINDOW_SIZE: chance.choice([0, 10, 65_535, 1 << 20])})
        elif action == "ping":
            client.send(frames.ping())
        elif action == "rest":
            brief(chance)
        client.read_available()

    def act(self, client, stream, action, chance):
        if action == "cancel":
            client.cancel(stream, chance.choice([0, frames.CANCEL, frames.CANCEL, 2]))
        elif action == "grant":
            client.grant(stream, chance.randrange(1, 100_000), connection=chance.random() < 0.5)
        elif action == "late" and not stream.sending:
            # After our end: a stream that ends with STREAM_CLOSED.
            client.cancel(stream)
        elif stream.sending:
            size = min(chance.choice([0, 1, 100, 16_384, 250_000]), client.window, stream.window)
            end = action == "end"
            if action == "trailers":
                stream.sending = False
                return client.send_headers(stream, [("x-user-name", "forged"), ("x-t", "1")], True)
            if size >= 0 and (size or end):
                client.window, stream.window = client.window - size, stream.window - size
                for left in range(size, 16_384, -16_384):
                    client.send(frames.data(stream.number, bytes(16_384)))
                rest = size - (size - 1) // 16_384 * 16_384 if size else 0
                client.send(frames.data(stream.number, bytes(rest), end))
                stream.sending = not end

    def leave(self, connection, chance):
        how = chance.choice(["close", "reset", "half", "wild"])
        if how == "wild":
            for _ in range(chance.randrange(1, 20)):
                connection.send(frames.frame(chance.randrange(11), chance.randrange(60), chance.randbytes(chance.choice([0, 4, 5, 8, 40])), chance.randrange(64)))
            brief(chance)
        elif how == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half":
            connection.half_close()
            brief(chance)

    def honest(self, client, opened):
        """All is taken back; then the windows of the connection are as wide as ever, both ways."""
        for stream in opened:
            if not stream.is_over:
                client.cancel(stream)
        client.credit = True
        client.settle(20)
        client.send_settings({frames.INITIAL_WINDOW_SIZE: 65_535})
        if (short := 65_535 - client.granted) > 0:
            client.grant(None, short)
        client.settle(20)
        if client.goaway:
            return
        for path in ("/honest/x", "/honest2/x"):
            stream = client.request("POST", path, body=bytes(HONEST), credit=True)
            stream.credit = True
            try:
                status = client.response(stream, 30).status
            except StreamReset as error:
                status = f"reset {error.code}"
            self.outcomes[f"{path} {status}"] += 1
            # What goes over HTTP/2 may be on a connection that another request has had cut (502) or let go (503).
            assert status == 200 or path == "/honest2/x" and status in (502, 503, f"reset {frames.INTERNAL_ERROR}"), (path, status)

    def http1(self, chance):
        with self.gateway.connect(chance.choice([0, 1]), timeout=10) as connection:
            for _ in range(chance.randrange(1, 6)):
                fields = {n.title(): v for n, v in self.fields(chance).items() if n != "te"}
                kind = chance.choice(["whole", "whole", "chunks", "part", "tunnel", "pipeline"])
                if kind == "tunnel":
                    connection.send(handshake(chance.choice(["/any/t", "/public/t"]), {"Authorization": fields["Authorization"]}))
                    for _ in range(chance.randrange(8)):
                        connection.send(bytes(chance.choice([1, 100, 100_000])))
                        brief(chance)
                    return self.leave(connection, chance)
                if kind == "part":
                    connection.send(request_bytes("POST", self.target(chance), fields | {"Content-Length": "100000"}, b"x" * 500))
                    brief(chance)
                    return self.leave(connection, chance)
                if kind == "pipeline":
                    connection.send(request_bytes("GET", self.target(chance), fields) * 5)
                    brief(chance)
                    return self.leave(connection, chance)
                body = bytes(chance.choice([0, 10, 100_000]))
                response = connection.request(chance.choice(["GET", "POST", "HEAD"]), self.target(chance), fields, body or None)
                if not response.keeps_alive:
                    return


class Revocable:
    """Own tokens, one of which is revoked now and then."""

    def __init__(self, gateway, chance):
        self.gateway, self.chance, self.lock, self.tokens = gateway, chance, threading.Lock(), []
        for _ in range(3):
            self.tokens.append(self._make())

    def _make(self):
        return self.gateway.issue_token("ada", "notes:read notes:write", "--lifetime", "10m")

    def get(self):
        with self.lock:
            return self.tokens[-1]

    def turn(self):
        fresh = self._make()
        with self.lock:
            self.tokens.append(fresh)
            old = self.tokens.pop(0)
        self.gateway.command("token", "revoke", self.tokens[-2])
        self.gateway.command("token", "revoke", old)


def configuration(site, first, second):
    slow = {"connect_timeout": "2s", "response_timeout": "3s", "idle_timeout": "3s"}
    config = site.config(workers=2, admin=site.admin(), storage="sqlite:data/gatehouse.db", shutdown_timeout="3s", authorization_server={}, limits={"idle_timeout": "20s", "body_size": "64MiB"})
    config["listeners"].append({"address": f"127.0.0.1:{free_port()}", "protocols": ["h2c", "http/1.1"]})
    config["upstreams"] = {"first": {"servers": [first.url], **slow}, "second": {"servers": [second.url], **slow}}
    config["routes"] = [
        {"path": f"/{path}/**", "access": access, "upstream": upstream}
        for path, access, upstream in [("public", "public", "first"), ("any", "authenticated", "first"), ("plain2", "public", "second"),
                                       ("any2", "authenticated", "second"), ("honest", "public", "first"), ("honest2", "public", "second")]]
    return config


def honest1(exchange):
    exchange.read_body(keep=False)
    exchange.respond(200, [], bytes(exchange.request.body_count))


def honest2(exchange):
    exchange.read_body(keep=False)
    exchange.respond(200, [], bytes(exchange.body_count))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=12)
    options = parser.parse_args()
    behaviour = Behaviour(options.seed)
    with tempfile.TemporaryDirectory(prefix="gatehouse-storm-") as folder:
        site = Site(Path(folder) / "site")
        with Upstream(default=behaviour.http1) as first, HTTP2Upstream(default=behaviour.http2) as second:
            first.on("/honest/x", honest1)
            second.on("/honest2/x", honest2)
            with Gateway(Path(folder) / "gateway", configuration(site, first, second), site.context) as gateway:
                user = gateway.command("user", "add", "ada", "--password-file", str(password(folder)))
                assert user.returncode == 0, user.stderr
                run(options, gateway, site, behaviour, first, second)


def password(folder):
    file = Path(folder) / "password"
    file.write_text("a long and quiet password\n")
    return file


def gauges(gateway):
    samples = gateway.metrics()
    return {name: total(samples, name) for name in GAUGES}


def run(options, gateway, site, behaviour, first, second):
    storm = Storm(gateway, site, options.seed, Revocable(gateway, random.Random(options.seed)))
    for path in ("/honest/x", "/honest2/x"):
        assert gateway.request("POST", path, body=b"x").status == 200
    sizes, fresh = [], gateway.descriptors()
    for round_number in (1, 2):
        storm.stopping.clear()
        threads = [threading.Thread(target=storm.run, args=(f"{round_number}.{n}",), daemon=True) for n in range(options.clients)]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + options.seconds / 2
        while time.monotonic() < ends:
            time.sleep(3)
            storm.revocable.turn()
            gateway.reload()
            for upstream in (first, second):
                with upstream.lock:
                    upstream.requests.clear()
        storm.stopping.set()
        for thread in threads:
            thread.join(90 * SCALE)
        assert not any(t.is_alive() for t in threads), "a client hangs"
        gateway.reload()  # unused connections to upstreams go with the old configuration
        eventually(lambda: not any(gauges(gateway).values()), 40, 0.2, what=f"gauges at zero: {gauges(gateway)}")
        eventually(lambda: gateway.descriptors() <= fresh, 40, 0.2, what=f"{fresh} descriptors: there are {gateway.descriptors()}")
        for path in ("/honest/x", "/honest2/x"):
            eventually(lambda: gateway.request("POST", path, body=bytes(HONEST)).status == 200, 40, 0.5, what=f"{path} is served")
        time.sleep(4)
        sizes.append(gateway.memory() >> 10)
        print(f"round {round_number}: {sizes[-1]} KiB, {dict(storm.outcomes)}", flush=True)
    print(f"upstreams: {dict(behaviour.done)}; errors {Counter(map(str, second.errors + first.errors)).most_common(5)}", flush=True)
    assert not storm.wrong, f"{len(storm.wrong)} wrong:\n" + "\n".join(storm.wrong[:5])
    assert sizes[1] <= sizes[0] * 1.15, f"memory grew: {sizes} KiB"
    print("storm: passed", flush=True)


if __name__ == "__main__":
    main()
