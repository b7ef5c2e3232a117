"""RFC 6749 §6 and §10.4, RFC 9700 §2.2.2 and §4.14: refresh tokens rotate, narrow, and end when one is used twice."""

import threading
import time

import pytest

from harness.tokens import b64, unb64
from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import ALICE, NARROW, NATIVE, OTHER, PAGE, POSTING, WEB
from rig.flow import Request
from rig.server import claims_of, error_of


def settings(site):
    return {"authorization_server": {"refresh_token": {"reuse_interval": "2s"}}, "limits": {"token": {"per_client": "10000/1m"}}}


@pytest.fixture
def tokens(server, alice):
    return Request(server, WEB, scope="openid notes:read notes:write offline_access").tokens(alice, ALICE)


def good(response):
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return response.json()


@pytest.mark.parametrize("client", [WEB, POSTING, PAGE, NATIVE], ids=lambda c: c.method + "-" + c.id)
def test_it_rotates(server, alice, client):
    first = Request(server, client).tokens(alice, ALICE)
    second = good(server.refresh(client, first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    assert set(second["scope"].split()) == {"openid", "notes:read"} and second["token_type"] == "Bearer"
    assert server.call(second["access_token"], "/notes/x") == 200
    assert claims_of(second["access_token"])["gid"] == claims_of(first["access_token"])["gid"], "the same grant"
    third = good(server.refresh(client, second["refresh_token"]))
    assert len({t["refresh_token"] for t in (first, second, third)}) == 3


def test_the_new_id_token_says_the_same(server, tokens):
    """OIDC Core §12.2: iss, sub, aud, auth_time stay; no new nonce."""
    before = claims_of(tokens["id_token"])
    refreshed = good(server.refresh(WEB, tokens["refresh_token"]))
    if "id_token" not in refreshed:
        return  # "might not contain an id_token"
    after = claims_of(refreshed["id_token"])
    for name in ("iss", "sub", "aud", "auth_time"):
        assert after[name] == before[name], name
    assert after.get("nonce", before["nonce"]) == before["nonce"] and after["iat"] >= before["iat"]


def test_within_the_interval_the_same_successor_again(server, tokens):
    """A lost answer, or two tabs at once: CONTRACT §6."""
    answers = [good(server.refresh(WEB, tokens["refresh_token"])) for _ in range(3)]
    assert len({a["refresh_token"] for a in answers}) == 1
    assert all(server.call(a["access_token"]) == 200 for a in answers)
    assert good(server.refresh(WEB, answers[0]["refresh_token"]))


def test_many_at_once(server, tokens):
    answers, gate = [], threading.Barrier(8)

    def ask():
        gate.wait()
        answers.append(server.refresh(WEB, tokens["refresh_token"]))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [a.status_code for a in answers] == [200] * 8, [a.text for a in answers]
    assert len({a.json()["refresh_token"] for a in answers}) == 1


def test_a_replay_ends_the_family(server, tokens):
    """RFC 9700 §4.14.2: nobody can tell thief from owner, so both lose it."""
    successor = good(server.refresh(WEB, tokens["refresh_token"]))
    used = time.monotonic()
    eventually(lambda: time.monotonic() > used + 3.1, 6)
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    error_of(server.refresh(WEB, successor["refresh_token"]), "invalid_grant")
    for token in (tokens["access_token"], successor["access_token"]):
        assert server.refused_everywhere(token)
    server.audited("refresh_token_reused", client_id=WEB.id, user="alice", grant=claims_of(tokens["access_token"])["gid"])


def test_an_older_generation_is_a_replay_even_within_the_interval(server, tokens):
    second = good(server.refresh(WEB, tokens["refresh_token"]))
    third = good(server.refresh(WEB, second["refresh_token"]))
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    error_of(server.refresh(WEB, third["refresh_token"]), "invalid_grant")
    assert server.refused_everywhere(third["access_token"])


@pytest.mark.parametrize("thief", [OTHER, POSTING, PAGE, NATIVE], ids=lambda c: c.id)
def test_it_is_bound_to_its_client(server, tokens, thief):
    """RFC 6749 §6, §10.4. And the owner keeps it: a thief can't end it."""
    error_of(server.refresh(thief, tokens["refresh_token"]), "invalid_grant")
    assert server.call(tokens["access_token"]) == 200
    good(server.refresh(WEB, tokens["refresh_token"]))


def test_the_scope_narrows(server, tokens):
    """RFC 6749 §6; the refresh token itself keeps the scope that was allowed."""
    narrow = good(server.refresh(WEB, tokens["refresh_token"], scope="notes:read"))
    assert narrow["scope"] == "notes:read" and claims_of(narrow["access_token"])["scope"] == "notes:read"
    assert server.call(narrow["access_token"], "/notes/x", "POST") == 403
    wide = good(server.refresh(WEB, narrow["refresh_token"]))
    assert "notes:write" in wide["scope"].split()


@pytest.mark.parametrize("scope", ["notes:read notes:share", "notes:admin", "nothing:known", "openid profile"])
def test_it_never_widens(server, tokens, scope):
    error_of(server.refresh(WEB, tokens["refresh_token"], scope=scope), "invalid_scope")
    good(server.refresh(WEB, tokens["refresh_token"]))


def test_the_resource_stays(server, alice):
    first = Request(server, WEB, resource=server.files).tokens(alice, ALICE)
    error_of(server.refresh(WEB, first["refresh_token"], resource=server.issuer), "invalid_target")
    assert server.files in claims_of(good(server.refresh(WEB, first["refresh_token"]))["access_token"])["aud"]


def test_no_letter_of_it_can_be_changed(server, tokens):
    token = tokens["refresh_token"]
    for position in range(0, len(token), 7):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1:]
        error_of(server.refresh(WEB, changed), "invalid_grant")
    for changed in (token[:-1], token + "A", token + "=", token.swapcase(), "", "x", "é", "a" * 5000, tokens["access_token"]):
        response = server.refresh(WEB, changed)
        assert response.status_code == 400 and response.json()["error"] in ("invalid_grant", "invalid_request")
    good(server.refresh(WEB, token))


def test_the_generation_cannot_be_guessed(server, tokens):
    """The token names its generation; the HMAC over it is what counts."""
    raw = bytearray(unb64(tokens["refresh_token"]))
    for position in range(16, 20):
        forged = raw.copy()
        forged[position] ^= 1
        error_of(server.refresh(WEB, b64(bytes(forged))), "invalid_grant")
    good(server.refresh(WEB, tokens["refresh_token"]))


def test_it_is_no_access_token(server, tokens):
    assert server.call(tokens["refresh_token"]) == 401


def test_it_ends_when_not_used(start):
    server = start(authorization_server={"refresh_token": {"idle_lifetime": "1s"}})
    tokens = Request(server, WEB).tokens(Browser(server), ALICE)
    made = time.monotonic()
    eventually(lambda: time.monotonic() > made + 2.2, 5)
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")


def test_it_ends_however_often_it_is_used(start):
    server = start(authorization_server={"refresh_token": {"idle_lifetime": "2s", "absolute_lifetime": "2s"}})
    tokens = Request(server, WEB).tokens(Browser(server), ALICE)
    begun, refused = time.monotonic(), None

    def ended():
        nonlocal tokens, refused
        refused = server.refresh(WEB, tokens["refresh_token"])
        if refused.status_code == 200:
            tokens = refused.json()
        return refused.status_code != 200

    eventually(ended, 8, every=0.3)
    assert time.monotonic() - begun >= 1
    error_of(refused, "invalid_grant")


@pytest.mark.parametrize("act", ["disable", "remove"])
def test_it_ends_with_its_user(server, browser, person, act):
    tokens = Request(server, WEB).tokens(browser, person)
    server.ok("user", act, person.name)
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    eventually(lambda: server.refused_everywhere(tokens["access_token"]), 3)


def test_it_survives_a_restart(start):
    server = start()
    tokens = Request(server, WEB).tokens(Browser(server), ALICE)
    server.stop()
    server.start()
    assert server.call(tokens["access_token"]) == 200
    again = good(server.refresh(WEB, tokens["refresh_token"]))
    assert server.call(again["access_token"]) == 200


def test_only_clients_registered_for_it(server, alice):
    tokens = Request(server, NARROW).tokens(alice, ALICE)
    assert "refresh_token" not in tokens
