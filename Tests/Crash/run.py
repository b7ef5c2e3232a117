#!/usr/bin/env python3
"""Kills the real binary with SIGKILL at random moments under grant traffic, starts it again, and checks what it forgot.

    make test-crash                                     # 200 kills
    python Tests/Crash/run.py [--kills 20] [--seed 7]   # fewer, or the same again; GATEHOUSE_BIN=path for another binary

Whatever the moment, after the next start:

  - a code that was answered with tokens is not answered again, and one that was handed out and not used still is good
  - the newest refresh token that a client was given is good
  - what was revoked, by a client or because a code or refresh token came twice, stays revoked
  - who had signed in still is; what they had allowed is not asked again
  - `PRAGMA integrity_check` of the files as the kill left them says ok
  - the server accepts within a second
"""

import argparse
import random
import secrets
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "EndToEnd"), str(TESTS / "Clients")]

from harness.responses import ClosedEarly, Malformed  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.waiting import SCALE  # noqa: E402
from rig.browser import Browser  # noqa: E402
from rig.cast import ALICE, SERVICE, WEB  # noqa: E402
from rig.flow import Request  # noqa: E402
from rig.server import Server, basic  # noqa: E402

LOST = (OSError, ClosedEarly, Malformed)
UPSTREAM = "http://127.0.0.1:9"  # nobody is there: 502 tells that a token was taken, 401 that it was not


class Wrong(Exception):
    """The server broke a promise."""


class Family:
    """A grant as its client knows it."""

    def __init__(self, answer):
        self.refresh_token, self.access_token = answer["refresh_token"], answer["access_token"]


class Worker:
    """A client with a connection of its own. What it remembers outlives the server's death."""

    def __init__(self, server, cookie, seed):
        self.server, self.cookie, self.chance = server, cookie, random.Random(seed)
        self.connection = None
        self.codes = []  # (code, request): handed out, never presented
        self.doubtful = []  # presented, and the server died before it answered
        self.used = []  # answered with tokens once, whose grant nobody needs any more
        self.families, self.dead = [], []
        self.outcomes = Counter()
        self.wrong = []

    # One request

    def ask(self, method, path, form=None, fields=(), connection=None):
        if connection is None:
            if self.connection is None or self.connection.ended:
                self.connection = self.server.connect(timeout=20)
            connection = self.connection
        body = urlencode(form).encode() if form is not None else None
        if body is not None:
            fields = [*fields, ("Content-Type", "application/x-www-form-urlencoded")]
        try:
            return connection.request(method, path, fields, body, self.server.issuer.partition("//")[2])
        except LOST:
            if connection is self.connection:
                self.disconnect()
            raise

    def disconnect(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def token(self, client=WEB, connection=None, **form):
        response = self.ask("POST", self.server.path("token"), form, [("Authorization", basic(client.id, client.secret))],
                            connection)
        if response.status not in (200, 400):
            raise Wrong(f"{form['grant_type']}: {response.status} {response.body[:300]}")
        return response

    def exchange(self, code, request, connection=None):
        return self.token(connection=connection, grant_type="authorization_code", code=code,
                          code_verifier=request.verifier, redirect_uri=request.parameters["redirect_uri"])

    def refresh(self, refresh_token):
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def is_taken(self, access_token):
        return self.ask("GET", "/any/x", fields=[("Authorization", f"Bearer {access_token}")]).status != 401

    # What it does under load

    def work(self, is_stopped):
        while not is_stopped():
            try:
                step = self.chance.choice([self.get_code, self.use_code, self.rotate, self.rotate, self.rotate,
                                           self.revoke, self.replay, self.act_for_itself])
                if step() is not False:
                    self.outcomes[step.__name__] += 1
            except LOST:
                self.outcomes["lost"] += 1
                time.sleep(0.01)
            except Exception as error:  # anything else is a fault, the harness' own too
                self.wrong.append(f"{type(error).__name__}: {error}")
                return

    def get_code(self):
        if len(self.codes) >= 4:
            return False
        request = Request(self.server, WEB)
        response = self.ask("GET", request.url, fields=[("Cookie", self.cookie)])
        if response.status not in (302, 303):
            raise Wrong(f"authorize: {response.status} {response.body[:300]}")
        answer = dict(parse_qsl(urlsplit(response.get("location")).query))
        if "code" not in answer:
            raise Wrong(f"the session or the consent is forgotten: {response.field('location')}")
        self.codes.append((answer["code"], request))

    def use_code(self):
        # All workers are one user: with more than 100 grants the oldest would end, as it should.
        if not self.codes or len(self.used) >= 4:
            return False
        code, request = self.codes.pop(0)
        if self.chance.random() < 0.2:
            return self.race(code, request)
        try:
            response = self.exchange(code, request)
        except LOST:
            self.doubtful.append((code, request))
            raise
        if response.status != 200:
            raise Wrong(f"a code that nobody used is not good: {response.body}")
        family = Family(response.json())
        if len(self.families) < 4:
            self.families.append(family)
        else:
            self.used.append((code, request, family))

    def race(self, code, request):
        """Presents a code twice at once; its grant ends by that, if the second one comes late enough."""
        answers, threads = [], []

        def present():
            try:
                with self.server.connect(timeout=20) as connection:
                    answers.append(self.exchange(code, request, connection))
            except LOST:
                pass

        for _ in range(2):
            threads.append(threading.Thread(target=present))
            threads[-1].start()
        for thread in threads:
            thread.join()
        good = [answer for answer in answers if answer.status == 200]
        if len(good) > 1:
            raise Wrong("a code was answered twice")
        if good:
            self.used.append((code, request, Family(good[0].json())))

    def rotate(self):
        if not self.families:
            return False
        family = self.chance.choice(self.families)
        self.renew(family, "under load")

    def renew(self, family, when):
        response = self.refresh(family.refresh_token)
        if response.status != 200:
            raise Wrong(f"{when}, the newest refresh token is not good: {response.body}")
        answer = response.json()
        family.refresh_token, family.access_token = answer["refresh_token"], answer["access_token"]

    def revoke(self):
        if len(self.families) < 3:
            return False
        family = self.families.pop(0)
        # Whether it happened is unknown until it is answered; then it is for good.
        response = self.ask("POST", self.server.path("revoke"), {"token": family.refresh_token},
                            [("Authorization", basic(WEB.id, WEB.secret))])
        if response.status != 200:
            raise Wrong(f"revoke: {response.status} {response.body}")
        self.dead.append(family)

    def replay(self):
        """Presents a used code again, which ends its grant."""
        if not self.used:
            return False
        code, request, family = self.used.pop(0)
        try:
            response = self.exchange(code, request)
        except LOST:
            self.used.append((code, request, family))
            raise
        if response.status == 200:
            raise Wrong("a code was answered twice")
        self.dead.append(family)

    def act_for_itself(self):
        response = self.token(SERVICE, grant_type="client_credentials")
        if response.status != 200:
            raise Wrong(f"client_credentials: {response.body}")

    # What must hold after a start

    def check(self):
        self.disconnect()
        for family in self.families:
            self.renew(family, "after a start")
            if not self.is_taken(family.access_token):
                raise Wrong("the new access token is refused")
        for family in self.dead[-12:]:
            if self.refresh(family.refresh_token).status == 200:
                raise Wrong("a revoked refresh token is good again")
            if self.is_taken(family.access_token):
                raise Wrong("a revoked access token is good again")
        for code, request in self.codes:
            response = self.exchange(code, request)
            if response.status != 200:
                raise Wrong(f"a code that was handed out is forgotten: {response.body}")
            self.used.append((code, request, Family(response.json())))
        for code, request in self.doubtful:
            response = self.exchange(code, request)
            if response.status == 200:
                self.used.append((code, request, Family(response.json())))
        self.outcomes["checked families"] += len(self.families)
        self.outcomes["checked codes"] += len(self.codes) + len(self.doubtful) + len(self.used)
        self.codes, self.doubtful = [], []
        for used in self.used:
            code, request, family = used
            if self.exchange(code, request).status == 200:
                raise Wrong("a code was answered twice")
            self.dead.append(family)
        self.used = []


def processor_wait(process):
    """Seconds that its main thread was ready and had no processor: a busy machine's, not the server's."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9


class Run:
    def __init__(self, folder, seed, workers=8):
        self.folder, self.chance = Path(folder), random.Random(seed)
        site = Site(self.folder / "site")
        # Lifetimes long enough for what a worker remembers across a start.
        self.server = Server(
            self.folder / "server", site, UPSTREAM, users=[ALICE], clients=[WEB, SERVICE],
            authorization_server={"refresh_token": {"reuse_interval": "60s"}, "authorization_code": {"lifetime": "5m"}},
            logging={"access": "off"})
        browser = Browser(self.server).sign_in_as(ALICE)
        Request(self.server, WEB).tokens(browser, ALICE)
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        self.workers = [Worker(self.server, cookie, self.chance.random()) for _ in range(workers)]
        self.slowest_start = 0.0

    def kill_once(self):
        stopped = threading.Event()
        threads = [threading.Thread(target=worker.work, args=[stopped.is_set]) for worker in self.workers]
        for thread in threads:
            thread.start()
        time.sleep(self.chance.uniform(0.02, 1.0) * SCALE)
        self.server.signal(signal.SIGKILL)
        self.server.wait()
        stopped.set()
        for thread in threads:
            thread.join()
        self.check_files()
        began, waited = time.monotonic(), processor_wait("self")
        self.server.start()
        took = time.monotonic() - began - (processor_wait("self") - waited) - processor_wait(self.server.pid)
        self.slowest_start = max(self.slowest_start, took)
        if took > SCALE:
            raise Wrong(f"the start took {took:.2f} s")
        self.check_workers()

    def check_files(self):
        """Looks at a copy: whoever opens the files themselves repairs them."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for suffix in ("", "-wal"):
            source = self.server.folder / f"data/gatehouse.db{suffix}"
            if source.exists():
                shutil.copy(source, copy)
        database = sqlite3.connect(copy / "gatehouse.db")
        answer = database.execute("PRAGMA integrity_check").fetchall()
        database.close()
        if answer != [("ok",)]:
            raise Wrong(f"integrity_check: {answer[:5]}")

    def check_workers(self):
        threads = []
        for worker in self.workers:
            def check(worker=worker):
                try:
                    worker.check()
                except Exception as error:
                    worker.wrong.append(f"{type(error).__name__}: {error}")
            threads.append(threading.Thread(target=check))
            threads[-1].start()
        for thread in threads:
            thread.join()
        wrong = [fault for worker in self.workers for fault in worker.wrong]
        if wrong:
            raise Wrong("; ".join(wrong[:5]))

    @property
    def outcomes(self):
        return sum((worker.outcomes for worker in self.workers), Counter())


def main():
    parser = argparse.ArgumentParser(description="Kills the server under load and checks what it forgot.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gatehouse-crash-") as folder:
        run = Run(folder, options.seed)
        try:
            for count in range(1, options.kills + 1):
                try:
                    run.kill_once()
                except Wrong as fault:
                    print(f"kill {count}: {fault}\n{run.server.stderr()[-2000:]}")
                    return 1
                if count % 10 == 0:
                    print(f"{count} kills: {dict(run.outcomes)}", flush=True)
        finally:
            run.server.process.kill()
            run.server.process.wait()
    outcomes = run.outcomes
    idle = [name for name in ("get_code", "use_code", "rotate", "revoke", "replay", "lost") if not outcomes[name]]
    if idle:
        print(f"nothing was shown: no {', '.join(idle)}")
        return 1
    print(f"ok: {options.kills} kills, {sum(outcomes.values())} steps, the slowest start {run.slowest_start:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
