"""CONTRACT §6 and DESIGN §4: consent is a person's own, informed, and no more than was shown."""

import pytest

from rig.browser import Browser
from rig.cast import ALICE, BOB, CLIENTS, NATIVE, PICKY, WEB
from rig.flow import Request
from rig.server import claims_of

NASTY = "<script>alert(1)</script>\u202e \u200b" + "Very " * 40
STRANGE = WEB.but(id="strange-web", name=NASTY)
NAMELESS = WEB.but(id="nameless-web", name=None)


def settings(site):
    return {"clients": CLIENTS + (STRANGE, NAMELESS)}


def consent(server, browser, user, client=WEB, scope="openid notes:read notes:write", **parameters):
    """A request, up to its consent page."""
    request = Request(server, client, scope, **parameters)
    page = browser.open(request.url)
    if page.is_sign_in:
        page = browser.sign_in(page, user)
    assert page.is_consent and page.status == 200, f"{page.status} {page.text[:300]}"
    return request, page


def test_it_says_who_what_and_where(server, browser, person):
    _, page = consent(server, browser, person)
    for text in ("Notes Web", person.name, "Read your notes", "Write notes as you", "notes:write", "client.test", WEB.redirect_uri, "30 days"):
        assert text in page.text, text
    assert page.document.title.startswith("Allow Notes Web?")


def test_deny_comes_first(server, browser, person):
    """DESIGN §1: Enter in a tick box never allows."""
    _, page = consent(server, browser, person)
    buttons = [c.value for c in page.document.form_with(button="allow").controls if c.kind == "submit"]
    assert buttons == ["deny", "allow"]


def test_scopes_can_be_unticked(server, browser, person):
    request, page = consent(server, browser, person, scope="openid notes:read notes:share")
    boxes = page.document.form_with(button="allow").boxes()
    assert "openid" not in boxes and {"notes:read", "notes:share"} <= set(boxes)
    page = browser.allow(page, untick=("notes:share",))
    assert set(request.exchange(page.parameters["code"]).json()["scope"].split()) == {"openid", "notes:read"}


def test_a_required_scope_cannot(server, browser, person):
    request, page = consent(server, browser, person, PICKY)
    form = page.document.form_with(button="allow")
    assert "notes:read" not in form.boxes() and "notes:write" in form.boxes() and "Needed" in page.text
    page = browser.post(form.action, [(k, v) for k, v in form.data("allow") if k != "scope"])
    assert set(request.exchange(page.parameters["code"]).json()["scope"].split()) == {"openid", "notes:read"}


def test_all_unticked_is_not_all_allowed(server, browser, person):
    request, page = consent(server, browser, person, scope="notes:read notes:write", nonce=None)
    page = browser.allow(page, untick=("notes:read", "notes:write"))
    if page.redirect and "code" in page.parameters:
        assert request.exchange(page.parameters["code"]).json().get("scope", "") == ""
    else:
        assert page.redirect is None or page.parameters["error"] == "access_denied"


@pytest.mark.parametrize("extra", ["notes:share", "notes:admin", "email", "offline_access", "nothing:known"])
def test_a_form_cannot_allow_more_than_was_asked_for(server, browser, person, extra):
    """Scope widening."""
    request, page = consent(server, browser, person)
    form = page.document.form_with(button="allow")
    page = browser.post(form.action, form.data("allow") + [("scope", extra)])
    if page.redirect:
        tokens = request.exchange(page.parameters["code"]).json()
        assert extra not in tokens["scope"].split() and extra not in claims_of(tokens["access_token"])["scope"].split()
    else:
        assert page.status == 400


def test_implied_scopes_are_shown_below_theirs(server, browser, person):
    _, page = consent(server, browser, person, scope="openid notes:write")
    assert "and so: Read your notes" in page.text


def test_openid_alone(server, browser, person):
    _, page = consent(server, browser, person, scope="openid")
    assert "Know that you are" in page.text and "Nothing else" in page.text


def test_it_is_remembered_and_can_be_less_but_not_more(server, browser, person):
    request, page = consent(server, browser, person)
    browser.allow(page)
    assert "code" in browser.open(Request(server, WEB, "openid notes:read").url).parameters
    _, page = consent(server, browser, person, scope="openid notes:read notes:share")
    assert "Already allowed" in page.text and "New" in page.text


def test_a_loopback_client_is_never_remembered(server, browser, person):
    """RFC 8252 §8.6: anything on the device could be that client."""
    for _ in range(2):
        request, page = consent(server, browser, person, NATIVE, redirect_uri="http://127.0.0.1:40000/callback")
        assert "program on your own device" in page.text
        assert "code" in browser.allow(page).parameters


def test_localhost_comes_with_a_warning(server, browser, person):
    _, page = consent(server, browser, person, NATIVE, redirect_uri="http://localhost:40000/callback")
    assert "This is a program on your own device" in page.text and "choose Deny" in page.text


def test_restricted_scopes_are_for_those_who_were_given_them(server, browser, person):
    request, page = consent(server, browser, person, scope="openid notes:read notes:admin")
    assert "notes:admin" not in page.text and "Administer" not in page.text
    tokens = request.exchange(browser.allow(page).parameters["code"]).json()
    assert set(tokens["scope"].split()) == {"openid", "notes:read"}
    assert server.call(tokens["access_token"], "/admin/x") == 403
    own = Browser(server)
    request, page = consent(server, own, BOB, scope="openid notes:admin", prompt="consent")
    assert "Administer everybody's notes" in page.text
    tokens = request.exchange(own.allow(page).parameters["code"]).json()
    assert "notes:admin" in tokens["scope"].split() and server.call(tokens["access_token"], "/admin/x") == 200


# Forged consent

def test_nothing_is_allowed_by_a_link(server, browser, person):
    """RFC 6749 §10.12: approval by GET is what this product was made to end."""
    _, page = consent(server, browser, person)
    form = page.document.form_with(button="allow")
    page = browser.open(form.action, params=form.data("allow"))
    assert page.redirect is None and page.status in (400, 404, 405)
    assert browser.open(Request(server, WEB).url).is_consent


@pytest.mark.parametrize("csrf", [None, "", "A" * 43, "changed"])
def test_nothing_is_allowed_without_the_pages_token(server, browser, person, csrf):
    _, page = consent(server, browser, person)
    form = page.document.form_with(button="allow")
    data = dict(form.data("allow"))
    data["csrf"] = data["csrf"][:-2] + "AA" if csrf == "changed" else csrf
    page = browser.post(form.action, {k: v for k, v in data.items() if v is not None})
    assert page.redirect is None and page.status == 400
    assert browser.open(Request(server, WEB).url).is_consent


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.test"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
                         ids=lambda h: next(iter(h.values())))
def test_nothing_is_allowed_from_elsewhere(server, browser, person, headers):
    _, page = consent(server, browser, person)
    form = page.document.form_with(button="allow")
    page = browser.post(form.action, form.data("allow"), headers)
    assert page.redirect is None and page.status in (400, 403)


def test_one_persons_page_is_not_anothers_consent(server, browser, person):
    """The sealed request and its token belong to a session: nobody can be made to send the attacker's."""
    attacker = Browser(server).sign_in_as(BOB)
    _, page = consent(server, attacker, BOB, prompt="consent")
    form = page.document.form_with(button="allow")
    browser.sign_in_as(person)
    answer = browser.post(form.action, form.data("allow"))
    assert answer.redirect is None and answer.status == 400
    assert browser.open(Request(server, WEB).url).is_consent


def test_the_sealed_request_cannot_be_changed(server, browser, person):
    """CONTRACT §6: its state lives sealed in the browser."""
    _, page = consent(server, browser, person)
    form = page.document.form_with(button="allow")
    hidden = [c for c in form.controls if c.kind == "hidden" and c.name != "csrf" and len(c.value) > 40]
    assert hidden, "the request is in the page"
    value = hidden[0].value
    for changed in (value[:-3] + ("AAA" if value[-3:] != "AAA" else "BBB"), "", "A" * len(value), value[:20] + "A" + value[21:], value + "AA"):
        data = dict(form.data("allow")) | {hidden[0].name: changed}
        answer = browser.post(form.action, data)
        assert answer.redirect is None and answer.status == 400, changed
    assert WEB.redirect_uri not in value and person.name not in value


def test_a_consent_needs_someone_signed_in(server, browser, person):
    _, page = consent(server, browser, person)
    form = page.document.form_with(button="allow")
    stranger = Browser(server)
    answer = stranger.post(form.action, form.data("allow"))
    assert answer.redirect is None and (answer.status == 400 or answer.is_sign_in)
    server.ok("user", "disable", person.name)
    answer = browser.allow(page)
    assert answer.redirect is None or "error" in answer.parameters


def test_a_denied_request_can_be_allowed_later(server, browser, person):
    _, page = consent(server, browser, person)
    assert browser.deny(page).parameters["error"] == "access_denied"
    request, page = consent(server, browser, person)
    assert "code" in browser.allow(page).parameters


# What a client says about itself is its own claim

def test_a_clients_name_is_text(server, browser, person):
    """RFC 6749 §10.14; DESIGN §3: no markup, no reordering, no invisible characters, and not endless."""
    _, page = consent(server, browser, person, STRANGE)
    assert not page.document.all("script") and "<script>alert(1)" in page.text
    assert "\u202e" not in page.response.text and "\u200b" not in page.response.text
    assert "Very " * 20 not in page.text and "…" in page.text


def test_a_client_without_a_name_is_called_by_its_id(server, browser, person):
    _, page = consent(server, browser, person, NAMELESS)
    assert "nameless-web" in page.document.title


def test_another_account(server, browser, person):
    _, page = consent(server, browser, person)
    page = browser.send(page.document.form_with(button="switch"), "switch")
    assert page.is_sign_in
    page = browser.sign_in(page, ALICE)
    assert page.redirect or (page.is_consent and "alice" in page.text)


def test_two_tabs(server, browser, person):
    """Both consent pages that are open stay good."""
    first, one = consent(server, browser, person)
    second, two = consent(server, browser, person, scope="openid notes:read notes:share")
    assert browser.allow(one).parameters["state"] == first.state
    assert browser.allow(two).parameters["state"] == second.state


def test_the_way_back_for_browsers(server, person):
    """DESIGN §3: `form-action` also counts for redirects, so a browser that navigates is led back by a page."""
    browser = Browser(server, navigates=True)
    request = Request(server, WEB)
    page = browser.sign_in(browser.open(request.url), person)
    page = browser.allow(page)
    assert page.parameters["state"] == request.state and page.status == 200
    assert "Going back to" in page.text and page.document.all("a", href=page.redirect)
    assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"
    assert request.exchange(page.parameters["code"]).status_code == 200
