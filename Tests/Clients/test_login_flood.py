"""CONTRACT §6: more log-ins at once than can be checked. What it costs is measured by `make flood`."""

import threading
import time
from urllib.parse import urlencode

from harness.client import request_bytes
from harness.waiting import SCALE
from load.driver import Line, run
from rig.browser import Browser
from rig.cast import ALICE, BOB, WEB
from rig.flow import Request

COUNT = 400  # one thread, and three lines of 64 that wait for it


def guess(server, number, browser, form):
    """A wrong password for a name and from an address of its own."""
    data = form.data("sign-in", username=f"user-{number}", password="guess")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies, "Origin": server.issuer}
    return request_bytes("POST", form.action, fields, urlencode(data), host=server.issuer.removeprefix("https://"))


def test_more_than_can_be_checked_are_told_so_and_people_get_in(start, site):
    server = start(authorization_server={"passwords": {"threads": 1}}, workers=2, admin=site.admin())
    known = Browser(server).sign_in_as(ALICE)
    browser = Browser(server)
    form = browser.open(Request(server, WEB).url).document.form_with(name="password")
    requests = [guess(server, number, browser, form) for number in range(COUNT)]
    lines = [Line(("127.0.0.1", server.port_taken), server.site.context, "localhost", f"127.9.{n // 200}.{1 + n % 200}")
             for n in range(COUNT)]
    left, answers, memory = set(range(COUNT)), [], server.memory()

    def request(slot):
        if slot not in left:
            return None
        left.discard(slot)
        return requests[slot]

    flood = threading.Thread(target=run, args=(lines, request, 60 * SCALE, lambda slot, answer: answers.append(answer)))
    flood.start()
    while not answers:
        time.sleep(0.01)
    begun = time.monotonic()
    page = known.sign_in(known.open(Request(server, WEB, prompt="login").url), ALICE)
    waited = time.monotonic() - begun
    assert page.is_consent, f"{page.status} {page.text[:300]}"
    assert server.call("x", "/public/x") == 200, "the proxy serves"
    flood.join(120 * SCALE)
    assert {answer.status for answer in answers} == {403, 503} and len(answers) == COUNT
    busy = [answer for answer in answers if answer.status == 503]
    assert all(1 <= int(answer.field("retry-after")) <= 60 for answer in busy)
    assert b"busy right now" in busy[0].body
    assert waited < 5 * SCALE, "a known browser does not wait behind strangers"
    assert server.memory() - memory < 64 << 20
    assert Browser(server).sign_in_as(BOB), "nothing is left of it"
    assert f'gatehouse_logins_total{{outcome="busy"}} {len(busy)}\n' in server.admin("/metrics").text
