"""CONTRACT §4.5: bodies of any size pass whole while the gateway's memory stays where it was, on both protocols.

GATEHOUSE_BODY_MIB sets the size, for example 8192; the suite's own is small enough for each run. curl is the client, since
it is fast and speaks both protocols."""

import os
import subprocess
import threading
import time
import zlib

import pytest

from harness.client import HOST
from harness.upstream import Gone
from harness.waiting import SCALE

MEBIBYTE = 1 << 20
SIZE = int(os.environ.get("GATEHOUSE_BODY_MIB", 512 / SCALE)) * MEBIBYTE
# AddressSanitizer keeps what was freed: GATEHOUSE_SANITIZER_MIB says how much.
GROWTH = (16 + int(os.environ.get("GATEHOUSE_SANITIZER_MIB", "0"))) * MEBIBYTE
# Pieces that differ from each other, so that one that is lost, doubled or moved is noticed.
BLOCK = os.urandom(MEBIBYTE + 4096)
PROTOCOLS = ["http1.1", "http2"]


def configuration(site, upstream):
    routes = [{"path": "/public/**", "access": "public", "upstream": "legacy", "body_size": SIZE}]
    return site.config(upstream, routes=routes)


def pieces(size=SIZE):
    block = memoryview(BLOCK)
    for number in range(size // MEBIBYTE):
        yield block[number % 4096:number % 4096 + MEBIBYTE]


class Checksum:
    def __init__(self):
        self.size = self.value = 0

    def add(self, data):
        self.size += len(data)
        self.value = zlib.crc32(data, self.value)
        return self

    def __eq__(self, other):
        return (self.size, self.value) == (other.size, other.value)

    def __repr__(self):
        return f"{self.size} bytes, {self.value:08x}"


@pytest.fixture(scope="module")
def whole():
    checksum = Checksum()
    for piece in pieces():
        checksum.add(piece)
    return checksum


class Watch:
    """The largest resident memory of a process while the block runs, over what it was before."""

    def __init__(self, gateway):
        self.gateway, self.over = gateway, threading.Event()

    def __enter__(self):
        self.before = self.largest = self.gateway.memory()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def _look(self):
        while not self.over.wait(0.02):
            self.largest = max(self.largest, self.gateway.memory())

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.grown = self.largest - self.before
        print(f"grew by {self.grown / MEBIBYTE:.1f} MiB")


@pytest.fixture
def curl(site, gateway):
    """Starts curl for a path; what it prints at the end goes to stderr."""
    def curl(protocol, path, *arguments):
        port = gateway.port()
        return subprocess.Popen(
            ["curl", "-sS", f"--{protocol}", "--cacert", site.authority.file, "--resolve", f"{HOST}:{port}:127.0.0.1", "--noproxy", "*",
             "-w", "%{stderr}%{http_version} %{http_code}", *arguments, f"https://{HOST}:{port}{path}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    return curl


def ended(process, protocol):
    """Waits for curl; it must have spoken that protocol and have had a 200."""
    status = process.stderr.read().decode()
    assert process.wait(60 * SCALE) == 0, status
    assert status == ("2 200" if protocol == "http2" else "1.1 200")


@pytest.fixture(scope="module", autouse=True)
def warm(gateway):
    """What the process takes once, for its first requests, is none of this."""
    for _ in range(8):
        gateway.get("/public/warm")


def length(exchange):
    exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")
    for piece in pieces():
        exchange.send(piece)


def chunks(exchange):
    exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in pieces():
        exchange.send(b"%x\r\n" % len(piece))
        exchange.send(piece)
        exchange.send(b"\r\n")
    exchange.send(b"0\r\n\r\n")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("framing", [length, chunks])
def test_download(gateway, upstream, curl, whole, protocol, framing):
    upstream.on("/public/large", framing)
    received = Checksum()
    with Watch(gateway) as watch:
        with curl(protocol, "/public/large") as process:
            process.stdin.close()
            while data := process.stdout.read(MEBIBYTE):
                received.add(data)
            ended(process, protocol)
    assert received == whole
    assert watch.grown < GROWTH


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("framing", [length, chunks])
def test_upload(gateway, upstream, curl, whole, protocol, framing):
    received = Checksum()

    def swallow(exchange):
        exchange.keep_body = False
        while data := exchange.read_some():
            received.add(data)
        exchange.respond()
    upstream.on("/public/large", swallow)
    size = ["-H", f"Content-Length: {SIZE}", "-H", "Transfer-Encoding:"] if framing is length else []
    with Watch(gateway) as watch:
        with curl(protocol, "/public/large", "-X", "POST", "-T", "-", "-H", "Expect:", *size) as process:
            for piece in pieces():
                process.stdin.write(piece)
            process.stdin.close()
            ended(process, protocol)
    assert received == whole
    assert watch.grown < GROWTH
    upstream.only("/public/large")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_download_that_is_read_slowly(gateway, upstream, curl, protocol):
    """The upstream is held back: what it could send beyond what the client took is in the kernel's buffers, not in ours."""
    sent, cancelled = Checksum(), threading.Event()

    def endless(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")
        try:
            for piece in pieces():
                for start in range(0, len(piece), 65536):
                    exchange.send(piece[start:start + 65536])
                    sent.size += 65536
        except Gone:
            cancelled.set()
            raise
    upstream.on("/public/large", endless)
    with Watch(gateway) as watch:
        with curl(protocol, "/public/large", "--limit-rate", "4M") as process:
            process.stdin.close()
            taken, end = 0, time.monotonic() + 3
            while time.monotonic() < end:
                taken += len(process.stdout.read(65536))
            ahead = sent.size - taken
            process.kill()
    assert cancelled.wait(5 * SCALE), "the upstream's request goes on after the client has gone"
    assert taken >= 4 * MEBIBYTE
    assert ahead < 64 * MEBIBYTE  # the four buffers of sockets on the way may take 6 to 10 each
    assert watch.grown < GROWTH
