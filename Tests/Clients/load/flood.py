#!/usr/bin/env python3
"""A flood of log-ins while the proxy serves. `make flood`.

    flood.py [--rate 500] [--addresses 2000] [--seconds 20] [--rounds 2] [--proxied 400]

Wrong passwords, for names that exist and names that don't, come from many loopback addresses, too many for
`limits.login` to stop them. Meanwhile requests are proxied at a steady rate, and people sign in: one with a browser that
is known and whose name is being guessed, one from a new address each time whose name is not (`limits.login.per_user` keeps
a guessed name out from new browsers, as it should). Quiet and flooded rounds take turns, so that both see the same machine.

It holds the gateway to: the best proxied p99 within 1.5 times of the best quiet one (or 1 ms), memory that does not grow,
nothing but 403, 429 and 503 for the flood, and every person let in, within five tries where the answer was 503.
"""

import argparse
import itertools
import multiprocessing
import random
import socket
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "EndToEnd")]

from harness.client import request_bytes  # noqa: E402
from harness.site import Site  # noqa: E402
from load.driver import Line, Outcome, cpu, run  # noqa: E402
from rig.browser import Browser  # noqa: E402
from rig.cast import ALICE, BOB, User, WEB  # noqa: E402
from rig.flow import Request  # noqa: E402
from rig.server import Server  # noqa: E402

CAROL = User("carol")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def address(number):
    """One of sixteen million on the loopback interface."""
    return f"127.{1 + number // 62500 % 250}.{number // 250 % 250}.{1 + number % 250}"


def serve(listener):
    """An upstream that takes next to nothing: the same kilobyte for each request."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + b"x" * 1024

    def talk(peer):
        while data := peer.recv(65536):
            for _ in range(data.count(b"\r\n\r\n")):
                peer.sendall(answer)
    while True:
        peer, _ = listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=talk, args=(peer,), daemon=True).start()


class Target:
    """What another process needs to know of the gateway."""

    def __init__(self, server):
        self.port, self.authority, self.host = server.port_taken, str(server.site.authority.file), server.issuer.removeprefix("https://")

    def line(self, source=None):
        return Line(("127.0.0.1", self.port), ssl.create_default_context(cafile=self.authority), "localhost", source)

    def bytes(self, method, path, fields=None, body=None):
        return request_bytes(method, path, fields or {}, body, host=self.host)


def proxied(target, rate, seconds, results):
    request = target.bytes("GET", "/public/x")
    lines = [target.line() for _ in range(16)]
    results.put(run(lines, lambda slot: request, seconds, pause=len(lines) / rate))


def flood(target, form, rate, addresses, seconds, ready, results):
    names = itertools.cycle(["alice", "bob", "root", "admin"])
    lines = [target.line(address(number)) for number in range(addresses)]
    random.shuffle(lines)
    path, fields, data = form

    def request(_):
        ready.set()
        name = next(names) if random.random() < 0.1 else f"user-{random.randrange(100000)}"
        body = urlencode(data | {"username": name, "password": f"guess {random.random()}"})
        return target.bytes("POST", path, fields, body)
    results.put(run(lines, request, seconds, pause=addresses / rate))


def sign_in_form(server):
    """The form of one visitor, as anybody can fetch it: path, fields with its cookies, members."""
    browser = Browser(server)
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return form.action, FORM | {"Cookie": cookies, "Origin": server.issuer}, dict(form.data("sign-in", username="", password=""))


class People(threading.Thread):
    """Somebody signs in every half second: by turns with a known browser, and from an address that was never seen."""

    addresses = itertools.count(3_000_000)

    def __init__(self, server, known, target, form):
        super().__init__(daemon=True)
        self.server, self.known, self.target, self.form = server, known, target, form
        self.stopping, self.known_outcome, self.new_outcome = threading.Event(), Outcome(), Outcome()

    def run(self):
        for turn in itertools.count():
            if self.stopping.wait(0.5):
                return
            self.with_known_browser() if turn % 2 else self.from_new_address()

    def with_known_browser(self):
        begin = time.perf_counter()
        page = self.known.sign_in(self.known.open(Request(self.server, WEB, prompt="login").url), ALICE)
        self.note(self.known_outcome, begin, "in" if page.redirect or page.is_consent else page.status)

    def from_new_address(self):
        """Carol, whose name nobody guesses; told that the server is busy, she tries again in a few seconds, as the page says."""
        path, fields, data = self.form
        body = urlencode(data | {"username": CAROL.name, "password": CAROL.password})
        line = self.target.line(address(next(self.addresses)))
        begin = time.perf_counter()
        for _ in range(5):
            outcome = run([line], once(self.target.bytes("POST", path, fields, body)), 20)
            status = next(iter(outcome.statuses))
            if status != 503 or self.stopping.wait(3):
                break
        self.note(self.new_outcome, begin, "in" if status in (200, 303) else status)

    @staticmethod
    def note(outcome, begin, status):
        outcome.latencies.append(time.perf_counter() - begin)
        outcome.statuses[status] += 1


def once(data):
    left = [data]
    return lambda slot: left.pop() if left else None


def measure(server, target, form, options, flooded):
    """A round: the proxied requests' outcome, and the flood's if there is one."""
    results, floods, ready = multiprocessing.Queue(), multiprocessing.Queue(), multiprocessing.Event()
    others = []
    if flooded:
        others.append(multiprocessing.Process(target=flood, args=(
            target, form, options.rate, options.addresses, options.seconds + 2, ready, floods)))
        others[0].start()
        ready.wait(120)
        time.sleep(1)
    before = cpu(server.pid)
    process = multiprocessing.Process(target=proxied, args=(target, options.proxied, options.seconds, results))
    process.start()
    outcome = results.get(timeout=options.seconds + 60)
    outcome.cpu = (cpu(server.pid) - before) / outcome.seconds
    outcome.flood = floods.get(timeout=options.seconds + 120) if flooded else None
    for each in [process, *others]:
        each.join(30)
    return outcome


def report(name, outcome, count=None):
    print(f"{name:<34} {count or outcome.count:>6}  p50 {outcome.percentile(0.5):7.1f} ms  p99 {outcome.percentile(0.99):7.1f} ms"
          f"  {dict(outcome.statuses)}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--addresses", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--proxied", type=float, default=400)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    upstream = multiprocessing.Process(target=serve, args=(listener,), daemon=True)
    upstream.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        with Server(Path(folder) / "gateway", Site(folder), url, users=(ALICE, BOB, CAROL), logging={"access": "off"}) as server:
            faults = rounds(server, options)
    upstream.kill()
    sys.exit("\n".join(faults) if faults else 0)


def rounds(server, options):
    target, form = Target(server), sign_in_form(server)
    known = Browser(server).sign_in_as(ALICE)
    quiet, flooded, faults = [], [], []
    measure(server, target, form, options, False)
    people, memory = People(server, known, target, form), [server.memory()]
    people.start()
    for _ in range(options.rounds):
        quiet.append(measure(server, target, form, options, False))
        report("proxied", quiet[-1])
        flooded.append(measure(server, target, form, options, True))
        memory.append(server.memory())
        report("proxied, flooded", flooded[-1])
        report("  the flood", flooded[-1].flood)
        print(f"  gateway: {flooded[-1].cpu:.2f} cores, before {quiet[-1].cpu:.2f}; {memory[-1] >> 20} MiB", flush=True)
    people.stopping.set()
    people.join(30)
    report("people with a known browser", people.known_outcome)
    report("people from a new address", people.new_outcome)
    before, during = (min(o.percentile(0.99) for o in outcomes) for outcomes in (quiet, flooded))
    print(f"p99 {before:.2f} ms quiet, {during:.2f} ms flooded: {during / before:.2f} times; memory {[m >> 20 for m in memory]} MiB")
    if during > max(1.5 * before, before + 1):
        faults.append(f"the proxied p99 went from {before:.2f} to {during:.2f} ms")
    if memory[-1] > memory[1] + (32 << 20):
        faults.append(f"memory grew: {memory}")
    for outcome in flooded:
        if strange := set(outcome.flood.statuses) - {403, 429, 503}:
            faults.append(f"the flood was answered with {strange}")
        if set(outcome.statuses) != {200}:
            faults.append(f"proxied requests failed: {outcome.statuses}")
    for outcome in (people.known_outcome, people.new_outcome):
        if set(outcome.statuses) != {"in"}:
            faults.append(f"somebody was kept out: {dict(outcome.statuses)}")
    return faults


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
