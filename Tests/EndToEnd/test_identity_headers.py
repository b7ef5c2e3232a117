"""CONTRACT §4.3: nobody but the gateway says who the user is."""

import itertools

import pytest

from harness.client import chunked, request_bytes
from harness.tokens import Issuer, bearer, compact

OTHER = Issuer("https://corp.test", keys=None)
MANAGED = ["X-User-Name", "X-Client-Id", "X-Scopes", "X-Email", "X-Legacy-User", "X-Fixed", "X-Department"]


def configuration(site, upstream):
    OTHER.write_jwks(site.folder / "corp.json")
    return site.config(upstream, routes=[
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/optional/**", "access": "optional", "upstream": "legacy"},
        {"path": "/any/**", "access": "authenticated", "upstream": "legacy"},
        {"path": "/notes/**", "scopes": ["notes:read"], "upstream": "legacy", "claim_headers": {"X-Email": "email", "X-Department": "department"}},
        {"path": "/legacy/**", "access": "authenticated", "upstream": "legacy", "user_header": "X-Legacy-User"},
        {"path": "/fixed/**", "access": "public", "upstream": "legacy", "request_headers": {"set": {"X-Fixed": "by-the-gateway"}}},
        {"path": "/override/**", "access": "public", "upstream": "legacy", "method_override": True},
        {"path": "/passing/**", "access": "authenticated", "upstream": "legacy", "forward_authorization": True},
    ], forwarding={"user_header": "X-User-Name", "client_header": "X-Client-Id", "scope_header": "X-Scopes"},
        trusted_issuers=[
            site.trusted(),
            site.trusted(OTHER, site.folder / "corp.json", user_prefix="corp:", user_name_claim="name"),
        ])


def spellings(name):
    """The name with case, `_`, `.` and `-` varied."""
    parts = name.split("-")
    joined = {separator.join(parts) for separator in "-_."}
    mixed = {"".join(a + b for a, b in zip(parts, [*s, ""])) for s in itertools.product("-_.", repeat=len(parts) - 1)}
    every = joined | mixed
    return sorted(every | {s.lower() for s in every} | {s.upper() for s in every} | {s.swapcase() for s in every})


def folded(name):
    return name.lower().replace("_", "-").replace(".", "-")


def identity(request):
    """What the upstream saw of all managed names, in any spelling, fields and trailers together."""
    names = {folded(n) for n in MANAGED}
    return sorted((folded(n), v) for n, v in request.fields + request.trailers if folded(n) in names)


FORGED = [(s, "admin") for name in MANAGED for s in spellings(name)]
GROUPS = [FORGED[i:i + 40] for i in range(0, len(FORGED), 40)]


@pytest.mark.parametrize("fields", GROUPS, ids=[f"spellings {i}" for i in range(len(GROUPS))])
@pytest.mark.parametrize("path, expected", [
    ("/public/a", []), ("/optional/a", []), ("/override/a", []), ("/fixed/a", [("x-fixed", "by-the-gateway")])])
def test_no_spelling_of_an_identity_field_passes_without_a_token(gateway, upstream, path, expected, fields):
    assert gateway.get(path, fields).status == 200
    assert identity(upstream.only(path)) == expected


@pytest.mark.parametrize("fields", GROUPS, ids=[f"spellings {i}" for i in range(len(GROUPS))])
def test_with_a_token_the_upstream_sees_only_what_the_token_says(gateway, upstream, site, fields):
    token = site.issuer.token(email="ada@example.test")
    assert gateway.get("/notes/a", [*fields, ("Authorization", f"Bearer {token}"), *fields]).status == 200
    assert identity(upstream.only("/notes/a")) == [
        ("x-client-id", "tests"), ("x-email", "ada@example.test"), ("x-scopes", "notes:read notes:write"), ("x-user-name", "ada")]


@pytest.mark.parametrize("spelling", spellings("X-User-Name"))
def test_each_spelling_alone_before_and_after_the_token(gateway, upstream, token, spelling):
    for fields in ([(spelling, "admin"), ("Authorization", f"Bearer {token}")], [("Authorization", f"Bearer {token}"), (spelling, "admin")]):
        upstream.clear()
        assert gateway.get("/any/a", fields).status == 200
        assert [v for n, v in identity(upstream.only("/any/a")) if n == "x-user-name"] == ["ada"]


def test_a_public_route_ignores_a_good_token(gateway, upstream, token):
    assert gateway.get("/public/a", bearer(token)).status == 200
    seen = upstream.only("/public/a")
    assert identity(seen) == [] and "authorization" not in seen


@pytest.mark.parametrize("spelling", ["X-User-Name", "x_user_name", "X.User.Name", "X_USER-name", "X-Email", "X-Fixed", "x_scopes"])
@pytest.mark.parametrize("path", ["/public/t", "/any/t"])
def test_no_identity_field_passes_in_trailers(gateway, upstream, token, path, spelling):
    fields = [("Transfer-Encoding", "chunked"), ("Trailer", spelling)] + ([("Authorization", f"Bearer {token}")] if path == "/any/t" else [])
    with gateway.connect() as connection:
        connection.send(request_bytes("POST", path, fields) + chunked(b"hi", trailers=[("X-Sum", "1"), (spelling, "admin")]))
        assert connection.read_response().status == 200
    seen = upstream.only(path)
    assert "admin" not in [v for _, v in seen.fields + seen.trailers]
    assert seen.trailer("x-sum") == ["1"]
    assert folded(spelling) not in folded(",".join(seen.all("trailer")))


@pytest.mark.parametrize("named", ["X-User-Name", "x-user-name", "X_User_Name", "X-Client-Id, X-Scopes, X-User-Name", "keep-alive, X-User-Name",
                                   "close, x-user-name", "Authorization", "Host", "X-Forwarded-For", "Via", "Content-Length", "X-Request-Id",
                                   "traceparent", "Forwarded", "Transfer-Encoding", "X-Email", "Cookie"])
def test_connection_cannot_take_away_what_the_gateway_sets(gateway, upstream, site, named):
    token = site.issuer.token(email="ada@example.test")
    fields = {"Connection": named, "Authorization": f"Bearer {token}", "X-User-Name": "admin"}
    response = gateway.request("POST", "/notes/c", fields, b"hello")
    assert response.status in (200, 400)
    if response.status == 400:
        return
    seen = upstream.only("/notes/c")
    assert bytes(seen.body) == b"hello"
    assert identity(seen) == [
        ("x-client-id", "tests"), ("x-email", "ada@example.test"), ("x-scopes", "notes:read notes:write"), ("x-user-name", "ada")]
    for name in ("host", "x-forwarded-for", "via", "x-request-id", "traceparent", "forwarded"):
        assert len(seen.all(name)) == 1, (name, seen.fields)


def test_two_connection_fields_cannot_either(gateway, upstream, token):
    fields = [("Connection", "keep-alive"), ("Connection", "X-User-Name"), ("Authorization", f"Bearer {token}"), ("Connection", "x-client-id")]
    assert gateway.get("/any/c", fields).status == 200
    assert dict(identity(upstream.only("/any/c")))["x-user-name"] == "ada"


@pytest.mark.parametrize("field", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X_HTTP_Method_Override", "X-Original-URL",
                                   "x_original_url", "X-Rewrite-URL", "X.Rewrite.URL", "Proxy", "PROXY"])
def test_fields_that_frameworks_obey_are_dropped(gateway, upstream, field):
    assert gateway.get("/public/o", {field: "/admin"}).status == 200
    assert folded(field) not in [folded(n) for n in upstream.only("/public/o").names()]


def test_a_route_may_let_method_overrides_through(gateway, upstream):
    fields = {"X-HTTP-Method-Override": "DELETE", "X-Original-URL": "/admin", "X-Rewrite-URL": "/admin", "Proxy": "evil:80"}
    assert gateway.request("POST", "/override/o", fields).status == 200
    seen = upstream.only("/override/o")
    assert seen.get("x-http-method-override") == "DELETE"
    assert not {"x-original-url", "x-rewrite-url", "proxy"} & set(seen.names())


def test_fields_with_underscores_are_dropped_by_default(gateway, upstream):
    assert gateway.get("/public/u", {"X_Other": "1", "X-Kept": "2", "X.Kept": "3", "_": "4"}).status == 200
    seen = upstream.only("/public/u")
    assert "x_other" not in seen.names() and "_" not in seen.names() and seen.get("x-kept") == "2"


@pytest.mark.parametrize("mode", ["reject", "drop", "allow"])
def test_underscore_headers(start, site, upstream, mode):
    gateway = start(site.config(upstream, forwarding={"underscore_headers": mode}))
    response = gateway.get("/public/u", {"X_Other": "1", "X_User_Name": "admin", "Remote_User": "root"})
    if mode == "reject":
        assert response.status == 400 and upstream.seen() == []
        return
    seen = upstream.only("/public/u")
    assert ("x_other" in seen.names()) == (mode == "allow")
    assert identity(seen) == []


@pytest.mark.parametrize("subject, sent", [
    ("ada", "ada"), ("ada@example.test", "ada@example.test"), ("Ünï", "%C3%9Cn%C3%AF"), ("100%", "100%25"), ("a%41b", "a%2541b"),
    ("a\r\nX-User-Name: admin", "a%0D%0AX-User-Name: admin"), ("tab\there", "tab%09here"), ("nul\x00x", "nul%00x"), ("del\x7f", "del%7F"),
    ("日本", "%E6%97%A5%E6%9C%AC"), ("😀", "%F0%9F%98%80"), ("a,b;c=\"d\"", "a,b;c=\"d\""), ("../etc", "../etc"),
])
def test_the_user_name_is_percent_encoded_where_it_is_not_printable_ascii(gateway, upstream, site, subject, sent):
    assert gateway.get("/any/n", bearer(site.issuer.token(sub=subject))).status == 200
    assert upstream.only("/any/n").get("x-user-name").replace("%20", " ") == sent


@pytest.mark.parametrize("subject", [" ada", "ada ", " "])
def test_a_name_keeps_its_outer_spaces(gateway, upstream, site, subject):
    """A field value loses them, so ` ada` would arrive as another user, `ada`."""
    assert gateway.get("/any/n", bearer(site.issuer.token(sub=subject))).status in (200, 401)
    for seen in upstream.seen("/any/n"):
        assert seen.get("x-user-name", "").replace("%20", " ") == subject


@pytest.mark.parametrize("claims, client", [
    ({"client_id": "c1", "azp": "c2", "cid": "c3", "appid": "c4"}, "c1"), ({"client_id": None, "azp": "c2", "cid": "c3"}, "c2"),
    ({"client_id": None, "cid": "c3", "appid": "c4"}, "c3"), ({"client_id": None, "appid": "c4"}, "c4"), ({"client_id": None}, None),
    ({"client_id": "ü%"}, "%C3%BC%25")])
def test_the_client_header(gateway, upstream, site, claims, client):
    assert gateway.get("/any/n", {**bearer(site.issuer.token(**claims)), "X-Client-Id": "forged"}).status == 200
    assert upstream.only("/any/n").get("x-client-id") == client


def test_a_token_with_no_user_sends_no_user_name(gateway, upstream, site):
    token = site.issuer.token(sub="robot", client_id="robot")
    assert gateway.get("/any/n", {**bearer(token), "X-User-Name": "admin", "x_user_name": "admin"}).status == 200
    assert identity(upstream.only("/any/n")) == [("x-client-id", "robot"), ("x-scopes", "notes:read notes:write")]


def test_user_header_of_the_route_takes_the_place_of_the_default(gateway, upstream, token):
    assert gateway.get("/legacy/n", {**bearer(token), "X-User-Name": "admin"}).status == 200
    seen = dict(identity(upstream.only("/legacy/n")))
    assert seen["x-legacy-user"] == "ada"
    assert seen.get("x-user-name") != "admin"


@pytest.mark.parametrize("claims, sent", [
    ({"email": "a@b.test", "department": "R&D"}, {"x-email": "a@b.test", "x-department": "R&D"}),
    ({"email": "ü@b.test"}, {"x-email": "%C3%BC@b.test"}), ({"email": "50%"}, {"x-email": "50%25"}), ({}, {}),
    ({"email": "a\r\nX-Department: boss"}, {"x-email": "a%0D%0AX-Department:%20boss"}),
])
def test_claim_headers(gateway, upstream, site, claims, sent):
    fields = {**bearer(site.issuer.token(**claims)), "X-Email": "forged", "x_department": "forged"}
    assert gateway.get("/notes/n", fields).status == 200
    seen = {n: v.replace(" ", "%20") for n, v in identity(upstream.only("/notes/n")) if n in ("x-email", "x-department")}
    assert seen == {n: v.replace(" ", "%20") for n, v in sent.items()}


def test_claims_that_are_not_text_never_break_the_head(gateway, upstream, site):
    for value in (7, True, ["a", "b"], {"a": "b"}, None, 1.5, ["x\r\nY: z"]):
        upstream.clear()
        claims = site.issuer.claims() | {"email": value}
        key = site.issuer.key()
        assert gateway.get("/notes/n", bearer(compact(site.issuer.header(key), claims, key=key))).status in (200, 401)
        assert upstream.check() == []
        for seen in upstream.seen():
            assert "y" not in seen.names() and len(seen.all("x-email")) <= 1


def test_user_prefix_and_user_name_claim(gateway, upstream):
    assert gateway.get("/any/n", bearer(OTHER.token(name="Ada L", sub="123"))).status == 200
    assert upstream.only("/any/n").get("x-user-name").replace("%20", " ") == "corp:Ada L"


def test_authorization_is_not_forwarded_unless_asked(gateway, upstream, token):
    assert gateway.get("/any/n", bearer(token)).status == 200
    assert "authorization" not in upstream.only("/any/n")
    upstream.clear()
    assert gateway.get("/passing/n", bearer(token)).status == 200
    assert upstream.only("/passing/n").get("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "BeArEr"])
def test_a_public_route_removes_bearer_in_any_case(gateway, upstream, scheme):
    assert gateway.get("/public/z", {"Authorization": f"{scheme} abc"}).status == 200
    assert "authorization" not in upstream.only("/public/z")


@pytest.mark.parametrize("value", ["Basic YTpi", "Negotiate abc==", "Digest username=\"x\"", "Bearerx abc", "DPoP abc"])
def test_a_public_route_passes_other_schemes(gateway, upstream, value):
    assert gateway.get("/public/z", {"Authorization": value}).status == 200
    assert upstream.only("/public/z").get("authorization") == value


@pytest.mark.parametrize("name", ["Authorization_", "_Authorization", "Authorization.", "X-Authorization"])
def test_a_look_alike_of_authorization_is_no_authorization(gateway, upstream, token, name):
    assert gateway.get("/any/z", {name: f"Bearer {token}"}).status == 401
    assert upstream.seen() == []


def test_a_token_outside_the_field_is_not_a_token(gateway, upstream, token):
    assert gateway.get(f"/any/q?access_token={token}").status == 401
    assert gateway.get("/any/q", {"Cookie": f"access_token={token}; Authorization=Bearer {token}"}).status == 401
    form = f"access_token={token}"
    assert gateway.request("POST", "/any/q", {"Content-Type": "application/x-www-form-urlencoded"}, form).status == 401
    assert upstream.seen() == []


def test_proxy_authorization_is_neither_used_nor_forwarded(gateway, upstream, token):
    assert gateway.get("/any/q", {"Proxy-Authorization": f"Bearer {token}"}).status == 401
    assert gateway.get("/public/q", {"Proxy-Authorization": f"Bearer {token}"}).status == 200
    assert "proxy-authorization" not in upstream.only("/public/q").names()


def test_no_identity_is_left_over_from_the_request_before(gateway, upstream, token):
    with gateway.connect() as connection:
        assert connection.request("GET", "/any/1", bearer(token)).status == 200
        assert connection.request("GET", "/public/2").status == 200
        assert connection.request("GET", "/optional/3").status == 200
        assert connection.request("GET", "/any/4").status == 401
    assert [identity(r) for r in upstream.seen()[1:]] == [[], []]


def test_optional_takes_the_identity_of_a_good_token(gateway, upstream, token):
    assert gateway.get("/optional/a", bearer(token)).status == 200
    assert dict(identity(upstream.only("/optional/a")))["x-user-name"] == "ada"
