"""The authorization server's endpoints as requests: forms, methods, sizes, scripts of other origins, logs, reloads.

What the answers mean is tested with real clients in Tests/Clients; this is about how they are carried.
"""

import base64
import hashlib
import json
import sqlite3
import time

import pytest

from harness.challenges import challenge
from harness.client import chunked, request_bytes
from harness.gateway import Gateway
from harness.tokens import bearer, unb64
from harness.waiting import SCALE, eventually

SECRET = "an-endpoint-secret-that-nobody-logs"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = "grant_type=client_credentials"


def client(name="service", **more):
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    return {"client_id": name, "client_secret": {"hash": f"sha256:{digest}"}, "grant_types": ["client_credentials"],
            "scope": "notes:read notes:write"} | more


def configuration(site, upstream, **more):
    server = {"clients": [client(introspect=True), client("post", token_endpoint_auth_method="client_secret_post")]}
    routes = [{"path": "/**", "access": "public", "upstream": "legacy"},
              {"path": "/notes/**", "scopes": ["notes:read"], "upstream": "legacy"}]
    return site.config(upstream, routes=routes, storage="sqlite:data/gatehouse.db", authorization_server=server | more,
                       admin=site.admin(), trusted_issuers=[])


def basic(name="service", secret=SECRET):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def post(gateway, path, body, fields=None, **options):
    return gateway.request("POST", f"/oauth/{path}", FORM | basic() | (fields or {}), body, **options)


def issue(gateway):
    response = post(gateway, "token", GRANT)
    assert response.status == 200, response
    return json.loads(response.body)["access_token"]


def error(response, status=400):
    assert response.status == status, (response.status, response.body)
    assert response.get("content-type") == "application/json" and response.get("cache-control") == "no-store"
    return json.loads(response.body)["error"]


def test_a_token_answer(gateway):
    """RFC 6749 §5.1."""
    response = post(gateway, "token", GRANT)
    assert (response.status, response.get("content-type")) == (200, "application/json")
    assert response.get("cache-control") == "no-store" and response.get("pragma") == "no-cache"
    answer = json.loads(response.body)
    assert answer["token_type"] == "Bearer" and answer["expires_in"] == 600
    assert set(answer["scope"].split()) == {"notes:read", "notes:write"}
    assert gateway.get("/notes/x", bearer(answer["access_token"])).status == 200


# Forms

@pytest.mark.parametrize("type", [
    "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLencoded;charset=\"utf-8\"",
    "application/x-www-form-urlencoded; boundary=x"])
def test_the_media_type_of_a_form_is_read_as_a_media_type(gateway, type):
    assert post(gateway, "token", GRANT, {"Content-Type": type}).status == 200


@pytest.mark.parametrize("type", [
    "application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencodedx", ""])
def test_another_media_type_is_refused(gateway, type):
    assert error(post(gateway, "token", GRANT, {"Content-Type": type})) == "invalid_request"


@pytest.mark.parametrize("body", [
    "grant_type=client_credentials%", "grant_type=client_credentials&a=%zz", "grant_type=client_credentials&a=%ff",
    "grant_type=client_credentials&a=%00", "grant_type=client_credentials&" + "a=1&" * 300])
def test_a_malformed_form_is_refused(gateway, body):
    assert error(post(gateway, "token", body)) == "invalid_request"


def test_a_repeated_parameter_is_refused(gateway):
    assert error(post(gateway, "token", GRANT + "&" + GRANT)) == "invalid_request"
    assert error(post(gateway, "token", GRANT + "&scope=notes:read&scope=notes:write")) == "invalid_request"


def test_an_empty_body_has_no_parameters(gateway):
    assert error(post(gateway, "token", "")) == "invalid_request"
    assert error(gateway.request("POST", "/oauth/token", basic())) == "invalid_request"


def test_secrets_in_the_url_are_refused_and_not_logged(gateway, unique):
    target = f"/oauth/token?{GRANT}&client_id=service&client_secret={SECRET}&x={unique}"
    assert error(gateway.request("POST", target, FORM, GRANT)) == "invalid_request"
    assert error(gateway.request("POST", target, FORM | basic(), "")) == "invalid_request"
    eventually(lambda: len([e for e in gateway.access_log() if e["path"] == "/oauth/token"]) >= 2, 5, what="two entries")
    assert not [line for line in gateway.lines if SECRET in line or unique in line]


@pytest.mark.parametrize("body", [GRANT + "&a=" + "b" * 65536, "a=1&" * 20000])
def test_a_large_form_is_refused(gateway, body):
    assert post(gateway, "token", body).status == 413
    with gateway.connect() as connection:
        fields = FORM | basic() | {"Transfer-Encoding": "chunked"}
        connection.send(request_bytes("POST", "/oauth/token", fields))
        connection.send(chunked(*[body.encode()[i:i + 8000] for i in range(0, len(body), 8000)]))
        assert connection.read_response("POST").status == 413


def test_a_form_may_come_in_pieces(gateway):
    with gateway.connect() as connection:
        fields = FORM | basic() | {"Transfer-Encoding": "chunked"}
        connection.send(request_bytes("POST", "/oauth/token", fields))
        for piece in chunked(GRANT[:7].encode(), GRANT[7:].encode()).split(b"\n"):
            connection.send(piece + b"\n" if piece else b"")
        assert connection.read_response("POST").status == 200
        connection.send_slowly(request_bytes("POST", "/oauth/token", FORM | basic(), GRANT), size=40)
        assert connection.read_response("POST").status == 200


def test_a_client_that_waits_for_100_gets_it(gateway):
    with gateway.connect() as connection:
        fields = FORM | basic() | {"Content-Length": str(len(GRANT)), "Expect": "100-continue"}
        connection.send(request_bytes("POST", "/oauth/token", fields))
        assert connection.read_head().status == 100
        connection.send(GRANT)
        assert connection.read_response("POST").status == 200


def test_requests_in_a_row_are_answered_in_their_order(gateway):
    with gateway.connect() as connection:
        wrong = request_bytes("POST", "/oauth/token", FORM | basic(secret="wrong"), GRANT)
        right = request_bytes("POST", "/oauth/token", FORM | basic(), GRANT)
        connection.send(right + wrong + right + request_bytes("GET", "/public") + right)
        assert [connection.read_response(m).status for m in ("POST", "POST", "POST", "GET", "POST")] == [200, 401, 200, 200, 200]


def test_a_client_that_leaves_harms_nobody(gateway):
    for _ in range(50):
        connection = gateway.connect()
        connection.send(request_bytes("POST", "/oauth/token", FORM | basic(), GRANT))
        connection.reset()
    for _ in range(20):
        connection = gateway.connect()
        connection.send(request_bytes("POST", "/oauth/token", FORM | basic() | {"Content-Length": "1000"}) + b"grant")
        connection.reset()
    assert post(gateway, "token", GRANT).status == 200


def test_a_client_that_has_sent_its_request_may_close_its_side(gateway):
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", "/oauth/token", FORM | basic(), GRANT))
        connection.half_close()
        assert connection.read_response("POST").status == 200


# Methods and paths

@pytest.mark.parametrize("method, path, allow", [
    ("GET", "token", "POST, OPTIONS"), ("PUT", "token", "POST, OPTIONS"), ("DELETE", "revoke", "POST, OPTIONS"),
    ("GET", "introspect", "POST, OPTIONS"), ("PATCH", "userinfo", "GET, HEAD, POST, OPTIONS")])
def test_another_method_is_refused(gateway, upstream, method, path, allow):
    response = gateway.request(method, f"/oauth/{path}")
    assert (response.status, response.get("allow")) == (405, allow)
    assert response.get("content-type") == "application/problem+json"
    assert not upstream.requests


@pytest.mark.parametrize("path", ["/oauth", "/oauth/", "/oauth/nothing", "/oauth/token/", "/oauth/token/x", "/oauth/x/../y"])
def test_nothing_below_the_base_path_reaches_an_upstream(gateway, upstream, path):
    assert gateway.get(path).status == 404
    assert not upstream.requests


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauthx", "/OAUTH/token"])
def test_other_paths_are_not_ours(gateway, upstream, path):
    assert gateway.get(path).status == 200
    assert len(upstream.requests) == 1


def test_the_endpoints_answer_on_the_host_of_the_issuer_only(gateway, upstream):
    response = gateway.request("POST", "/oauth/token", FORM | basic(), GRANT, host="other.test")
    assert b"access_token" not in response.body
    assert [r.path for r in upstream.requests] == ["/oauth/token"]


def test_the_spelling_of_a_path_is_made_normal_first(gateway):
    assert gateway.request("POST", "/x/..//oauth/%74oken", FORM | basic(), GRANT).status == 200


# Metadata

def test_the_metadata_documents_name_what_answers(gateway):
    """RFC 8414 §3, OpenID Connect Discovery §4."""
    oauth, openid = (json.loads(gateway.get(f"/.well-known/{name}").body)
                     for name in ("oauth-authorization-server", "openid-configuration"))
    assert oauth["issuer"] == openid["issuer"] == "https://gatehouse.test"
    assert oauth.items() <= openid.items()
    for name, url in openid.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert url.startswith("https://gatehouse.test/")
            assert gateway.request("OPTIONS", url.removeprefix("https://gatehouse.test")).status == 204, name


def test_an_issuer_with_a_path_has_its_metadata_by_both_rules(start, site, upstream):
    gateway = start(configuration(site, upstream) | {"issuer": "https://gatehouse.test/tenant"})
    for path in ("/.well-known/oauth-authorization-server/tenant", "/.well-known/openid-configuration/tenant",
                 "/tenant/.well-known/openid-configuration"):
        assert json.loads(gateway.get(path).body)["issuer"] == "https://gatehouse.test/tenant", path
    assert gateway.get("/tenant/.well-known/other").status == 200


# Scripts of other origins

ORIGIN = {"Origin": "https://app.example"}


@pytest.mark.parametrize("path", ["token", "revoke", "userinfo"])
def test_scripts_may_call_what_is_for_them(gateway, path):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    response = gateway.request("OPTIONS", f"/oauth/{path}", ORIGIN | asked)
    assert (response.status, response.get("access-control-allow-origin")) == (204, "*")
    assert "POST" in response.get("access-control-allow-methods")
    assert {"authorization", "content-type"} <= {h.strip().lower() for h in response.get("access-control-allow-headers").split(",")}
    assert response.get("access-control-allow-credentials") is None


@pytest.mark.parametrize("path, fields, status", [
    ("token", basic(), 200), ("token", basic(secret="x"), 401), ("token", basic() | {"Content-Type": "text/plain"}, 400),
    ("revoke", basic(), 400), ("userinfo", {}, 401), ("userinfo", bearer("x.y.z"), 401)])
def test_scripts_may_read_every_answer(gateway, path, fields, status):
    response = gateway.request("POST", f"/oauth/{path}", FORM | ORIGIN | fields, GRANT)
    assert (response.status, response.get("access-control-allow-origin")) == (status, "*")


def test_introspection_is_not_for_scripts(gateway):
    asked = {"Access-Control-Request-Method": "POST"}
    response = gateway.request("OPTIONS", "/oauth/introspect", ORIGIN | asked)
    assert (response.status, response.get("access-control-allow-origin")) == (204, None)
    assert post(gateway, "introspect", "token=x", ORIGIN).get("access-control-allow-origin") is None


# Challenges

def test_a_client_that_fails_to_authenticate_is_told_how(gateway):
    """RFC 6749 §5.2."""
    response = post(gateway, "token", GRANT, basic(secret="wrong"))
    assert error(response, 401) == "invalid_client"
    assert response.get("www-authenticate").startswith('Basic realm="https://gatehouse.test"')


def test_userinfo_challenges_as_every_route_does(gateway):
    response = gateway.get("/oauth/userinfo")
    assert response.status == 401 and "error" not in challenge(response)
    assert challenge(response)["resource_metadata"].endswith("/.well-known/oauth-protected-resource")
    token = issue(gateway)
    for bad, text in (("x.y.z", "malformed"), (token[:-6] + "AAAAAA", "signature")):
        response = gateway.get("/oauth/userinfo", bearer(bad))
        assert response.status == 401
        assert challenge(response)["error"] == "invalid_token" and text in challenge(response)["error_description"]
    response = gateway.get("/oauth/userinfo", bearer(token))
    assert response.status == 403 and challenge(response)["error"] == "insufficient_scope"
    assert challenge(response)["scope"] == "openid"
    assert gateway.get(f"/oauth/userinfo?access_token={token}").status == 401


# Revocation

def test_a_revoked_token_is_refused_on_every_loop_at_once(gateway):
    for _ in range(10):
        token = issue(gateway)
        connections = [gateway.connect() for _ in range(8)]
        for connection in connections:
            assert connection.request("GET", "/notes/x", bearer(token)).status == 200
        assert post(gateway, "revoke", f"token={token}").status == 200
        for connection in connections:
            assert connection.request("GET", "/notes/x", bearer(token)).status == 401
            connection.close()


def test_another_process_hears_of_a_revocation(gateway, site, upstream):
    config = gateway.config | {"listeners": [{"address": "127.0.0.1:0", "tls": site.tls()}], "admin": site.admin()}
    folder = gateway.folder / "second"
    config["storage"] = f"sqlite:{gateway.folder}/data/gatehouse.db"
    with Gateway(folder, config, site.context) as second:
        token = issue(gateway)
        assert second.get("/notes/x", bearer(token)).status == 200
        assert post(gateway, "revoke", f"token={token}").status == 200
        eventually(lambda: second.get("/notes/x", bearer(token)).status == 401, 2, what="the other process refuses it")
        assert json.loads(post(second, "introspect", f"token={token}").body) == {"active": False}


# Logs and metrics

def test_a_request_is_logged_once_with_its_endpoint_and_client(gateway):
    response = post(gateway, "token", GRANT)
    entry = gateway.logged(request_id=response.get("x-request-id"))
    assert (entry["route"], entry["path"], entry["client_id"]) == ("/oauth/token", "/oauth/token", "service")
    assert (entry["status"], entry["decision"], entry["bytes_received"]) == (200, "answered", len(GRANT))
    response = post(gateway, "token", GRANT, basic(secret="wrong"))
    entry = gateway.logged(request_id=response.get("x-request-id"))
    assert (entry["status"], entry["decision"], entry["reason"]) == (401, "refused", "wrong_client_secret")


def test_endpoints_and_refusals_are_counted(gateway):
    def count(name, **labels):
        return gateway.metrics().get((name, frozenset(labels.items())), 0)

    requests = {"route": "/oauth/token", "code": "4xx"}
    refusals = {"reason": "wrong_client_secret", "status": "401"}
    before = count("gatehouse_requests_total", **requests), count("gatehouse_refusals_total", **refusals)
    post(gateway, "token", GRANT, basic(secret="wrong"))
    after = count("gatehouse_requests_total", **requests), count("gatehouse_refusals_total", **refusals)
    assert after == (before[0] + 1, before[1] + 1)


def test_the_client_behind_a_trusted_proxy_is_who_counts(start, site, upstream):
    """Who fails too often is told so; an address from which the client has authenticated before is not held up by it."""
    config = configuration(site, upstream) | {"limits": {"token": {"per_client": "3/1m"}},
                                              "forwarding": {"trusted_proxies": ["127.0.0.1"]}}
    gateway = start(config)
    attacker, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    assert post(gateway, "token", GRANT, other).status == 200
    statuses = [post(gateway, "token", GRANT, basic(secret="wrong") | attacker).status for _ in range(6)]
    assert statuses[:3] == [401] * 3 and statuses[-1] == 429
    assert post(gateway, "token", GRANT, other).status == 200
    eventually(lambda: len(gateway.access_log()) == 8, what="an entry for each request")
    assert {e["client"] for e in gateway.access_log()} == {"192.0.2.1", "192.0.2.2"}


# Reloads

def test_a_reload_takes_over_clients_lifetimes_and_the_base_path(start, site, upstream):
    gateway = start(configuration(site, upstream))
    token = issue(gateway)
    form = f"{GRANT}&client_id=post&client_secret={SECRET}"
    kept = json.loads(gateway.request("POST", "/oauth/token", FORM, form).body)["access_token"]
    fresh = configuration(site, upstream, base_path="/id", access_token={"lifetime": "2m", "algorithm": "RS256"})
    fresh["admin"] = gateway.config["admin"]
    fresh["authorization_server"]["clients"][0]["client_id"] = "renamed"
    gateway.reload(fresh)
    eventually(lambda: b"access_token" in gateway.request("POST", "/id/token", FORM | basic("renamed"), GRANT).body, 5,
               what="the reload")
    answer = json.loads(gateway.request("POST", "/id/token", FORM | basic("renamed"), GRANT).body)
    assert answer["expires_in"] == 120
    assert json.loads(unb64(answer["access_token"].split(".")[0]))["alg"] == "RS256"
    assert gateway.get("/notes/x", bearer(answer["access_token"])).status == 200
    assert error(gateway.request("POST", "/id/token", FORM | basic("service"), GRANT), 401) == "invalid_client"
    # The old base path is the upstream's now; the client that has gone is out, and what others have stays good.
    assert gateway.request("POST", "/oauth/token", FORM, GRANT).status == 200
    assert "/oauth/token" in [r.path for r in upstream.requests]
    eventually(lambda: gateway.get("/notes/x", bearer(token)).status == 401, 5, what="the end of its tokens")
    assert gateway.get("/notes/x", bearer(kept)).status == 200


def test_the_errors_of_the_gateway_have_the_name_of_the_product(start, site, upstream):
    gateway = start(configuration(site, upstream, pages={"product_name": "Notes <Ltd>"}))
    response = gateway.get("/oauth/nothing", {"Accept": "text/html"})
    assert response.status == 404 and b"Notes &lt;Ltd&gt;" in response.body and b"Gatehouse" not in response.body


def test_a_secret_that_cannot_be_read_keeps_the_old_configuration(start, site, upstream):
    gateway = start(configuration(site, upstream))
    fresh = configuration(site, upstream) | {"admin": gateway.config["admin"]}
    fresh["authorization_server"]["clients"][0]["client_secret"] = {"env": "GATEHOUSE_TEST_NO_SUCH_VARIABLE"}
    gateway.reload(fresh)
    eventually(lambda: "GATEHOUSE_TEST_NO_SUCH_VARIABLE" in gateway.stderr(), 5, what="the reason")
    assert post(gateway, "token", GRANT).status == 200


def test_without_an_authorization_server_the_paths_are_ordinary(start, site, upstream):
    routes = [{"path": "/**", "access": "public", "upstream": "legacy"}]
    gateway = start(site.config(upstream, routes=routes))
    assert gateway.request("POST", "/oauth/token", FORM, GRANT).status == 200
    assert [r.path for r in upstream.requests] == ["/oauth/token"]


# A storage that does not answer

def test_enforcement_goes_on_while_the_storage_is_held(start, site, upstream):
    """Another program holds the write lock: asking for a new grant is neither yes nor no, all else works."""
    gateway = start(configuration(site, upstream))
    token = issue(gateway)
    with sqlite3.connect(gateway.folder / "data" / "gatehouse.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        # Scopes that this client has no grant for yet, so there is something to write.
        waiting = [gateway.connect(timeout=30) for _ in range(20)]
        for connection in waiting:
            connection.send(request_bytes("POST", "/oauth/token", FORM | basic(), GRANT + "&scope=notes:write"))
        began = time.monotonic()
        for _ in range(50):
            assert gateway.get("/notes/x", bearer(token)).status == 200
            assert gateway.get("/notes/x").status == 401
        assert time.monotonic() - began < 5 * SCALE
        assert json.loads(post(gateway, "introspect", f"token={token}").body)["active"]
        for connection in waiting:
            response = connection.read_response("POST")
            assert error(response, 503) == "temporarily_unavailable" and int(response.get("retry-after")) >= 1
            connection.close()
        holder.execute("ROLLBACK")
    holder.close()
    # The operator is told why, and once: not for each request.
    assert gateway.stderr().count("a request could not be answered: the storage is not available") == 1
    assert post(gateway, "token", GRANT + "&scope=notes:write").status == 200


# Bounds

def test_bodies_that_never_end_take_bounded_memory(start, site, upstream):
    gateway = start(configuration(site, upstream))
    before = gateway.memory()
    sockets = []
    for _ in range(150):
        connection = gateway.connect()
        connection.send(request_bytes("POST", "/oauth/token", FORM | {"Content-Length": "65536"}) + b"a" * 60000)
        sockets.append(connection)
    assert post(gateway, "token", GRANT).status == 200
    assert gateway.memory() - before < 64 << 20
    for connection in sockets:
        connection.close()
    assert post(gateway, "token", GRANT).status == 200
