"""Who takes part: clients and users. All secrets are made here, so that no test depends on another's."""

import hashlib
import secrets
from dataclasses import dataclass, field, replace

CALLBACK = "https://client.test/callback"
SCOPES = {
    "notes:read": "Read your notes",
    "notes:write": {"description": "Write notes as you", "implies": ["notes:read"]},
    "notes:share": {"description": "Share notes with others"},
    "notes:admin": {"description": "Administer everybody's notes", "restricted": True},
}
EVERYTHING = "openid profile email offline_access " + " ".join(SCOPES)


@dataclass(frozen=True)
class User:
    name: str
    password: str = field(default_factory=lambda: "correct horse " + secrets.token_urlsafe(12))
    email: str | None = None
    full_name: str | None = None
    scopes: str | None = None  # the restricted ones they may allow


@dataclass(frozen=True)
class Client:
    """An RFC 7591 document with a `client_id`, and the secret that the server is given only hashed."""

    id: str
    name: str | None
    method: str = "client_secret_basic"
    redirect_uris: tuple = (CALLBACK,)
    grant_types: tuple = ("authorization_code", "refresh_token")
    scope: str = EVERYTHING
    members: dict = field(default_factory=dict)
    secret: str | None = None

    def __post_init__(self):
        if self.method != "none" and self.secret is None:
            object.__setattr__(self, "secret", secrets.token_urlsafe(32))

    def document(self):
        """As an entry of `authorization_server.clients[]`."""
        out = {"client_id": self.id, "token_endpoint_auth_method": self.method, "grant_types": list(self.grant_types),
               "scope": self.scope}
        if self.name:
            out["client_name"] = self.name
        if self.redirect_uris:
            out["redirect_uris"] = list(self.redirect_uris)
        if self.secret:
            out["client_secret"] = {"hash": "sha256:" + hashlib.sha256(self.secret.encode()).hexdigest()}
        return out | self.members

    def but(self, **changes):
        return replace(self, **changes)

    @property
    def redirect_uri(self):
        return self.redirect_uris[0]


WEB = Client("notes-web", "Notes Web", members={"post_logout_redirect_uris": ["https://client.test/goodbye"]})
POSTING = Client("notes-posting", "Notes Posting", method="client_secret_post")
PAGE = Client("notes-page", "Notes Page", method="none", redirect_uris=("https://page.test/callback",))
NATIVE = Client("notes-native", "Notes Desktop", method="none",
                redirect_uris=("http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"))
OTHER = Client("other-web", "Other Web", redirect_uris=("https://other.test/callback",))
PICKY = Client("picky-web", "Picky Web", scope="openid notes:read notes:write notes:admin",
               members={"required_scope": "notes:read"})
NARROW = Client("narrow-web", "Narrow Web", scope="openid notes:read", grant_types=("authorization_code",))
SERVICE = Client("nightly-job", "Nightly Job", redirect_uris=(), grant_types=("client_credentials",),
                 scope="notes:read notes:write")
INSPECTOR = Client("notes-api", "Notes API", redirect_uris=(), grant_types=("client_credentials",), scope="notes:read",
                   members={"introspect": True})
CLIENTS = (WEB, POSTING, PAGE, NATIVE, OTHER, PICKY, NARROW, SERVICE, INSPECTOR)

ALICE = User("alice", email="alice@example.test", full_name="Alice Example")
BOB = User("bob", scopes="notes:admin")
USERS = (ALICE, BOB)
