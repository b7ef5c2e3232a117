"""RFC 6749 §3.1.2, RFC 9700 §2.1 and §4.1, RFC 8252 §7.3: no trick makes the server send anybody, or a code, elsewhere."""

import pytest

from harness.gateway import write_config
from rig.browser import Browser
from rig.cast import ALICE, NATIVE, PAGE, WEB
from rig.flow import Request
from rig.server import run

REGISTERED = WEB.redirect_uri  # https://client.test/callback
TRICKS = {
    "other host": "https://evil.test/callback",
    "longer host": "https://client.test.evil.test/callback",
    "shorter host": "https://lient.test/callback",
    "subdomain": "https://x.client.test/callback",
    "userinfo": "https://client.test@evil.test/callback",
    "userinfo with password": "https://client.test:443@evil.test/callback",
    "userinfo before": "https://evil.test@client.test/callback",
    "encoded at": "https://client.test%40evil.test/callback",
    "backslash": "https://client.test\\@evil.test/callback",
    "backslash first": "https://evil.test\\client.test/callback",
    "slashes": "https:////evil.test/callback",
    "one slash": "https:/client.test/callback",
    "no scheme": "//client.test/callback",
    "relative": "/callback",
    "scheme": "http://client.test/callback",
    "scheme case": "HTTPS://client.test/callback",
    "host case": "https://CLIENT.test/callback",
    "path case": "https://client.test/Callback",
    "trailing slash": "https://client.test/callback/",
    "no path": "https://client.test",
    "path below": "https://client.test/callback/more",
    "path prefix": "https://client.test/callback2",
    "dot segments": "https://client.test/callback/../evil",
    "dot segments to itself": "https://client.test/x/../callback",
    "encoded dots": "https://client.test/callback/%2e%2e/evil",
    "encoded letter": "https://client.test/%63allback",
    "double slash": "https://client.test//callback",
    "query added": "https://client.test/callback?next=https://evil.test",
    "empty query": "https://client.test/callback?",
    "fragment": "https://client.test/callback#x",
    "empty fragment": "https://client.test/callback#",
    "encoded fragment": "https://client.test/callback%23x",
    "port": "https://client.test:443/callback",
    "other port": "https://client.test:8443/callback",
    "space before": " https://client.test/callback",
    "space after": "https://client.test/callback ",
    "tab": "https://client.test/\tcallback",
    "newline": "https://client.test/callback\nSet-Cookie: x=1",
    "carriage return": "https://client.test/callback\r\nLocation: https://evil.test",
    "nul": "https://client.test/callback\x00.evil.test",
    "dot after host": "https://client.test./callback",
    "full stop of another script": "https://client.test\u3002evil.test/callback",
    "soft hyphen": "https://cli\u00adent.test/callback",
    "confusable": "https://\u0441lient.test/callback",
    "javascript": "javascript:alert(1)//https://client.test/callback",
    "data": "data:text/html,https://client.test/callback",
    "parameters": "https://client.test/callback;x=1",
    "semicolon host": "https://client.test;evil.test/callback",
    "two": "https://client.test/callback https://evil.test/",
    "comma": "https://client.test/callback,https://evil.test/",
    "wildcard": "https://client.test/*",
    "the server's own": "https://localhost/oauth/account",
    "another client's": PAGE.redirect_uri,
    "another client's loopback": "http://127.0.0.1/callback",
    "very long": "https://client.test/callback" + "a" * 4000,
}


@pytest.mark.parametrize("uri", TRICKS.values(), ids=TRICKS.keys())
def test_no_open_redirect(server, alice, uri):
    """The person sees a page of ours that names the address as text; nothing leads there."""
    assert uri != REGISTERED
    page = alice.open(Request(server, WEB, redirect_uri=uri).url)
    assert page.status == 400 and page.redirect is None and "location" not in page.response.headers
    assert "refresh" not in page.response.headers and "set-cookie" not in page.response.headers
    document = page.document
    assert document is not None and not document.all("meta", **{"http-equiv": "refresh"})
    links = [a.get("href", "") for a in document.all("a")] + [f.action for f in document.forms]
    assert not any("evil.test" in link or "client.test" in link or "script:" in link for link in links), links


@pytest.mark.parametrize("uri", ["https://evil.test/", "javascript:alert(1)"])
@pytest.mark.parametrize("changes", [{"prompt": "none"}, {"response_type": "token"}, {"scope": "nothing:known"}, {"code_challenge": None}])
def test_not_for_errors_either(server, browser, uri, changes):
    """RFC 9700 §4.11.2: the redirect URI is checked before anything else is answered."""
    page = browser.open(Request(server, WEB, redirect_uri=uri, **changes).url)
    assert page.status == 400 and page.redirect is None


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/callback", "http://127.0.0.1:49152/callback", "http://[::1]:65535/callback",
                                 "http://localhost:8080/callback", "http://127.0.0.1/callback"])
def test_the_port_of_a_loopback_redirect_may_vary(server, alice, uri):
    """RFC 8252 §7.3."""
    request = Request(server, NATIVE, redirect_uri=uri)
    page = alice.go(request.url, ALICE)
    assert page.redirect.startswith(uri + "?code=") or page.redirect.startswith(uri + "?")
    assert request.exchange(page.parameters["code"]).status_code == 200


@pytest.mark.parametrize("uri", [
    "http://127.0.0.1:8080/other", "http://127.0.0.2:8080/callback", "https://127.0.0.1:8080/callback", "http://127.0.0.1.evil.test:80/callback",
    "http://127.0.0.1:80@evil.test/callback", "http://127.0.0.1:99999/callback", "http://127.0.0.1:/callback", "http://127.0.0.1:8080x/callback",
    "http://127.1:8080/callback", "http://2130706433:8080/callback", "http://0x7f.1:8080/callback", "http://[::ffff:127.0.0.1]:8080/callback",
    "http://[0:0:0:0:0:0:0:1]:8080/callback", "http://localhost.evil.test:8080/callback", "http://LOCALHOST:8080/callback",
    "http://127.0.0.1:8080/callback?x", "http://127.0.0.1:8080/callback#x", "http://127.0.0.1:-1/callback", "http://127.0.0.1:80 80/callback",
    "http://127.0.0.1:8080/callback\\evil", "http://[::1]evil.test:8080/callback"])
def test_nothing_else_of_it_may(server, alice, uri):
    page = alice.open(Request(server, NATIVE, redirect_uri=uri).url)
    assert page.status == 400 and page.redirect is None


def test_the_port_is_fixed_where_the_host_is_not_loopback(server, alice):
    assert alice.open(Request(server, PAGE, redirect_uri="https://page.test:8443/callback").url).status == 400


def test_the_token_request_repeats_the_varied_port(server, alice):
    request = Request(server, NATIVE, redirect_uri="http://127.0.0.1:50000/callback")
    code = request.code(alice, ALICE)
    assert request.exchange(code, redirect_uri="http://127.0.0.1:50001/callback").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("uri", ["https://client.test/callback#fragment", "http://client.test/callback", "javascript:alert(1)", "callback", "data:text/html,x",
                                 "https://*.client.test/callback", "https:///callback", "https://user@client.test/callback"])
def test_registration_refuses_what_could_not_be_safe(server, uri):
    """RFC 6749 §3.1.2: absolute, and no fragment; RFC 9700 §2.6 and §4.1.3: exact, and no plain http but for loopback."""
    done = run("client", "add", "--name", "x", "--redirect-uri", uri, "--scope", "notes:read", "--config", "gateway.json", cwd=server.folder)
    assert done.returncode == 1, done.stdout + done.stderr
    config = server.config | {"authorization_server": {"clients": [WEB.but(id="unsafe", redirect_uris=(uri,)).document()]}}
    folder = server.folder / "unsafe"
    folder.mkdir(exist_ok=True)
    write_config(folder, config)
    checked = run("check", "gateway.json", cwd=folder)
    assert checked.returncode == 1 and "redirect_uris" in checked.stdout + checked.stderr


def test_an_app_on_the_device_may_have_its_own_scheme(start):
    """RFC 8252 §7.1."""
    client = NATIVE.but(id="app", redirect_uris=("com.example.app:/callback",))
    server = start(clients=(client,))
    request = Request(server, client)
    page = Browser(server).go(request.url, ALICE)
    assert page.redirect.startswith("com.example.app:/callback?")
    assert request.exchange(page.parameters["code"]).status_code == 200
