"""CONTRACT §7 and §6: secrets planted in every input are in no output, and in no file but hashed."""

import base64
import re
import secrets
from urllib.parse import quote, quote_plus

import pytest

from harness.tokens import bearer
from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import ALICE, CLIENTS, USERS, WEB
from rig.flow import Request
from rig.server import Server, basic


class Planted(dict):
    """Secrets by where they were put. Each has something unmistakable in it."""

    def __call__(self, where, value=None):
        self[where] = value or f"SECRET{len(self)}x{secrets.token_hex(12)}"
        return self[where]


@pytest.fixture(scope="module")
def house(site, upstream, tmp_path_factory):
    """A server after a day's work, good and bad, and all the secrets that it was told or that it made."""
    server = Server(tmp_path_factory.mktemp("secrets"), site, upstream, users=USERS, clients=CLIENTS, admin=site.admin(),
                    logging={"level": "debug", "access": "json", "audit": "audit.log"})
    planted = Planted()
    bodies = good_day(server, planted) + bad_day(server, planted)
    eventually(lambda: len(server.access_log()) > 30, 5)
    yield server, planted, bodies
    server.stop()


def good_day(server, planted):
    """A log-in, a code, tokens, refreshing, introspection, revocation, a forwarded request."""
    browser = Browser(server)
    planted("password", ALICE.password)
    planted("client secret", WEB.secret)
    request = Request(server, WEB, state=planted("state"), nonce=planted("nonce"))
    planted("verifier", request.verifier)
    code = planted("code", request.code(browser, ALICE))
    planted("session cookie", browser.session_cookie)
    tokens = request.exchange(code).json()
    planted("access token", tokens["access_token"])
    planted("refresh token", tokens["refresh_token"])
    planted("id token", tokens["id_token"])
    server.call(tokens["access_token"], "/notes/x?" + planted("query of a proxied request"))
    server.introspect(WEB, tokens["access_token"])
    renewed = server.refresh(WEB, tokens["refresh_token"]).json()
    planted("second refresh token", renewed["refresh_token"])
    server.http("GET", server.url("userinfo"), headers={"Authorization": "Bearer " + renewed["access_token"]})
    server.revoke(WEB, renewed["refresh_token"])
    page = browser.open(server.path("account"))
    planted("CSRF token", page.document.forms[0].named("csrf")[0].value)
    made = server.ok("client", "add", "--name", "Added", "--scope", "notes:read", "--grant-type", "client_credentials", "--json")
    planted("secret of an added client", made["client_secret"])
    return []


def bad_day(server, planted):
    """Everything again, wrongly. Returns the bodies of the answers: errors must not repeat what they were told."""
    bodies, browser = [], Browser(server)
    url = Request(server, WEB).url
    for where, name in (("wrong password", "alice"), ("password of nobody", "nobody")):
        page = browser.open(url)
        bodies.append(browser.send(page.document.form_with(name="password"), "sign-in", username=name, password=planted(where)).response.text)
    form = page.document.form_with(name="password")
    data = dict(form.data("sign-in", username="alice", password=planted("password without CSRF token")))
    bodies.append(browser.post(form.action, data | {"csrf": "x"}).response.text)
    bodies.append(browser.open(form.action, params=[("username", "alice"), ("password", planted("password in a query"))]).response.text)
    browser.session.headers["Cookie"] = "__Host-gatehouse-session=" + planted("cookie of nobody")
    bodies.append(browser.open(server.path("account")).response.text)
    token = server.url("token")
    plant = [
        ("POST", token, {"data": {"grant_type": "authorization_code", "code": planted("wrong code"), "code_verifier": planted("wrong verifier") + "x" * 20},
                         "headers": {"Authorization": basic(WEB.id, WEB.secret)}}),
        ("POST", token, {"data": {"grant_type": "refresh_token", "refresh_token": planted("wrong refresh token")}, "headers": {"Authorization": basic(WEB.id, WEB.secret)}}),
        ("POST", token, {"data": {"grant_type": "client_credentials"}, "headers": {"Authorization": basic(WEB.id, planted("wrong client secret"))}}),
        ("POST", token, {"data": {"grant_type": "client_credentials", "client_id": WEB.id, "client_secret": planted("posted client secret")}}),
        ("POST", token, {"data": {"grant_type": planted("grant type"), "client_id": "x"}}),
        ("POST", token, {"data": {"grant_type": "password", "username": "alice", "password": planted("password grant")}}),
        ("POST", token + "?client_secret=" + planted("secret in the query"), {"data": {"grant_type": "client_credentials"}}),
        ("POST", token, {"data": planted("no form at all"), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
        ("POST", token, {"data": "{\"x\": \"" + planted("JSON body") + "\"}", "headers": {"Content-Type": "application/json"}}),
        ("POST", token, {"data": {"client_assertion": planted("assertion"), "client_assertion_type": "x"}}),
        ("POST", server.url("revoke"), {"data": {"token": planted("revoked token")}, "headers": {"Authorization": basic(WEB.id, WEB.secret)}}),
        ("POST", server.url("introspect"), {"data": {"token": planted("introspected token")}, "headers": {"Authorization": basic(WEB.id, WEB.secret)}}),
        ("GET", server.url("userinfo"), {"headers": {"Authorization": "Bearer " + planted("token for userinfo")}}),
        ("GET", server.url("userinfo") + "?access_token=" + planted("token in the query"), {}),
        ("GET", server.url("logout") + "?id_token_hint=" + planted("logout hint"), {}),
        ("GET", server.url("authorize") + "?client_id=notes-web&code_challenge=" + planted("challenge") + "&request=" + planted("request object"), {}),
        ("GET", server.issuer + "/notes/x?access_token=" + planted("token in a proxied query"), {}),
        ("GET", server.issuer + "/notes/x", {"headers": {"Authorization": "Bearer " + planted("proxied token"), "Cookie": "a=" + planted("cookie")}}),
        ("GET", server.issuer + "/oauth/" + "nowhere?x=" + planted("query of nowhere"), {}),
    ]
    bodies += [server.http(method, url, **options).text for method, url, options in plant]
    return bodies


def forms_of(secret):
    """As it is, and as it would be in a URL or a log line."""
    return {secret, quote(secret, safe=""), quote_plus(secret), secret.replace('"', '\\"'),
            base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]}


def found(planted, text):
    return [where for where, secret in planted.items() if any(form in text for form in forms_of(secret))]


def test_nothing_in_the_access_log_or_on_stderr(house):
    server, planted, _ = house
    with server.changed:
        output = "\n".join(server.lines)
    assert len(planted) > 30 and "/oauth/token" in output, "something was logged"
    assert found(planted, output) == []
    assert found(planted, server.stderr()) == []


def test_nothing_in_the_audit_log(house):
    server, planted, _ = house
    text = (server.folder / "audit.log").read_text()
    assert "login" in text and "grant" in text
    assert found(planted, text) == []


def test_nothing_on_the_admin_listener(house):
    server, planted, _ = house
    for path in ("/", "/metrics", "/healthz", "/readyz"):
        assert found(planted, server.admin(path).text) == [], path


def test_nothing_in_answers_that_say_no(house):
    _, planted, bodies = house
    allowed = {"CSRF token"}
    for body in bodies:
        assert set(found(planted, body)) <= allowed, body[:500]


def test_nothing_in_the_storage(house):
    """Only hashes: of passwords, client secrets, codes, refresh tokens, sessions. Access tokens not at all.

    A nonce is no secret from us: it waits beside the code's hash for the ID token that repeats it.
    """
    server, planted, _ = house
    files = [f for f in (server.folder / "data").rglob("*") if f.is_file()]
    assert any(f.suffix == ".db" for f in files)
    for file in files:
        assert set(found(planted, file.read_bytes().decode("latin-1"))) <= {"nonce"}, file


def test_nothing_is_lost_of_what_an_operator_needs(house):
    """The other half: the logs say what happened, by whom, and why not."""
    server, _, _ = house
    entries = [e for e in server.access_log() if e["path"].startswith("/oauth/")]
    assert {e["path"] for e in entries} >= {"/oauth/token", "/oauth/authorize", "/oauth/login", "/oauth/revoke", "/oauth/introspect", "/oauth/userinfo"}
    refused = [e for e in entries if e["path"] == "/oauth/token" and e["status"] >= 400]
    assert refused and all(e.get("reason") for e in refused), refused[:2]
    assert all(re.match(r"\d{4}-", e["time"]) and e["request_id"] for e in entries)
