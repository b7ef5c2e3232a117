"""RFC 7662: who may ask about a token, and what they are told."""

import pytest

from rig.cast import ALICE, INSPECTOR, NATIVE, OTHER, PAGE, SERVICE, WEB
from rig.flow import Request
from rig.server import claims_of, error_of


@pytest.fixture
def tokens(server, alice):
    return Request(server, WEB).tokens(alice, ALICE)


def asked(server, client, token, **form):
    response = server.introspect(client, token, **form)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    return response.json()


@pytest.mark.parametrize("client", [INSPECTOR, WEB], ids=["introspect", "its own"])
def test_an_access_token(server, tokens, client):
    """RFC 7662 §2.2."""
    answer, claims = asked(server, client, tokens["access_token"]), claims_of(tokens["access_token"])
    assert answer["active"] is True
    assert set(answer["scope"].split()) == {"openid", "notes:read"} and answer["client_id"] == WEB.id
    assert answer["sub"] == "alice" and answer["username"] == "alice" and answer["iss"] == server.issuer
    assert answer["token_type"] in ("Bearer", "access_token")
    for name in ("exp", "iat", "aud", "jti"):
        assert answer[name] == claims[name], name


def test_a_refresh_token(server, tokens):
    answer = asked(server, WEB, tokens["refresh_token"], token_type_hint="refresh_token")
    assert answer["active"] is True and answer["client_id"] == WEB.id and answer["sub"] == "alice"
    renewed = server.refresh(WEB, tokens["refresh_token"]).json()
    server.revoke(WEB, renewed["refresh_token"])
    assert asked(server, WEB, renewed["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
def test_a_wrong_hint_does_not_matter(server, tokens, hint):
    """RFC 7662 §2.1: MUST extend its search."""
    assert asked(server, WEB, tokens["access_token"], token_type_hint=hint)["active"] is True
    assert asked(server, WEB, tokens["refresh_token"], token_type_hint=hint)["active"] is True


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "A" * 70, "eyJhbGciOiJub25lIn0.e30.", "x" * 30000],
                         ids=["letter", "dots", "not ascii", "long", "none", "huge"])
def test_what_is_no_token_is_not_active(server, token):
    """RFC 7662 §2.2: no more than that it isn't."""
    assert asked(server, INSPECTOR, token) == {"active": False}


def test_tokens_that_ended(server, tokens):
    server.revoke(WEB, tokens["access_token"])
    assert asked(server, INSPECTOR, tokens["access_token"]) == {"active": False}
    assert asked(server, WEB, tokens["access_token"]) == {"active": False}
    head, body, _ = tokens["access_token"].split(".")
    assert asked(server, INSPECTOR, f"{head}.{body}.{'A' * 86}") == {"active": False}


def test_an_id_token_is_no_access_token(server, tokens):
    assert asked(server, INSPECTOR, tokens["id_token"]) == {"active": False}


@pytest.mark.parametrize("client", [OTHER, SERVICE], ids=lambda c: c.id)
def test_others_learn_nothing(server, tokens, client):
    """RFC 7662 §4: no scanning, and no telling of one client about another's tokens."""
    for token in (tokens["access_token"], tokens["refresh_token"]):
        response = server.introspect(client, token)
        assert response.json() == {"active": False} if response.status_code == 200 else response.status_code == 403


@pytest.mark.parametrize("client", [PAGE, NATIVE], ids=lambda c: c.id)
def test_public_clients_cannot_ask_about_others(server, tokens, client):
    response = server.introspect(client, tokens["access_token"])
    assert response.status_code in (401, 403) or response.json() == {"active": False}


def test_the_one_who_asks_must_say_who_it_is(server, tokens):
    """RFC 7662 §2.1."""
    response = server.post("introspect", None, {"token": tokens["access_token"]})
    assert response.status_code in (400, 401) and "active" not in response.text
    error_of(server.introspect(INSPECTOR.but(secret="wrong"), tokens["access_token"]), "invalid_client", 401)
    response = server.post("introspect", None, {"token": tokens["access_token"]}, {"Authorization": "Bearer " + tokens["access_token"]})
    assert response.status_code in (400, 401)


def test_bad_requests(server):
    error_of(server.post("introspect", INSPECTOR, {}), "invalid_request")
    error_of(server.post("introspect", INSPECTOR, [("token", "a"), ("token", "b")]), "invalid_request")
    assert server.http("GET", server.url("introspect"), params={"token": "x"}).status_code == 405


def test_no_page_of_another_origin_may_read_it(server, tokens):
    response = server.post("introspect", INSPECTOR, {"token": tokens["access_token"]}, {"Origin": "https://page.test"})
    assert "access-control-allow-origin" not in response.headers


def test_tokens_of_other_resources_and_of_clients_themselves(server, alice):
    tokens = Request(server, WEB, resource=server.files).tokens(alice, ALICE)
    assert server.files in asked(server, INSPECTOR, tokens["access_token"])["aud"]
    own = server.token(SERVICE, grant_type="client_credentials", scope="notes:read").json()["access_token"]
    answer = asked(server, INSPECTOR, own)
    assert answer["active"] is True and answer["client_id"] == answer["sub"] == SERVICE.id and "username" not in answer


def test_a_token_issued_by_command(server):
    token = server.issue_token("alice", "notes:read")
    assert asked(server, INSPECTOR, token)["active"] is True
