"""A person with a real browser: Chromium without a screen, with and without JavaScript, on a phone, in the dark."""

import re

import pytest
from selenium.webdriver.common.keys import Keys

from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import WEB
from rig.chromium import Chromium, ClientSite
from rig.flow import Request

PHONE = {"width": 360, "height": 740, "phone": True}
WAYS = {"desktop": {}, "no JavaScript": {"javascript": False}, "phone": PHONE, "phone, no JavaScript, dark": PHONE | {"javascript": False, "dark": True}}


@pytest.fixture(scope="module")
def client_site(site):
    client_site = ClientSite(site)
    yield client_site
    client_site.stop()


@pytest.fixture(scope="module")
def chromium(site, client_site, tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("chromium"), [site.certificate, client_site.certificate], client_site.port)
    yield chromium
    chromium.quit()


def came_back(client_site, request):
    """The answer that the client's web server got for this request."""
    return eventually(lambda: next((c for c in client_site.callbacks if c.get("state") == request.state), None), 10,
                      what="the browser comes back to the client")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_sign_in_untick_allow_see_and_remove(server, chromium, client_site, person, way):
    """From the client's link to its callback, and then to the account page, where it ends."""
    chromium.fresh(**way)
    request = Request(server, WEB, scope="openid notes:read notes:write notes:share offline_access")
    chromium.open(server.issuer + request.url)
    assert "Sign in" in chromium.title and "Notes Web" in chromium.text
    fits(chromium)
    chromium.sign_in(person)

    chromium.wait(lambda: chromium.all("button[value=allow]"), "the consent page")
    assert chromium.title.startswith("Allow Notes Web?")
    fits(chromium)
    box = chromium.find("input[type=checkbox][value='notes:share']")
    assert box.is_selected()
    chromium.find(f"label[for='{box.get_attribute('id')}']").click()  # its words are part of the target
    assert not box.is_selected()
    chromium.button("allow").click()

    answer = came_back(client_site, request)
    assert answer["iss"] == server.issuer and "code" in answer
    tokens = request.exchange(answer["code"]).json()
    assert set(tokens["scope"].split()) == {"openid", "notes:read", "notes:write", "offline_access"}
    assert server.call(tokens["access_token"], "/notes/x") == 200 and server.call(tokens["access_token"], "/shared/x") == 403

    chromium.open(server.url("account"))
    assert "Notes Web" in chromium.text and "Write notes as you" in chromium.text and "Share notes" not in chromium.text
    fits(chromium)
    chromium.find("button[value=remove]").click()
    chromium.wait(lambda: "You removed Notes Web" in chromium.text, "the note that it was removed")
    assert server.refused_everywhere(tokens["access_token"])
    assert server.refresh(WEB, tokens["refresh_token"]).status_code == 400
    assert not complaints(chromium)


def fits(chromium):
    """Nothing hangs out at the side, and what can be pressed is large enough for a thumb (DESIGN §2)."""
    metrics = chromium.tell("Page.getLayoutMetrics")
    assert metrics["cssContentSize"]["width"] <= metrics["cssLayoutViewport"]["clientWidth"] + 1, metrics
    for button in chromium.all("button:not(.link)"):
        if button.is_displayed():
            assert button.size["height"] >= 38, (button.text, button.size)


def complaints(chromium):
    return [line for line in chromium.console() if "favicon" not in line and not re.search(r"status of (400|403|429)", line)]


def test_the_client_learns_no_address_of_ours(server, chromium, client_site, person):
    """RFC 9700 §4.2.4: no Referer with a code or a state of ours."""
    chromium.fresh()
    request = Request(server, WEB)
    chromium.open(server.issuer + request.url)
    chromium.sign_in(person)
    chromium.wait(lambda: chromium.all("button[value=allow]"), "the consent page")
    chromium.button("allow").click()
    came_back(client_site, request)
    assert client_site.referrers[-1] is None


def test_deny(server, chromium, client_site, person):
    chromium.fresh()
    request = Request(server, WEB)
    chromium.open(server.issuer + request.url)
    chromium.sign_in(person)
    chromium.wait(lambda: chromium.all("button[value=deny]"), "the consent page")
    chromium.button("deny").click()
    assert came_back(client_site, request)["error"] == "access_denied"


def test_cancel_needs_no_fields(server, chromium, client_site):
    """The fields are `required`, and that button doesn't mind."""
    chromium.fresh()
    request = Request(server, WEB)
    chromium.open(server.issuer + request.url)
    chromium.button("cancel").click()
    assert came_back(client_site, request)["error"] == "access_denied"


def test_once_allowed_it_goes_by_itself(server, chromium, client_site, person):
    chromium.fresh()
    first = Request(server, WEB)
    chromium.open(server.issuer + first.url)
    chromium.sign_in(person)
    chromium.wait(lambda: chromium.all("button[value=allow]"), "the consent page")
    chromium.button("allow").click()
    came_back(client_site, first)
    second = Request(server, WEB)
    chromium.open(server.issuer + second.url)
    assert "code" in came_back(client_site, second)
    third = Request(server, WEB, prompt="login")
    chromium.open(server.issuer + third.url)
    chromium.wait(lambda: chromium.all("input[name=password]"), "the sign-in page")
    chromium.sign_in(person)
    assert "code" in came_back(client_site, third), "a log-in that leads straight back to the client"


def test_a_wrong_password_and_then_the_right_one(server, chromium, client_site, person):
    chromium.fresh()
    request = Request(server, WEB)
    chromium.open(server.issuer + request.url)
    chromium.sign_in(person, "not it")
    chromium.wait(lambda: "didn't match" in chromium.text, "the note")
    assert chromium.title.startswith("Not signed in")
    assert chromium.find("input[name=username]").get_attribute("value") == person.name
    assert chromium.find("input[name=password]").get_attribute("value") == ""
    assert chromium.driver.switch_to.active_element.get_attribute("name") == "password", "ready to type"
    chromium.find("input[name=password]").send_keys(person.password + "\n")
    chromium.wait(lambda: chromium.all("button[value=allow]"), "the consent page")


def test_with_the_keyboard_alone(server, chromium, client_site, person):
    """Tab reaches everything in order, and Enter in a field sends the form as Sign in, not as Cancel."""
    chromium.fresh(javascript=False)
    request = Request(server, WEB, scope="openid notes:read")
    chromium.open(server.issuer + request.url)

    def focused():
        return chromium.driver.switch_to.active_element

    assert focused().get_attribute("name") == "username", "autofocus"
    focused().send_keys(person.name + Keys.TAB)
    assert focused().get_attribute("name") == "password"
    focused().send_keys(person.password + Keys.ENTER)
    chromium.wait(lambda: chromium.all("button[value=allow]"), "the consent page")
    reached = []
    for _ in range(12):
        focused().send_keys(Keys.TAB)
        reached.append(focused().get_attribute("value"))
        if reached[-1] == "allow":
            break
    assert "deny" in reached and reached[-1] == "allow", reached
    focused().send_keys(Keys.ENTER)
    assert "code" in came_back(client_site, request)


def test_the_back_button_after_signing_out(server, chromium, client_site, person):
    """Chromium keeps a page in memory in spite of `no-store` and shows it again; but nothing on it works any more."""
    chromium.fresh()
    chromium.open(server.url("account"))
    chromium.sign_in(person)
    chromium.wait(lambda: "Your account" in chromium.text, "the account page")
    chromium.find("form[action$='/logout'] button").click()
    chromium.wait(lambda: "signed out" in chromium.text.lower(), "signed out")
    chromium.driver.back()
    chromium.wait(lambda: chromium.url.endswith("/account"), "back at its address")
    if not chromium.all("input[name=username][autofocus]"):
        for name, text in (("current_password", person.password), ("new_password", "a fine new passphrase"), ("new_password_again", "a fine new passphrase")):
            chromium.find(f"input[name={name}]").send_keys(text)
        chromium.button("change-password").click()
    chromium.wait(lambda: chromium.all("input[name=username][autofocus]"), "the sign-in page")
    Browser(server).sign_in_as(person)


def test_a_page_that_forges_a_form(server, chromium, client_site, person):
    """CSRF by a real browser: the cookie is SameSite=Lax, and the form has no token. Nothing happens."""
    chromium.fresh()
    chromium.open(server.url("account"))
    chromium.sign_in(person)
    chromium.wait(lambda: "Your account" in chromium.text, "the account page")
    chromium.open("https://client.test/evil")
    chromium.driver.execute_script("""
        const form = document.createElement('form'); form.method = 'post'; form.action = arguments[0];
        document.body.append(form); form.submit();""", server.url("logout"))
    chromium.wait(lambda: chromium.url.startswith(server.issuer), "the forged form's answer")
    chromium.open(server.url("account"))
    assert "Your account" in chromium.text, "still signed in"


def test_it_cannot_be_framed(server, chromium, client_site, person):
    """Clickjacking by a real browser."""
    chromium.fresh()
    chromium.open("https://client.test/evil")
    chromium.driver.execute_script("const f = document.createElement('iframe'); f.src = arguments[0]; document.body.append(f)", server.issuer + Request(server, WEB).url)
    chromium.wait(lambda: any("frame" in line.lower() for line in chromium.console()), "Chromium refuses the frame")


def test_the_error_page(server, chromium):
    chromium.fresh(**PHONE)
    chromium.open(server.issuer + Request(server, WEB, redirect_uri="https://client.test.evil.test/callback").url)
    assert "can't sign you in here" in chromium.text and "https://client.test.evil.test/callback" in chromium.text
    assert not [a for a in chromium.all("a") if "evil" in (a.get_attribute("href") or "")]
    fits(chromium)
