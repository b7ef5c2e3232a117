#!/usr/bin/env python3
"""What grants and log-ins cost the gateway, with SQLite: the figures of docs/performance.md. `make bench-as`.

    authorization.py [client_credentials] [authorize] [code] [refresh] [refresh_openid] [login] [--seconds 10] [--connections 64]

One worker, one thread for passwords, TLS 1.3 on kept connections, `synchronous=FULL`. "per core" is what one second of
the gateway's processor time does, its own SQLite writes included; "a second" is what was reached on this machine with
the load beside it.
"""

import argparse
import itertools
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
from rig.cast import ALICE, CLIENTS, SERVICE, WEB, Client  # noqa: E402
from rig.flow import Request  # noqa: E402
from rig.server import Server, basic  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# So many that no user comes to the bound of 100 grants for a client: beyond it, each exchange ends another grant too.
WEBS = [WEB] + [Client(f"notes-web-{number}", "Notes Web") for number in range(299)]
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
        asked = [Request(self.server, client) for client in WEBS]
        for each in asked:
            each.code(browser, ALICE)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        requests = [self.bytes("GET", each.url, {"Cookie": cookies}) for each in asked]
        turns, sent = itertools.cycle(range(len(asked))), {}

        def request(slot):
            sent[slot] = next(turns)
            return requests[sent[slot]]

        def answered(slot, answer):
            if answer.status == 303:
                code = parse_qs(urlsplit(answer.field("location")).query)["code"][0]
                self.codes.append((asked[sent[slot]], code))
        return self.measure("authorize", request, answered, expected=303)

    def code(self):
        codes = iter(self.codes)

        sent = {}

        def request(slot):
            asked, code = next(codes, (None, None))
            sent[slot] = asked and asked.client
            return asked and self.post(asked.client, grant_type="authorization_code", code=code,
                                       redirect_uri=asked.client.redirect_uri, code_verifier=asked.verifier)

        def answered(slot, answer):
            if answer.status == 200:
                self.refresh_tokens.append((sent[slot], json.loads(answer.body)["refresh_token"]))
        return self.measure("code", request, answered)

    def refresh(self):
        """As many families as connections, each turning over and over; the next token for the API."""
        return self.turn_over("refresh", scope="notes:read")

    def refresh_openid(self):
        """The same with `openid`: each answer has an ID token too, whose RS256 signature is half of all the work."""
        return self.turn_over("refresh_openid")

    def turn_over(self, name, **form):
        tokens = self.refresh_tokens[-self.options.connections:]
        self.refresh_tokens = self.refresh_tokens[:-self.options.connections]

        def request(slot):
            client, token = tokens[slot]
            return self.post(client, grant_type="refresh_token", refresh_token=token, **form)

        def answered(slot, answer):
            if answer.status == 200:
                tokens[slot] = (tokens[slot][0], json.loads(answer.body)["refresh_token"])
        return self.measure(name, request, answered, lines=self.lines(len(tokens)))

    def login(self):
        """The right password, again and again, by the sign-in page's form."""
        browser = Browser(self.server)
        form = browser.open(Request(self.server, WEB).url).document.form_with(name="password")
        body = urlencode(form.data("sign-in", username=ALICE.name, password=ALICE.password))
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        fields = FORM | {"Cookie": cookies, "Origin": self.server.issuer}
        request = self.bytes("POST", form.action, fields, body)
        return self.measure("login", lambda slot: request, lines=self.lines(8), expected=303)


STEPS = ("client_credentials", "authorize", "code", "refresh", "refresh_openid", "login")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("steps", nargs="*", help="some of: " + " ".join(STEPS))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if unknown := set(options.steps) - set(STEPS):
        parser.error(f"unknown: {' '.join(unknown)}")
    clients = CLIENTS + tuple(WEBS[1:])
    with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
        server = Server(
            Path(folder) / "gateway", Site(folder), upstream, users=(ALICE,), clients=clients, workers=1, logging={"access": "off"},
            limits={"login": {"per_user": "off", "per_address": "off"}},
            authorization_server={"clients": [client.document() for client in clients], "passwords": {"threads": 1},
                                  "authorization_code": {"lifetime": "10m"}})
        with server:
            print("| | per core | wanted | a second | CPU µs | p50 ms | p99 ms |\n|---|---:|---:|---:|---:|---:|---:|")
            bench = Bench(server, options)
            missed = [step for step in STEPS if step in (options.steps or STEPS) and not getattr(bench, step)()]
    sys.exit(f"missed: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
