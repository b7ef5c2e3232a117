"""RFC 6749 §3.2, §4.1.3, §5 and §10.5, RFC 7636 §4.5–4.6: what the token endpoint gives, and to whom."""

import secrets
import threading
import time

import pytest

from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import ALICE, NARROW, NATIVE, OTHER, PAGE, POSTING, SERVICE, WEB
from rig.flow import Request
from rig.server import basic, claims_of, error_of


def settings(site):
    return {"limits": {"token": {"per_client": "10000/1m"}}}


@pytest.mark.parametrize("client", [WEB, POSTING, PAGE, NATIVE], ids=lambda c: c.method + "-" + c.id)
def test_a_code_becomes_tokens(server, alice, client):
    """RFC 6749 §5.1."""
    request = Request(server, client, scope="openid notes:read notes:write")
    response = request.exchange(request.code(alice, ALICE))
    assert response.status_code == 200 and response.headers["content-type"].partition(";")[0] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["token_type"] == "Bearer" and 590 <= body["expires_in"] <= 600
    assert set(body["scope"].split()) == {"openid", "notes:read", "notes:write"}
    assert set(body) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert server.call(body["access_token"], "/notes/x", "POST") == 200


def test_without_the_grant_no_refresh_token(server, alice):
    assert "refresh_token" not in Request(server, NARROW).tokens(alice, ALICE)


def test_without_openid_no_id_token(server, alice):
    assert "id_token" not in Request(server, WEB, scope="notes:read").tokens(alice, ALICE)


def test_the_scope_says_what_was_allowed(server, browser, person):
    """RFC 6749 §3.3: if it differs from what was asked for, the response MUST say so."""
    request = Request(server, WEB, scope="openid notes:read notes:write notes:share")
    browser.sign_in_as(person)
    tokens = request.tokens(browser, person, untick=("notes:share", "notes:write"))
    assert set(tokens["scope"].split()) == {"openid", "notes:read"}
    assert set(claims_of(tokens["access_token"])["scope"].split()) == {"openid", "notes:read"}
    assert server.call(tokens["access_token"], "/shared/x") == 403


# A code works once, for whom it was made, as it was made

def test_a_code_works_once_and_its_replay_takes_back_what_it_gave(server, alice):
    """RFC 6749 §4.1.2, §10.5."""
    request = Request(server, WEB)
    code = request.code(alice, ALICE)
    tokens = request.exchange(code).json()
    assert server.call(tokens["access_token"]) == 200
    error_of(request.exchange(code), "invalid_grant")
    assert server.refused_everywhere(tokens["access_token"])
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    server.audited("code_reused", client_id=WEB.id, user="alice", grant=claims_of(tokens["access_token"])["gid"])


def test_of_many_at_once_one_gets_tokens(server, alice):
    request = Request(server, WEB)
    code = request.code(alice, ALICE)
    answers, gate = [], threading.Barrier(8)

    def ask():
        gate.wait()
        answers.append(request.exchange(code).status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [400] * 7


@pytest.mark.parametrize("thief", [OTHER, POSTING, PAGE, NATIVE], ids=lambda c: c.id)
def test_a_stolen_code_is_worth_nothing_to_another_client(server, alice, thief):
    """RFC 6749 §4.1.3: issued to the authenticated client. And the owner can still use it: a thief can't burn it."""
    request = Request(server, WEB)
    code = request.code(alice, ALICE)
    error_of(request.exchange(code, client=thief), "invalid_grant")
    error_of(request.exchange(code, client=thief, redirect_uri=thief.redirect_uri), "invalid_grant")


def test_a_public_clients_code_is_worth_nothing_to_another(server, alice):
    request = Request(server, PAGE)
    error_of(request.exchange(request.code(alice, ALICE), client=NATIVE), "invalid_grant")


@pytest.mark.parametrize("uri", [None, "", "https://client.test/callback/", "https://client.test/other", "https://evil.test/callback"])
def test_the_redirect_uri_must_be_repeated(server, alice, uri):
    """RFC 6749 §4.1.3: identical."""
    request = Request(server, WEB)
    response = request.exchange(request.code(alice, ALICE), redirect_uri=uri)
    assert response.status_code == 400 and response.json()["error"] in ("invalid_grant", "invalid_request")


@pytest.mark.parametrize("verifier", [
    None, "", "short", "x" * 43, "x" * 129, "challenge itself", "é" * 43, "with space" * 5, "trailing"],
    ids=["absent", "empty", "short", "other", "too long", "the challenge", "not ASCII", "illegal", "appended"])
def test_the_verifier_must_be_the_one(server, alice, verifier):
    """RFC 7636 §4.6. A failed guess uses the code up or not, but never gives tokens."""
    request = Request(server, WEB)
    if verifier == "challenge itself":
        verifier = request.parameters["code_challenge"]
    if verifier == "trailing":
        verifier = request.verifier + "a"
    response = request.exchange(request.code(alice, ALICE), code_verifier=verifier)
    assert response.status_code == 400 and response.json()["error"] in ("invalid_grant", "invalid_request"), response.text


def test_codes_of_two_requests_cannot_be_swapped(server, alice):
    """RFC 9700 §4.5: code injection. The attacker's code meets the victim's verifier."""
    mine, theirs = Request(server, WEB), Request(server, WEB)
    code = theirs.code(alice, ALICE)
    error_of(mine.exchange(code), "invalid_grant")


@pytest.mark.parametrize("code", ["", "x", "é", "a" * 43, "a" * 10000, "../../etc/passwd", "' OR '1'='1", "\x00", None])
def test_codes_that_never_were(server, code):
    response = Request(server, WEB).exchange(code)
    assert response.status_code == 400
    assert response.json()["error"] in (["invalid_request"] if not code else ["invalid_grant", "invalid_request"] if code == "\x00" else ["invalid_grant"])


def test_a_code_is_short_lived(start):
    server = start(authorization_server={"authorization_code": {"lifetime": "1s"}})
    browser = Browser(server).sign_in_as(ALICE)
    request = Request(server, WEB)
    code, made = request.code(browser, ALICE), time.time()
    eventually(lambda: time.time() > made + 2.2, 5)
    error_of(request.exchange(code), "invalid_grant")


def test_a_code_of_one_who_was_disabled_meanwhile(server, browser, person):
    request = Request(server, WEB)
    code = request.code(browser, person)
    server.ok("user", "disable", person.name)
    error_of(request.exchange(code), "invalid_grant")


def test_a_code_can_be_altered_nowhere(server, alice):
    request = Request(server, WEB)
    code = request.code(alice, ALICE)
    for changed in (code[:-1], code + "A", code.swapcase(), code[::-1], " " + code):
        error_of(request.exchange(changed), "invalid_grant")


def test_the_resource_can_be_narrowed_but_not_changed(server, alice):
    """RFC 8707 §2.2."""
    request = Request(server, WEB, resource=server.files)
    response = request.exchange(request.code(alice, ALICE), resource=server.files)
    assert server.files in claims_of(response.json()["access_token"])["aud"]
    request = Request(server, WEB, resource=server.files)
    error_of(request.exchange(request.code(alice, ALICE), resource=server.issuer), "invalid_target")


# Requests that are no good

@pytest.mark.parametrize("form, code", [
    ({}, "invalid_request"),
    ({"grant_type": ""}, "invalid_request"),
    ({"grant_type": "password", "username": "alice", "password": "x"}, "unsupported_grant_type"),
    ({"grant_type": "implicit"}, "unsupported_grant_type"),
    ({"grant_type": "AUTHORIZATION_CODE"}, "unsupported_grant_type"),
    ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ({"grant_type": "authorization_code"}, "invalid_request"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": [("x", "y")]}, None),
], ids=lambda v: str(v)[:60])
def test_errors(server, form, code):
    """RFC 6749 §5.2. `password` is gone: RFC 9700 §2.4."""
    if code is None:
        response = server.post("token", WEB, [("grant_type", "refresh_token"), ("grant_type", "authorization_code")])
        error_of(response, "invalid_request")
    else:
        error_of(server.post("token", WEB, form), code)


def test_a_client_registered_for_one_grant_cannot_use_another(server, alice):
    error_of(server.token(SERVICE, grant_type="authorization_code", code="x", redirect_uri="https://client.test/callback"), "unauthorized_client")
    error_of(server.refresh(NARROW, "x"), "unauthorized_client")


@pytest.mark.parametrize("name", ["code", "grant_type", "redirect_uri", "code_verifier", "client_id", "scope"])
def test_repeated_parameters(server, alice, name):
    """RFC 6749 §3.2."""
    request = Request(server, PAGE)
    form = {"grant_type": "authorization_code", "code": request.code(alice, ALICE), "code_verifier": request.verifier,
            "redirect_uri": PAGE.redirect_uri, "client_id": PAGE.id, "scope": "notes:read"}
    response = server.post("token", None, list(form.items()) + [(name, form[name])])
    assert response.status_code in (400, 401) and "access_token" not in response.text
    assert response.json()["error"] in ("invalid_request", "invalid_client")


def test_parameters_count_only_in_the_body(server, alice):
    """RFC 6749 §2.3.1, §3.2: MUST NOT be in the request URI."""
    request = Request(server, PAGE)
    code = request.code(alice, ALICE)
    response = server.http("POST", server.url("token"), params={
        "grant_type": "authorization_code", "code": code, "code_verifier": request.verifier, "redirect_uri": PAGE.redirect_uri,
        "client_id": PAGE.id})
    assert response.status_code in (400, 401) and "access_token" not in response.text
    error_of(server.http("POST", server.url("token") + "?client_id=x", data={"grant_type": "client_credentials"},
                         headers={"Authorization": basic(SERVICE.id, SERVICE.secret)}), "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post(server, method):
    """RFC 6749 §3.2."""
    response = server.http(method, server.url("token"), params={"grant_type": "client_credentials"},
                           headers={"Authorization": basic(SERVICE.id, SERVICE.secret)})
    assert response.status_code == 405 and "POST" in response.headers["allow"] and b"access_token" not in response.content


@pytest.mark.parametrize("content_type, body", [
    ("application/json", '{"grant_type": "client_credentials"}'),
    ("text/plain", "grant_type=client_credentials"),
    ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--x--\r\n"),
    (None, "grant_type=client_credentials"),
    ("application/x-www-form-urlencoded", b"grant_type=client_credentials&x=%"),
    ("application/x-www-form-urlencoded", b"grant_type=client_credentials&x=%ff%fe"),
    ("application/x-www-form-urlencoded", b"grant_type=client_credentials&x=\xff"),
    ("application/x-www-form-urlencoded; charset=utf-16", b"grant_type=client_credentials"),
], ids=["json", "text", "multipart", "none", "escape", "utf-8 escaped", "utf-8 raw", "charset"])
def test_only_forms_in_utf_8(server, content_type, body):
    """RFC 6749 appendix B. One that names another character set is another type."""
    headers = {"Authorization": basic(SERVICE.id, SERVICE.secret)} | ({"Content-Type": content_type} if content_type else {})
    response = server.http("POST", server.url("token"), data=body.encode() if isinstance(body, str) else body, headers=headers)
    assert response.status_code in (400, 415) and "access_token" not in response.text


def test_a_charset_of_utf_8_may_be_named(server):
    response = server.http("POST", server.url("token"), data="grant_type=client_credentials&scope=notes%3Aread", headers={
        "Authorization": basic(SERVICE.id, SERVICE.secret), "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"})
    assert response.status_code == 200


def test_a_body_that_is_too_large(server):
    response = server.post("token", SERVICE, {"grant_type": "client_credentials", "x": "y" * 70_000})
    assert response.status_code == 413
    assert server.token(SERVICE, grant_type="client_credentials").status_code == 200


def test_many_parameters(server):
    response = server.post("token", SERVICE, [("grant_type", "client_credentials")] + [(f"p{i}", "") for i in range(5000)])
    assert response.status_code in (200, 400, 413)


def test_pages_of_other_origins_may_use_it(server, alice):
    """CONTRACT §6: for clients in the browser; without cookies, so nothing is sent for anybody."""
    preflight = server.http("OPTIONS", server.url("token"), headers={
        "Origin": "https://page.test", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"})
    assert preflight.status_code in (200, 204) and preflight.headers["access-control-allow-origin"] in ("*", "https://page.test")
    assert "POST" in preflight.headers["access-control-allow-methods"]
    allowed = preflight.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed
    request = Request(server, PAGE)
    response = server.post("token", PAGE, {"grant_type": "authorization_code", "code": request.code(alice, ALICE), "code_verifier": request.verifier,
                                           "redirect_uri": PAGE.redirect_uri}, headers={"Origin": "https://page.test"})
    assert response.status_code == 200 and response.headers["access-control-allow-origin"] in ("*", "https://page.test")
    assert "access-control-allow-credentials" not in response.headers
    failed = server.post("token", PAGE, {"grant_type": "x"}, headers={"Origin": "https://page.test"})
    assert failed.headers["access-control-allow-origin"] in ("*", "https://page.test"), "errors can be read as well"


def test_every_answer_is_another(server, alice):
    """RFC 6749 §10.10."""
    seen = set()
    for _ in range(3):
        request = Request(server, WEB)
        code = request.code(alice, ALICE)
        tokens = request.exchange(code).json()
        seen |= {code, tokens["access_token"], tokens["refresh_token"], claims_of(tokens["access_token"])["jti"]}
    assert len(seen) == 12


def test_random_forms_do_no_harm(server):
    random = secrets.SystemRandom()
    for _ in range(30):
        body = bytes(random.randrange(256) for _ in range(random.randrange(200)))
        response = server.http("POST", server.url("token"), data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert response.status_code in (400, 401)
