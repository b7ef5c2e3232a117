"""CONTRACT §3 `limits.login`: guessing and spraying passwords is slowed down, and people still get in."""

import pytest

from rig.browser import Browser
from rig.cast import ALICE, BOB, USERS, WEB, User
from rig.flow import Request

CAROL = User("carol")


@pytest.fixture
def limited(start):
    """Three failures for a user, eight for an address."""
    return start(users=USERS + (CAROL,), limits={"login": {"per_user": "3/15m", "per_address": "8/15m"}})


def attempt(server, name, password, browser=None):
    browser = browser or Browser(server)
    page = browser.open(Request(server, WEB).url)
    return browser.send(page.document.form_with(name="password"), "sign-in", username=name, password=password)


def slowed(page):
    assert page.status == 429 and 1 <= int(page.headers["retry-after"]) <= 900, f"{page.status} {page.text[:200]}"
    assert "Too many tries" in page.text and page.redirect is None
    password = page.document.form_with(name="password").named("password")[0]
    assert "aria-invalid" not in password.attributes, "no fields are marked: nothing is wrong with them"
    return page


def test_guessing_one_password(limited):
    for n in range(3):
        assert attempt(limited, "alice", f"guess {n}").status == 403
    slowed(attempt(limited, "alice", "guess"))
    slowed(attempt(limited, "alice", ALICE.password))  # not even the right one tells
    assert attempt(limited, "bob", BOB.password).is_consent, "another user is not slowed down"
    limited.audited("login_failed", 3, user="alice", client="127.0.0.1")
    limited.audited("login_throttled", user="alice")
    limited.audited("login", user="bob")


def test_the_same_for_a_name_that_is_not_there(limited):
    """authelia#11972: else the limit tells who exists."""
    for n in range(3):
        assert attempt(limited, "nobody", f"guess {n}").status == 403
    slowed(attempt(limited, "nobody", "guess"))


def test_a_browser_that_was_here_before_still_gets_in(limited):
    """Else anybody could lock anybody out."""
    own = Browser(limited).sign_in_as(ALICE)
    page = own.open(limited.path("account"))
    own.send(next(f for f in page.document.forms if f.action.endswith("/logout")))
    for n in range(4):
        attempt(limited, "alice", f"guess {n}")
    slowed(attempt(limited, "alice", ALICE.password))
    page = attempt(limited, "alice", ALICE.password, own)
    assert page.is_consent or page.redirect, f"{page.status} {page.text[:200]}"


def test_that_exemption_is_for_one_user_and_one_browser(limited):
    own = Browser(limited).sign_in_as(BOB)
    page = own.open(limited.path("account"))
    own.send(next(f for f in page.document.forms if f.action.endswith("/logout")))
    for n in range(3):
        attempt(limited, "alice", f"guess {n}")
    slowed(attempt(limited, "alice", ALICE.password, own))


def test_spraying_one_password_over_many_names(limited):
    for n in range(8):
        assert attempt(limited, f"user-{n}", "Summer2025!").status == 403
    slowed(attempt(limited, "user-9", "Summer2025!"))
    slowed(attempt(limited, "carol", CAROL.password))


def test_a_success_is_no_failure(limited):
    for _ in range(6):
        assert attempt(limited, "alice", ALICE.password).is_consent


def test_forwarded_addresses_of_strangers_do_not_count(limited):
    """§4.4: `X-Forwarded-For` counts only from `trusted_proxies`."""
    for n in range(8):
        browser = Browser(limited)
        browser.session.headers.update({"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"})
        assert attempt(limited, f"user-{n}", "x", browser).status == 403
    browser = Browser(limited)
    browser.session.headers.update({"X-Forwarded-For": "203.0.113.99", "Forwarded": "for=203.0.113.99"})
    slowed(attempt(limited, "user-9", "x", browser))
