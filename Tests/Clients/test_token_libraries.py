"""RFC 9068, RFC 7519, OIDC Core §2: joserfc and PyJWT take our tokens from the published keys, and refuse changed ones."""

import hashlib
import time

import jwt
import pytest
from joserfc import jwt as jose
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from harness.tokens import b64, compact, unb64
from rig.browser import Browser
from rig.cast import ALICE, BOB, CLIENTS, SERVICE, WEB
from rig.flow import Request
from rig.server import claims_of, header_of

# Signs ID tokens with the algorithm that it registered (OIDC Registration §2).
ELLIPTIC = WEB.but(id="elliptic-web", members={"id_token_signed_response_alg": "ES256"})


def settings(site):
    return {"clients": CLIENTS + (ELLIPTIC,)}


@pytest.fixture(scope="module")
def keys(server):
    response = server.http("GET", server.document()["jwks_uri"])
    assert response.status_code == 200
    return response.json()


@pytest.fixture
def tokens(server, alice):
    return Request(server, WEB, scope="openid profile email notes:read").tokens(alice, ALICE)


def with_pyjwt(keys, token, **options):
    key = jwt.PyJWKSet.from_dict(keys)[header_of(token)["kid"]]
    return jwt.decode(token, key, algorithms=["ES256", "RS256"], **options)


def with_joserfc(keys, token):
    decoded = jose.decode(token, KeySet.import_key_set(keys), algorithms=["ES256", "RS256"])
    return decoded.header, decoded.claims


def test_pyjwt_takes_the_access_token(server, keys, tokens):
    claims = with_pyjwt(keys, tokens["access_token"], audience=server.issuer, issuer=server.issuer,
                        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]})
    assert claims["sub"] == "alice"


def test_joserfc_takes_the_access_token(server, keys, tokens):
    """RFC 9068 §2.1, §2.2: type, required claims."""
    header, claims = with_joserfc(keys, tokens["access_token"])
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256" and header["kid"]
    checked = jose.JWTClaimsRegistry(
        iss={"essential": True, "value": server.issuer}, aud={"essential": True, "value": server.issuer}, sub={"essential": True},
        exp={"essential": True}, iat={"essential": True}, jti={"essential": True}, client_id={"essential": True, "value": WEB.id})
    checked.validate(claims)
    assert set(claims["scope"].split()) == {"openid", "profile", "email", "notes:read"}, "RFC 9068 §2.2.3"
    assert abs(claims["auth_time"] - time.time()) < 300 and claims["preferred_username"] == "alice"
    assert claims["exp"] - claims["iat"] == 600 and claims["gid"]
    assert "email" not in claims and "name" not in claims, "RFC 9068 §6: no more about the user than it needs"


def test_pyjwt_takes_the_id_token(server, keys, tokens):
    with_pyjwt(keys, tokens["id_token"], audience=WEB.id, issuer=server.issuer, options={"require": ["iss", "sub", "aud", "exp", "iat"]})


def test_joserfc_takes_the_id_token(server, keys, alice):
    """OIDC Core §2, §3.1.3.6."""
    request = Request(server, WEB, scope="openid profile email")
    tokens = request.tokens(alice, ALICE)
    header, claims = with_joserfc(keys, tokens["id_token"])
    assert header["alg"] == "RS256" and header.get("typ", "JWT") != "at+jwt"
    jose.JWTClaimsRegistry(iss={"essential": True, "value": server.issuer}, aud={"essential": True, "value": WEB.id}, sub={"essential": True},
                           exp={"essential": True}, iat={"essential": True}, nonce={"essential": True, "value": request.parameters["nonce"]},
                           auth_time={"essential": True}).validate(claims)
    assert claims["at_hash"] == b64(hashlib.sha256(tokens["access_token"].encode()).digest()[:16])
    assert claims["sub"] == claims_of(tokens["access_token"])["sub"] and claims.get("azp", WEB.id) == WEB.id


def test_the_algorithm_of_id_tokens_is_the_clients_choice(server, keys, alice):
    token = Request(server, ELLIPTIC).tokens(alice, ALICE)["id_token"]
    assert header_of(token)["alg"] == "ES256"
    with_pyjwt(keys, token, audience=ELLIPTIC.id, issuer=server.issuer)


def test_without_a_nonce_none_is_made_up(server, alice):
    assert "nonce" not in claims_of(Request(server, WEB, nonce=None).tokens(alice, ALICE)["id_token"])


def test_an_id_token_opens_no_door(server, tokens):
    """RFC 9068 §4, RFC 8725 §3.11: one kind of token is not taken for another."""
    assert server.call(tokens["id_token"]) == 401
    response = server.http("GET", server.url("userinfo"), headers={"Authorization": f"Bearer {tokens['id_token']}"})
    assert response.status_code == 401


def test_both_refuse_a_token_that_was_changed(server, keys, tokens):
    head, _, signature = tokens["access_token"].split(".")
    forged = compact(header_of(tokens["access_token"]), claims_of(tokens["access_token"]) | {"sub": "bob"}, unb64(signature))
    with pytest.raises(jwt.InvalidSignatureError):
        with_pyjwt(keys, forged, audience=server.issuer)
    with pytest.raises(JoseError):
        with_joserfc(keys, forged)
    assert server.call(forged) == 401


def test_the_token_of_a_client_itself(server, keys):
    token = server.token(SERVICE, grant_type="client_credentials", scope="notes:read").json()["access_token"]
    _, claims = with_joserfc(keys, token)
    assert claims["sub"] == claims["client_id"] == SERVICE.id


def test_access_tokens_in_rs256(start):
    """RFC 9068 §2.1: RS256 is among the algorithms."""
    server = start(authorization_server={"access_token": {"algorithm": "RS256", "lifetime": "1m"}})
    token = Request(server, WEB).tokens(Browser(server), ALICE)["access_token"]
    assert header_of(token)["alg"] == "RS256"
    claims = with_pyjwt(server.document("jwks.json"), token, audience=server.issuer, issuer=server.issuer)
    assert claims["exp"] - claims["iat"] == 60 and server.call(token) == 200


def test_a_rotated_key(start):
    """Tokens of before stay good, and the new key was published before it signs."""
    server = start()
    browser = Browser(server).sign_in_as(ALICE)
    before = Request(server, WEB).tokens(browser, ALICE)
    server.ok("key", "rotate")
    published = server.document("jwks.json")
    with_pyjwt(published, before["access_token"], audience=server.issuer)
    after = Request(server, WEB).tokens(browser, ALICE)
    with_pyjwt(server.document("jwks.json"), after["access_token"], audience=server.issuer)
    assert server.call(before["access_token"]) == server.call(after["access_token"]) == 200


# OIDC Core §5.3

def userinfo(server, token, method="GET", **options):
    return server.http(method, server.url("userinfo"), headers={"Authorization": f"Bearer {token}"}, **options)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo(server, tokens, method):
    response = userinfo(server, tokens["access_token"], method)
    assert response.status_code == 200 and response.headers["content-type"].partition(";")[0] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert {"sub": "alice", "preferred_username": "alice", "name": "Alice Example", "email": "alice@example.test"}.items() <= response.json().items()


def test_userinfo_tells_what_the_scopes_cover(server, alice, bob):
    """OIDC Core §5.4."""
    assert userinfo(server, Request(server, WEB, scope="openid").tokens(alice, ALICE)["access_token"]).json() == {"sub": "alice"}
    mail = userinfo(server, Request(server, WEB, scope="openid email").tokens(alice, ALICE)["access_token"]).json()
    assert mail.pop("email_verified", False) is False and mail == {"sub": "alice", "email": "alice@example.test"}
    nameless = userinfo(server, Request(server, WEB, scope="openid profile email").tokens(bob, BOB)["access_token"]).json()
    assert nameless["sub"] == "bob" and not {"name", "email"} & set(nameless), "absent, not null (OIDC Core §5.3.2)"


def test_userinfo_needs_the_openid_scope(server, alice):
    token = Request(server, WEB, scope="notes:read").tokens(alice, ALICE)["access_token"]
    response = userinfo(server, token)
    assert response.status_code == 403 and 'error="insufficient_scope"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("value", [None, "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c"])
def test_userinfo_without_a_good_token(server, value):
    response = server.http("GET", server.url("userinfo"), headers={"Authorization": value} if value else {})
    assert response.status_code in (400, 401)
    assert response.headers["www-authenticate"].startswith("Bearer ")
    assert ("error=" in response.headers["www-authenticate"]) == (value not in (None, "Basic eDp5"))


def test_userinfo_after_revocation_and_in_the_query(server, tokens):
    assert server.http("GET", server.url("userinfo"), params={"access_token": tokens["access_token"]}).status_code == 401
    server.revoke(WEB, tokens["access_token"])
    assert userinfo(server, tokens["access_token"]).status_code == 401


def test_userinfo_can_be_read_by_pages_of_other_origins(server, tokens):
    preflight = server.http("OPTIONS", server.url("userinfo"), headers={
        "Origin": "https://page.test", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
    assert preflight.status_code in (200, 204) and "authorization" in preflight.headers["access-control-allow-headers"].lower()
    response = server.http("GET", server.url("userinfo"), headers={"Authorization": f"Bearer {tokens['access_token']}", "Origin": "https://page.test"})
    assert response.status_code == 200 and response.headers["access-control-allow-origin"] in ("*", "https://page.test")
