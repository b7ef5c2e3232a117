"""Many kept TLS connections from one thread, each with one request at a time.

The rate that it reaches says as much about this process as about the gateway: what counts is the gateway's own
processor time (`cpu`), and how long answers take while there is room.
"""

import re
import select
import socket
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.I)


def cpu(pid):
    """Seconds of processor time, user and system, that a process has used (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes

    def field(self, name):
        found = re.search(rb"\r\n" + name.encode() + rb": *([^\r]*)\r\n", self.head, re.I)
        return found[1].decode() if found else None


@dataclass
class Outcome:
    seconds: float = 0
    statuses: Counter = field(default_factory=Counter)
    latencies: list = field(default_factory=list)

    @property
    def count(self):
        return len(self.latencies)

    def percentile(self, share):
        """In milliseconds."""
        if not self.latencies:
            return float("nan")
        return sorted(self.latencies)[min(int(self.count * share), self.count - 1)] * 1000


class Line:
    """One connection, connected again when the gateway has closed it."""

    def __init__(self, address, context, server_name, source=None):
        self.address, self.context, self.server_name, self.source = address, context, server_name, source
        self.socket, self.busy = None, False

    def connect(self):
        plain = socket.socket()
        plain.settimeout(10)
        if self.source:
            plain.bind((self.source, 0))
        plain.connect(self.address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.context.wrap_socket(plain, server_hostname=self.server_name) if self.context else plain
        self.socket.setblocking(False)
        self.buffer = b""
        return self.socket.fileno()

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.busy = None, False

    def send(self, data):
        self.sent_at = time.perf_counter()
        self.socket.send(data)

    def read(self):
        """The next whole answer, or None until there is one. Raises ConnectionError at the end."""
        while True:
            try:
                data = self.socket.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                break
            if not data:
                raise ConnectionError("closed")
            self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = LENGTH.search(self.buffer, 0, end + 2)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) < whole:
            return None
        answer = Answer(int(self.buffer[9:12]), self.buffer[:end + 2], self.buffer[end + 4:whole])
        self.buffer = self.buffer[whole:]
        return answer


def run(lines, request, seconds, answered=lambda slot, answer: None, pause=0):
    """Sends `request(slot)` on every line, again as soon as (or `pause` seconds after) it was answered, until the time is
    up or it returns None. `answered` is told of each answer. With a pause, the lines begin one after the other."""
    outcome, poll, slots, waiting = Outcome(), select.epoll(), {}, []

    def connect(slot, line):
        slots[line.connect()] = (slot, line)
        poll.register(line.socket, select.EPOLLIN)

    for slot, line in enumerate(lines):
        connect(slot, line)
    begin = time.perf_counter()
    deadline = begin + seconds

    def start(slot, line):
        data = request(slot)
        if data is None or time.perf_counter() >= deadline:
            return
        if line.socket is None:
            connect(slot, line)
        line.busy = True
        line.send(data)

    for slot, line in enumerate(lines):
        if pause:
            waiting.append((begin + pause * slot / len(lines), slot, line))
        else:
            start(slot, line)
    while any(line.busy for line in lines) or waiting:
        now = time.perf_counter()
        if now > deadline + 30:
            break
        while waiting and waiting[0][0] <= now:
            start(*waiting.pop(0)[1:])
        for descriptor, _ in poll.poll(0.01 if waiting else 0.5):
            slot, line = slots[descriptor]
            try:
                answer = line.read()
            except (ConnectionError, OSError):
                outcome.statuses["closed"] += 1
                poll.unregister(descriptor)
                line.close()
                start(slot, line)
                continue
            if answer is None:
                continue
            now = time.perf_counter()
            outcome.latencies.append(now - line.sent_at)
            outcome.statuses[answer.status] += 1
            line.busy = False
            answered(slot, answer)
            if pause:
                waiting.append((now + pause, slot, line))
            else:
                start(slot, line)
    outcome.seconds = time.perf_counter() - begin
    for line in lines:
        line.close()
    return outcome
