"""An authorization request as a careful client makes it (PKCE, state, nonce), and what comes of it."""

import base64
import hashlib
import secrets
from urllib.parse import urlencode


def s256(verifier):
    """RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Request:
    """`parameters` replace those made here; None leaves one out."""

    def __init__(self, server, client, scope="openid notes:read", **parameters):
        self.server, self.client = server, client
        self.verifier = secrets.token_urlsafe(48)
        self.parameters = {
            "response_type": "code", "client_id": client.id,
            "redirect_uri": client.redirect_uri if client.redirect_uris else None, "scope": scope,
            "state": secrets.token_urlsafe(12), "nonce": secrets.token_urlsafe(12),
            "code_challenge": s256(self.verifier), "code_challenge_method": "S256"} | parameters
        self.parameters = {name: value for name, value in self.parameters.items() if value is not None}

    @property
    def state(self):
        return self.parameters.get("state")

    @property
    def url(self):
        return self.server.path("authorize") + "?" + urlencode(self.parameters, doseq=True)

    def code(self, browser, user, untick=()):
        """Walks it to the end; the code that the client gets."""
        page = browser.go(self.url, user, untick)
        answer = page.parameters
        assert "code" in answer, answer
        assert page.redirect.startswith(self.parameters.get("redirect_uri", self.client.redirect_uri))
        assert answer.get("state") == self.state and answer["iss"] == self.server.issuer, answer
        return answer["code"]

    def exchange(self, code, client=None, **form):
        """The token request for a code; the response."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": self.verifier,
                "redirect_uri": self.parameters.get("redirect_uri")} | form
        return self.server.token(client or self.client, **form)

    def tokens(self, browser, user, untick=()):
        """The whole way; the token response's members."""
        response = self.exchange(self.code(browser, user, untick))
        assert response.status_code == 200, response.text
        return response.json()
