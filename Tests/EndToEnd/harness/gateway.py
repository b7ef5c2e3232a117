"""The gateway's process: its configuration file, its output, its commands."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

from .certificates import http2_context
from .client import Connection, HOST
from .http2 import HTTP2Client
from .waiting import SCALE, eventually

ROOT = Path(__file__).resolve().parents[3]
CRASH = re.compile(
    r"Fatal error|Crash:|AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|Simultaneous accesses|"
    r"BUG IN CLIENT OF LIBDISPATCH")


def binary():
    """GATEHOUSE_BIN, or the newest of the debug and release builds."""
    if named := os.environ.get("GATEHOUSE_BIN"):
        return Path(named).resolve()
    built = [p for kind in ("debug", "release") if (p := ROOT / ".build" / kind / "gatehouse").exists()]
    if not built:
        raise FileNotFoundError("no gatehouse binary: build it (swift build), or set GATEHOUSE_BIN")
    return max(built, key=lambda p: p.stat().st_mtime)


def environment(extra=None):
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return kept | {"NO_COLOR": "1"} | (extra or {})


def run(*arguments, cwd=None, stdin=None, env=None, timeout=30):
    """Runs a command to its end. The answer has returncode, stdout and stderr (text)."""
    done = subprocess.run([str(binary()), *map(str, arguments)], cwd=cwd, input=stdin, env=environment(env), text=True,
                          capture_output=True, timeout=timeout * SCALE)
    assert not CRASH.search(done.stderr), done.stderr
    assert done.returncode >= 0, f"killed by signal {-done.returncode}: {done.stderr}"
    return done


RESERVED = []


def free_port():
    """A loopback port for this process alone, however late it is bound, and however often.

    It is outside the kernel's own choice. A name held for as long as this process lives keeps other workers off it.
    """
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0gatehouse-tests/port/{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            holder.close()
            continue
        RESERVED.append(holder)
        return port


def write_config(folder, config):
    """Writes gateway.json in one step and returns its path."""
    file = Path(folder) / "gateway.json"
    temporary = file.with_name("gateway.json.new")
    temporary.write_text(config if isinstance(config, str) else json.dumps(config, indent=2))
    temporary.rename(file)
    return file


class Gateway:
    """A running `gatehouse serve`. `context` is the TLS client that its connections use."""

    def __init__(self, folder, config, context=None, env=None, start=True):
        self.folder, self.config, self.context, self.env = Path(folder), config, context, env
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines = []
        self.changed = threading.Condition()
        self.process = None
        self.stderr_file = self.folder / "stderr.log"
        if start:
            self.start()

    # Process

    def start(self):
        write_config(self.folder, self.config)
        self.lines = []
        with open(self.stderr_file, "ab") as stderr:
            self.process = subprocess.Popen(
                [str(binary()), "serve", "gateway.json"], cwd=self.folder, env=environment(self.env),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self.reader.start()
        wanted = len(self.config["listeners"])
        try:
            eventually(lambda: len(self.listening()) >= wanted or self.process.poll() is not None, 60, what=f"{wanted} lines `listening on` on stdout")
        except AssertionError as error:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{error}; {self.lines} {self.stderr()}") from None
        assert self.process.poll() is None, f"gatehouse ended with {self.process.returncode}: {self.stderr()}"
        if admin := self.admin_address:
            eventually(lambda: self._accepts(admin), 5, what="the admin listener")
        return self

    @staticmethod
    def _accepts(address):
        try:
            socket.create_connection(address, 1).close()
            return True
        except OSError:
            return False

    def _read(self, pipe):
        for line in pipe:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()

    def stderr(self):
        return self.stderr_file.read_text("utf-8", "replace") if self.stderr_file.exists() else ""

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=10):
        code = self.process.wait(timeout * SCALE)
        self.reader.join(5)
        return code

    def stop(self, check=True):
        """SIGTERM, and a look at how it ended."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                assert not check, f"still running 15 s after SIGTERM: {self.stderr()[-2000:]}"
        self.reader.join(5)
        if check:
            crash = CRASH.search(self.stderr())
            assert not crash, self.stderr()[-6000:]
            assert self.process.returncode == 0, f"exit {self.process.returncode}: {self.stderr()[-2000:]}"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop(check=kind is None)

    def memory(self):
        """Resident memory in bytes."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def cpu(self):
        """Processor time used so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # Addresses

    def listening(self):
        """What the `listening on` lines name, in order, without the admin listener."""
        with self.changed:
            found = [line[len("listening on "):].strip() for line in self.lines if line.startswith("listening on ")]
        admin = self.config.get("admin", {}).get("address") if isinstance(self.config, dict) else None
        return [url for url in found if not (admin and url.endswith("//" + admin))]

    def address(self, listener=0):
        """(host, port) of a listener, or a path."""
        url = self.listening()[listener]
        scheme, _, rest = url.partition("://")
        if "unix" in scheme or url.startswith("unix:"):
            return url[url.index("/"):] if not rest else "/" + rest.lstrip("/")
        host, _, port = rest.rstrip("/").rpartition(":")
        return host.strip("[]"), int(port)

    def port(self, listener=0):
        return self.address(listener)[1]

    @property
    def admin_address(self):
        admin = self.config.get("admin") if isinstance(self.config, dict) else None
        if not admin:
            return None
        host, _, port = admin["address"].rpartition(":")
        return host.strip("[]"), int(port)

    # Talking to it

    def connect(self, listener=0, **options):
        if "context" not in options:
            options["context"] = self.context if self.listening()[listener].startswith("https") else None
        return Connection(self.address(listener), **options)

    def http2(self, listener=0, settings=None, credit=True, start=True, **options):
        """An HTTP/2 connection: by ALPN, or by prior knowledge where the listener has no TLS."""
        if "context" not in options and self.listening()[listener].startswith("https"):
            options["context"] = http2_context(self.context)
        connection = self.connect(listener, **options)
        if connection.tls is not None:
            chosen = connection.tls.selected_alpn_protocol()
            assert chosen == "h2", f"ALPN chose {chosen}"
        return HTTP2Client(connection, settings, credit, start)

    def request(self, method, target, fields=(), body=None, host=HOST, **options):
        """One request on a connection of its own."""
        with self.connect(**options) as connection:
            return connection.request(method, target, fields, body, host)

    def get(self, target, fields=(), **options):
        return self.request("GET", target, fields, **options)

    def admin(self, path, host=None):
        """(status, fields, text) from the admin listener."""
        with Connection(self.admin_address) as connection:
            response = connection.request("GET", path, {"Connection": "close"}, host=host or "127.0.0.1:%d" % self.admin_address[1])
        return response

    def metrics(self):
        response = self.admin("/metrics")
        assert response.status == 200, response
        return parse_metrics(response.text)

    # Output

    def access_log(self):
        """The access log so far, parsed."""
        with self.changed:
            return [json.loads(line) for line in self.lines if line.startswith("{")]

    def logged(self, timeout=5, **wanted):
        """The one access-log entry with these members."""
        def matching():
            return [e for e in self.access_log() if all(e.get(k) == v for k, v in wanted.items())]
        eventually(matching, timeout, what=f"an access-log entry with {wanted}; {self.access_log()[-3:]}")
        entries = matching()
        assert len(entries) == 1, entries
        return entries[0]

    def reload(self, config=None):
        """Writes a new config, if given, and sends SIGHUP. The caller polls for the effect."""
        if config is not None:
            self.config = config
            write_config(self.folder, config)
        self.signal(signal.SIGHUP)

    def command(self, *arguments, **options):
        """Runs a command that acts on this gateway's configuration and storage."""
        return run(*arguments, "--config", "gateway.json", cwd=self.folder, env=self.env, **options)

    def issue_token(self, user="ada", scope="notes:read", *more):
        done = self.command("token", "issue", "--user", user, "--scope", scope, *more)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?\Z')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|\Z)')


def parse_metrics(text):
    """Prometheus text 0.0.4, read strictly: {(name, frozenset of labels): value}."""
    assert text.endswith("\n"), "no newline at the end"
    samples = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, f"malformed sample {line!r}"
        labels, position, body = {}, 0, match[2] or ""
        while position < len(body):
            label = LABEL.match(body, position)
            assert label, f"malformed labels {line!r}"
            labels[label[1]] = label[2]
            position = label.end()
        key = (match[1], frozenset(labels.items()))
        assert key not in samples, f"twice: {line!r}"
        samples[key] = float(match[3])
    return samples


def total(samples, name=None, **labels):
    """The sum of the samples with that name part and those labels (regular expressions)."""
    return sum(
        value for (sample, pairs), value in samples.items()
        if (name is None or re.search(name, sample))
        and all(any(k == key and re.search(pattern, v) for k, v in pairs) for key, pattern in labels.items()))
