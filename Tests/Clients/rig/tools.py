"""curl and h2load as programs."""

import json
import re
import shutil
import subprocess

from harness.gateway import environment
from harness.waiting import SCALE


class CurlResult:
    """`writes` is what curl measured of each transfer, `output` what it wrote of the bodies."""

    def __init__(self, code, output, errors, writes):
        self.code, self.output, self.errors, self.writes = code, output, errors, writes

    @property
    def only(self):
        assert len(self.writes) == 1, self.writes
        return self.writes[0]


def curl(front, *arguments, data=None, timeout=60, check=True):
    """Runs curl; each transfer's numbers come from `--write-out`, on standard error."""
    command = ["curl", "-sS", "--cacert", str(front.authority_file), "--max-time", str(timeout * SCALE),
               "-w", "%{stderr}\\ntransfer %{json}\\n", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, env=environment(), timeout=(timeout + 10) * SCALE)
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    writes = [json.loads(line.removeprefix("transfer ")) for line in lines if line.startswith("transfer ")]
    errors = "\n".join(line for line in lines if line and not line.startswith("transfer "))
    assert not check or done.returncode == 0, f"curl ended with {done.returncode}: {errors}"
    return CurlResult(done.returncode, done.stdout, errors, writes)


def headers(path):
    """The responses' heads that `curl -D FILE` wrote: (status line, [(name in lower case, value)]) each."""
    found = []
    for block in path.read_text("latin-1").replace("\r\n", "\n").split("\n\n"):
        lines = block.strip().splitlines()
        if lines:
            found.append((lines[0].strip(), [(n.strip().lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]))
    return found


def h2load(url, requests, connections, streams, *arguments, timeout=60):
    """(succeeded, 2xx, everything that it printed)."""
    program = shutil.which("h2load")
    assert program, "h2load is not installed: Scripts/install-packages peers"
    done = subprocess.run([program, f"-n{requests}", f"-c{connections}", f"-m{streams}", "-t1", *map(str, arguments), url],
                          capture_output=True, text=True, env=environment(), timeout=timeout * SCALE)
    assert done.returncode == 0, done.stderr + done.stdout
    succeeded = re.search(r"(\d+) succeeded", done.stdout)
    good = re.search(r"status codes: (\d+) 2xx", done.stdout)
    assert succeeded and good, done.stdout
    return int(succeeded[1]), int(good[1]), done.stdout
