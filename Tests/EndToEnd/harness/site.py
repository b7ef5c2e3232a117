"""What every gateway in the suite is made from: certificates, a trusted issuer, and a configuration to start with."""

from copy import deepcopy
from pathlib import Path

from .certificates import Authority
from .gateway import free_port
from .tokens import ALGORITHMS, AUDIENCE, Issuer

SCOPES = {
    "notes:read": "Read your notes",
    "notes:write": {"description": "Write notes as you", "implies": ["notes:read"]},
    "notes:admin": {"description": "Administer notes"},
}
ROUTES = [
    {"path": "/public/**", "access": "public", "upstream": "legacy"},
    {"path": "/optional/**", "access": "optional", "upstream": "legacy"},
    {"path": "/any/**", "access": "authenticated", "upstream": "legacy"},
    {"path": "/notes/**", "methods": ["GET", "HEAD"], "scopes": ["notes:read"], "upstream": "legacy"},
    {"path": "/notes/**", "methods": ["POST", "PUT", "DELETE", "PATCH"], "scopes": ["notes:write"], "upstream": "legacy"},
    {"path": "/denied/**", "access": "deny", "upstream": "legacy"},
]


class Site:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.authority = Authority(self.folder / "certificates")
        self.certificate, self.key = self.authority.issue("server", "gatehouse.test", "localhost", "127.0.0.1", "::1")
        self.context = self.authority.client_context()
        self.issuer = Issuer()
        self.jwks_file = self.issuer.write_jwks(self.folder / "jwks.json")

    def tls(self, **more):
        return {"certificate_file": str(self.certificate), "private_key_file": str(self.key), **more}

    def trusted(self, issuer=None, jwks_file=None, **more):
        """An entry of `trusted_issuers`."""
        return {"issuer": (issuer or self.issuer).name, "jwks_file": str(jwks_file or self.jwks_file),
                "audiences": [AUDIENCE], "algorithms": list(ALGORITHMS), "user_prefix": "", **more}

    def config(self, upstream=None, routes=None, **members):
        """A whole configuration; a member given replaces the one here, None leaves it out."""
        config = {
            "issuer": "https://gatehouse.test",
            "listeners": [{"address": "127.0.0.1:0", "tls": self.tls()}],
            "storage": "memory:",
            "workers": 2,
            "shutdown_timeout": "3s",
            "scopes": deepcopy(SCOPES),
            "upstreams": {"legacy": {"servers": [upstream if isinstance(upstream, str) else upstream.url]}} if upstream else {},
            "routes": deepcopy(ROUTES) if routes is None else routes,
            "trusted_issuers": [self.trusted()],
            "logging": {"access": "json"},
        }
        config |= members
        return {name: value for name, value in config.items() if value is not None}

    @staticmethod
    def admin():
        return {"address": f"127.0.0.1:{free_port()}"}
