"""CONTRACT §6: signing in. Forged forms, sessions, guessed passwords, and what a page may never do."""

import re
import sqlite3
import time

import pytest

from rig.browser import Browser
from rig.cast import ALICE, BOB, WEB, User
from rig.flow import Request

COOKIE = "__Host-gatehouse-session"


def settings(site):
    return {"limits": {"login": {"per_user": "1000/15m", "per_address": "10000/15m"}}}


def set_cookies(page):
    """Every Set-Cookie on the way, as (name, value, attributes)."""
    found = []
    for response in page.trail:
        for line in response.raw.headers.getlist("set-cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            found.append((name, value, {a.partition("=")[0].lower(): a.partition("=")[2] for a in attributes}))
    return found


# What every page of ours says

def pages(server):
    """One of each kind, by the browser that gets it."""
    stranger, alice = Browser(server), Browser(server).sign_in_as(ALICE)
    wrong = stranger.sign_in(stranger.open(Request(server, WEB).url), ALICE, "wrong")
    return {
        "sign in": stranger.open(Request(server, WEB).url), "wrong": wrong, "account": alice.open(server.path("account")),
        "consent": alice.open(Request(server, WEB, prompt="consent").url), "unknown client": alice.open(Request(server, WEB, client_id="x").url),
        "sign out": alice.open(server.path("logout"))}


@pytest.fixture(scope="module")
def shown(server):
    return pages(server)


KINDS = ["sign in", "wrong", "account", "consent", "unknown client", "sign out"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_can_be_framed_or_run_anything(shown, kind):
    """RFC 6749 §10.13, RFC 9700 §4.16: clickjacking. And nothing that was smuggled in would run."""
    page = shown[kind]
    policy = {d.split()[0]: d.split()[1:] for d in page.headers["content-security-policy"].split(";") if d.strip()}
    assert policy["default-src"] == ["'none'"] and policy["frame-ancestors"] == ["'none'"] and policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == ["'self'"] and policy.get("script-src", ["'none'"]) == ["'none'"]
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff" and page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store" and page.headers["content-type"] == "text/html; charset=utf-8"
    assert "access-control-allow-origin" not in page.headers
    document = page.document
    assert not document.all("script") and not document.all("style") and not document.all("iframe")
    for tag, attributes in document.elements:
        assert not [a for a in attributes if a.startswith("on") or a == "style"], (tag, attributes)
        for name in ("src", "href"):
            target = attributes.get(name, "")
            assert not re.match(r"(https?:)?//", target) or target.startswith(page.url.split("/oauth")[0]) or tag == "a", (tag, attributes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_stands_on_its_own(shown, server, kind):
    page, document = shown[kind], shown[kind].document
    assert document.all("html", lang="en") and len(document.all("main")) == 1 and len(document.all("h1")) == 1
    assert document.title and " · " in document.title
    assert server.issuer.removeprefix("https://") in page.text, "the footer names the host of the issuer"
    for sheet in document.all("link", rel="stylesheet") + document.all("link", rel="icon"):
        response = server.http("GET", server.issuer + sheet["href"] if sheet["href"].startswith("/") else page.url.rsplit("/", 1)[0] + "/" + sheet["href"])
        assert response.status_code == 200 and response.headers["x-content-type-options"] == "nosniff"
    for form in document.forms:
        assert form.method == "post" and form.named("csrf"), form.attributes
        for control in form.controls:
            if control.kind in ("text", "password", "checkbox"):
                assert document.all("label", **{"for": control.attributes["id"]}), control


# Sessions

def test_the_session_cookie(server, browser):
    """A `__Host-` cookie is Secure, for `/`, and has no Domain (RFC 6265bis §4.1.3.2)."""
    page = browser.sign_in(browser.open(server.path("account")), ALICE)
    cookies = [c for c in set_cookies(page) if c[0] == COOKIE]
    assert cookies
    name, value, attributes = cookies[-1]
    assert "secure" in attributes and "httponly" in attributes and attributes["path"] == "/" and "domain" not in attributes
    assert attributes["samesite"].lower() == "lax" and len(value) >= 43
    for name, _, attributes in set_cookies(page):
        assert name.startswith("__Host-") and "httponly" in attributes and "secure" in attributes, name


def test_a_session_is_new_with_every_log_in(server, browser):
    """Session fixation: whatever a browser brings, it leaves with another."""
    planted = "A" * 43
    browser.session.cookies.set(COOKIE, planted, domain="localhost.local", path="/", secure=True)
    page = browser.open(server.path("account"))
    assert page.is_sign_in
    browser.sign_in(page, ALICE)
    first = session_values(browser)
    assert planted not in first and first
    page = browser.open(Request(server, WEB, prompt="login").url)
    browser.sign_in(page, ALICE)
    second = session_values(browser)
    assert second and not second & first
    old = Browser(server)
    old.session.headers["Cookie"] = f"{COOKIE}={first.pop()}"
    assert old.open(server.path("account")).is_sign_in, "the one before has ended"


def session_values(browser):
    return {c.value for c in browser.session.cookies if c.name == COOKIE}


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "é", "../..", "' OR 1=1 --", "A" * 4000])
def test_sessions_that_never_were(server, browser, value):
    browser.session.headers["Cookie"] = f"{COOKIE}={value}".encode()
    page = browser.open(server.path("account"))
    assert page.is_sign_in or page.status in (400, 431)


@pytest.mark.parametrize("column, seconds", [("last_seen_at", 3700), ("authenticated_at", 12 * 3600 + 10)], ids=["unused", "old"])
def test_a_session_ends(start, column, seconds):
    """After an hour without use, and after twelve in any case. Here the storage is made to think that so much time has passed."""
    server = start()
    browser = Browser(server).sign_in_as(ALICE)
    with sqlite3.connect(server.folder / "data" / "gatehouse.db", timeout=10) as database:
        assert database.execute(f"UPDATE browser_session SET {column} = {column} - ?", [seconds]).rowcount == 1
    database.close()
    assert browser.open(server.path("account")).is_sign_in
    request = Request(server, WEB, prompt="none")
    assert browser.open(request.url).parameters["error"] == "login_required"


def test_a_session_survives_a_restart_and_ends_with_its_user(start):
    server = start()
    browser = Browser(server).sign_in_as(ALICE)
    server.stop()
    server.start()
    assert browser.open(server.path("account")).status == 200 and not browser.open(server.path("account")).is_sign_in
    server.ok("user", "disable", "alice")
    assert browser.open(server.path("account")).is_sign_in
    server.ok("user", "enable", "alice")
    assert browser.open(server.path("account")).is_sign_in, "what was ended stays ended"
    assert Browser(server).sign_in_as(ALICE)


def test_signing_out(server, browser):
    browser.sign_in_as(BOB)
    kept = Browser(server)
    kept.session.headers["Cookie"] = f"{COOKIE}={browser.session_cookie}"
    page = browser.open(server.path("account"))
    form = next(f for f in page.document.forms if f.action.endswith("/logout"))
    page = browser.send(form)
    assert page.status == 200 and "signed out" in page.text.lower()
    assert browser.open(server.path("account")).is_sign_in
    assert kept.open(server.path("account")).is_sign_in, "the session ended at the server, not only in that browser"


def test_signing_out_is_asked_first(server, browser):
    """OIDC RP-Initiated Logout §2: without a hint about whom, the person is asked."""
    browser.sign_in_as(BOB)
    page = browser.open(server.path("logout"))
    assert "Sign out?" in page.text and not browser.open(server.path("account")).is_sign_in


def test_a_client_signs_a_person_out(server, browser, person):
    """OIDC RP-Initiated Logout §2–3."""
    tokens = Request(server, WEB).tokens(browser, person)
    page = browser.open(server.path("logout"), params={
        "id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://client.test/goodbye", "state": "s-1"})
    if page.redirect is None:
        assert "https://client.test/goodbye" in page.response.text
    else:
        assert page.redirect == "https://client.test/goodbye?state=s-1"
    assert browser.open(server.path("account")).is_sign_in


@pytest.mark.parametrize("uri", ["https://evil.test/", "https://client.test/goodbye/", "https://client.test/goodbye?x=1", "javascript:alert(1)",
                                 "https://client.test@evil.test/goodbye"])
def test_signing_out_is_no_open_redirect(server, browser, person, uri):
    tokens = Request(server, WEB).tokens(browser, person)
    for hint in ({"id_token_hint": tokens["id_token"]}, {"client_id": WEB.id}, {}):
        page = browser.open(server.path("logout"), params=hint | {"post_logout_redirect_uri": uri})
        assert page.redirect is None
        assert not page.document or not [a for a in page.document.all("a") if "evil.test" in a.get("href", "") or "script:" in a.get("href", "")]


# Forged forms

def test_a_log_in_needs_the_pages_token(server, browser):
    """Login CSRF: RFC 6749 §10.12. No password is even looked at."""
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    data = dict(form.data("sign-in", username="alice", password=ALICE.password))
    for csrf in (None, "", "x" * 43, data["csrf"][:-2] + "AA", data["csrf"] + "A"):
        page = browser.post(form.action, {k: v for k, v in (data | {"csrf": csrf}).items() if v is not None})
        assert page.status == 400 and not browser.is_signed_in, csrf
        assert page.redirect is None


def test_a_token_of_another_browser_is_no_good(server, browser):
    attacker = Browser(server)
    stolen = attacker.open(Request(server, WEB).url).document.form_with(name="password")
    browser.open(Request(server, WEB).url)
    page = browser.post(stolen.action, stolen.data("sign-in", username="alice", password=ALICE.password))
    assert page.status == 400 and page.redirect is None and not browser.is_signed_in


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.test"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"Origin": "https://localhost"}, {"Origin": "http://localhost:1"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": None, "Sec-Fetch-Site": "cross-site"}],
    ids=lambda h: "-".join(f"{k}:{v}" for k, v in h.items()))
def test_a_form_from_elsewhere(server, browser, headers):
    """Even with the right token."""
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    page = browser.post(form.action, form.data("sign-in", username="alice", password=ALICE.password), headers)
    assert page.status in (400, 403) and page.redirect is None and not browser.is_signed_in


def test_nothing_happens_by_a_link(server, browser):
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    page = browser.open(form.action, params=form.data("sign-in", username="alice", password=ALICE.password))
    assert page.redirect is None and not browser.is_signed_in
    assert ALICE.password not in page.response.text


def test_a_page_that_was_open_too_long_says_so(server, browser):
    """DESIGN §4: the request it belonged to is kept."""
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    data = dict(form.data("sign-in", username="alice", password=ALICE.password)) | {"csrf": "x" * 43}
    page = browser.post(form.action, data)
    assert page.status == 400 and "open too long" in page.text and page.is_sign_in
    page = browser.sign_in(page, ALICE)
    assert page.is_consent or "code" in page.parameters


# Passwords

@pytest.fixture
def failing(server, browser):
    """What a failed log-in looks like, without what differs by design."""
    def fail(name, password="wrong"):
        page = browser.open(Request(server, WEB).url)
        page = browser.send(page.document.form_with(name="password"), "sign-in", username=name, password=password)
        assert page.is_sign_in and page.redirect is None
        return page.status, re.sub(re.escape(name), "NAME", page.text)
    return fail


def test_all_failures_look_the_same(server, failing, person):
    """RFC 6749 §10.10 by analogy; CONTRACT §6: the same for unknown accounts."""
    disabled = server.add_user(User("disabled-user"))
    server.ok("user", "disable", disabled.name)
    wrong = failing(person.name)
    assert wrong[0] == 403 and "didn't match" in wrong[1]
    assert failing("nobody-of-that-name") == wrong
    assert failing(disabled.name, disabled.password) == wrong


def test_the_name_is_kept_and_the_password_is_not(server, browser):
    page = browser.sign_in(browser.open(Request(server, WEB).url), ALICE, "a wrong one 4711")
    form = page.document.form_with(name="password")
    assert form.named("username")[0].value == "alice" and form.named("password")[0].attributes.get("value", "") == ""
    assert "a wrong one 4711" not in page.response.text
    assert form.named("password")[0].attributes.get("aria-invalid") == "true"


def test_unknown_names_take_as_long(server, browser, person):
    """Timing: the hash is computed either way. The quickest of many, since all that a busy machine does is add to it."""
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    quickest = {person.name: 9.0, "nobody-at-all": 9.0}
    for attempt in range(80):
        for name in quickest:
            begun = time.perf_counter()
            assert browser.send(form, "sign-in", username=name, password="wrong").status == 403
            quickest[name] = min(quickest[name], time.perf_counter() - begun)
        known, unknown = quickest.values()
        if attempt >= 10 and 0.8 < known / unknown < 1.25:
            return
    raise AssertionError(f"a known name takes {known} s, an unknown one {unknown} s")


@pytest.mark.parametrize("username, password", [("", ""), ("alice", ""), ("", "x")])
def test_something_is_missing(server, browser, username, password):
    page = browser.open(Request(server, WEB).url)
    page = browser.send(page.document.form_with(name="password"), "sign-in", username=username, password=password)
    assert page.status == 400 and "Something is missing" in page.text


@pytest.mark.parametrize("name", ["a" * 5000, "\x00", "é" * 100, "alice\n", " alice", "<script>alert(1)</script>", "' OR ''='", "{{name}}", "../alice",
                                  "\u202ealice", "alice\u200b"])
def test_names_of_all_kinds(server, browser, name):
    page = browser.open(Request(server, WEB).url)
    page = browser.send(page.document.form_with(name="password"), "sign-in", username=name, password="x")
    assert page.status in (400, 403) and page.redirect is None
    assert not page.document or not page.document.all("script")


def test_passwords_of_all_kinds(server, browser):
    for password in ("  spaces around  ", "ünï çødé 密碼 🔑", "a" * 1000, "quote\"'<&>%41+"):
        user = server.add_user(User(f"user-{abs(hash(password)) % 10**9}", password=password))
        stranger = Browser(server)
        assert stranger.sign_in(stranger.open(server.path("account")), user, password + "x").is_sign_in
        assert Browser(server).sign_in_as(user)


def test_a_changed_password_counts_at_once(server, person):
    browser = Browser(server).sign_in_as(person)
    (server.folder / "new-password").write_text("another password 1234\n")
    server.ok("user", "password", person.name, "--password-file", "new-password")
    stranger = Browser(server)
    assert stranger.sign_in(stranger.open(server.path("account")), person).is_sign_in
    assert not stranger.sign_in(stranger.open(server.path("account")), person, "another password 1234").is_sign_in
    assert browser.open(server.path("account")).is_sign_in, "sessions of the old password have ended"


def test_nothing_of_it_is_in_any_address(server, browser):
    page = browser.sign_in(browser.open(Request(server, WEB).url), ALICE)
    for response in page.trail:
        assert ALICE.password not in response.url and browser.session_cookie not in response.url
