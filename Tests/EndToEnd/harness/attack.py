"""What an attack costs: the gateway's memory and processor time, and whether others were served meanwhile."""

import os
import threading
import time

from .waiting import SCALE, eventually

MEBIBYTE = 1 << 20
# What a sanitizer's shadow and quarantine take beside the gateway's own memory; nothing in a plain build.
SANITIZER = int(os.environ.get("GATEHOUSE_SANITIZER_MIB", "0")) << 20


class Attack:
    """Measures from its beginning to its end, with an honest client at work beside it. Figures are printed for `pytest -rP`."""

    def __init__(self, gateway, name, memory=8 * MEBIBYTE, cpu=4.0, path="/public/honest"):
        self.gateway, self.name, self.path = gateway, name, path
        self.memory_limit, self.cpu_limit = memory * (3 if SANITIZER else 1) + SANITIZER, cpu * SCALE
        self.sent = 0  # what the attacker counts
        self.answers, self.worst, self.failures = 0, 0.0, []

    def __enter__(self):
        self.gateway.get(self.path)
        self.stop = threading.Event()
        self.memory = self.peak = self.gateway.memory()
        self.cpu, self.begun, self.abuse = self.gateway.cpu(), time.monotonic(), self._abuse()
        self.threads = [threading.Thread(target=self._honest), threading.Thread(target=self._watch)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        self.seconds, self.used = time.monotonic() - self.begun, self.gateway.cpu() - self.cpu
        self.peak = max(self.peak, self.gateway.memory())
        grown = self.peak - self.memory
        print(f"\nattack: {self.name}: {self.sent} sent in {self.seconds:.2f} s, processor {self.used:.2f} s, memory +{grown / MEBIBYTE:.1f} MiB, "
              f"{self.answers} honest answers, the slowest {self.worst * 1000:.0f} ms")
        if kind is None:
            assert not self.failures, f"others were not served: {self.failures[:3]}"
            assert self.answers and self.worst < 5 * SCALE, f"others waited {self.worst:.2f} s"
            assert grown < self.memory_limit, f"memory grew by {grown / MEBIBYTE:.1f} MiB"
            assert self.used < self.cpu_limit, f"{self.used:.2f} s of processor time"

    def counted(self, *reasons):
        """Checks that connections were ended for one of these reasons since the beginning."""
        def growth():
            now = self._abuse()
            return {reason: now[reason] - self.abuse.get(reason, 0) for reason in now if now[reason] > self.abuse.get(reason, 0)}
        grown = eventually(growth, 5, what=f"{reasons} in gatehouse_http2_abuse_total")
        assert set(grown) <= set(reasons), grown

    def _abuse(self):
        return {dict(labels)["reason"]: value for (name, labels), value in self.gateway.metrics().items() if name == "gatehouse_http2_abuse_total"}

    def _honest(self):
        try:
            with self.gateway.connect() as connection:
                while not self.stop.is_set() or not self.answers:
                    begun = time.monotonic()
                    response = connection.request("GET", self.path)
                    self.worst = max(self.worst, time.monotonic() - begun)
                    self.answers += 1
                    if response.status != 200:
                        self.failures.append(response.status)
                    time.sleep(0.01)
        except Exception as error:
            self.failures.append(repr(error))

    def _watch(self):
        while not self.stop.is_set():
            self.peak = max(self.peak, self.gateway.memory())
            time.sleep(0.01)


def flood(client, make, attack, most, batch=100):
    """Sends what `make(n)` gives, `batch` at a time, reading between, until the peer ends it or `most` were sent."""
    n = 0
    while n < most and not client.goaway and not client.connection.ended:
        try:
            client.send(b"".join(make(n + i) for i in range(batch)))
            n += batch
            attack.sent = n
            client.read_available()
        except OSError:
            break
    return n


def flood_unread(connection, make, attack, most, batch=500, seconds=6.0):
    """The same by a client that reads nothing, until the peer takes nothing more. Whether there was more to send."""
    n, deadline = 0, time.monotonic() + seconds * SCALE
    while n < most and time.monotonic() < deadline:
        data = b"".join(make(n + i) for i in range(batch))
        try:
            taken = connection.send_available(data)
        except OSError:
            return True
        n += batch
        attack.sent = n
        if taken < len(data):
            return True
    return n < most


