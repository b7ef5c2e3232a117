"""RFC 7009, and CONTRACT §5: what is taken back is refused on the next request."""

from copy import deepcopy

import pytest

from harness.client import request_bytes
from harness.gateway import write_config
from harness.tokens import bearer
from harness.upstream import Gate
from harness.waiting import eventually
from rig.browser import Browser
from rig.cast import ALICE, INSPECTOR, NATIVE, OTHER, PAGE, POSTING, SERVICE, WEB
from rig.flow import Request
from rig.server import claims_of, error_of, header_of


def settings(site):
    return {"limits": {"token": {"per_client": "10000/1m"}}}


@pytest.fixture
def tokens(server, alice):
    return Request(server, WEB).tokens(alice, ALICE)


@pytest.mark.parametrize("client", [WEB, POSTING, PAGE, NATIVE], ids=lambda c: c.method + "-" + c.id)
def test_an_access_token_ends_alone(server, alice, client):
    tokens = Request(server, client).tokens(alice, ALICE)
    assert server.call(tokens["access_token"]) == 200
    response = server.revoke(client, tokens["access_token"])
    assert response.status_code == 200, response.text
    assert server.call(tokens["access_token"]) == 401, "refused on the very next request"
    assert server.refused_everywhere(tokens["access_token"])
    again = server.refresh(client, tokens["refresh_token"])
    assert again.status_code == 200 and server.call(again.json()["access_token"]) == 200


def test_a_refresh_token_ends_its_grant(server, tokens):
    """RFC 7009 §2.1: SHOULD also invalidate all access tokens of the same grant; here it does, at once."""
    other = server.refresh(WEB, tokens["refresh_token"]).json()
    assert server.call(tokens["access_token"]) == server.call(other["access_token"]) == 200
    assert server.revoke(WEB, other["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert server.call(tokens["access_token"]) == server.call(other["access_token"]) == 401
    assert server.refused_everywhere(other["access_token"])
    error_of(server.refresh(WEB, other["refresh_token"]), "invalid_grant")


def test_an_older_refresh_token_ends_it_as_well(server, tokens):
    """Who signs out must not depend on having received the last rotation."""
    second = server.refresh(WEB, tokens["refresh_token"]).json()
    assert server.revoke(WEB, tokens["refresh_token"]).status_code == 200
    error_of(server.refresh(WEB, second["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
def test_a_wrong_hint_does_not_matter(server, tokens, hint):
    """RFC 7009 §2.1: MUST extend its search."""
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert server.revoke(WEB, token, token_type_hint=hint).status_code == 200
    assert server.call(tokens["access_token"]) == 401
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "A" * 70, "x" * 20000])
def test_a_token_that_never_was(server, token):
    """RFC 7009 §2.2: 200 too."""
    assert server.revoke(WEB, token).status_code == 200


def test_twice_is_no_error(server, tokens):
    for _ in range(2):
        assert server.revoke(WEB, tokens["refresh_token"]).status_code == 200
        assert server.revoke(WEB, tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("thief", [OTHER, POSTING, PAGE, NATIVE], ids=lambda c: c.id)
def test_only_its_own_client_may(server, tokens, thief):
    """RFC 7009 §2.1: verifies whether the token was issued to the client that asks."""
    for token in (tokens["access_token"], tokens["refresh_token"]):
        response = server.revoke(thief, token)
        assert response.status_code == 200 or response.json()["error"] in ("invalid_grant", "invalid_request", "unauthorized_client", "invalid_client")
    assert server.call(tokens["access_token"]) == 200
    assert server.refresh(WEB, tokens["refresh_token"]).status_code == 200


def test_bad_requests(server):
    error_of(server.post("revoke", WEB, {}), "invalid_request")
    error_of(server.post("revoke", WEB, [("token", "a"), ("token", "b")]), "invalid_request")
    assert server.http("GET", server.url("revoke"), params={"token": "x"}).status_code == 405
    assert server.post("revoke", None, {"token": "x"}).status_code in (400, 401)


def test_an_id_token_is_no_token_of_it(server, tokens):
    assert server.revoke(WEB, tokens["id_token"]).status_code in (200, 400)
    assert server.call(tokens["access_token"]) == 200


def test_a_forged_token_revokes_nothing(server, tokens):
    head, body, _ = tokens["access_token"].split(".")
    assert server.revoke(WEB, f"{head}.{body}.{'A' * 86}").status_code == 200
    assert server.call(tokens["access_token"]) == 200


def by_its_client(server, tokens):
    assert server.revoke(WEB, tokens["refresh_token"]).status_code == 200


def by_removing_its_key(server, tokens):
    server.ok("key", "remove", header_of(tokens["access_token"])["kid"])
    eventually(lambda: server.refused_everywhere(tokens["access_token"]), 2.5)


@pytest.mark.parametrize("end", [by_its_client, by_removing_its_key], ids=lambda f: f.__name__)
def test_open_responses_are_cut(server, upstream, tokens, end):
    """CONTRACT §5: open streams of that token are closed."""
    gate = Gate()

    def endless(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n")
        gate.wait(15)

    upstream.on("/any/stream", endless)
    with server.connect() as connection:
        connection.send(request_bytes("GET", "/any/stream", bearer(tokens["access_token"]), host=server.issuer.removeprefix("https://")))
        assert connection.read_head().status == 200
        end(server, tokens)
        assert connection.is_closed_within(3), "the stream goes on"
    gate.open()


def test_pages_of_other_origins_may_use_it(server, alice):
    tokens = Request(server, PAGE).tokens(alice, ALICE)
    response = server.post("revoke", PAGE, {"token": tokens["access_token"]}, {"Origin": "https://page.test"})
    assert response.status_code == 200 and response.headers["access-control-allow-origin"] in ("*", "https://page.test")


def test_it_is_remembered(start):
    server = start()
    tokens = Request(server, WEB).tokens(Browser(server), ALICE)
    assert server.revoke(WEB, tokens["refresh_token"]).status_code == 200
    server.stop()
    server.start()
    assert server.refused_everywhere(tokens["access_token"])
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")


# By command, while the server runs

def test_grant_list_and_revoke(server, browser, person):
    tokens = Request(server, WEB).tokens(browser, person)
    grants = [g for g in rows(server.ok("grant", "list", "--json")) if person.name in g.values()]
    assert len(grants) == 1 and WEB.id in grants[0].values() and claims_of(tokens["access_token"])["gid"] in grants[0].values()
    server.ok("grant", "revoke", claims_of(tokens["access_token"])["gid"])
    eventually(lambda: server.refused_everywhere(tokens["access_token"]), 2.5)
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    assert not [g for g in rows(server.ok("grant", "list", "--json")) if person.name in g.values()]


def rows(document):
    return document if isinstance(document, list) else next(v for v in document.values() if isinstance(v, list))


def test_a_client_that_is_removed(server, browser, person):
    made = server.ok("client", "add", "--name", "Short Lived", "--redirect-uri", "https://client.test/callback", "--scope", "openid notes:read",
                     "--json")
    client = WEB.but(id=made["client_id"], secret=made["client_secret"], scope="openid notes:read")
    request = Request(server, client)
    response = request.exchange(request.code(browser, person))
    assert response.status_code == 200
    server.ok("client", "remove", client.id)
    eventually(lambda: server.refused_everywhere(response.json()["access_token"]), 2.5)
    error_of(server.post("token", client, {"grant_type": "authorization_code", "code": "x"}), "invalid_client", 401)
    assert browser.open(request.url).status == 400


def without(server, client):
    """The configuration without a client."""
    changed = deepcopy(server.config)
    changed["authorization_server"]["clients"] = [c for c in changed["authorization_server"]["clients"] if c["client_id"] != client.id]
    return changed


def test_a_client_that_a_reload_removes(start):
    """CONTRACT §5: a revoked client and a new config count from the next request on, tokens of its users and its own alike."""
    server = start()
    browser, whole = Browser(server), server.config
    tokens = Request(server, WEB).tokens(browser, ALICE)
    own = server.token(SERVICE, grant_type="client_credentials").json()["access_token"]
    kept = Request(server, OTHER).tokens(browser, ALICE)["access_token"]
    server.reload(without(server, WEB))
    server.reload(without(server, SERVICE))
    eventually(lambda: server.refused_everywhere(tokens["access_token"]) and server.refused_everywhere(own), 3)
    error_of(server.token(WEB, grant_type="refresh_token", refresh_token="x"), "invalid_client", 401)
    assert server.call(kept) == 200
    server.reload(whole)
    eventually(lambda: server.introspect(WEB, "x").status_code == 200, 3)
    error_of(server.refresh(WEB, tokens["refresh_token"]), "invalid_grant")
    assert browser.open(Request(server, WEB).url).is_consent, "what alice allowed the one before is forgotten"


def test_another_issuer_by_a_reload(start):
    """Tokens of the new name are as good as any, and are taken back like any."""
    server = start()
    changed = server.config | {"issuer": server.issuer + "/gate"}
    write_config(server.folder, changed)
    server.reload()
    eventually(lambda: server.http("GET", server.issuer + "/.well-known/oauth-authorization-server/gate").status_code == 200, 5)
    token = server.token(SERVICE, grant_type="client_credentials").json()["access_token"]
    assert claims_of(token)["iss"] == changed["issuer"] and server.call(token) == 200
    assert server.introspect(SERVICE, token).json()["active"]
    assert server.revoke(SERVICE, token).status_code == 200
    assert server.refused_everywhere(token)


def test_a_rotated_secret(server):
    made = server.ok("client", "add", "--name", "Rotating", "--scope", "notes:read", "--grant-type", "client_credentials", "--json")
    client = INSPECTOR.but(id=made["client_id"], secret=made["client_secret"])
    token = server.token(client, grant_type="client_credentials").json()["access_token"]
    rotated = server.ok("client", "rotate-secret", client.id, "--json")
    error_of(server.token(client, grant_type="client_credentials"), "invalid_client", 401)
    assert rotated["client_secret"] != client.secret
    assert server.token(client.but(secret=rotated["client_secret"]), grant_type="client_credentials").status_code == 200
    assert server.call(token) in (200, 401)
