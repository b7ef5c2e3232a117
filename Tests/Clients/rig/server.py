"""The gateway as an authorization server that has users and clients, on an issuer that real clients can reach."""

import base64
import json
import secrets
from copy import deepcopy
from urllib.parse import quote_plus

import requests

from harness.client import Connection
from harness.gateway import Gateway, free_port, run, write_config
from harness.tokens import bearer, unb64
from harness.waiting import eventually

from .cast import CLIENTS, SCOPES, USERS

ROUTES = [
    {"path": "/public/**", "access": "public", "upstream": "legacy"},
    {"path": "/any/**", "access": "authenticated", "upstream": "legacy"},
    {"path": "/notes/**", "methods": ["GET", "HEAD"], "scopes": ["notes:read"], "upstream": "legacy"},
    {"path": "/notes/**", "methods": ["POST", "PUT", "DELETE"], "scopes": ["notes:write"], "upstream": "legacy"},
    {"path": "/shared/**", "scopes": ["notes:share"], "upstream": "legacy"},
    {"path": "/admin/**", "scopes": ["notes:admin"], "upstream": "legacy"},
    {"path": "/files/**", "scopes": ["notes:read"], "resource": "files", "upstream": "legacy"},
]


class Server(Gateway):
    def __init__(self, folder, site, upstream, users=USERS, clients=CLIENTS, authorization_server=None, start=True,
                 **members):
        self.site, self.users, self.clients = site, users, clients
        self.port_taken = free_port()
        own = {"clients": [client.document() for client in clients], **(authorization_server or {})}
        config = site.config(
            upstream, issuer=f"https://localhost:{self.port_taken}", storage="sqlite:data/gatehouse.db", scopes=deepcopy(SCOPES),
            routes=deepcopy(ROUTES), resources={"files": {"resource": f"https://localhost:{self.port_taken}/files"}}, trusted_issuers=[],
            listeners=[{"address": f"127.0.0.1:{self.port_taken}", "tls": site.tls()}],
            logging={"access": "json", "audit": "audit.log"}, authorization_server=own) | members
        super().__init__(folder, config, site.context, start=False)
        write_config(self.folder, self.config)
        for user in users:
            self.add_user(user)
        if start:
            self.start()

    @property
    def issuer(self):
        return self.config["issuer"]

    @property
    def files(self):
        """Another protected resource than the issuer (RFC 8707)."""
        return self.issuer + "/files"

    @property
    def base_path(self):
        return self.config["authorization_server"].get("base_path", "/oauth")

    def path(self, endpoint):
        return f"{self.base_path}/{endpoint}"

    def connect(self, listener=0, **options):
        return super().connect(listener, **({"server_name": "localhost"} | options))

    def request(self, method, target, fields=(), body=None, host=None, **options):
        return super().request(method, target, fields, body, host or self.issuer.removeprefix("https://"), **options)

    # Users and clients

    def add_user(self, user):
        password_file = self.folder / f"password-{secrets.token_hex(4)}"
        password_file.write_text(user.password + "\n")
        options = [("--email", user.email), ("--name", user.full_name), ("--scope", user.scopes)]
        done = self.command("user", "add", user.name, "--password-file", password_file.name,
                            *[part for option in options if option[1] for part in option])
        password_file.unlink()
        assert done.returncode == 0, done.stderr
        return user

    def ok(self, *arguments):
        """Runs a command that must succeed; returns what it printed, parsed if it is JSON."""
        done = self.command(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout} {done.stderr}"
        return json.loads(done.stdout) if "--json" in arguments else done.stdout

    # HTTP as clients speak it

    def session(self):
        session = requests.Session()
        session.verify, session.trust_env = str(self.site.authority.file), False
        return session

    def url(self, endpoint):
        return self.issuer + self.path(endpoint)

    def document(self, name="openid-configuration"):
        response = self.http("GET", f"{self.issuer}/.well-known/{name}")
        assert response.status_code == 200, response.text
        return response.json()

    def http(self, method, url, **options):
        with self.session() as session:
            return session.request(method, url, allow_redirects=False, timeout=60, **options)

    def post(self, endpoint, client=None, form=(), headers=None):
        """A form to an endpoint, with the client's credentials as it registered them."""
        form = [(k, v) for k, v in (form.items() if isinstance(form, dict) else form) if v is not None]
        headers = dict(headers or {})
        if client and client.method == "client_secret_basic":
            headers.setdefault("Authorization", basic(client.id, client.secret))
        elif client:
            form = [(k, v) for k, v in [("client_id", client.id), ("client_secret", client.secret)] if v] + form
        return self.http("POST", self.url(endpoint), data=form, headers=headers)

    def token(self, client, **form):
        return self.post("token", client, form)

    def refresh(self, client, refresh_token, **form):
        return self.token(client, grant_type="refresh_token", refresh_token=refresh_token, **form)

    def revoke(self, client, token, **form):
        return self.post("revoke", client, {"token": token, **form})

    def introspect(self, client, token, **form):
        return self.post("introspect", client, {"token": token, **form})

    # The proxy

    def call(self, token, path="/any/x", method="GET"):
        """The status of a request with that token, on a connection of its own."""
        return self.request(method, path, bearer(token)).status

    def refused_everywhere(self, token, count=6):
        """Whether fresh connections, which land on all loops, all refuse a token."""
        return all(self.call(token) == 401 for _ in range(count))

    def audit(self):
        """The audit log so far, parsed."""
        file = self.folder / "audit.log"
        return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")] if file.exists() else []

    def audited(self, event, count=1, **wanted):
        """Waits for that many audit events with these members; returns them."""
        def matching():
            found = [e for e in self.audit() if e["event"] == event and wanted.items() <= e.items()]
            return found if len(found) >= count else None
        return eventually(matching, 5, what=f"{count} x {event} {wanted} in the audit log; {self.audit()[-5:]}")


def basic(client_id, secret):
    """RFC 6749 §2.3.1: both are form-encoded before they are joined."""
    text = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(text.encode()).decode()


def header_of(token):
    return json.loads(unb64(token.split(".")[0]))


def claims_of(token):
    """The payload of a token, not verified."""
    return json.loads(unb64(token.split(".")[1]))


def error_of(response, code, status=400):
    """Checks an error of the token endpoint and its kin (RFC 6749 §5.2); returns its description."""
    assert response.status_code == status, f"{response.status_code} instead of {status}: {response.text}"
    assert response.headers["content-type"].partition(";")[0] == "application/json", response.headers
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["error"] == code, body
    for member in ("error", "error_description"):
        legal = all(c in "\x20\x21" or "\x23" <= c <= "\x5b" or "\x5d" <= c <= "\x7e" for c in body.get(member, ""))
        assert legal, f"characters not allowed in {body}"
    assert "access_token" not in body
    return body.get("error_description", "")


__all__ = ["Server", "Connection", "ROUTES", "basic", "bearer", "claims_of", "error_of", "header_of", "run"]
