"""RFC 8414, OpenID Connect Discovery 1.0, RFC 9207 §3: what a client reads before anything else."""

import pytest

DOCUMENTS = ["openid-configuration", "oauth-authorization-server"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_issuer_is_the_configured_one_byte_for_byte(server, name):
    """RFC 8414 §3.3, OIDC Discovery §4.3."""
    assert server.document(name)["issuer"] == server.issuer


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_endpoint_named_is_there_and_on_the_issuer(server, name):
    document = server.document(name)
    endpoints = {k: v for k, v in document.items() if k.endswith("_endpoint") or k == "jwks_uri"}
    assert {"authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint", "jwks_uri"} <= set(endpoints)
    for member, url in endpoints.items():
        assert url.startswith(server.issuer + "/") and "#" not in url
        assert server.http("GET", url).status_code != 404, member
    assert endpoints["authorization_endpoint"] == server.url("authorize") and endpoints["token_endpoint"] == server.url("token")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_it_can_do(server, name):
    document = server.document(name)
    assert document["response_types_supported"] == ["code"], "RFC 9700 §2.1.2: no implicit grant"
    assert set(document["grant_types_supported"]) >= {"authorization_code", "refresh_token", "client_credentials"}
    assert not {"password", "implicit"} & set(document["grant_types_supported"]), "RFC 9700 §2.4"
    assert document["code_challenge_methods_supported"] == ["S256"], "RFC 9700 §2.1.1"
    assert document["authorization_response_iss_parameter_supported"] is True, "RFC 9207 §3"
    assert set(document["token_endpoint_auth_methods_supported"]) >= {"client_secret_basic", "client_secret_post", "none"}
    assert "none" not in document.get("introspection_endpoint_auth_methods_supported", [])
    assert "query" in document.get("response_modes_supported", ["query"])
    assert set(document["scopes_supported"]) >= {"openid", "offline_access", "notes:read", "notes:write"}


def test_what_openid_connect_asks_for(server):
    """OIDC Discovery §3: the required members, and RS256 among the algorithms."""
    document = server.document()
    assert document["subject_types_supported"] == ["public"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert document["userinfo_endpoint"] == server.url("userinfo")
    assert document["end_session_endpoint"] == server.url("logout")
    assert {"sub", "iss", "aud", "exp", "iat"} <= set(document.get("claims_supported", ["sub", "iss", "aud", "exp", "iat"]))
    assert document.get("request_parameter_supported", False) is False
    assert document.get("request_uri_parameter_supported", True) is False, "absent would mean true"


@pytest.mark.parametrize("name", DOCUMENTS + ["jwks.json", "oauth-protected-resource"])
def test_any_page_may_read_it(server, name):
    response = server.http("GET", f"{server.issuer}/.well-known/{name}", headers={"Origin": "https://page.test"})
    assert response.status_code == 200 and response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers
    assert response.headers["content-type"].partition(";")[0] in ("application/json", "application/jwk-set+json")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_read_and_not_written(server, name):
    response = server.http("POST", f"{server.issuer}/.well-known/{name}", data={})
    assert response.status_code == 405 and "GET" in response.headers["allow"]


def test_the_path_of_an_issuer_goes_behind_the_well_known_part(start, site):
    """RFC 8414 §3.1; OIDC Discovery §4 appends instead."""
    server = start(users=(), start=False)
    server.config["issuer"] += "/tenant"
    server.start()
    origin = server.issuer.removesuffix("/tenant")
    for url in (f"{origin}/.well-known/oauth-authorization-server/tenant", f"{server.issuer}/.well-known/openid-configuration"):
        response = server.http("GET", url)
        assert response.status_code == 200 and response.json()["issuer"] == server.issuer, url


def test_another_host_gets_nothing(server):
    for host in ("other.test", "localhost.other.test"):
        assert server.request("GET", "/.well-known/openid-configuration", host=host).status == 404
        assert server.request("GET", server.path("authorize"), host=host).status == 404


def test_the_protected_resources_point_here(server):
    """RFC 9728."""
    document = server.document("oauth-protected-resource")
    assert server.issuer in document["authorization_servers"]
    response = server.request("GET", "/files/x")
    assert response.status == 401 and "resource_metadata" in response.get("www-authenticate")
    url = response.get("www-authenticate").partition('resource_metadata="')[2].partition('"')[0]
    assert server.http("GET", url).json()["resource"] == server.files
