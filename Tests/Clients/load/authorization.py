#!/usr/bin/env python3
"""What grants and log-ins cost the gateway, with SQLite: the figures of docs/performance.md. `make bench-as`.

    authorization.py [client_credentials] [authorize] [code] [refresh] [login] [--seconds 10] [--connections 64]

One worker, one thread for passwords, TLS 1.3 on kept connections, `synchronous=FULL`. "per core" is what one second of
the gateway's processor time does, its own SQLite writes included; "a second" is what was reached on this machine with
the load beside it.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "EndToEnd")]

from harness.client import request_bytes  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.upstream import Upstream  # noqa: E402
from load.driver import Line, cpu, run  # noqa: E402
from rig.browser import Browser  # noqa: E402
from rig.cast import ALICE, CLIENTS, SERVICE, WEB  # noqa: E402
from rig.flow import Request  # noqa: E402
from rig.server import Server, basic  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WANTED = {"client_credentials": 3000, "code": 1500, "refresh": 2000, "login": 40}


class Bench:
    def __init__(self, server, options):
        self.server, self.options = server, options
        self.codes, self.refresh_tokens = [], []

    def lines(self, count=None):
        address = ("127.0.0.1", self.server.port_taken)
        return [Line(address, self.server.site.context, "localhost") for _ in range(count or self.options.connections)]

    def bytes(self, method, path, fields=None, body=None):
        return request_bytes(method, path, fields or {}, body, host=self.server.issuer.removeprefix("https://"))

    def post(self, client, **form):
        fields = FORM | {"Authorization": basic(client.id, client.secret)}
        return self.bytes("POST", self.server.path("token"), fields, urlencode(form))

    def measure(self, name, request, answered=lambda slot, answer: None, lines=None, expected=200):
        before = cpu(self.server.pid)
        outcome = run(lines or self.lines(), request, self.options.seconds, answered)
        spent = cpu(self.server.pid) - before
        good = outcome.statuses[expected]
        others = {status: count for status, count in outcome.statuses.items() if status != expected}
        per_core, wanted = good / spent if spent else 0, WANTED.get(name)
        print(f"| {name} | {per_core:,.0f} | {wanted or ''} | {good / outcome.seconds:,.0f} | {spent / max(good, 1) * 1e6:,.0f} |"
              f" {outcome.percentile(0.5):.1f} | {outcome.percentile(0.99):.1f} |{f' {others}' if others else ''}", flush=True)
        return not others and (wanted is None or per_core >= wanted)

    def client_credentials(self):
        request = self.post(SERVICE, grant_type="client_credentials", scope="notes:read")
        return self.measure("client_credentials", lambda slot: request)

    def authorize(self):
        """Signed in, and allowed before: one redirect with a code."""
        browser = Browser(self.server)
        self.asked = Request(self.server, WEB)
        self.asked.code(browser, ALICE)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        request = self.bytes("GET", self.asked.url, {"Cookie": cookies})

        def answered(_, answer):
            if answer.status == 303:
                self.codes.append(parse_qs(urlsplit(answer.field("location")).query)["code"][0])
        return self.measure("authorize", lambda slot: request, answered, expected=303)

    def code(self):
        codes = iter(self.codes)

        def request(_):
            code = next(codes, None)
            return code and self.post(WEB, grant_type="authorization_code", code=code, redirect_uri=WEB.redirect_uri,
                                      code_verifier=self.asked.verifier)

        def answered(_, answer):
            if answer.status == 200:
                self.refresh_tokens.append(json.loads(answer.body)["refresh_token"])
        return self.measure("code", request, answered)

    def refresh(self):
        """As many families as connections, each turning over and over; the latest, for a user has 100 at most."""
        tokens = self.refresh_tokens[-min(self.options.connections, 64):]

        def answered(slot, answer):
            if answer.status == 200:
                tokens[slot] = json.loads(answer.body)["refresh_token"]
        return self.measure(
            "refresh", lambda slot: self.post(WEB, grant_type="refresh_token", refresh_token=tokens[slot]), answered,
            lines=self.lines(len(tokens)))

    def login(self):
        """The right password, again and again, by the sign-in page's form."""
        browser = Browser(self.server)
        form = browser.open(Request(self.server, WEB).url).document.form_with(name="password")
        body = urlencode(form.data("sign-in", username=ALICE.name, password=ALICE.password))
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        fields = FORM | {"Cookie": cookies, "Origin": self.server.issuer}
        request = self.bytes("POST", form.action, fields, body)
        return self.measure("login", lambda slot: request, lines=self.lines(8), expected=303)


STEPS = ("client_credentials", "authorize", "code", "refresh", "login")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("steps", nargs="*", help="some of: " + " ".join(STEPS))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if unknown := set(options.steps) - set(STEPS):
        parser.error(f"unknown: {' '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
        server = Server(
            Path(folder) / "gateway", Site(folder), upstream, users=(ALICE,), clients=CLIENTS, workers=1, logging={"access": "off"},
            limits={"login": {"per_user": "off", "per_address": "off"}},
            authorization_server={"clients": [client.document() for client in CLIENTS], "passwords": {"threads": 1},
                                  "authorization_code": {"lifetime": "10m"}})
        with server:
            print("| | per core | wanted | a second | CPU µs | p50 ms | p99 ms |\n|---|---:|---:|---:|---:|---:|---:|")
            bench = Bench(server, options)
            missed = [step for step in STEPS if step in (options.steps or STEPS) and not getattr(bench, step)()]
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
