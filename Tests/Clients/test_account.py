"""CONTRACT §6: what I allowed to whom, my sessions, my password."""

import pytest

from rig.browser import Browser
from rig.cast import ALICE, BOB, PAGE, WEB
from rig.flow import Request
from rig.server import claims_of, error_of


@pytest.fixture
def own(server, person):
    """The browser of a person of this test's own."""
    browser = Browser(server).sign_in_as(person)
    browser.user = person
    return browser


def account(browser):
    page = browser.open(browser.server.path("account"))
    assert page.status == 200 and not page.is_sign_in
    return page


def test_it_asks_who_is_there(server, browser):
    page = browser.open(server.path("account"))
    assert page.is_sign_in and "to go on to" not in page.text
    page = browser.sign_in(page, ALICE)
    assert "Your account" in page.text and "alice" in page.text


def test_nothing_allowed_yet(own):
    assert "No apps yet" in account(own).text


def test_a_grant_is_shown_and_removed(server, own):
    tokens = Request(server, WEB, scope="openid notes:read offline_access").tokens(own, own.user)
    page = account(own)
    for text in ("Notes Web", "client.test", "Read your notes", "notes:read", "last used"):
        assert text in page.text, text
    assert server.call(tokens["access_token"]) == 200
    page = own.send(page.document.form_with(button="remove"), "remove")
    assert page.status == 200 and "You removed Notes Web" in page.text and "No apps yet" in page.text
    assert server.call(tokens["access_token"]) == 401 and server.refused_everywhere(tokens["access_token"])
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    assert own.open(Request(server, WEB).url).is_consent, "the consent is forgotten as well"


def test_removing_one_leaves_the_other(server, own):
    one = Request(server, WEB).tokens(own, own.user)
    two = Request(server, PAGE).tokens(own, own.user)
    page = account(own)
    form = next(f for f in page.document.forms if any(c.text == "Remove Notes Web" for c in f.controls))
    own.send(form, "remove")
    assert server.call(one["access_token"]) == 401 and server.call(two["access_token"]) == 200


def test_nobody_removes_what_others_allowed(server, own):
    """The grant's id is not a secret; whose it is counts."""
    victim = Browser(server)
    tokens = Request(server, WEB).tokens(victim, BOB)
    Request(server, WEB).tokens(own, own.user)
    form = account(own).document.form_with(button="remove")
    data = dict(form.data("remove"))
    for name in [n for n in data if n not in ("csrf", "action")]:
        for value in (claims_of(tokens["access_token"])["gid"], "", "x", "%", "*"):
            own.post(form.action, data | {name: value})
    assert server.call(tokens["access_token"]) == 200 and server.refresh(WEB, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("changes", [{"csrf": ""}, {"csrf": "A" * 43}])
def test_removing_needs_the_pages_token(server, own, changes):
    tokens = Request(server, WEB).tokens(own, own.user)
    form = account(own).document.form_with(button="remove")
    page = own.post(form.action, dict(form.data("remove")) | changes)
    assert page.status == 400 and server.call(tokens["access_token"]) == 200
    page = own.post(form.action, form.data("remove"), {"Origin": "https://evil.test"})
    assert page.status in (400, 403) and server.call(tokens["access_token"]) == 200


def test_sessions_are_listed_and_ended(server, own):
    other = Browser(server)
    other.session.headers["User-Agent"] = "Mozilla/5.0 (Android 16) Another/7"
    other.sign_in_as(own.user)
    page = account(own)
    assert "This browser" in page.text or "this browser" in page.text
    forms = [f for f in page.document.forms if f.named("session")]
    assert len(forms) == 1, "one of the two can be ended from here; this one by signing out"
    values = [c.value for c in forms[0].named("session")]
    assert other.session_cookie not in page.response.text and own.session_cookie not in page.response.text
    button = next(c.value for c in forms[0].controls if c.kind == "submit")
    page = own.send(forms[0], button)
    assert page.status == 200 and values[0] not in page.response.text
    assert other.open(server.path("account")).is_sign_in and account(own)


def test_nobody_ends_the_sessions_of_others(server, own):
    victim, second = Browser(server).sign_in_as(BOB), Browser(server).sign_in_as(own.user)
    theirs = Browser(server).sign_in_as(BOB)
    target = [f for f in account(theirs).document.forms if f.named("session")]
    mine = [f for f in account(own).document.forms if f.named("session")][0]
    data = dict(mine.data(next(c.value for c in mine.controls if c.kind == "submit")))
    for form in target:
        own.post(mine.action, data | {"session": form.named("session")[0].value})
    assert victim.is_signed_in and theirs.is_signed_in and second.is_signed_in


def change_password(browser, current, new, again=None):
    form = next(f for f in account(browser).document.forms if any(c.kind == "password" for c in f.controls))
    fields = [c.name for c in form.controls if c.kind == "password"]
    values = dict(zip(fields, [current, new, new if again is None else again]))
    return browser.send(form, next(c.value for c in form.controls if c.kind == "submit"), **values)


def test_changing_the_password(server, own):
    user, elsewhere = own.user, Browser(server)
    elsewhere.sign_in_as(user)
    page = change_password(own, user.password, "a much better passphrase 42")
    assert page.status == 200 and own.is_signed_in, page.text[:300]
    assert not elsewhere.is_signed_in, "other sessions end"
    stranger = Browser(server)
    assert stranger.sign_in(stranger.open(server.path("account")), user).is_sign_in
    assert not stranger.sign_in(stranger.open(server.path("account")), user, "a much better passphrase 42").is_sign_in
    server.audited("password_changed", user=user.name)


def test_it_needs_the_old_one(server, own):
    """Somebody at an unlocked screen must not be able to keep the account."""
    page = change_password(own, "not the old one", "a much better passphrase 42")
    assert page.status in (400, 403) and own.is_signed_in
    assert not Browser(server).sign_in_as(own.user).open(server.path("account")).is_sign_in


def test_guessing_the_old_one_is_slowed_down(server, own):
    statuses = [change_password(own, f"guess {n}", "a much better passphrase 42").status for n in range(8)]
    assert 429 in statuses, statuses


@pytest.mark.parametrize("new", ["", "x"])
def test_bad_new_passwords(own, new):
    assert change_password(own, own.user.password, new).status == 400


def test_the_repetition_must_match(server, own):
    form = next(f for f in account(own).document.forms if any(c.kind == "password" for c in f.controls))
    if len([c for c in form.controls if c.kind == "password"]) < 3:
        pytest.skip("the form has no repetition")
    assert change_password(own, own.user.password, "a much better passphrase 42", "a different passphrase 42").status == 400
    assert Browser(server).sign_in_as(own.user)
