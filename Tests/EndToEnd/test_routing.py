"""CONTRACT §3 routes: the most specific route wins, whatever the order; 404, 405 and Allow."""

import random

import pytest

from harness.tokens import bearer


def route(name, path, **more):
    return {"name": name, "path": path, "access": "public", "upstream": "legacy",
            "response_headers": {"set": {"X-Route": name}}, **more}


def configuration(site, upstream):
    routes = [
        route("any", "/**", hosts=["plain.test"]),
        route("literal", "/a/b/c"), route("star", "/a/*/c"), route("stars", "/a/**"), route("star-end", "/a/b/*"),
        route("left-literal", "/l/x/*"), route("left-star", "/l/*/y"),
        route("slash-less", "/s"), route("slash", "/s/"), route("under", "/u/**"),
        route("methods-get", "/m", methods=["GET"]), route("methods-post", "/m", methods=["POST"]), route("methods-rest", "/m"),
        route("only-get", "/g/x", methods=["GET"]), route("wide", "/g/**"),
        route("only-head", "/h", methods=["HEAD"]), route("get-beside-head", "/h", methods=["GET"]),
        route("put-delete", "/pd/*", methods=["PUT", "DELETE"]),
        route("custom", "/custom", methods=["PROPFIND"]),
        route("host-exact", "/host", hosts=["api.example.test"]), route("host-wild", "/host", hosts=["*.example.test"]),
        route("host-any", "/host"), route("host-deep", "/host/**", hosts=["api.example.test"]),
        route("host-two", "/host", hosts=["one.test", "two.test"]),
        route("case", "/Case"),
        route("dots", "/v1.0/*"),
        route("root", "/"),
        {"name": "closed", "path": "/closed", "access": "deny", "upstream": "legacy"},
        {"path": "/protected", "methods": ["GET"], "scopes": ["notes:read"], "upstream": "legacy"},
    ]
    random.Random(3).shuffle(routes)
    return site.config(upstream, routes=routes)


def chosen(gateway, path, method="GET", host="gatehouse.test"):
    response = gateway.request(method, path, host=host)
    return response.get("x-route") if response.status == 200 else response.status


@pytest.mark.parametrize("path, expected", [
    ("/a/b/c", "literal"), ("/a/x/c", "star"), ("/a/b/x", "star-end"), ("/a/x/y", "stars"), ("/a", "stars"), ("/a/", "stars"),
    ("/a/b", "stars"), ("/a/b/", "stars"), ("/a/b/c/d", "stars"), ("/a/b/c/", "stars"), ("/ab", 404), ("/a2/b", 404),
    ("/l/x/y", "left-literal"), ("/l/z/y", "left-star"), ("/l/z/z", 404),
    ("/s", "slash-less"), ("/s/", "slash"), ("/s/x", 404), ("/u", "under"), ("/u/", "under"), ("/u/x/y/z", "under"), ("/u2", 404),
    ("/Case", "case"), ("/case", 404), ("/CASE", 404), ("/v1.0/x", "dots"), ("/v1x0/x", 404), ("/v1.0/", 404), ("/v1.0", 404),
    ("/", "root"), ("/nothing", 404), ("/closed", 403),
])
def test_the_most_specific_path_wins(gateway, upstream, path, expected):
    assert chosen(gateway, path) == expected
    assert len(upstream.seen()) == (isinstance(expected, str))


@pytest.mark.parametrize("method, expected", [("GET", "methods-get"), ("HEAD", "methods-get"), ("POST", "methods-post"),
                                              ("PUT", "methods-rest"), ("PROPFIND", "methods-rest"), ("OPTIONS", "methods-rest")])
def test_the_route_that_names_the_method_wins(gateway, upstream, method, expected):
    assert chosen(gateway, "/m", method) == expected
    assert upstream.only().method == method


def test_head_alone_beats_the_head_that_get_implies(gateway):
    assert chosen(gateway, "/h", "HEAD") == "only-head"
    assert chosen(gateway, "/h", "GET") == "get-beside-head"


@pytest.mark.parametrize("path, method, allow", [
    ("/g/x", "POST", {"GET", "HEAD"}), ("/pd/1", "GET", {"PUT", "DELETE"}), ("/pd/1", "get", {"PUT", "DELETE"}),
    ("/custom", "GET", {"PROPFIND"}), ("/protected", "DELETE", {"GET", "HEAD"}), ("/h", "POST", {"GET", "HEAD"}),
])
def test_another_method_is_405_with_allow_and_no_wider_route(gateway, upstream, path, method, allow):
    response = gateway.request(method, path)
    assert response.status == 405
    methods = {m.strip() for m in response.get("allow").split(",")}
    assert methods - {"OPTIONS"} == allow
    assert response.json()["status"] == 405
    assert upstream.seen() == []


def test_the_wider_route_still_serves_its_own_paths(gateway):
    assert chosen(gateway, "/g/y", "POST") == "wide"


@pytest.mark.parametrize("host, expected", [
    ("api.example.test", "host-exact"), ("API.Example.TEST", "host-exact"), ("api.example.test:8443", "host-exact"),
    ("www.example.test", "host-wild"), ("WWW.example.test:1", "host-wild"), ("a.b.example.test", {"host-wild", "host-any"}),
    ("example.test", "host-any"), ("badexample.test", "host-any"), ("example.test.evil.test", "host-any"), ("other.test", "host-any"),
    ("one.test", "host-two"), ("two.test", "host-two"), ("api.example.test.", {"host-exact", "host-any", 400}),
])
def test_hosts(gateway, host, expected):
    assert chosen(gateway, "/host", host=host) in (expected if isinstance(expected, set) else {expected})


def test_host_comes_before_path(gateway):
    assert chosen(gateway, "/host/x", host="api.example.test") == "host-deep"
    assert chosen(gateway, "/host/x") == 404
    assert chosen(gateway, "/a/b/c", host="plain.test") == "any"
    assert chosen(gateway, "/anything/else", host="plain.test") == "any"


def test_an_unknown_path_is_a_problem_document_for_anybody(gateway, token):
    for fields in ({}, bearer(token), bearer("bad")):
        response = gateway.get("/nothing/here", fields)
        assert response.status == 404
        problem = response.json()
        assert (problem["status"], bool(problem["title"]), bool(problem["request_id"])) == (404, True, True)
        assert "www-authenticate" not in response


def test_a_bad_token_on_a_denied_route_changes_nothing(gateway, upstream, token):
    assert gateway.get("/closed", bearer(token)).status == 403
    assert gateway.get("/closed", bearer("x.y.z")).status in (401, 403)
    assert upstream.seen() == []


def test_ten_thousand_routes_start_and_match(start, site, upstream):
    routes = [route(f"r{n}", f"/many/{n}/*/end") for n in range(10000)]
    gateway = start(site.config(upstream, routes=routes))
    assert chosen(gateway, "/many/0/x/end") == "r0"
    assert chosen(gateway, "/many/9999/y/end") == "r9999"
    assert chosen(gateway, "/many/10000/y/end") == 404
