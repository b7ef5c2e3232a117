#!/usr/bin/env python3
"""Long runs against the real binary. Not part of `make test`: `make soak`, or

    python Tests/EndToEnd/soak/run.py [restart] [held] [reload] [--seconds 20] [--idle 2000] [--slow 200] [--reloads 50]

Each does the same work twice on one gateway and then checks: no crash, no wrong answer, and resident memory after the
second round within 10 % of what it was after the first.

  restart   the upstream is killed and started again about once a second under load
  held      idle and slow connections are held while others are served
  reload    the configuration is reloaded again and again under load; not one request may fail
"""

import argparse
import random
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from copy import deepcopy
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.client import request_bytes  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.tokens import bearer  # noqa: E402
from harness.upstream import Upstream  # noqa: E402
from harness.waiting import eventually  # noqa: E402

MEBIBYTE = 1 << 20


class Load:
    """Threads that send requests and check each answer against what was asked."""

    def __init__(self, gateway, token, threads=6, fresh=0.05):
        self.gateway, self.token, self.fresh = gateway, token, fresh
        self.outcomes = Counter()
        self.wrong = []
        self.slowest = 0.0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def _run(self, number):
        chance, connection, count = random.Random(number), None, 0
        while not self.stopping.is_set():
            count += 1
            try:
                if connection is None or connection.ended or chance.random() < self.fresh:
                    if connection:
                        connection.close()
                    connection = self.gateway.connect(timeout=20)
                began = time.monotonic()
                self._one(connection, chance, f"{number}-{count}")
                self.slowest = max(self.slowest, time.monotonic() - began)
            except Exception as error:  # a refused or cut connection; the run decides whether that may be
                self.outcomes[type(error).__name__ + ": " + str(error)[:80]] += 1
                if connection:
                    connection.close()
                connection = None

    def _one(self, connection, chance, name):
        kind = chance.randrange(4)
        if kind == 0:
            response = connection.request("GET", "/notes/none")
            expected, body = (401,), None
        elif kind == 1:
            size = chance.randrange(20_000)
            response = connection.request("POST", f"/notes/{name}", bearer(self.token), b"x" * size)
            expected, body = (200,), {"method": "POST", "target": f"/notes/{name}", "body": size}
        else:
            response = connection.request("GET", f"/notes/{name}?q={name}", bearer(self.token))
            expected, body = (200,), {"method": "GET", "target": f"/notes/{name}?q={name}", "body": 0}
        self.outcomes[response.status] += 1
        if response.status in expected and body and response.json() != body:
            self.wrong.append((body, response.body[:200]))
        if not response.keeps_alive:
            connection.ended = True


def report(name, **figures):
    print(f"{name}: " + ", ".join(f"{k} {v}" for k, v in figures.items()), flush=True)


def settle(gateway):
    """Resident memory once nothing is going on any more; it is given back two to three seconds after a peak."""
    time.sleep(4.5)
    return gateway.memory()


def same_memory(name, first, second):
    report(name, after_first=f"{first / MEBIBYTE:.1f} MiB", after_second=f"{second / MEBIBYTE:.1f} MiB", ratio=f"{second / first:.3f}")
    assert second <= first * 1.10, f"{name}: memory grew from {first} to {second}"


def restart(options, site, folder):
    holder = [Upstream()]
    port = holder[0].port
    config = site.config(holder[0])
    config["upstreams"]["legacy"]["connect_timeout"] = "1s"
    with Gateway(folder, config, site.context) as gateway:
        sizes = []
        for round_number in (1, 2):
            with Load(gateway, site.issuer.token()) as load:
                ends = time.monotonic() + options.seconds
                restarts = 0
                while time.monotonic() < ends:
                    time.sleep(0.7)
                    holder[0].stop()
                    time.sleep(0.3)
                    holder[0] = Upstream(port=port)
                    restarts += 1
            with Load(gateway, site.issuer.token()) as calm:
                time.sleep(2)  # marked down a moment ago: it must come back
                calm.outcomes.clear()
                time.sleep(2)
            report(f"restart, round {round_number}", restarts=restarts, outcomes=dict(load.outcomes), slowest=f"{load.slowest:.2f} s", afterwards=dict(calm.outcomes))
            assert not load.wrong and not calm.wrong, (load.wrong + calm.wrong)[:3]
            others = {k: v for k, v in load.outcomes.items() if k not in (200, 401, 502, 503, 504)}
            assert all(str(k).startswith("ClosedEarly") for k in others), others
            assert load.outcomes[200] > 100
            assert set(calm.outcomes) <= {200, 401}, calm.outcomes
            sizes.append(settle(gateway))
        same_memory("restart", *sizes)
    holder[0].stop()


def held(options, site, folder):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    download = 64 * MEBIBYTE

    def slow_answer(exchange):
        exchange.read_body(keep=False)
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % download)
        block = bytes(65536)
        for _ in range(download // len(block)):
            exchange.send(block)

    with Upstream() as upstream:
        upstream.on("/public/slow", slow_answer)
        config = site.config(upstream, limits={"idle_timeout": "10m", "connections": options.idle + options.slow + 200})
        config["upstreams"]["legacy"]["idle_timeout"] = "10m"
        config["routes"][0]["body_size"] = "1GiB"
        with Gateway(folder, config, site.context) as gateway:
            token, sizes = site.issuer.token(exp=int(time.time()) + 3600), []
            with Load(gateway, token, threads=4):
                time.sleep(2)
            empty = settle(gateway)
            for round_number in (1, 2):
                idle = []
                for _ in range(options.idle):
                    connection = gateway.connect(timeout=30)
                    assert connection.request("GET", "/notes/idle", bearer(token)).status == 200
                    idle.append(connection)
                per_connection = (settle(gateway) - empty) / 1024 / options.idle
                slow = []
                for n in range(options.slow):
                    connection = gateway.connect(timeout=30, receive_buffer=8192)
                    if n % 2:
                        connection.send(request_bytes("GET", "/public/slow"))
                    else:
                        connection.send(request_bytes("POST", "/public/up", {"Content-Length": "100000000"}))
                    slow.append(connection)
                with Load(gateway, token, threads=4) as load:
                    ends = time.monotonic() + options.seconds
                    while time.monotonic() < ends:
                        for n, connection in enumerate(slow):
                            connection.receive(5) if n % 2 else connection.send(b"x" * 1000)
                        time.sleep(0.2)
                full = gateway.memory()
                alive = sum(c.request("GET", "/notes/idle", bearer(token)).status == 200 for c in random.Random(1).sample(idle, 50))
                report(f"held, round {round_number}", idle=len(idle), slow=len(slow), kib_per_idle=f"{per_connection:.1f}", full=f"{full / MEBIBYTE:.1f} MiB", outcomes=dict(load.outcomes),
                       slowest=f"{load.slowest:.2f} s")
                assert not load.wrong and set(load.outcomes) <= {200, 401}, (load.wrong[:3], load.outcomes)
                assert alive == 50, "idle connections were dropped"
                for connection in idle + slow:
                    connection.close()
                eventually(lambda: gateway.descriptors() < 200, 30, what="the connections are let go")
                upstream.requests.clear()
                sizes.append(settle(gateway))
            same_memory("held", *sizes)


def reload(options, site, folder):
    with Upstream() as upstream:
        config = site.config(upstream)
        with Gateway(folder, config, site.context) as gateway:
            sizes = []
            for round_number in (1, 2):
                with Load(gateway, site.issuer.token(), fresh=0.2) as load:
                    for n in range(options.reloads):
                        changed = deepcopy(config)
                        changed["routes"].append({"path": f"/r{round_number}-{n}/**", "access": "public", "upstream": "legacy"})
                        gateway.reload(changed)
                        eventually(lambda: gateway.get(f"/r{round_number}-{n}/x").status == 200, 20, what=f"reload {n}")
                report(f"reload, round {round_number}", reloads=options.reloads, outcomes=dict(load.outcomes), slowest=f"{load.slowest:.2f} s")
                assert not load.wrong, load.wrong[:3]
                assert set(load.outcomes) <= {200, 401}, f"requests failed: {load.outcomes}"
                sizes.append(settle(gateway))
            same_memory("reload", *sizes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", choices=["restart", "held", "reload", []], help="all of them if none is named")
    parser.add_argument("--seconds", type=float, default=20, help="length of a round")
    parser.add_argument("--idle", type=int, default=2000)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--reloads", type=int, default=50)
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="gatehouse-soak-") as folder:
        site = Site(Path(folder) / "site")
        for name in options.which or ["restart", "held", "reload"]:
            try:
                {"restart": restart, "held": held, "reload": reload}[name](options, site, Path(folder) / name)
                print(f"{name}: passed", flush=True)
            except AssertionError as error:
                failed.append(name)
                print(f"{name}: FAILED: {error}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
