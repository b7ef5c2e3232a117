"""RFC 6749 §3.1 and §4.1.1–4.1.2, RFC 7636 §4.3–4.4, RFC 9207, RFC 8707, OIDC Core §3.1.2: the authorization endpoint."""

import re

import pytest

from rig.browser import Browser, query_of
from rig.cast import ALICE, NARROW, NATIVE, OTHER, PAGE, SERVICE, WEB
from rig.flow import Request, s256
from rig.server import claims_of


def error_redirect(page, request, code):
    """RFC 6749 §4.1.2.1 and RFC 9207 §2: the error goes to the client, with its state and our name."""
    assert page.redirect and page.redirect.startswith(request.client.redirect_uri + "?"), f"{page.status} {page.text[:300]}"
    answer = page.parameters
    assert answer["error"] == code, answer
    assert answer["iss"] == request.server.issuer and answer.get("state") == request.state
    assert "code" not in answer and "access_token" not in page.redirect
    assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", answer.get("error_description", "")), answer
    return answer


def test_the_answer_has_a_code_the_state_and_the_issuer(server, alice):
    request = Request(server, WEB)
    answer = alice.go(request.url, ALICE).parameters
    assert set(answer) == {"code", "state", "iss"} and answer["iss"] == server.issuer
    assert len(answer["code"]) >= 43, "RFC 6749 §10.10: 256 bits"


@pytest.mark.parametrize("state", ["a b&c=d#e%2F+é", "x" * 500, "{\"json\": [1]}"])
def test_the_state_comes_back_unchanged(server, alice, state):
    request = Request(server, WEB, state=state)
    assert alice.go(request.url, ALICE).parameters["state"] == state


def test_no_state_no_nonce(server, alice):
    answer = alice.go(Request(server, WEB, scope="notes:read", state=None, nonce=None).url, ALICE).parameters
    assert set(answer) == {"code", "iss"}


def test_the_request_may_be_posted(server, alice):
    """RFC 6749 §3.1: MAY support POST; OIDC Core §3.1.2.1: MUST."""
    request = Request(server, WEB)
    page = alice.post(server.path("authorize"), request.parameters, headers={"Origin": "https://client.test"})
    if page.is_consent:
        page = alice.allow(page)
    assert page.parameters["state"] == request.state and "code" in page.parameters


def test_empty_parameters_count_as_absent_and_unknown_ones_are_ignored(server, alice):
    """RFC 6749 §3.1."""
    request = Request(server, WEB, prompt="", max_age="", resource="", display="", something="else")
    assert "code" in alice.go(request.url, ALICE).parameters
    page = alice.open(Request(server, WEB, response_type="").url)
    assert page.parameters["error"] == "invalid_request"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "nonce", "prompt"])
def test_a_repeated_parameter_is_refused(server, alice, name):
    """RFC 6749 §3.1: MUST NOT be included more than once."""
    request = Request(server, WEB, prompt="consent")
    page = alice.open(f"{request.url}&{name}={request.parameters[name]}")
    if name in ("client_id", "redirect_uri"):
        assert page.status == 400 and page.redirect is None
    else:
        assert page.parameters["error"] == "invalid_request"
        assert page.parameters.get("state") in (request.state, None)


@pytest.mark.parametrize("changes, code", [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "CODE"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "form_post"}, "invalid_request"),
    ({"scope": "notes:read nothing:known"}, "invalid_scope"),
    ({"scope": "notes:read \"quoted\""}, "invalid_scope"),
    ({"scope": "notes:read\tnotes:write"}, "invalid_scope"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "x" * 44}, "invalid_request"),
    ({"code_challenge": "=" * 43}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "S512"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"resource": "https://elsewhere.test/"}, "invalid_target"),
    ({"resource": "https://files.test/#part"}, "invalid_target"),
    ({"resource": "not a uri"}, "invalid_target"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://client.test/request.jwt"}, "request_uri_not_supported"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
], ids=lambda v: "-".join(map(str, v)) + "=" + str(next(iter(v.values())))[:20] if isinstance(v, dict) else v)
def test_errors_that_the_client_is_told(server, alice, changes, code):
    request = Request(server, WEB, **changes)
    error_redirect(alice.open(request.url), request, code)


def test_the_errors_come_before_anybody_signs_in(server, browser):
    """Nobody types a password for a request that can't succeed."""
    request = Request(server, WEB, scope="nothing:known")
    error_redirect(browser.open(request.url), request, "invalid_scope")


def test_a_client_gets_no_scope_it_is_not_registered_for(server, alice):
    request = Request(server, NARROW, scope="openid notes:write")
    error_redirect(alice.open(request.url), request, "invalid_scope")


def test_a_client_without_the_grant_is_told(server, browser):
    """RFC 6749 §4.1.2.1: unauthorized_client, but a client without redirect URIs can't be told: an error page."""
    page = browser.open(Request(server, SERVICE, scope="notes:read", redirect_uri="https://client.test/callback").url)
    assert page.status == 400 and page.redirect is None


def test_no_scope_asked_for(server, alice):
    """RFC 6749 §3.3: a documented default, or invalid_scope."""
    request = Request(server, NARROW, scope=None, nonce=None)
    page = alice.open(request.url)
    if page.is_consent:
        page = alice.allow(page)
    answer = page.parameters
    if "error" in answer:
        assert answer["error"] == "invalid_scope"
    else:
        tokens = request.exchange(answer["code"]).json()
        assert set(tokens["scope"].split()) <= set(NARROW.scope.split())


@pytest.mark.parametrize("changes", [{"client_id": "nobody"}, {"client_id": None}, {"client_id": ""}, {"client_id": "notes-web\x00"},
                                     {"client_id": "NOTES-WEB"}, {"client_id": "' OR 1=1 --"}, {"client_id": "x" * 3000}],
                         ids=["unknown", "absent", "empty", "nul", "case", "sql", "long"])
def test_an_unknown_client_gets_a_page_and_no_redirect(server, browser, changes):
    """RFC 6749 §4.1.2.1, §3.1.2.4: MUST NOT redirect."""
    page = browser.open(Request(server, WEB, **changes).url)
    assert page.status == 400 and page.redirect is None and page.document is not None
    assert not page.document.has(name="password") and not page.document.all("a", href=WEB.redirect_uri)


def test_pkce_binds_also_confidential_clients(server, alice):
    """RFC 9700 §2.1.1; `require_pkce` is `always`."""
    request = Request(server, WEB, code_challenge=None, code_challenge_method=None)
    error_redirect(alice.open(request.url), request, "invalid_request")


def test_pkce_can_be_left_to_public_clients(start):
    server = start(authorization_server={"require_pkce": "public_clients"})
    browser = Browser(server).sign_in_as(ALICE)
    none = {"code_challenge": None, "code_challenge_method": None}
    request = Request(server, WEB, **none)
    code = request.code(browser, ALICE)
    with_verifier = request.exchange(code)  # RFC 9700 §4.8.2: a verifier without a challenge is a downgrade
    assert with_verifier.status_code == 400 and with_verifier.json()["error"] in ("invalid_grant", "invalid_request")
    request = Request(server, WEB, **none)
    assert request.exchange(request.code(browser, ALICE), code_verifier=None).status_code == 200
    public = Request(server, PAGE, **none)
    error_redirect(browser.open(public.url), public, "invalid_request")


# prompt, max_age, login_hint: OIDC Core §3.1.2.1

def test_prompt_none_of_a_stranger(server, browser):
    request = Request(server, WEB, prompt="none")
    error_redirect(browser.open(request.url), request, "login_required")


def test_prompt_none_where_nothing_was_allowed(server, browser, person):
    browser.sign_in_as(person)
    request = Request(server, WEB, prompt="none")
    answer = browser.open(request.url).parameters
    assert answer["error"] in ("consent_required", "interaction_required") and answer["state"] == request.state


def test_prompt_none_where_it_was_allowed(server, browser, person):
    browser.sign_in_as(person)
    Request(server, WEB).tokens(browser, person)
    page = browser.open(Request(server, WEB, prompt="none").url)
    assert "code" in page.parameters and len(page.trail) == 1


def test_prompt_consent_asks_again(server, browser, person):
    browser.sign_in_as(person)
    Request(server, WEB).tokens(browser, person)
    assert browser.open(Request(server, WEB, prompt="consent").url).is_consent


def test_prompt_login_asks_for_the_password_again(server, browser, person):
    browser.sign_in_as(person)
    Request(server, WEB).tokens(browser, person)
    page = browser.open(Request(server, WEB, prompt="login").url)
    assert page.is_sign_in and "Confirm it's you" in page.text and person.name in page.response.text
    page = browser.sign_in(page, person)
    assert "code" in page.parameters


def test_prompt_login_is_not_undone_by_opening_the_page_again(server, browser, person):
    """A sealed request must not come out of the sign-in page as signed in before."""
    browser.sign_in_as(person)
    Request(server, WEB).tokens(browser, person)
    page = browser.open(Request(server, WEB, prompt="login").url)
    wrong = browser.sign_in(page, person, "not the password")
    assert wrong.is_sign_in and wrong.redirect is None


def test_prompt_select_account(server, browser, person):
    browser.sign_in_as(person)
    page = browser.open(Request(server, WEB, prompt="select_account").url)
    assert page.redirect is None and page.status == 200 and (page.is_sign_in or page.is_consent)


def test_max_age(server, browser, person):
    """The answer's `auth_time` is the new log-in's (OIDC Core §2, §3.1.2.1)."""
    browser.sign_in_as(person)
    Request(server, WEB).tokens(browser, person)
    lenient = Request(server, WEB, max_age="3600")
    assert "auth_time" in claims_of(lenient.tokens(browser, person)["id_token"])
    page = browser.open(Request(server, WEB, max_age="0").url)
    assert page.is_sign_in
    strict = Request(server, WEB, max_age="0", prompt="none")
    error_redirect(browser.open(strict.url), strict, "login_required")


def test_login_hint_fills_in_the_name(server, browser):
    page = browser.open(Request(server, WEB, login_hint='al"ice<b>').url)
    field = page.document.form_with(name="password").named("username")[0]
    assert field.value == 'al"ice<b>'


def test_a_user_who_changes_their_mind(server, browser):
    request = Request(server, WEB)
    page = browser.open(request.url)
    page = browser.send(page.document.form_with(name="password"), "cancel")
    error_redirect(page, request, "access_denied")


def test_deny(server, browser, person):
    request = Request(server, WEB)
    page = browser.sign_in(browser.open(request.url), person)
    error_redirect(browser.deny(page), request, "access_denied")
    assert browser.open(Request(server, WEB).url).is_consent, "a denial is not remembered as a consent"


# RFC 8707

def test_the_resource_becomes_the_audience(server, alice):
    tokens = Request(server, WEB, resource=server.files).tokens(alice, ALICE)
    assert claims_of(tokens["access_token"])["aud"] in (server.files, [server.files])
    assert server.call(tokens["access_token"], "/files/x") == 200
    assert server.call(tokens["access_token"], "/notes/x") == 401, "a token for one resource is not for another"


def test_without_a_resource_it_is_for_the_issuer(server, alice):
    tokens = Request(server, WEB).tokens(alice, ALICE)
    assert server.issuer in claims_of(tokens["access_token"])["aud"]
    assert server.call(tokens["access_token"], "/notes/x") == 200


# What the answer looks like

def test_the_answer_is_not_stored_and_tells_no_referrer(server, alice):
    """RFC 9700 §4.2.4, §4.3."""
    page = alice.go(Request(server, WEB).url, ALICE)
    assert page.response.headers["cache-control"] == "no-store"
    assert page.response.headers.get("referrer-policy", "no-referrer") == "no-referrer"
    assert page.response.status_code in (302, 303)


def test_no_page_of_another_origin_may_read_it(server, browser):
    """RFC 9700 §2.6: no CORS at the authorization endpoint."""
    for method in ("GET", "OPTIONS"):
        response = server.http(method, server.issuer + Request(server, WEB).url, headers={
            "Origin": "https://client.test", "Access-Control-Request-Method": "GET"})
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods(server, method):
    response = server.http(method, server.url("authorize"))
    assert response.status_code == 405 and {"GET", "POST"} <= set(response.headers["allow"].replace(" ", "").split(","))


@pytest.mark.parametrize("query", ["a=%zz", "client_id=%ff%fe", "=", "&&&", "client_id=notes-web&redirect_uri=%00", "x" * 7000],
                         ids=["escape", "utf-8", "nameless", "empty", "nul", "long"])
def test_malformed_queries(server, query):
    response = server.request("GET", server.path("authorize") + "?" + query)
    assert response.status == 400 and "location" not in response


def test_a_query_in_the_redirect_uri_is_kept(start):
    """RFC 6749 §3.1.2: it MUST be retained when adding parameters."""
    client = WEB.but(redirect_uris=("https://client.test/callback?tenant=a%20b&x=",))
    server = start(clients=(client,))
    page = Browser(server).go(Request(server, client).url, ALICE)
    assert page.redirect.startswith("https://client.test/callback?tenant=a%20b&x=&")
    assert {"tenant", "x", "code", "state", "iss"} == set(query_of(page.redirect))


def test_a_client_with_one_redirect_uri_may_leave_it_out(server, alice):
    """RFC 6749 §3.1.2.3, §4.1.3: then the token request leaves it out as well. OIDC Core §3.1.2.1 requires it."""
    request = Request(server, OTHER, scope="notes:read", nonce=None, redirect_uri=None)
    page = alice.open(request.url)
    if page.redirect is None and not page.is_consent:
        assert page.status == 400
        return
    page = alice.allow(page) if page.is_consent else page
    assert page.redirect.startswith(OTHER.redirect_uri + "?")
    assert request.exchange(page.parameters["code"], redirect_uri=None).status_code == 200


def test_a_client_with_several_must_say_which(server, browser):
    """RFC 6749 §3.1.2.3."""
    page = browser.open(Request(server, NATIVE, redirect_uri=None).url)
    assert page.status == 400 and page.redirect is None


def test_the_challenge_is_checked_with_the_verifier_of_rfc_7636(server, alice):
    """RFC 7636 appendix B."""
    verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert s256(verifier) == challenge
    request = Request(server, WEB, code_challenge=challenge)
    assert request.exchange(request.code(alice, ALICE), code_verifier=verifier).status_code == 200
