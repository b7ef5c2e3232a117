"""`cors` of a route: answered before authentication, and errors stay readable for the browser (Fetch standard)."""

import pytest

from harness.tokens import bearer
from harness.upstream import answer

APP = "https://app.test"


def configuration(site, upstream):
    return site.config(upstream, routes=[
        {"path": "/notes/**", "methods": ["GET", "HEAD"], "scopes": ["notes:read"], "upstream": "legacy",
         "cors": {"origins": [APP, "http://localhost:3000"], "headers": ["Authorization", "Content-Type"], "exposed_headers": ["X-Total"], "credentials": True, "max_age": "1h"}},
        {"path": "/notes/**", "methods": ["POST"], "scopes": ["notes:write"], "upstream": "legacy",
         "cors": {"origins": [APP], "methods": ["POST"]}},
        {"path": "/open/**", "access": "public", "upstream": "legacy", "cors": {"origins": ["*"]}},
        {"path": "/closed/**", "scopes": ["notes:read"], "upstream": "legacy"},
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
    ])


def preflight(gateway, path="/notes/a", origin=APP, method="GET", headers="authorization"):
    fields = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers is not None:
        fields["Access-Control-Request-Headers"] = headers
    return gateway.request("OPTIONS", path, fields)


def values(response, name):
    return {v.strip().lower() for field in response.all(name) for v in field.split(",") if v.strip()}


def test_a_preflight_is_answered_before_authentication(gateway, upstream):
    response = preflight(gateway)
    assert response.status in (200, 204)
    assert response.get("access-control-allow-origin") == APP
    assert "get" in values(response, "access-control-allow-methods")
    assert {"authorization", "content-type"} <= values(response, "access-control-allow-headers")
    assert response.get("access-control-allow-credentials") == "true"
    assert response.get("access-control-max-age") == "3600"
    assert "origin" in values(response, "vary")
    assert "www-authenticate" not in response
    assert upstream.seen() == []


def test_a_preflight_for_the_other_route_of_the_path(gateway, upstream):
    response = preflight(gateway, method="POST", headers="content-type, x-anything")
    assert response.get("access-control-allow-origin") == APP
    assert "post" in values(response, "access-control-allow-methods")
    assert {"content-type", "x-anything"} <= values(response, "access-control-allow-headers")
    assert "access-control-allow-credentials" not in response
    assert upstream.seen() == []


@pytest.mark.parametrize("origin", ["https://evil.test", "http://app.test", "https://app.test:444", "https://app.test.evil.test", "https://xapp.test", "null", "HTTPS://APP.TEST",
                                    "https://app.test/", "", "https://app.test, https://evil.test"])
def test_another_origin_gets_no_permission(gateway, upstream, origin):
    assert "access-control-allow-origin" not in preflight(gateway, origin=origin)
    response = gateway.get("/notes/a", {"Origin": origin})
    assert response.status == 401 and "access-control-allow-origin" not in response
    assert upstream.seen() == []


def test_a_method_no_route_allows_gets_no_permission(gateway, upstream):
    response = preflight(gateway, method="DELETE")
    assert "access-control-allow-origin" not in response or "delete" not in values(response, "access-control-allow-methods")
    assert upstream.seen() == []


def test_headers_that_are_not_allowed_are_not_named(gateway):
    response = preflight(gateway, headers="x-evil")
    assert "x-evil" not in values(response, "access-control-allow-headers")


def test_any_origin(gateway, upstream):
    response = preflight(gateway, "/open/a", "https://anything.test", "PUT", None)
    assert response.get("access-control-allow-origin") in ("*", "https://anything.test")
    assert "access-control-allow-credentials" not in response
    assert gateway.get("/open/a", {"Origin": "https://anything.test"}).get("access-control-allow-origin") in ("*", "https://anything.test")


@pytest.mark.parametrize("path, fields, status", [("/notes/a", {}, 401), ("/notes/a", bearer("a.b.c"), 401), ("/notes/a", {"Authorization": "Bearer a b"}, 400)])
def test_a_script_can_read_a_refusal(gateway, path, fields, status):
    response = gateway.get(path, {"Origin": APP, **fields})
    assert response.status == status
    assert response.get("access-control-allow-origin") == APP
    assert {"www-authenticate", "x-total"} <= values(response, "access-control-expose-headers")
    assert "origin" in values(response, "vary")


def test_a_script_can_read_a_403_405_and_502(gateway, site, upstream):
    response = gateway.get("/notes/a", {"Origin": APP, **bearer(site.issuer.token(scope="x"))})
    assert (response.status, response.get("access-control-allow-origin")) == (403, APP)
    upstream.on("/notes/bad", lambda e: e.close())
    response = gateway.request("POST", "/notes/bad", {"Origin": APP, **bearer(site.issuer.token())}, b"")
    assert (response.status, response.get("access-control-allow-origin")) == (502, APP)


def test_an_answer_gets_the_fields(gateway, upstream, token):
    upstream.on("/notes/a", answer(200, [("Vary", "Accept"), ("X-Total", "7")], b"x"))
    response = gateway.get("/notes/a", {"Origin": APP, **bearer(token)})
    assert response.get("access-control-allow-origin") == APP
    assert response.get("access-control-allow-credentials") == "true"
    assert "x-total" in values(response, "access-control-expose-headers")
    assert {"origin", "accept"} <= values(response, "vary")


def test_what_the_upstream_says_of_cors_does_not_double(gateway, upstream, token):
    """Two values would make browsers refuse; and the gateway's rule is the one that counts."""
    upstream.on("/notes/a", answer(200, [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"), ("Access-Control-Expose-Headers", "X-Other")], b"x"))
    response = gateway.get("/notes/a", {"Origin": APP, **bearer(token)})
    assert response.all("access-control-allow-origin") == [APP]
    assert "access-control-allow-origin" not in gateway.get("/notes/a", {"Origin": "https://evil.test", **bearer(token)})


def test_no_origin_no_fields_but_vary(gateway, upstream, token):
    response = gateway.get("/notes/a", bearer(token))
    assert "access-control-allow-origin" not in response
    assert "origin" in values(response, "vary"), "a cache would give this answer to a script"


def test_options_that_is_no_preflight_needs_a_token_like_any_other(gateway, upstream, token):
    assert gateway.request("OPTIONS", "/notes/a", {"Origin": APP}).status in (401, 405)
    assert gateway.request("OPTIONS", "/closed/a").status == 401
    assert gateway.request("OPTIONS", "/closed/a", bearer(token)).status == 200
    assert len(upstream.seen()) == 1


def test_a_route_without_cors_answers_no_preflight_itself(gateway, upstream):
    response = preflight(gateway, "/closed/a")
    assert response.status == 401 and "access-control-allow-origin" not in response
    assert upstream.seen() == []
    assert preflight(gateway, "/public/a").status == 200  # the upstream's business
    assert upstream.only("/public/a").method == "OPTIONS"


def test_a_preflight_for_no_path(gateway, upstream):
    assert preflight(gateway, "/nowhere").status == 404
    assert upstream.seen() == []


@pytest.mark.parametrize("method, headers", [("GET\x0b", None), ("", None), ("GET, POST", None), ("G" * 5000, None), ("GET", "x" * 5000), ("GET", "a,,b"), ("GET", ",")])
def test_odd_preflights_do_no_harm(gateway, upstream, method, headers):
    response = preflight(gateway, method=method, headers=headers)
    assert response.status < 500
    assert upstream.seen() == []


def test_requested_headers_are_not_reflected_unchecked(gateway):
    """Where the route names none, those asked for are granted: as tokens, never as they come."""
    response = preflight(gateway, method="POST", headers='x-a, "quoted", <b>, x y')
    assert not {'"quoted"', "<b>", "x y"} & values(response, "access-control-allow-headers")
