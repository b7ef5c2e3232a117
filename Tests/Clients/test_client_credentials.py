"""RFC 6749 §4.4: a client that acts for itself."""

import json

import pytest

from harness.gateway import run
from harness.waiting import eventually
from rig.cast import INSPECTOR, SERVICE
from rig.server import claims_of, error_of


def ask(server, client=SERVICE, **form):
    return server.token(client, grant_type="client_credentials", **form)


def test_a_token_for_itself(server, upstream):
    response = ask(server, scope="notes:read")
    assert response.status_code == 200 and response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["token_type"] == "Bearer" and body["scope"] == "notes:read" and 0 < body["expires_in"] <= 600
    assert "refresh_token" not in body and "id_token" not in body, "RFC 6749 §4.4.3"
    claims = claims_of(body["access_token"])
    assert claims["sub"] == claims["client_id"] == SERVICE.id, "RFC 9068 §2.2"
    assert not {"auth_time", "preferred_username", "email"} & set(claims)
    assert server.call(body["access_token"], "/notes/own") == 200
    seen = upstream.only("/notes/own")
    assert "x-user-name" not in seen and seen.get("x-client-id") == SERVICE.id


def test_without_a_scope_it_gets_its_own(server):
    body = ask(server).json()
    assert body.get("scope") and set(body["scope"].split()) <= set(SERVICE.scope.split())


@pytest.mark.parametrize("scope", ["notes:share", "notes:read notes:admin", "nothing:known", "openid", "notes:read\nnotes:write"])
def test_no_more_than_it_is_registered_for(server, scope):
    error_of(ask(server, scope=scope), "invalid_scope")


def test_a_client_and_a_user_of_one_name(server):
    """RFC 9700 §4.15: a client's token must not pass for a person's, so there can't be both."""
    (server.folder / "password").write_text("long enough password\n")
    user = server.command("user", "add", SERVICE.id, "--password-file", "password")
    assert user.returncode == 1 and SERVICE.id in user.stderr
    client = server.command("client", "add", "--name", "x", "--client-id", "alice", "--scope", "notes:read")
    assert client.returncode == 1 and "alice" in client.stderr


def test_nor_does_the_configuration_make_one(start):
    """Neither at the start nor later: the configuration before stays."""
    server = start()
    config = json.loads(json.dumps(server.config))
    config["authorization_server"]["clients"].append(SERVICE.but(id="alice").document())
    good = server.config
    server.reload(config)
    eventually(lambda: "users have these names: alice" in server.stderr(), 5)
    assert ask(server, SERVICE.but(id="alice"), scope="notes:read").status_code == 401
    assert ask(server, scope="notes:read").status_code == 200
    server.stop()
    started = run("serve", "gateway.json", cwd=server.folder)
    assert started.returncode == 1 and "alice" in started.stderr
    server.config = good
    server.start()


def test_for_a_resource(server):
    assert server.files in claims_of(ask(server, resource=server.files, scope="notes:read").json()["access_token"])["aud"]
    error_of(ask(server, resource="https://elsewhere.test/"), "invalid_target")


def test_it_can_be_taken_back(server):
    """Each client's tokens come from a grant as well."""
    mine, other = (ask(server, c, scope="notes:read").json()["access_token"] for c in (SERVICE, INSPECTOR))
    assert server.call(mine) == 200 and server.call(other) == 200
    assert server.revoke(SERVICE, mine).status_code == 200
    assert server.refused_everywhere(mine)
    assert server.call(other) == 200
    again = ask(server, scope="notes:read")
    assert again.status_code == 200 and server.call(again.json()["access_token"]) == 200


def test_grant_revoke_ends_them_all(server):
    tokens = [ask(server, scope=scope).json()["access_token"] for scope in ("notes:read", "notes:read", "notes:write")]
    for grant in {claims_of(t)["gid"] for t in tokens}:
        server.ok("grant", "revoke", grant)
    for token in tokens:
        eventually(lambda: server.refused_everywhere(token), 3, what="the grant's tokens are refused")
    assert server.call(ask(server, scope="notes:read").json()["access_token"]) == 200, "it may ask again"
