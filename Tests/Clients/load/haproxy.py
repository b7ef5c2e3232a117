"""HAProxy on the same job, to compare with: it ends TLS, checks a token's signature, expiry and scope, and forwards."""

import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.client import Connection
from harness.gateway import free_port
from harness.waiting import eventually

CONFIGURATION = """
global
  nbthread 2
  maxconn 8192
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-request 300s
  timeout http-keep-alive 300s
  timeout tunnel 1h
frontend tls
  bind 127.0.0.1:{port} ssl crt {folder}/server.pem alpn h2,http/1.1 backlog 4096
  http-request deny deny_status 401 unless {{ req.hdr(authorization) -m found }}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify("ES256","{folder}/es256.pem") -m int 1 }}
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 403 unless {{ var(txn.bearer),jwt_payload_query('$.scope') -m reg '(^| )notes:read( |$)' }}
  http-request set-header X-User-Name %[var(txn.bearer),jwt_payload_query('$.sub')]
  default_backend up
backend up
  http-reuse always
  server u 127.0.0.1:{upstream}
"""


class HAProxy:
    """A running HAProxy, two threads. `available()` says whether there is one to run."""

    def __init__(self, folder, site, upstream):
        self.folder, self.listening = Path(folder), free_port()
        self.folder.mkdir(parents=True)
        (self.folder / "server.pem").write_bytes(site.certificate.read_bytes() + site.key.read_bytes())
        public = site.issuer.key("ES256").secret.public_key()
        (self.folder / "es256.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        file = self.folder / "haproxy.cfg"
        file.write_text(CONFIGURATION.format(port=self.listening, folder=self.folder, upstream=upstream))
        with open(self.folder / "stderr.log", "wb") as log:
            self.process = subprocess.Popen(["haproxy", "-f", file, "-db"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(lambda: self._accepts() or self.process.poll() is not None, 10, what="HAProxy")
        assert self.process.poll() is None, (self.folder / "stderr.log").read_text()

    @staticmethod
    def available():
        return shutil.which("haproxy") is not None

    def _accepts(self):
        try:
            Connection(("127.0.0.1", self.listening), timeout=1).close()
            return True
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def port(self):
        return self.listening

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
