#!/usr/bin/env python3
"""WebSockets and event streams, held with traffic: what each costs in memory and processor time. `make streams`.

    streams.py [messages] [events] [h2_messages] [h2_events] [--streams 1000] [--seconds 60] [--only gatehouse]

Through the gateway, and through HAProxy if it is installed, on the same job with two threads each: TLS 1.3, a token's check
at the start, then a message of 64 bytes a second on each stream. `messages` go to the server and come back, `events` come
from it; with `h2_` they share HTTP/2 connections (RFC 8441), 50 streams on each.

Memory is the growth of the process (PSS) from 32 streams that came and went to all of them held with traffic, the largest
of what was seen, for one stream. A message that comes back counts as two. Delays are from the upstream's write, or from the
client's for messages, to the client's read, all on one clock; nothing may be lost or be late by more than a second.
"""

import argparse
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "EndToEnd")]

from harness.gateway import Gateway  # noqa: E402
from harness.site import Site  # noqa: E402
from load.driver import cpu  # noqa: E402
from load.haproxy import HAProxy  # noqa: E402
from load.holding import KINDS, Holder  # noqa: E402
from load.publisher import Publisher  # noqa: E402

ABOUT = {"messages": "WebSocket, HTTP/1.1", "events": "event stream, HTTP/1.1", "h2_messages": "WebSocket, HTTP/2",
         "h2_events": "event stream, HTTP/2"}


def memory(pid):
    """Proportional set size in bytes."""
    return int(re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) * 1024


def measure(proxy, kind, site, options):
    """Holds the streams through one proxy; (KiB a stream, CPU µs a message, p50 ms, p99 ms, worst ms, messages lost)."""
    def holder(count):
        return Holder(kind, count, ("127.0.0.1", proxy.port()), site, options.seconds)

    warming = holder(32)
    warming.hold(2)
    warming.close()
    time.sleep(2)
    before = memory(proxy.pid)
    streams, peaks = holder(options.streams), []
    streams.hold(3)
    streams.forget()
    begin = cpu(proxy.pid)
    streams.hold(options.seconds, lambda: peaks.append(memory(proxy.pid)))
    spent = cpu(proxy.pid) - begin
    delays, lost = sorted(streams.delays), streams.lost()
    streams.close()
    count = len(delays)
    passed = count * (2 if "messages" in kind else 1)
    return ((max(peaks) - before) / options.streams / 1024, spent / passed * 1e6, delays[count // 2] * 1000,
            delays[count * 99 // 100] * 1000, delays[-1] * 1000, lost)


def report(kind, found):
    """Rows of the table of docs/performance.md."""
    rows = [("KiB a stream", 0, ".1f"), ("CPU µs a message", 1, ".1f"), ("delay p50, ms", 2, ".2f"), ("delay p99, ms", 3, ".2f"),
            ("delay worst, ms", 4, ".1f")]
    for name, index, form in rows:
        values = [figures[index] for figures in found.values()]
        ratio = f" {values[0] / values[1]:.2f} |" if len(values) == 2 else ""
        print(f"| {ABOUT[kind]}: {name} | " + " | ".join(format(value, form) for value in values) + f" |{ratio}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS), default=[])
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=["gatehouse", "haproxy"])
    options = parser.parse_args()
    unknown = set(options.kinds) - set(KINDS)
    if unknown:
        parser.error(f"no such streams: {', '.join(unknown)} (there are {', '.join(KINDS)})")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    good = True
    with tempfile.TemporaryDirectory() as folder, Publisher() as publisher:
        site = Site(folder)
        routes = [{"path": "/stream/**", "scopes": ["notes:read"], "upstream": "legacy"}]
        config = site.config(f"http://127.0.0.1:{publisher.port}", routes=routes, logging={"access": "off"})
        starts = {"gatehouse": lambda name: Gateway(Path(folder) / name, config, site.context),
                  "haproxy": lambda name: HAProxy(Path(folder) / name, site, publisher.port)}
        if not HAProxy.available():
            print("HAProxy is not installed: nothing to compare with")
            del starts["haproxy"]
        starts = {name: start for name, start in starts.items() if options.only in (None, name)}
        print(f"{options.streams} streams, a message a second each, for {options.seconds:.0f} s\n\n| | "
              + " | ".join(starts) + " |" + (" ratio |" if len(starts) == 2 else ""))
        print("|---|" + "---:|" * (len(starts) + (len(starts) == 2)))
        for kind in options.kinds or KINDS:
            found = {}
            for name, start in starts.items():
                with start(f"{name}-{kind}") as proxy:
                    found[name] = measure(proxy, kind, site, options)
            report(kind, found)
            for name, figures in found.items():
                if figures[5] or (name == "gatehouse" and figures[4] > 1000):
                    print(f"{name}, {ABOUT[kind]}: {figures[5]} messages lost, the latest {figures[4]:.0f} ms late")
                    good = good and name != "gatehouse"
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
