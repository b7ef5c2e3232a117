"""Real clients: Authlib, requests-oauthlib and idpyoidc, each used as its manual says."""

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from cryptojwt.key_jar import KeyJar
from idpyoidc.client.rp_handler import RPHandler
from joserfc import jwt as jose
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as RequestsSession

from rig.browser import Browser, query_of
from rig.cast import ALICE, PAGE, POSTING, SERVICE, WEB
from rig.flow import Request

SCOPE = "openid profile offline_access notes:read"


@pytest.fixture
def trust(server, monkeypatch):
    """Both libraries make their own connections: they get the test authority by what `requests` reads."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.site.authority.file))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return server


# Authlib

def authlib(server, client, **options):
    session = AuthlibSession(client.id, client.secret, scope=SCOPE, redirect_uri=client.redirect_uri if client.redirect_uris else None,
                             token_endpoint_auth_method=client.method, code_challenge_method="S256",
                             revocation_endpoint_auth_method=client.method, **options)
    session.verify = str(server.site.authority.file)
    return session


@pytest.mark.parametrize("client", [WEB, POSTING, PAGE], ids=lambda c: c.method)
def test_authlib_code_and_pkce_refresh_and_revoke(trust, server, alice, client):
    document, verifier = server.document(), "v" * 20 + "-authlib-._~" + "x" * 30
    with authlib(server, client) as session:
        url, state = session.create_authorization_url(document["authorization_endpoint"], code_verifier=verifier)
        assert create_s256_code_challenge(verifier) in url
        back = alice.go(url, ALICE).redirect
        token = session.fetch_token(document["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state)
        assert token["token_type"] == "Bearer" and not token.is_expired()
        first = token["access_token"]
        assert session.get(server.issuer + "/notes/authlib").status_code == 200
        token = session.refresh_token(document["token_endpoint"], refresh_token=token["refresh_token"])
        assert token["access_token"] != first
        assert session.get(server.issuer + "/notes/authlib").status_code == 200
        if client.secret:
            answer = session.introspect_token(document["introspection_endpoint"], token["access_token"])
            assert answer.status_code == 200 and answer.json()["active"] is True and answer.json()["sub"] == "alice"
        assert session.revoke_token(document["revocation_endpoint"], token["refresh_token"], token_type_hint="refresh_token").status_code == 200
        assert server.refused_everywhere(token["access_token"])


def test_authlib_refreshes_by_itself(trust, start):
    server = start(authorization_server={"access_token": {"lifetime": "1s"}})
    document, renewed = server.document(), []
    with authlib(server, WEB, token_endpoint=document["token_endpoint"], update_token=lambda token, **_: renewed.append(token)) as session:
        url, state = session.create_authorization_url(document["authorization_endpoint"], code_verifier="w" * 50)
        session.fetch_token(document["token_endpoint"], authorization_response=Browser(server).go(url, ALICE).redirect, code_verifier="w" * 50,
                            state=state)
        assert session.get(server.issuer + "/notes/authlib").status_code == 200  # its leeway is longer than the token lives
        assert renewed and renewed[0]["refresh_token"]


def test_authlib_client_credentials(trust, server):
    with AuthlibSession(SERVICE.id, SERVICE.secret, scope="notes:read") as session:
        session.verify = str(server.site.authority.file)
        token = session.fetch_token(server.url("token"), grant_type="client_credentials")
        assert token["scope"] == "notes:read"
        assert session.get(server.issuer + "/notes/authlib").status_code == 200


def test_authlib_takes_the_id_token(trust, server, alice):
    """By its manual: the key set from discovery, then the claims with nonce and at_hash."""
    document = server.document()
    with authlib(server, WEB) as session:
        url, state = session.create_authorization_url(document["authorization_endpoint"], code_verifier="y" * 50, nonce="n-0S6_WzA2Mj")
        token = session.fetch_token(document["token_endpoint"], authorization_response=alice.go(url, ALICE).redirect, code_verifier="y" * 50,
                                    state=state)
        keys = KeySet.import_key_set(session.get(document["jwks_uri"], withhold_token=True).json())
        decoded = jose.decode(token["id_token"], keys, algorithms=document["id_token_signing_alg_values_supported"])
        claims = CodeIDToken(decoded.claims, decoded.header, {
            "iss": {"essential": True, "value": document["issuer"]}, "aud": {"essential": True, "value": WEB.id}},
            {"nonce": "n-0S6_WzA2Mj", "client_id": WEB.id, "access_token": token["access_token"]})
        claims.validate(leeway=5)
        assert claims["sub"] == "alice"
        info = session.get(document["userinfo_endpoint"]).json()
        assert info["sub"] == claims["sub"] and info["name"] == "Alice Example"


# requests-oauthlib

@pytest.mark.parametrize("client", [WEB, PAGE], ids=lambda c: c.method)
def test_requests_oauthlib_code_and_pkce_refresh_and_revoke(trust, server, alice, client):
    document = server.document()
    session = RequestsSession(client.id, redirect_uri=client.redirect_uri, scope=SCOPE.split(), pkce="S256")
    url, state = session.authorization_url(document["authorization_endpoint"])
    back = alice.go(url, ALICE).redirect
    options = {"auth": HTTPBasicAuth(client.id, client.secret)} if client.secret else {"include_client_id": True}
    token = session.fetch_token(document["token_endpoint"], authorization_response=back, **options)
    assert set(token["scope"]) == set(SCOPE.split())
    assert session.get(server.issuer + "/notes/requests").status_code == 200
    more = {"auth": options["auth"]} if client.secret else {"client_id": client.id}
    renewed = session.refresh_token(document["token_endpoint"], **more)
    assert renewed["access_token"] != token["access_token"] and renewed["refresh_token"] != token["refresh_token"]
    assert session.get(server.issuer + "/notes/requests").status_code == 200
    url, headers, body = session._client.prepare_token_revocation_request(document["revocation_endpoint"], renewed["refresh_token"], "refresh_token")
    form = {} if client.secret else {"client_id": client.id}
    assert server.http("POST", url, data=body + "".join(f"&{k}={v}" for k, v in form.items()), headers=headers, auth=options.get("auth")).status_code == 200
    assert server.refused_everywhere(renewed["access_token"])
    with pytest.raises(InvalidGrantError):
        session.refresh_token(document["token_endpoint"], refresh_token=renewed["refresh_token"], **more)


def test_requests_oauthlib_client_credentials(trust, server):
    session = RequestsSession(client=BackendApplicationClient(client_id=SERVICE.id, scope=["notes:read"]))
    token = session.fetch_token(server.url("token"), auth=HTTPBasicAuth(SERVICE.id, SERVICE.secret))
    assert token["scope"] == ["notes:read"] and "refresh_token" not in token
    assert session.get(server.issuer + "/notes/requests").status_code == 200


# idpyoidc: a whole OpenID Connect relying party

def relying_party(server, client):
    trust = {"verify": str(server.site.authority.file)}
    return RPHandler(base_url="https://client.test", httpc_params=trust, keyjar=KeyJar(httpc_params=trust), client_configs={
        server.issuer: {
            "client_type": "oidc", "issuer": server.issuer, "client_id": client.id, "client_secret": client.secret,
            "redirect_uris": list(client.redirect_uris), "response_types_supported": ["code"], "scopes_supported": SCOPE.split(),
            "token_endpoint_auth_methods_supported": [client.method],
            "client_authn_methods": [client.method],
            "services": {
                "provider_info": {"class": "idpyoidc.client.oidc.provider_info_discovery.ProviderInfoDiscovery"},
                "authorization": {"class": "idpyoidc.client.oidc.authorization.Authorization"},
                "access_token": {"class": "idpyoidc.client.oidc.access_token.AccessToken"},
                "refresh_access_token": {"class": "idpyoidc.client.oidc.refresh_access_token.RefreshAccessToken"},
                "userinfo": {"class": "idpyoidc.client.oidc.userinfo.UserInfo"}},
            "add_ons": {"pkce": {"function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                                 "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"}}}}})


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")  # it never verifies the host that keys come from if that is localhost
def test_an_openid_connect_relying_party(trust, server, alice):
    """Discovery, keys, request with nonce and PKCE, the code's exchange, the ID token's validation, userinfo."""
    handler = relying_party(server, WEB)
    url = handler.begin(server.issuer)
    asked = query_of(url)
    assert asked["nonce"] and asked["code_challenge_method"] == "S256"
    answer = alice.go(url, ALICE).parameters
    result = handler.finalize(server.issuer, answer)
    assert "error" not in result, result
    assert result["id_token"]["sub"] == "alice" and result["id_token"]["nonce"] == asked["nonce"]
    assert result["userinfo"]["sub"] == "alice" and result["userinfo"]["name"] == "Alice Example"
    assert server.call(result["token"]) == 200
    renewed = handler.refresh_access_token(result["state"])
    assert renewed["access_token"] != result["token"]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_a_relying_party_refuses_another_ones_answer(trust, server, alice):
    """RFC 9700 §4.7: the state is the client's own defence; our answer must let it work."""
    handler = relying_party(server, WEB)
    handler.begin(server.issuer)
    answer = alice.go(Request(server, WEB).url, ALICE).parameters
    with pytest.raises(Exception):
        handler.finalize(server.issuer, answer)
