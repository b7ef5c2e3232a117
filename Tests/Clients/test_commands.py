"""CONTRACT §2: users, clients and grants by command, while the server runs and before it ever ran."""

import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.gateway import run
from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import ALICE, SERVICE, WEB, User
from rig.flow import Request
from rig.server import claims_of


def rows(document):
    """A list, or the one list in an object."""
    return document if isinstance(document, list) else next(v for v in document.values() if isinstance(v, list))


def refused(server, *arguments, status=(1,), stdin=None):
    done = server.command(*arguments, stdin=stdin)
    assert done.returncode in status, f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"
    assert done.stderr and not re.search(r"Fatal|Error Domain|GRDB|\.swift", done.stderr), done.stderr
    return done.stderr


# Users

def test_a_user_that_is_added_can_sign_in_at_once(server):
    user = server.add_user(User("new-user", email="new@example.test", full_name="New User"))
    Browser(server).sign_in_as(user)
    shown = server.ok("user", "show", "new-user", "--json")
    assert shown["name"] == "new-user" or shown.get("username") == "new-user"
    assert "new@example.test" in json.dumps(shown) and "New User" in json.dumps(shown)
    assert "argon2" not in json.dumps(shown), "not even the hash is shown"
    listed = rows(server.ok("user", "list", "--json"))
    assert {"alice", "bob", "new-user"} <= {u.get("name", u.get("username")) for u in listed}
    assert "argon2" not in json.dumps(listed) and "new-user" in server.ok("user", "list")


def test_names_are_taken_once(server):
    (server.folder / "password").write_text("long enough password\n")
    assert "alice" in refused(server, "user", "add", "alice", "--password-file", "password")


@pytest.mark.parametrize("name", ["", " ", "a b", "a\nb", "a\tb", "\x7f", "a" * 1000])
def test_names_that_could_be_mistaken(server, name):
    (server.folder / "password").write_text("long enough password\n")
    refused(server, "user", "add", name, "--password-file", "password", status=(1, 64))


def test_only_restricted_scopes_are_given_to_users(server):
    (server.folder / "password").write_text("long enough password\n")
    refused(server, "user", "add", "scoped", "--scope", "nothing:known", "--password-file", "password", status=(1, 64))


def test_an_empty_password_is_none(server):
    (server.folder / "empty").write_text("\n")
    refused(server, "user", "add", "passwordless", "--password-file", "empty")
    refused(server, "user", "add", "passwordless", "--password-file", "no-such-file")


def test_a_password_is_never_an_argument(server):
    assert server.command("user", "add", "careless", "--password", "x" * 12).returncode == 64


def test_a_user_that_is_removed(server, browser, person):
    tokens = Request(server, WEB).tokens(browser, person)
    server.ok("user", "remove", person.name)
    assert not browser.is_signed_in
    eventually(lambda: server.refused_everywhere(tokens["access_token"]), 2.5)
    refused(server, "user", "show", person.name)
    again = Browser(server)
    assert again.sign_in(again.open(server.path("account")), person).is_sign_in
    server.add_user(person)
    again = Browser(server).sign_in_as(person)
    assert "No apps yet" in again.open(server.path("account")).text, "a namesake inherits nothing"
    assert again.open(Request(server, WEB).url).is_consent
    assert server.refused_everywhere(tokens["access_token"])


def test_a_user_that_is_disabled_and_enabled(server, browser, person):
    tokens = Request(server, WEB).tokens(browser, person)
    server.ok("user", "disable", person.name)
    eventually(lambda: server.refused_everywhere(tokens["access_token"]), 2.5)
    stranger = Browser(server)
    assert stranger.sign_in(stranger.open(server.path("account")), person).is_sign_in
    server.ok("user", "enable", person.name)
    Browser(server).sign_in_as(person)
    assert server.refused_everywhere(tokens["access_token"]), "what was ended stays ended"


@pytest.mark.parametrize("act", ["show", "disable", "enable", "remove", "password"])
def test_users_that_are_not_there(server, act):
    (server.folder / "password").write_text("long enough password\n")
    more = ["--password-file", "password"] if act == "password" else []
    assert "nobody" in refused(server, "user", act, "nobody", *more)


# Clients

def add_client(server, *arguments):
    return server.ok("client", "add", *arguments, "--json")


def test_a_client_that_is_added_works_at_once(server, browser, person):
    """RFC 7591 §3.2.1: the document, with the id and the secret."""
    made = add_client(server, "--name", "Fresh Web", "--redirect-uri", "https://client.test/callback", "--redirect-uri", "https://client.test/second",
                      "--scope", "openid notes:read", "--grant-type", "authorization_code", "--grant-type", "refresh_token")
    assert made["client_name"] == "Fresh Web" and made["redirect_uris"] == ["https://client.test/callback", "https://client.test/second"]
    assert set(made["grant_types"]) == {"authorization_code", "refresh_token"} and set(made["scope"].split()) == {"openid", "notes:read"}
    assert made["token_endpoint_auth_method"] == "client_secret_basic" and len(made["client_secret"]) >= 43
    client = WEB.but(id=made["client_id"], secret=made["client_secret"])
    tokens = Request(server, client).tokens(browser, person)
    assert server.refresh(client, tokens["refresh_token"]).status_code == 200
    shown = server.ok("client", "show", client.id, "--json")
    assert shown["client_id"] == client.id and "client_secret" not in shown
    assert client.secret not in server.ok("client", "list") and client.secret not in server.ok("client", "show", client.id)


def test_a_public_client(server, browser, person):
    made = add_client(server, "--name", "Fresh App", "--client-id", "fresh-app", "--redirect-uri", "http://127.0.0.1/callback", "--scope",
                      "openid notes:read", "--public")
    assert made["client_id"] == "fresh-app" and "client_secret" not in made and made["token_endpoint_auth_method"] == "none"
    client = WEB.but(id="fresh-app", secret=None, method="none", redirect_uris=("http://127.0.0.1/callback",))
    Request(server, client).tokens(browser, person)


def test_a_client_that_may_introspect(server):
    made = add_client(server, "--name", "Fresh API", "--scope", "notes:read", "--introspect", "--grant-type", "client_credentials")
    client = SERVICE.but(id=made["client_id"], secret=made["client_secret"])
    token = server.token(SERVICE, grant_type="client_credentials", scope="notes:read").json()["access_token"]
    assert server.introspect(client, token).json()["active"] is True


def test_an_id_is_taken_once(server):
    """Beside those of the configuration."""
    add_client(server, "--name", "x", "--client-id", "twice", "--scope", "notes:read", "--grant-type", "client_credentials")
    for taken in ("twice", WEB.id):
        assert taken in refused(server, "client", "add", "--name", "x", "--client-id", taken, "--scope", "notes:read", "--grant-type",
                                "client_credentials")


@pytest.mark.parametrize("arguments", [
    ["--scope", "nothing:known", "--redirect-uri", "https://client.test/x"], ["--scope", "notes:read", "--grant-type", "password"],
    ["--scope", "notes:read", "--grant-type", "client_credentials", "--public"], ["--scope", "notes:read", "--public", "--introspect", "--redirect-uri", "https://client.test/x"],
    ["--scope", "notes:read", "--grant-type", "authorization_code"]], ids=["scope", "grant", "public service", "public introspection", "no redirect"])
def test_clients_that_make_no_sense(server, arguments):
    refused(server, "client", "add", "--name", "x", *arguments, status=(1, 64))


def test_clients_of_the_configuration_are_listed_and_stay(server):
    listed = rows(server.ok("client", "list", "--json"))
    assert {WEB.id, SERVICE.id} <= {c["client_id"] for c in listed}
    assert "secret" not in " ".join(k for c in listed for k in c if "expires" not in k)
    refused(server, "client", "remove", WEB.id)
    refused(server, "client", "rotate-secret", WEB.id)
    refused(server, "client", "remove", "nobody")


# Grants and tokens

def test_grants_are_listed_and_ended(server, browser, person):
    tokens = Request(server, WEB, scope="openid notes:read").tokens(browser, person)
    text, listed = server.ok("grant", "list"), rows(server.ok("grant", "list", "--json"))
    grant = next(g for g in listed if person.name in g.values())
    assert person.name in text and WEB.id in text and "notes:read" in json.dumps(grant)
    assert tokens["access_token"] not in text and tokens["refresh_token"] not in text
    server.ok("grant", "revoke", claims_of(tokens["access_token"])["gid"])
    eventually(lambda: server.refused_everywhere(tokens["access_token"]), 2.5)
    refused(server, "grant", "revoke", "no-such-grant")


def test_all_grants_can_be_ended_together(start):
    server = start()
    tokens = [server.issue_token("alice", "notes:read"), server.token(SERVICE, grant_type="client_credentials").json()["access_token"]]
    assert [server.call(token) for token in tokens] == [200, 200]
    refused(server, "grant", "revoke", status=(64,))
    refused(server, "grant", "revoke", "--all", "--user", "alice", status=(64,))
    server.ok("grant", "revoke", "--all")
    assert rows(server.ok("grant", "list", "--json")) == []
    for token in tokens:
        eventually(lambda: server.refused_everywhere(token), 2.5)


def test_a_token_by_command_is_a_grant_too(server, person):
    token = server.issue_token(person.name, "notes:read", "--client", WEB.id)
    assert server.call(token) == 200
    assert any(person.name in g.values() for g in rows(server.ok("grant", "list", "--json")))
    server.ok("grant", "revoke", claims_of(token)["gid"])
    eventually(lambda: server.refused_everywhere(token), 2.5)


def test_a_configured_client_that_is_taken_out(start):
    """CONTRACT §5: a new configuration takes effect on the next request."""
    server = start()
    token = server.token(SERVICE, grant_type="client_credentials", scope="notes:read").json()["access_token"]
    assert server.call(token) == 200
    config = json.loads(json.dumps(server.config))
    config["authorization_server"]["clients"] = [c for c in config["authorization_server"]["clients"] if c["client_id"] != SERVICE.id]
    server.reload(config)
    eventually(lambda: server.token(SERVICE, grant_type="client_credentials").status_code == 401, 5)
    eventually(lambda: server.refused_everywhere(token), 3, what="its tokens are refused")


# init

def test_init_makes_something_that_runs(tmp_path, upstream):
    done = run("init", "--upstream", upstream.url, cwd=tmp_path, stdin="")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "gateway.json").read_text()
    assert upstream.url in text and re.search(r"^\s*//", text, re.M), "it is commented"
    assert run("check", cwd=tmp_path).returncode == 0
    assert run("init", "--upstream", upstream.url, cwd=tmp_path, stdin="").returncode == 1, "nothing is overwritten"
    assert (tmp_path / "gateway.json").read_text() == text
    users = rows(json.loads(run("user", "list", "--json", cwd=tmp_path).stdout))
    clients = rows(json.loads(run("client", "list", "--json", cwd=tmp_path).stdout))
    assert len(users) == 1 and len(clients) == 1
    assert "gatehouse serve" in done.stdout


# The storage

def test_the_storage_is_sound_after_all_that(server):
    with sqlite3.connect(f"file:{server.folder}/data/gatehouse.db?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_enforcement_goes_on_while_the_storage_is_stuck(start):
    """CONTRACT §6. Another process holds the write lock: no answer is made up, and the proxy does not notice."""
    server = start()
    token = Request(server, WEB).tokens(Browser(server), ALICE)["access_token"]
    browser = Browser(server)
    page = browser.open(server.path("account"))
    database = sqlite3.connect(server.folder / "data" / "gatehouse.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        with ThreadPoolExecutor() as threads:  # both wait for the lock as long as the server does
            asked = threads.submit(server.token, SERVICE, grant_type="client_credentials", scope="notes:write")
            typed = threads.submit(browser.sign_in, page, ALICE)
            assert server.call(token, "/notes/x") == 200
            response, page = asked.result(), typed.result()
        assert response.status_code == 503 and int(response.headers["retry-after"]) >= 1 and "access_token" not in response.text
        assert page.status == 503 and "Signing in isn't possible right now" in page.text, f"{page.status} {page.text[:200]}"
        assert server.call(token, "/notes/x") == 200
    finally:
        database.execute("ROLLBACK")
        database.close()
    eventually(lambda: server.token(SERVICE, grant_type="client_credentials", scope="notes:write").status_code == 200, 10)
    Browser(server).sign_in_as(ALICE)
