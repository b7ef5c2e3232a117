"""Tokens of the gateway's own issuer: `token issue`, revocation, key rotation, and the documents that clients read."""

import json
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from harness.challenges import challenge
from harness.client import request_bytes
from harness.gateway import Gateway, run
from harness.tokens import AUDIENCE, Key, bearer, compact, unb64
from harness.waiting import eventually

ISSUER = "https://gatehouse.test"


def configuration(site, upstream):
    return site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={"access_token": {"lifetime": "5m"}},
                       trusted_issuers=[site.trusted(user_prefix="foreign:")])


@pytest.fixture
def own(gateway):
    return gateway.issue_token("ada", "notes:read")


def parts(token):
    return [json.loads(unb64(p)) for p in token.split(".")[:2]]


def refused(gateway, token, text=None):
    response = gateway.get("/any/t", bearer(token))
    assert response.status == 401
    parameters = challenge(response)
    assert parameters["error"] == "invalid_token"
    if text:
        assert text in parameters["error_description"].lower(), parameters
    return parameters


def test_an_issued_token_is_an_access_token(own):
    """RFC 9068 §2."""
    header, claims = parts(own)
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256") and header["kid"]
    assert claims["iss"] == ISSUER and claims["sub"] and claims["jti"] and claims["scope"] == "notes:read"
    assert ISSUER in (claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]])
    assert 290 <= claims["exp"] - claims["iat"] <= 310 and abs(claims["iat"] - time.time()) < 10


def test_it_is_taken_and_its_user_goes_upstream(gateway, upstream, own):
    assert gateway.get("/notes/t", bearer(own)).status == 200
    seen = upstream.only("/notes/t")
    assert seen.get("x-user-name") == "ada" and "authorization" not in seen
    assert gateway.request("POST", "/notes/t", bearer(own), b"x").status == 403


def test_user_names_of_two_issuers_cannot_meet(gateway, upstream, site, own):
    assert gateway.get("/notes/t", bearer(site.issuer.token(sub="ada"))).status == 200
    assert upstream.only("/notes/t").get("x-user-name") == "foreign:ada"


def test_options_of_token_issue(gateway, upstream):
    token = gateway.issue_token("ünï", "notes:read notes:write", "--client", "script", "--lifetime", "90s")
    _, claims = parts(token)
    assert claims["client_id"] == "script" and claims["exp"] - claims["iat"] == 90
    assert set(claims["scope"].split()) == {"notes:read", "notes:write"}
    assert gateway.request("POST", "/notes/t", bearer(token), b"x").status == 200
    seen = upstream.only("/notes/t")
    assert (seen.get("x-user-name"), seen.get("x-client-id")) == ("%C3%BCn%C3%AF", "script")


def test_token_issue_refuses_undeclared_scopes_and_bad_lifetimes(gateway):
    assert gateway.command("token", "issue", "--user", "ada", "--scope", "nothing:here").returncode in (1, 64)
    assert gateway.command("token", "issue", "--user", "ada", "--scope", "notes:read", "--lifetime", "soon").returncode in (1, 64)
    assert gateway.command("token", "issue", "--user", "ada", "--scope", "notes:read", "--lifetime", "0s").returncode in (1, 64)
    assert gateway.command("token", "issue", "--scope", "notes:read").returncode == 64


def test_token_issue_prints_nothing_but_the_token(gateway):
    done = gateway.command("token", "issue", "--user", "ada", "--scope", "notes:read")
    assert done.stdout.count("\n") == 1 and done.stdout.count(".") == 2
    as_json = gateway.command("token", "issue", "--user", "ada", "--scope", "notes:read", "--json")
    assert any(str(v).count(".") == 2 for v in json.loads(as_json.stdout).values())


@pytest.mark.parametrize("typ", ["JWT", None, "id+jwt", ""])
def test_own_tokens_must_have_their_type(gateway, typ, own):
    """No trusted key signs for our issuer, so this shows only that nothing slips in by another type."""
    header, claims = parts(own)
    header["typ"] = typ
    refused(gateway, compact(header, claims, unb64(own.split(".")[2])))


def test_a_trusted_issuers_key_cannot_sign_for_us(gateway, site):
    for algorithm in ("ES256", "RS256", "HS256"):
        refused(gateway, site.issuer.token(algorithm, iss=ISSUER, aud=ISSUER))
        refused(gateway, site.issuer.token(algorithm, iss=ISSUER, aud=ISSUER, sub="ada", header={"kid": own_kid(gateway)}))


def own_kid(gateway):
    return jwks(gateway)["keys"][0]["kid"]


def test_our_key_cannot_sign_for_a_trusted_issuer(gateway, own):
    header, claims = parts(own)
    refused(gateway, compact(header, claims | {"iss": "https://issuer.test", "aud": AUDIENCE}, unb64(own.split(".")[2])))


def test_our_public_keys_are_not_hmac_secrets(gateway, own):
    header, claims = parts(own)
    for jwk in jwks(gateway)["keys"]:
        for form in (json.dumps(jwk), jwk.get("n", ""), jwk.get("x", "")):
            forged = Key("HS256", jwk["kid"], form.encode())
            refused(gateway, compact({"alg": "HS256", "kid": jwk["kid"], "typ": "at+jwt"}, claims, key=forged))


# Revocation

def refused_on_every_loop(gateway, token, text, within=2.0):
    """Fresh connections land on all loops: 12 of them in a row must refuse."""
    begun = time.monotonic()

    def all_refuse():
        return all(gateway.get("/any/t", bearer(token)).status == 401 for _ in range(12))

    eventually(all_refuse, within + 1, what="the token is refused on every loop")
    took = time.monotonic() - begun
    refused(gateway, token, text)
    return took


def test_a_revoked_token_is_refused_within_two_seconds(gateway, own):
    other = gateway.issue_token("ada", "notes:read")
    connections = [gateway.connect() for _ in range(8)]  # each loop remembers the token
    for connection in connections:
        assert connection.request("GET", "/any/t", bearer(own)).status == 200
    done = gateway.command("token", "revoke", own)
    assert done.returncode == 0, done.stderr
    begun = time.monotonic()
    for connection in connections:
        eventually(lambda: connection.request("GET", "/any/t", bearer(own)).status == 401, 3)
        assert "revoked" in challenge(connection.request("GET", "/any/t", bearer(own)))["error_description"].lower()
        connection.close()
    assert time.monotonic() - begun < 2.5
    assert gateway.get("/any/t", bearer(other)).status == 200, "another token of the user still works"


def test_revoking_what_is_no_token(gateway):
    assert gateway.command("token", "revoke", "not-a-token").returncode == 1
    assert gateway.command("token", "revoke").returncode in (1, 64)


def test_a_revocation_survives_a_restart(start, site, upstream):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={}, trusted_issuers=[]))
    token, kept = gateway.issue_token(), gateway.issue_token()
    assert gateway.command("token", "revoke", token).returncode == 0
    gateway.stop()
    gateway.start()
    refused(gateway, token, "revoked")
    assert gateway.get("/any/t", bearer(kept)).status == 200, "the keys were not kept"


def test_revoke_before_the_server_runs(start, site, upstream):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={}, trusted_issuers=[]))
    token = gateway.issue_token()
    gateway.stop()
    assert gateway.command("token", "revoke", token).returncode == 0
    gateway.start()
    refused(gateway, token, "revoked")


# token inspect

def test_token_inspect(gateway, site, own):
    done = gateway.command("token", "inspect", own)
    assert done.returncode == 0 and "ada" in done.stdout and "notes:read" in done.stdout
    piped = gateway.command("token", "inspect", stdin=own + "\n")
    assert piped.returncode == 0 and "ada" in piped.stdout
    as_json = json.loads(gateway.command("token", "inspect", own, "--json").stdout)
    assert ISSUER in json.dumps(as_json)
    for token, text in ((site.issuer.token(exp=1), "expired"), (site.issuer.token(aud="x"), "audience"), (site.issuer.token(iss="https://x.test"), "issuer"), ("a.b.c", "malformed"),
                        (own[:-4] + "AAAA", "")):
        done = gateway.command("token", "inspect", token)
        assert done.returncode == 1, (token, done.stdout)
        assert text in (done.stdout + done.stderr).lower()


def test_token_inspect_of_a_revoked_token(gateway, own):
    gateway.command("token", "revoke", own)
    done = gateway.command("token", "inspect", own)
    assert done.returncode == 1 and "revoked" in (done.stdout + done.stderr).lower()


# Keys

def jwks(gateway):
    response = gateway.get("/.well-known/jwks.json")
    assert response.status == 200
    return response.json()


def test_the_key_set(gateway, own):
    """RFC 7517. ES256 and RS256 exist from the first start, and nothing private is shown."""
    response = gateway.get("/.well-known/jwks.json")
    assert response.get("content-type").partition(";")[0] in ("application/json", "application/jwk-set+json")
    assert response.get("access-control-allow-origin") == "*" or "access-control-allow-origin" not in response
    keys = response.json()["keys"]
    assert {"ES256", "RS256"} <= {k["alg"] for k in keys}
    assert parts(own)[0]["kid"] in [k["kid"] for k in keys]
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key.get("use", "sig") == "sig" and key["kty"] in ("EC", "RSA")
        if key["kty"] == "RSA":
            assert len(unb64(key["n"])) >= 256
    assert gateway.request("HEAD", "/.well-known/jwks.json").status == 200
    assert gateway.request("POST", "/.well-known/jwks.json", body=b"").status == 405


def test_the_token_verifies_against_the_key_set_by_another_implementation(gateway, own):
    jwk = next(k for k in jwks(gateway)["keys"] if k["kid"] == parts(own)[0]["kid"])
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64(jwk["x"])), int.from_bytes(unb64(jwk["y"])), ec.SECP256R1())
    signed, _, signature = own.rpartition(".")
    raw = unb64(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    numbers.public_key().verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))


def test_private_keys_are_sealed_on_disk(gateway, own):
    for file in (gateway.folder / "data").rglob("*"):
        data = file.read_bytes()
        assert b"PRIVATE KEY" not in data
        assert oct(file.stat().st_mode & 0o077) == "0o0" or file.suffix not in (".key", ""), f"{file} can be read by others"


def test_key_rotation_and_removal(start, site, upstream):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", authorization_server={}, trusted_issuers=[]))
    old = gateway.issue_token()
    kid = parts(old)[0]["kid"]
    assert gateway.get("/any/t", bearer(old)).status == 200
    listed = gateway.command("key", "list")
    assert listed.returncode == 0 and kid in listed.stdout
    keys = json.loads(gateway.command("key", "list", "--json").stdout)
    assert kid in json.dumps(keys) and "active" in json.dumps(keys)

    before = {k["kid"] for k in jwks(gateway)["keys"]}
    done = gateway.command("key", "rotate")
    assert done.returncode == 0, done.stderr
    eventually(lambda: {k["kid"] for k in jwks(gateway)["keys"]} > before, 3, what="the next keys are published")
    assert gateway.get("/any/t", bearer(old)).status == 200, "tokens of the old key still work"
    new = gateway.issue_token()
    assert gateway.get("/any/t", bearer(new)).status == 200

    assert gateway.command("key", "remove", "no-such-key").returncode in (1, 64)
    removed = gateway.command("key", "remove", kid)
    if removed.returncode != 0:  # the active key may have to be forced or rotated away first
        for option in ("--force", "--yes"):
            removed = gateway.command("key", "remove", kid, option)
            if removed.returncode == 0:
                break
    assert removed.returncode == 0, removed.stderr
    assert refused_on_every_loop(gateway, old, "key") < 2.5
    assert kid not in {k["kid"] for k in jwks(gateway)["keys"]}
    fresh = gateway.issue_token()
    eventually(lambda: gateway.get("/any/t", bearer(fresh)).status == 200, 3, what="a new key signs")


def test_the_algorithm_of_access_tokens(start, site, upstream):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", trusted_issuers=[], authorization_server={"access_token": {"algorithm": "RS256", "lifetime": "1m"}}))
    token = gateway.issue_token()
    assert parts(token)[0]["alg"] == "RS256"
    assert gateway.get("/any/t", bearer(token)).status == 200


def test_an_encryption_key_from_the_environment(start, site, upstream):
    config = site.config(upstream, storage="sqlite:data/gatehouse.db", trusted_issuers=[], authorization_server={"encryption_key": {"env": "SEAL"}})
    gateway = start(config, env={"SEAL": "a-long-and-random-secret-of-the-operator-0123456789"})
    token = gateway.issue_token()
    assert gateway.get("/any/t", bearer(token)).status == 200
    gateway.stop()
    other = run("token", "issue", "--user", "a", "--scope", "notes:read", "--config", "gateway.json", cwd=gateway.folder, env={"SEAL": "another-secret-another-secret-0123456789"})
    assert other.returncode == 1 and "a-long-and-random" not in other.stderr
    missing = run("serve", "gateway.json", cwd=gateway.folder)
    assert missing.returncode == 1 and "SEAL" in missing.stderr
    gateway.start()
    assert gateway.get("/any/t", bearer(token)).status == 200


def test_memory_storage_warns(start, site, upstream):
    gateway = start(site.config(upstream, storage="memory:", authorization_server={}, trusted_issuers=[]))
    assert "memory" in gateway.stderr().lower()
    assert {"ES256", "RS256"} <= {k["alg"] for k in jwks(gateway)["keys"]}


# Documents

def test_protected_resource_metadata(gateway):
    """RFC 9728."""
    response = gateway.get("/.well-known/oauth-protected-resource")
    assert response.status == 200 and response.get("content-type").startswith("application/json")
    document = response.json()
    assert document["resource"] == ISSUER
    assert ISSUER in document["authorization_servers"]
    assert set(document["scopes_supported"]) >= {"notes:read", "notes:write"}
    assert document.get("bearer_methods_supported") == ["header"]


def test_the_challenge_leads_to_it(gateway):
    url = challenge(gateway.get("/notes/t"))["resource_metadata"]
    assert url.startswith(ISSUER + "/")
    assert gateway.get(url[len(ISSUER):]).status == 200


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/.well-known/oauth-protected-resource"])
def test_the_gateways_own_paths_answer_only_on_the_issuers_host(gateway, upstream, path):
    assert gateway.get(path, host="other.test").status == 404
    assert gateway.get(path, host="gatehouse.test.evil.test").status == 404
    assert gateway.get(path, host="GATEHOUSE.test").status == 200
    assert upstream.seen() == []


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/.well-known/oauth-protected-resource"])
def test_they_may_be_read_by_any_page(gateway, path):
    response = gateway.get(path, {"Origin": "https://app.test"})
    assert response.get("access-control-allow-origin") in ("*", "https://app.test")
    preflight = gateway.request("OPTIONS", path, {"Origin": "https://app.test", "Access-Control-Request-Method": "GET"})
    assert preflight.status in (200, 204) and preflight.get("access-control-allow-origin") in ("*", "https://app.test")


def test_a_gateway_that_only_enforces_names_its_issuers(start, site, upstream):
    gateway = start(site.config(upstream))
    document = gateway.get("/.well-known/oauth-protected-resource").json()
    assert document["authorization_servers"] == ["https://issuer.test"]
    assert gateway.get("/.well-known/jwks.json").status == 404


# Resources

RESOURCES = {"notes": {"resource": "https://notes.gatehouse.test", "resource_name": "Notes"}, "mail": {"resource": "https://mail.gatehouse.test"}}


@pytest.fixture(scope="module")
def partitioned(site, upstream, tmp_path_factory):
    """A gateway with two protected resources."""
    routes = [{"path": "/notes/**", "scopes": ["notes:read"], "resource": "notes", "upstream": "legacy"}, {"path": "/mail/**", "access": "authenticated", "resource": "mail", "upstream": "legacy"},
              {"path": "/any/**", "access": "authenticated", "upstream": "legacy"}]
    config = site.config(upstream, routes, storage="sqlite:data/gatehouse.db", resources=RESOURCES, authorization_server={}, trusted_issuers=[site.trusted(audiences=[AUDIENCE, "https://notes.gatehouse.test"])])
    gateway = Gateway(tmp_path_factory.mktemp("partitioned"), config, site.context)
    yield gateway
    gateway.stop()


@pytest.mark.parametrize("resource, notes, mail", [(None, 200, 200), ("https://notes.gatehouse.test", 200, 401), ("https://mail.gatehouse.test", 401, 200)])
def test_own_tokens_are_for_the_routes_resource_or_the_issuer(partitioned, resource, notes, mail):
    token = partitioned.issue_token("ada", "notes:read", *(["--resource", resource] if resource else []))
    assert partitioned.get("/notes/t", bearer(token)).status == notes
    assert partitioned.get("/mail/t", bearer(token)).status == mail
    for path, status in (("/notes/t", notes), ("/mail/t", mail)):
        if status == 401:
            assert "audience" in challenge(partitioned.get(path, bearer(token)))["error_description"].lower()


def test_foreign_tokens_need_the_resource_that_the_route_writes(partitioned, site):
    assert partitioned.get("/any/t", bearer(site.issuer.token())).status == 200
    assert partitioned.get("/notes/t", bearer(site.issuer.token())).status == 401
    assert partitioned.get("/notes/t", bearer(site.issuer.token(aud=[AUDIENCE, "https://notes.gatehouse.test"]))).status == 200


def test_token_issue_refuses_an_unknown_resource(partitioned):
    assert partitioned.command("token", "issue", "--user", "ada", "--scope", "notes:read", "--resource", "https://unknown.test").returncode in (1, 64)


# Streams and their tokens

def stream(exchange):
    """Events until the gateway goes away."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not exchange.peer_closed_within(0.1):
        exchange.send(b"4\r\n:ok\n\r\n")


def test_a_stream_ends_when_its_token_is_revoked(gateway, upstream):
    upstream.on("/any/stream", stream)
    token = gateway.issue_token()
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/any/stream", bearer(token)))
        assert connection.read_head().status == 200
        assert not connection.is_closed_within(0.3)
        assert gateway.command("token", "revoke", token).returncode == 0
        assert connection.is_closed_within(4), "the stream outlives its token"


@pytest.mark.parametrize("closes", [True, False])
def test_a_stream_ends_when_its_token_expires(start, site, upstream, closes):
    upstream.on("/s/stream", stream)
    routes = [{"path": "/s/**", "access": "authenticated", "upstream": "legacy", "close_on_token_expiry": closes}]
    gateway = start(site.config(upstream, routes, trusted_issuers=[site.trusted(clock_skew="0s")]))
    token = site.issuer.token(exp=int(time.time()) + 2)
    with gateway.connect() as connection:
        connection.send(request_bytes("GET", "/s/stream", bearer(token)))
        assert connection.read_head().status == 200
        assert connection.is_closed_within(5 if closes else 3.5) == closes
