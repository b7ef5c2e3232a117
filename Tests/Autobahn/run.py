#!/usr/bin/env python3
"""Autobahn's WebSocket test-suite, straight at its echo server and through the gateway. `make autobahn`.

    run.py [--cases 1.* 7.*] [--all] [--protocols http1 http2] [--folder FOLDER]

The gateway must change nothing: each case has to end as it ends without the gateway: the same verdict of the messages, the
same of the closing, the same close code. It runs over TLS on a route that needs a scope; the token travels as the subprotocol
`bearer.TOKEN`, as browsers send it. On the way by HTTP/2 (RFC 8441) `bridge.py` stands before the gateway, since the suite
speaks only HTTP/1.1. The runs go on at the same time, one group of cases after the other. Cases that end in another way are
run again, straight and through, and named if they do so again: some of the suite's cases depend on how fast the peers are.

Without --all, the cases that compress a thousand messages of more than 16 KiB each are left out (12.*.8 to 10, 12.*.13 to 18
and the same of 13): in them the suite is busy with its own compression, for more than half an hour.

The suite needs Python 2.7: PYTHON27=path, `python2.7` on the path, or one that pyenv has installed. Its packages are put
into the folder `.build-autobahn`.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from harness.client import HOST, Connection  # noqa: E402
from harness.gateway import Gateway, free_port  # noqa: E402
from harness.site import Site  # noqa: E402
from harness.waiting import eventually  # noqa: E402

from bridge import Bridge  # noqa: E402

PACKAGES = ROOT / "Tests" / "Autobahn" / "packages.txt"
INSTALLED = ROOT / ".build-autobahn"
WSTEST = "import site, sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite.wstest import run; run()"
LARGE = [f"{group}.{kind}.{size}" for group, kinds in ((12, 5), (13, 7)) for kind in range(1, kinds + 1)
         for size in (8, 9, 10, 13, 14, 15, 16, 17, 18)]
GROUPS = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13)]
STRAIGHT, PROTOCOLS = "straight", ("http1", "http2")
WAITING = 5400
FEW = 20  # differences are shown, and tried again


def python27():
    """The interpreter, or None."""
    candidates = [os.environ.get("PYTHON27"), *sorted(Path.home().glob(".pyenv/versions/2.7.*/bin/python2.7")), shutil.which("python2.7")]
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "-c", "import ssl, pip"], capture_output=True).returncode == 0:
            return str(candidate)
    return None


def install(python):
    """Puts the suite into a folder of its own, once for each state of packages.txt."""
    stamp, wanted = INSTALLED / "packages.txt", PACKAGES.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Installing Autobahn's test-suite", flush=True)
    shutil.rmtree(INSTALLED, ignore_errors=True)
    subprocess.run([python, "-W", "ignore", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", INSTALLED,
                    "-r", PACKAGES], check=True)
    stamp.write_text(wanted)


class Suite:
    def __init__(self, python, folder):
        self.python, self.folder, self.started = python, Path(folder), []

    def start(self, name, *arguments):
        """Starts a program of the suite; its output goes to a file of that name."""
        command = [self.python, "-W", "ignore", "-c", WSTEST, INSTALLED, *map(str, arguments)]
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with open(self.folder / f"{name}.log", "wb") as log:
            self.started.append(subprocess.Popen(command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=log,
                                                 stderr=subprocess.STDOUT))
        return self.started[-1]

    def stop(self):
        for process in self.started:
            process.terminate()
            process.wait()

    def echo_server(self, name):
        """A server that sends each message back, with compression; its port."""
        port = free_port()
        process = self.start(name, "-m", "testeeserver", "-w", f"ws://127.0.0.1:{port}")
        eventually(lambda: accepts(port) or process.poll() is not None, 60, what="the echo server")
        assert process.poll() is None, (self.folder / f"{name}.log").read_text()
        return port

    def client(self, name, server, cases, excluded):
        """Starts the fuzzing client against a server."""
        spec = {"outdir": str(self.folder / name), "servers": [{"agent": name, **server}], "cases": cases,
                "exclude-cases": excluded, "exclude-agent-cases": {}}
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(spec))
        return self.start(name, "-m", "fuzzingclient", "-s", file)

    def verdicts(self, name, process, deadline):
        """What the client found: case -> (messages, closing, close code)."""
        try:
            process.wait(max(deadline - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        index = self.folder / name / "index.json"
        if not index.exists():
            raise SystemExit(f"{name}: no result\n" + (self.folder / f"{name}.log").read_text()[-2000:])
        found = json.loads(index.read_text())[name]
        return {case: (one["behavior"], one["behaviorClose"], one["remoteCloseCode"]) for case, one in found.items()}


def accepts(port):
    try:
        Connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def run(suite, servers, cases, run_name, excluded=()):
    """Runs the cases against each server, all at once; the verdicts of each."""
    deadline = time.monotonic() + WAITING
    clients = {name: suite.client(f"{name}-{run_name}", server, cases, list(excluded)) for name, server in servers.items()}
    return {name: suite.verdicts(f"{name}-{run_name}", client, deadline) for name, client in clients.items()}


def differences(found):
    """The cases that ended in one way straight, and in another through the gateway."""
    straight = found[STRAIGHT]
    return sorted({case for verdicts in found.values() for case in straight.keys() | verdicts.keys()
                   if straight.get(case) != verdicts.get(case)}, key=lambda case: [int(number) for number in case.split(".")])


def show(differing, found):
    for case in differing[:FEW]:
        print(f"  {case}: " + ", ".join(f"{name} {verdicts.get(case)}" for name, verdicts in found.items()), flush=True)


def counts(verdicts):
    kinds = [messages for messages, *_ in verdicts.values()]
    return f"{len(kinds)} cases: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))


def judge(suite, servers, group, excluded):
    """The verdicts of one group of cases, and which of them differed each time."""
    begin, named = time.monotonic(), group.replace(".*", "")
    found = run(suite, servers, [group], f"{named}-1", excluded)
    differing = differences(found)
    show(differing, found)
    for again in (2, 3):
        if not differing or len(differing) > FEW:
            break
        print(f"again: {len(differing)} cases")
        last = run(suite, servers, differing, f"{named}-{again}")
        differing = differences(last)
        show(differing, last)
    print(f"{group}: {len(found[STRAIGHT])} cases, {len(differing)} differ ({time.monotonic() - begin:.0f} s)", flush=True)
    return found, differing


def judge_all(suite, servers, options):
    verdicts, differing = {name: {} for name in servers}, []
    for group in options.cases:
        found, differ = judge(suite, servers, group, () if options.all else LARGE)
        differing += differ
        for name in servers:
            verdicts[name] |= found[name]
    for name in servers:
        print(f"{name}: {counts(verdicts[name])}")
    print(f"{len(differing)} cases differ: {differing[:FEW]}")
    return not differing and bool(verdicts[STRAIGHT])


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", nargs="+", default=GROUPS)
    parser.add_argument("--all", action="store_true", help="the compression of large messages too")
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=PROTOCOLS, help="how the gateway is reached")
    parser.add_argument("--folder", help="where the reports go and stay (default: a temporary folder)")
    options = parser.parse_args()
    python = python27()
    if python is None:
        raise SystemExit("Autobahn's test-suite needs Python 2.7: set PYTHON27, or install one (pyenv install 2.7.18).")
    install(python)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        suite, site = Suite(python, folder), Site(Path(temporary) / "site")
        try:
            routes = [{"path": f"/{name}/**", "scopes": ["notes:read"], "upstream": name} for name in options.protocols]
            upstreams = {name: {"servers": [f"http://127.0.0.1:{suite.echo_server('echo-' + name)}"]} for name in options.protocols}
            config = site.config(routes=routes, upstreams=upstreams)
            token = site.issuer.token(exp=int(time.time()) + 4 * 3600)
            with ExitStack() as stack:
                gateway = stack.enter_context(Gateway(Path(temporary) / "gateway", config, site.context))
                context = site.authority.client_context(alpn=["h2"])
                bridge = stack.enter_context(Bridge(("127.0.0.1", gateway.port()), context, HOST))
                bases = {"http1": f"wss://127.0.0.1:{gateway.port()}", "http2": f"ws://127.0.0.1:{bridge.port}"}
                servers = {STRAIGHT: {"url": f"ws://127.0.0.1:{suite.echo_server('echo')}/fuzz"}}
                servers |= {protocol: {"url": f"{bases[protocol]}/{protocol}/fuzz", "protocols": ["bearer." + token]}
                            for protocol in options.protocols}
                good = judge_all(suite, servers, options)
        finally:
            suite.stop()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
