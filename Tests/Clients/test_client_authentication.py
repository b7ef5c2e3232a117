"""RFC 6749 §2.3 and §10.1–10.2: nobody speaks for a client but that client."""

import base64

import pytest

from rig.cast import ALICE, INSPECTOR, NATIVE, PAGE, POSTING, SERVICE, WEB
from rig.flow import Request
from rig.server import basic, error_of


def settings(site):
    strange = SERVICE.but(id="a:client%with+all&of=it?", name="Strange", secret="s%3A+ecret :ä~/?&=#" + "x" * 30)
    return {"limits": {"token": {"per_client": "10000/1m"}}, "clients": (WEB, POSTING, PAGE, NATIVE, SERVICE, INSPECTOR, strange)}


ENDPOINTS = {"token": {"grant_type": "client_credentials", "scope": "notes:read"}, "revoke": {"token": "x"}, "introspect": {"token": "x"}}


@pytest.fixture(params=ENDPOINTS, ids=ENDPOINTS.keys())
def ask(request, server):
    """Sends an endpoint's form with further parameters and fields."""
    return lambda form=(), **headers: server.http(
        "POST", server.url(request.param), data=list(ENDPOINTS[request.param].items()) + list(dict(form).items()), headers=headers)


def test_a_wrong_secret(ask):
    """RFC 6749 §5.2: 401, and a challenge with the scheme that was tried."""
    for secret in ("", "wrong", SERVICE.secret[:-1], SERVICE.secret + "x", SERVICE.secret.swapcase(), WEB.secret):
        response = ask(Authorization=basic(SERVICE.id, secret))
        error_of(response, "invalid_client", 401)
        assert response.headers["www-authenticate"].startswith("Basic "), response.headers


def test_an_unknown_client(ask):
    response = ask(Authorization=basic("nobody", "nothing"))
    error_of(response, "invalid_client", 401)
    assert response.headers["www-authenticate"].startswith("Basic ")


def test_nobody_at_all(ask):
    response = ask()
    assert response.status_code in (400, 401) and response.json()["error"] in ("invalid_client", "invalid_request")


def test_only_the_registered_method(server):
    """RFC 6749 §2.3: what a client registered is how it authenticates; secrets in the body are for those who said so."""
    form = {"grant_type": "client_credentials", "scope": "notes:read"}
    error_of(server.post("token", None, form | {"client_id": SERVICE.id, "client_secret": SERVICE.secret}), "invalid_client", 401)
    error_of(server.post("token", None, {"grant_type": "authorization_code", "code": "x"}, {
        "Authorization": basic(POSTING.id, POSTING.secret)}), "invalid_client", 401)


def test_a_confidential_client_cannot_leave_its_secret_out(server, alice):
    """RFC 6749 §3.2.1, §10.2: knowing its name is not enough, even with its code and verifier."""
    request = Request(server, WEB)
    form = {"grant_type": "authorization_code", "code": request.code(alice, ALICE), "code_verifier": request.verifier,
            "redirect_uri": WEB.redirect_uri, "client_id": WEB.id}
    error_of(server.post("token", None, form), "invalid_client", 401)
    error_of(server.post("token", None, form, {"Authorization": basic(WEB.id, "")}), "invalid_client", 401)


def test_a_public_client_has_no_secret_to_give(server, alice):
    request = Request(server, PAGE)
    form = {"grant_type": "authorization_code", "code": request.code(alice, ALICE), "code_verifier": request.verifier,
            "redirect_uri": PAGE.redirect_uri}
    response = server.post("token", None, form, {"Authorization": basic(PAGE.id, "guess")})
    error_of(response, "invalid_client", 401)
    assert server.post("token", None, form | {"client_id": PAGE.id, "client_secret": "guess"}).status_code == 401


def test_two_methods_at_once(ask):
    """RFC 6749 §2.3: MUST NOT use more than one."""
    error_of(ask({"client_secret": SERVICE.secret}, Authorization=basic(SERVICE.id, SERVICE.secret)), "invalid_request")
    response = ask({"client_id": SERVICE.id, "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": "a.b.c"}, Authorization=basic(SERVICE.id, SERVICE.secret))
    assert response.status_code in (400, 401) and "access_token" not in response.text


def test_a_client_id_in_the_body_must_be_the_same(ask):
    """RFC 6749 §3.2.1 lets it be repeated."""
    assert ask({"client_id": SERVICE.id}, Authorization=basic(SERVICE.id, SERVICE.secret)).status_code == 200
    response = ask({"client_id": WEB.id}, Authorization=basic(SERVICE.id, SERVICE.secret))
    assert response.status_code in (400, 401) and response.json()["error"] in ("invalid_request", "invalid_client")


def test_the_secret_is_never_in_the_query(server):
    """RFC 6749 §2.3.1."""
    response = server.http("POST", server.url("token"), params={"client_id": POSTING.id, "client_secret": POSTING.secret},
                           data={"grant_type": "authorization_code", "code": "x"})
    assert response.status_code in (400, 401) and response.json()["error"] in ("invalid_request", "invalid_client")


def test_names_and_secrets_are_form_encoded(server):
    """RFC 6749 §2.3.1, appendix B: an id with a colon and a secret with everything."""
    client = server.clients[-1]
    assert server.token(client, grant_type="client_credentials", scope="notes:read").status_code == 200
    raw = base64.b64encode(f"{client.id}:{client.secret}".encode()).decode()
    response = server.post("token", None, ENDPOINTS["token"], {"Authorization": "Basic " + raw})
    assert response.status_code == 401


@pytest.mark.parametrize("value", [
    "Basic", "Basic ", "Basic !!!", "Basic Og==", "Basic " + base64.b64encode(b"no colon").decode(), "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
    "Basic " + base64.b64encode(b"%zz:%").decode(), "Basic " + "QQ" * 20000, "Bearer abc", "Digest username=x", "Negotiate abc", "\x01"],
    ids=["alone", "empty", "not base64", "colon only", "no colon", "not utf-8", "bad escapes", "huge", "bearer", "digest", "negotiate", "control"])
def test_malformed_credentials(server, value):
    response = server.request("POST", server.path("token"), {"Authorization": value, "Content-Type": "application/x-www-form-urlencoded"},
                              "grant_type=client_credentials")
    assert response.status in (400, 401, 431) and b"access_token" not in response.body


def test_two_authorization_fields(server):
    good = basic(SERVICE.id, SERVICE.secret)
    response = server.request("POST", server.path("token"), [("Authorization", good), ("Authorization", good), (
        "Content-Type", "application/x-www-form-urlencoded")], "grant_type=client_credentials")
    assert response.status == 400 and b"access_token" not in response.body


def test_the_scheme_is_not_case_sensitive(server):
    value = basic(SERVICE.id, SERVICE.secret).replace("Basic", "bAsIc")
    assert server.post("token", None, ENDPOINTS["token"], {"Authorization": value}).status_code == 200


def test_guessing_is_slowed_down(start):
    """RFC 6749 §2.3.1: MUST protect against brute force. Failures only, and for each client by itself."""
    server = start(limits={"token": {"per_client": "5/10m"}})
    form = {"grant_type": "client_credentials", "scope": "notes:read"}
    for _ in range(5):
        error_of(server.post("token", None, form, {"Authorization": basic(SERVICE.id, "guess")}), "invalid_client", 401)
    slowed = server.post("token", None, form, {"Authorization": basic(SERVICE.id, "guess")})
    assert slowed.status_code == 429 and 1 <= int(slowed.headers["retry-after"]) <= 600, slowed.text
    assert server.token(INSPECTOR, **form).status_code == 200, "another client is not slowed down"
    server.audited("client_authentication_failed", 5, client_id=SERVICE.id)


def test_those_who_know_it_are_not_slowed_down(start):
    server = start(limits={"token": {"per_client": "3/10m"}})
    for _ in range(8):
        assert server.token(SERVICE, grant_type="client_credentials").status_code == 200
