"""CONTRACT §4.2: the path is normalised once, matched, and forwarded as matched."""

import pytest

from harness.tokens import bearer


def configuration(site, upstream):
    return site.config(upstream, routes=[
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/", "access": "public", "upstream": "legacy"},
        {"path": "/admin/**", "access": "deny", "upstream": "legacy"},
        {"path": "/secret/**", "scopes": ["notes:admin"], "upstream": "legacy"},
        {"path": "/parameters/**", "access": "public", "upstream": "legacy", "path_parameters": True},
        {"path": "/parameters/secret/**", "access": "deny", "upstream": "legacy", "path_parameters": True},
        {"path": "/api/**", "access": "public", "upstream": "legacy", "rewrite_prefix": "/v1"},
        {"path": "/strip/**", "access": "public", "upstream": "legacy", "rewrite_prefix": "/"},
        {"path": "/exact", "access": "public", "upstream": "legacy", "rewrite_prefix": "/other"},
        {"path": "/files/*/raw", "access": "public", "upstream": "legacy"},
    ])


@pytest.mark.parametrize("sent, forwarded", [
    ("/public/%61bc", "/public/abc"),
    ("/public/%41%5A%7a%30%39", "/public/AZz09"),
    ("/public/%2D%2E%5F%7E", "/public/-._~"),
    ("/p%75blic/a", "/public/a"),
    ("/public/a/../b", "/public/b"),
    ("/public/a/b/../../c", "/public/c"),
    ("/public/./a", "/public/a"),
    ("/public/a/.", "/public/a/"),
    ("/public/a/..", "/public/"),
    ("/public/a/./", "/public/a/"),
    ("/public/a/%2e%2e/b", "/public/b"),
    ("/public/a/%2E./b", "/public/b"),
    ("/public/a/.%2e/b", "/public/b"),
    ("/public/%2e/b", "/public/b"),
    ("/public//a", "/public/a"),
    ("/public///a//b", "/public/a/b"),
    ("//public/a", "/public/a"),
    ("/public/a//", "/public/a/"),
    ("/public/a/..//b", "/public/b"),
    ("/public/a//../b", "/public/a/b"),
    ("/public/...", "/public/..."),
    ("/public/..a", "/public/..a"),
    ("/public/a..", "/public/a.."),
    ("/public/.hidden", "/public/.hidden"),
    ("/public/%252F", "/public/%252F"),
    ("/public/%252e%252e/a", "/public/%252e%252e/a"),
    ("/public/%20a", "/public/%20a"),
    ("/public/%C3%A9", "/public/%C3%A9"),
    ("/public/a:b@c!$&'()*+,=d", "/public/a:b@c!$&'()*+,=d"),
    ("/public", "/public"),
    ("/public/", "/public/"),
    ("/", "/"),
    ("/public/../", "/"),
])
def test_the_path_goes_upstream_as_matched(gateway, upstream, sent, forwarded):
    assert gateway.get(sent).status == 200
    assert upstream.only().target == forwarded


def test_escapes_that_stay_keep_their_meaning(gateway, upstream):
    """The case of their digits may change, nothing else (RFC 3986 §6.2.2.1)."""
    assert gateway.get("/public/%c3%a9%3f%23%25").status in (200, 400)
    if upstream.seen():
        assert upstream.only().target.upper() == "/PUBLIC/%C3%A9%3F%23%25"


@pytest.mark.parametrize("query", ["", "a=b", "a=%2F..%2f//", "x=../../y", "a;b=c;d", "u=http://h/%5C", "a=1&a=2&&", "%zz", "q=%00",
                                   "a?b?c", "%61=%62", "a=[]{}|^`", "token=secret"])
def test_the_query_goes_upstream_byte_for_byte(gateway, upstream, query):
    assert gateway.get("/public/q?" + query).status == 200
    assert upstream.only().target == "/public/q?" + query


@pytest.mark.parametrize("path", [
    "/public/a%2Fb", "/public/a%2fb", "/public/%2F", "/public%2Fa", "/public/..%2Fadmin", "/public/%2e%2e%2fadmin",
    "/public/a%5Cb", "/public/a%5cb", "/public/..%5Cadmin", "/public/a%00b", "/public/%00", "/public/a\\b", "\\public\\a",
    "/public\\..\\admin", "/public/a#b", "/public#", "/public/a?x=1#frag", "/public/a;b", "/public/a;b=c/d", "/public;x/a",
    "/public/..;/admin", "/public/a%3Bb", "/public/a%3bb", "/public/..%3b/admin", "/public/%", "/public/%4", "/public/%zz",
    "/public/%4g", "/public/%g4", "/public/%u0041", "/public/%%41", "/public/% 41", "/..", "/../", "/../public/a",
    "/public/../../admin", "/public/../..", "/%2e%2e/admin", "/%2e%2e", "/./../public", "/public/a/../../../b",
    "/.%2e/public",
])
def test_a_path_that_could_be_read_in_two_ways_is_refused(gateway, upstream, path):
    with gateway.connect() as connection:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n")
        response = connection.read_response()
    assert response.status == 400, response.status
    assert upstream.seen() == []


@pytest.mark.parametrize("path", [
    "/admin", "/admin/", "/admin/x", "/public/../admin", "/public/../admin/x", "/public/%2e%2e/admin/x", "/public/.%2E/admin",
    "//admin/x", "///admin", "/./admin/x", "/%61dmin/x", "/a%64min", "/public/./../admin",
    "/public/x/../../admin", "/admin//x", "/admin/./x", "/admin/x/..", "/nothing/../admin/x", "/admin/../admin/x",
])
def test_no_spelling_of_a_denied_path_gets_past_the_route(gateway, upstream, path, token):
    for fields in ({}, bearer(token)):
        assert gateway.get(path, fields).status == 403
    assert upstream.seen() == []


@pytest.mark.parametrize("path", ["/public/../secret", "/%73ecret/a", "//secret/a", "/public/%2e%2e/secret/%61", "/secret/../secret"])
def test_no_spelling_of_a_protected_path_gets_past_its_scopes(gateway, upstream, path, token):
    assert gateway.get(path).status == 401
    assert gateway.get(path, bearer(token)).status == 403
    assert upstream.seen() == []


@pytest.mark.parametrize("path", ["/ADMIN/x", "/Admin", "/admin%20", "/admin2", "/admi", "/%41dmin", "/admin.", "/admin%20/x", "/admin%E2%80%8B"])
def test_another_path_is_another_path(gateway, upstream, path):
    assert gateway.get(path).status == 404
    assert upstream.seen() == []


@pytest.mark.parametrize("sent", ["/parameters/a;v=1", "/parameters/a;v=1/b;w", "/parameters/a%3Bb", "/parameters/;", "/parameters/a;b=%20c"])
def test_a_route_may_let_path_parameters_through(gateway, upstream, sent):
    assert gateway.get(sent).status == 200
    assert upstream.only().target.upper() == sent.upper()


@pytest.mark.parametrize("path", ["/parameters/..;/admin", "/parameters/secret;x", "/parameters/;/secret", "/parameters/.;/secret",
                                  "/parameters/..;x=y/parameters/secret", "/parameters/a/..;/secret", "/parameters/secret%3Bx/a",
                                  "/parameters/%2e%2e;/admin", "/parameters/..%3B/admin"])
def test_path_parameters_do_not_open_a_way_around_a_route(gateway, upstream, path):
    """A servlet container drops `;...` before it resolves `..`: what it would then read must not be a closed path."""
    response = gateway.get(path)
    if response.status == 200:
        target = upstream.only().target
        segments = [s.partition(";")[0].partition("%3B")[0] for s in target.split("/")[1:]]
        resolved = []
        for segment in segments:
            if segment == "..":
                resolved and resolved.pop()
            elif segment not in ("", "."):
                resolved.append(segment)
        assert resolved[:1] != ["admin"] and resolved[:2] != ["parameters", "secret"], f"{target} means {resolved}"
    else:
        assert response.status in (400, 403, 404)


@pytest.mark.parametrize("sent, forwarded", [
    ("/api/x", "/v1/x"), ("/api/x/y?q=/api/", "/v1/x/y?q=/api/"), ("/api", "/v1"), ("/api/", "/v1/"), ("/api/api/x", "/v1/api/x"),
    ("/strip/x", "/x"), ("/strip/x/y", "/x/y"), ("/strip", "/"), ("/strip/", "/"), ("/exact", "/other"), ("/exact?a", "/other?a"),
    ("/api/%61%20", "/v1/a%20"), ("/public/../api/x", "/v1/x"),
])
def test_rewrite_prefix(gateway, upstream, sent, forwarded):
    assert gateway.get(sent).status == 200
    assert upstream.only().target == forwarded


def test_a_rewritten_path_cannot_climb(gateway, upstream):
    assert gateway.get("/strip/../admin").status == 403
    assert gateway.get("/strip/%2e%2e/%2e%2e/admin").status == 400
    assert gateway.get("/strip//admin.test/").status == 200
    assert upstream.only().target == "/admin.test/"  # never `//admin.test/`, which means another host


def test_a_wildcard_segment_is_one_segment_after_normalising(gateway, upstream):
    assert gateway.get("/files/a/raw").status == 200
    assert gateway.get("/files/a/b/../raw").status == 200
    for path in ("/files//raw", "/files/raw", "/files/a/b/raw", "/files/./raw", "/files/a/raw/", "/files/a/x"):
        assert gateway.get(path).status == 404, path
    assert {r.target for r in upstream.seen()} == {"/files/a/raw"}
