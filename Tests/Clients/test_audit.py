"""CONTRACT §3 `logging.audit`, §7: who did what, when, from where, and never a secret (`test_secrets.py`); the counters."""

import os
import re
import signal

from harness.gateway import total
from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import ALICE, BOB, SERVICE, WEB
from rig.flow import Request
from rig.server import claims_of


def test_a_grants_whole_life(server, browser, person):
    browser.sign_in_as(person)
    server.audited("login", user=person.name, client="127.0.0.1")
    tokens = Request(server, WEB, scope="openid notes:read").tokens(browser, person)
    grant = claims_of(tokens["access_token"])["gid"]
    consent = server.audited("consent", user=person.name, client_id=WEB.id)[0]
    assert set(consent["scope"].split()) == {"openid", "notes:read"}
    created = server.audited("grant_created", user=person.name, client_id=WEB.id, grant=grant)[0]
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", created["time"])
    entry = server.logged(request_id=created["request_id"])
    assert entry["path"] == server.path("token"), "both logs name the same request"
    server.revoke(WEB, tokens["access_token"])
    server.audited("token_revoked", client_id=WEB.id)
    server.revoke(WEB, tokens["refresh_token"])
    server.audited("grant_revoked", grant=grant)


def test_what_was_refused(server, browser, person):
    page = browser.sign_in(browser.open(Request(server, WEB).url), person, "wrong")
    server.audited("login_failed", user=person.name)
    page = browser.sign_in(page, person)
    browser.deny(page)
    server.audited("consent_denied", user=person.name, client_id=WEB.id)
    server.token(SERVICE.but(secret="wrong"), grant_type="client_credentials")
    server.audited("client_authentication_failed", client_id=SERVICE.id)


def test_what_administrators_do(server, person):
    """By command, while the server runs, into the same file."""
    made = server.ok("client", "add", "--name", "Audited", "--scope", "notes:read", "--grant-type", "client_credentials", "--json")
    server.ok("client", "rotate-secret", made["client_id"])
    server.ok("client", "remove", made["client_id"])
    server.ok("user", "disable", person.name)
    server.ok("user", "enable", person.name)
    server.ok("user", "remove", person.name)
    server.ok("key", "rotate")
    server.audited("user_added", user=person.name)
    for event in ("client_added", "client_secret_rotated", "client_removed"):
        server.audited(event, client_id=made["client_id"])
    for event in ("user_disabled", "user_enabled", "user_removed"):
        server.audited(event, user=person.name)
    server.audited("key_rotated")


def test_a_name_that_nobody_has_is_not_written_down(server, browser):
    """People type passwords into the wrong field; and nobody writes lines of their own."""
    page = browser.open(Request(server, WEB).url)
    for name in ('x"}\n{"event":"login","user":"root', "hunter2"):
        page = browser.send(page.document.form_with(name="password"), "sign-in", username=name, password="x")
    server.audited("login_failed", 2, detail="unknown user", client="127.0.0.1")
    assert "hunter2" not in (server.folder / "audit.log").read_text()
    assert not [e for e in server.audit() if e["event"] == "login" and e.get("user") == "root"]


def test_a_rotated_file_is_let_go(start):
    """As logrotate does: move it away, then SIGHUP."""
    server = start()
    Browser(server).sign_in_as(ALICE)
    server.audited("login", user="alice")
    file = server.folder / "audit.log"
    assert file.stat().st_mode & 0o077 == 0, "nobody else reads it"
    os.rename(file, server.folder / "audit.log.1")
    server.signal(signal.SIGHUP)
    eventually(lambda: file.exists() or Browser(server).sign_in_as(ALICE) and file.exists(), 10, every=0.2)
    Browser(server).sign_in_as(ALICE)
    server.audited("login", user="alice")


def test_to_stdout(start):
    server = start(logging={"access": "off", "audit": "stdout"})
    Browser(server).sign_in_as(ALICE)
    eventually(lambda: any(e.get("event") == "login" for e in server.access_log()), 5)


def test_the_counters(start, site):
    """Log-ins by outcome, tokens by grant type, refusals by reason."""
    server = start(admin=site.admin(), limits={"login": {"per_user": "2/15m", "per_address": "30/15m"}})
    browser = Browser(server)
    page = browser.open(server.path("account"))
    for password in ("wrong", "wrong", "wrong"):
        page = browser.sign_in(page, BOB, password)
    tokens = Request(server, WEB).tokens(browser, ALICE)
    server.refresh(WEB, tokens["refresh_token"])
    server.token(SERVICE, grant_type="client_credentials")
    server.token(SERVICE.but(secret="wrong"), grant_type="client_credentials")

    def counted():
        samples = server.metrics()
        tokens = [total(samples, "gatehouse_tokens_total", grant_type=t) for t in ("authorization_code", "refresh_token", "client_credentials")]
        return tokens == [1, 1, 1] and total(samples, "gatehouse_logins_total") == 4 and total(samples, "gatehouse_refusals_total") >= 4

    eventually(counted, 5, what=f"the counters; {[s for s in server.metrics().items() if s[1] and 'total' in s[0][0]]}")
    outcomes = {dict(labels)["outcome"]: value for (name, labels), value in server.metrics().items() if name == "gatehouse_logins_total" and value}
    assert sorted(outcomes.values()) == [1, 1, 2], outcomes
