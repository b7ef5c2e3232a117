"""CONTRACT §4.5: an event reaches the client when the upstream writes it, not when a buffer is full or the stream ends."""

import statistics
import subprocess
import time

import pytest

from harness.client import HOST
from harness.tokens import bearer
from harness.waiting import SCALE

COUNT, PAUSE = 200, 0.01
# Far above what a quiet machine takes (0.3 and 10 ms), and below what any buffer or timer on the way would cost.
MEDIAN, WORST = 0.02 * SCALE, 1.0 * SCALE


def configuration(site, upstream):
    return site.config(upstream)


def publish(exchange):
    """Events that say when they were written."""
    exchange.read_body()
    exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for number in range(COUNT):
        text = f"id: {number}\ndata: {time.monotonic_ns()}\n\n".encode()
        exchange.send(b"%x\r\n%s\r\n" % (len(text), text))
        time.sleep(PAUSE)
    exchange.send(b"0\r\n\r\n")


@pytest.mark.parametrize("protocol", ["http1.1", "http2"])
def test_delays(site, gateway, upstream, token, protocol):
    upstream.on("/notes/events", publish)
    port, numbers, delays = gateway.port(), [], []
    command = ["curl", "-sSN", f"--{protocol}", "--cacert", site.authority.file, "--resolve", f"{HOST}:{port}:127.0.0.1", "--noproxy", "*",
               "-H", f"Authorization: {bearer(token)['Authorization']}", "-w", "%{stderr}%{http_version} %{http_code}",
               f"https://{HOST}:{port}/notes/events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        rest = b""
        while data := process.stdout.read(65536):
            now = time.monotonic_ns()
            *events, rest = (rest + data).split(b"\n\n")
            for event in events:
                number, _, written = event.removeprefix(b"id: ").partition(b"\ndata: ")
                numbers.append(int(number))
                delays.append((now - int(written)) / 1e9)
        status = process.stderr.read().decode()
    assert status == ("2 200" if protocol == "http2" else "1.1 200")
    assert numbers == list(range(COUNT)) and rest == b""
    median, worst = statistics.median(delays), max(delays)
    print(f"{protocol}: median {median * 1000:.2f} ms, worst {worst * 1000:.1f} ms")
    assert median < MEDIAN and worst < WORST
