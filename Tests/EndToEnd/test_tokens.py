"""CONTRACT §5: every algorithm, every refusal, with its status, challenge, error and description."""

import base64
import json
import re
import time

import pytest

from harness.challenges import challenge
from harness.tokens import ALGORITHMS, AUDIENCE, Issuer, Key, b64, bearer, compact, unb64

ISSUER = "https://gatehouse.test"
SINGLE = Issuer("https://single.test", keys=[Key.make("ES256", "only")])
PLAIN = Issuer("https://plain.test", keys=[Key.make("RS256", "plain-rsa"), Key.make("ES256", "plain-ec"), Key.make("EdDSA", "plain-ed")])
STRICT = Issuer("https://strict.test", keys=[Key.make("ES256", "strict")])
SHAPED = Issuer("https://shaped.test", keys=[Key.make("ES256", "shaped")])
TWINS = Issuer("https://twins.test", keys=[Key.make("ES256", "twin-1"), Key.make("ES256", "twin-2")])
UNTRUSTED = Issuer("https://untrusted.test", keys=[Key.make("ES256", "es256-key")])


def configuration(site, upstream):
    single = SINGLE.write_jwks(site.folder / "single.json")
    plain = PLAIN.write_jwks(site.folder / "plain.json", {"keys": [k.jwk(alg=None) for k in PLAIN.keys.values()]})
    strict = STRICT.write_jwks(site.folder / "strict.json")
    shaped = SHAPED.write_jwks(site.folder / "shaped.json")
    twins = TWINS.write_jwks(site.folder / "twins.json")
    return site.config(upstream, routes=[
        {"path": "/public/**", "access": "public", "upstream": "legacy"},
        {"path": "/optional/**", "access": "optional", "upstream": "legacy"},
        {"path": "/any/**", "access": "authenticated", "upstream": "legacy"},
        {"path": "/notes/**", "methods": ["GET", "HEAD"], "scopes": ["notes:read"], "upstream": "legacy"},
        {"path": "/notes/**", "methods": ["POST"], "scopes": ["notes:write"], "upstream": "legacy"},
        {"path": "/both/**", "scopes": ["notes:read", "notes:admin"], "upstream": "legacy"},
        {"path": "/either/**", "any_scopes": ["notes:admin", "notes:write"], "upstream": "legacy"},
        {"path": "/mixed/**", "scopes": ["notes:read"], "any_scopes": ["notes:admin", "other"], "upstream": "legacy"},
        {"path": "/claims/**", "access": "authenticated", "claims": {"department": ["sales", "support"], "level": 3}, "upstream": "legacy"},
        {"path": "/claim/**", "access": "authenticated", "claims": {"department": "sales"}, "upstream": "legacy"},
        {"path": "/from/**", "access": "authenticated", "issuers": ["https://single.test"], "upstream": "legacy"},
        {"path": "/denied/**", "access": "deny", "upstream": "legacy"},
    ], scopes={"notes:read": "Read", "notes:write": {"description": "Write", "implies": ["notes:read"]}, "notes:admin": "All",
               "other": "Other"},
        trusted_issuers=[
            site.trusted(),
            site.trusted(SINGLE, single, algorithms=["ES256"], clock_skew="0s"),
            site.trusted(PLAIN, plain, algorithms=["RS256", "PS256", "ES256", "EdDSA"]),
            site.trusted(STRICT, strict, token_types=["at+jwt"], algorithms=["ES256"]),
            site.trusted(TWINS, twins, algorithms=["ES256"]),
            site.trusted(SHAPED, shaped, algorithms=["ES256"], scope_claim="permissions", scope_map={"read_all": "notes:read"}),
        ])


def accepted(gateway, upstream, token, path="/any/t"):
    response = gateway.get(path, bearer(token))
    assert response.status == 200, (response.status, response.all("www-authenticate"))
    return upstream.wait(path=path)[-1]


def refused(gateway, upstream, token, description=None, path="/any/t"):
    """The token gives 401 invalid_token with that description, and nothing goes upstream."""
    response = gateway.get(path, bearer(token))
    assert response.status == 401, (response.status, response.body)
    parameters = challenge(response)
    assert parameters["error"] == "invalid_token"
    assert parameters["error_description"], parameters
    if description:
        assert re.search(description, parameters["error_description"], re.IGNORECASE), parameters["error_description"]
    assert parameters["resource_metadata"] == ISSUER + "/.well-known/oauth-protected-resource"
    assert parameters["realm"]
    problem = response.json()
    assert response.get("content-type") == "application/problem+json"
    assert problem["status"] == 401 and problem["title"] and problem["detail"] and problem["request_id"]
    piece = token.split(".")[-1]
    assert len(piece) < 20 or piece not in response.raw_head.decode("latin-1") + response.text, "the answer repeats the token"
    assert upstream.seen(path) == []
    return parameters["error_description"]


# What is accepted

@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm(gateway, upstream, site, algorithm):
    assert accepted(gateway, upstream, site.issuer.token(algorithm)).get("x-user-name") == "ada"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_with_a_broken_signature(gateway, upstream, site, algorithm):
    header, payload, signature = site.issuer.token(algorithm).split(".")
    broken = bytearray(unb64(signature))
    broken[len(broken) // 2] ^= 1
    refused(gateway, upstream, f"{header}.{payload}.{b64(bytes(broken))}", "signature")


def test_ed25519_is_taken_as_eddsa(gateway, upstream, site):
    """RFC 9864."""
    accepted(gateway, upstream, site.issuer.token("EdDSA", header={"alg": "Ed25519"}))


@pytest.mark.parametrize("typ", ["at+jwt", "JWT", None, "AT+JWT", "jwt", "application/at+jwt"])
def test_token_types(gateway, upstream, site, typ):
    accepted(gateway, upstream, site.issuer.token(header={"typ": typ}))


@pytest.mark.parametrize("typ", ["id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "", "at+jwt ", "xat+jwt", 7, ["at+jwt"], {}])
def test_other_token_types_are_refused(gateway, upstream, site, typ):
    key = site.issuer.key()
    refused(gateway, upstream, compact({"alg": "ES256", "kid": key.kid, "typ": typ}, site.issuer.claims(), key=key))


@pytest.mark.parametrize("typ, good", [("at+jwt", True), ("JWT", False), (None, False)])
def test_token_types_of_an_issuer(gateway, upstream, typ, good):
    token = STRICT.token(header={"typ": typ})
    accepted(gateway, upstream, token) if good else refused(gateway, upstream, token)


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["https://other.test", AUDIENCE]])
def test_audiences(gateway, upstream, site, audience):
    accepted(gateway, upstream, site.issuer.token(aud=audience))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_key_without_alg_takes_those_of_its_type(gateway, upstream, algorithm):
    key = PLAIN.key("RS256")
    accepted(gateway, upstream, compact({"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}, PLAIN.claims(), key=key, algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS512"])
def test_but_only_those_that_the_issuer_allows(gateway, upstream, algorithm):
    key = PLAIN.key("RS256")
    refused(gateway, upstream, compact({"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}, PLAIN.claims(), key=key, algorithm=algorithm))


def test_a_token_without_kid_and_exactly_one_key_that_fits(gateway, upstream):
    accepted(gateway, upstream, SINGLE.token(header={"kid": None}))
    for algorithm in ("ES256", "EdDSA", "RS256"):  # one key of each type
        accepted(gateway, upstream, PLAIN.token(algorithm, header={"kid": None}))


def test_a_token_without_kid_and_several_keys_of_one_type(gateway, upstream, site):
    """RS256 and PS256 share a key type, but each key here has its own `alg`: exactly one fits."""
    accepted(gateway, upstream, site.issuer.token("RS256", header={"kid": None}))


def test_a_token_without_kid_and_several_keys_that_fit(gateway, upstream):
    for key in TWINS.keys.values():
        refused(gateway, upstream, TWINS.token(key=key, header={"kid": None}), "key")
        accepted(gateway, upstream, TWINS.token(key=key))
        upstream.clear()


@pytest.mark.parametrize("claims, scope_path", [
    ({"scope": "notes:read"}, "/notes/s"), ({"scope": None, "scp": "notes:read"}, "/notes/s"), ({"scope": None, "scp": ["notes:read", "x"]}, "/notes/s"),
    ({"scope": ["notes:read"]}, "/notes/s"), ({"scope": "x notes:read y"}, "/notes/s"), ({"scope": "notes:write"}, "/notes/s")])
def test_scopes_of_a_foreign_token(gateway, upstream, site, claims, scope_path):
    accepted(gateway, upstream, site.issuer.token(**claims), scope_path)


def test_scope_claim_and_scope_map(gateway, upstream):
    accepted(gateway, upstream, SHAPED.token(permissions=["read_all"], scope=None), "/notes/s")
    assert gateway.get("/notes/s", bearer(SHAPED.token(permissions=["x"], scope="notes:read"))).status == 403


@pytest.mark.parametrize("claims", [{"exp": -30}, {"nbf": 30}, {"iat": 30}, {"nbf": -10, "iat": -1000}])
def test_clock_skew_is_forgiven(gateway, upstream, site, claims):
    now = int(time.time())
    accepted(gateway, upstream, site.issuer.token(**{name: now + offset for name, offset in claims.items()}))


def test_iat_and_jti_and_sub_may_be_missing(gateway, upstream, site):
    accepted(gateway, upstream, site.issuer.token(iat=None, jti=None))
    assert gateway.get("/any/t", {**bearer(site.issuer.token(sub=None)), "X-User-Name": "admin"}).status in (200, 401)
    assert all(r.get("x-user-name") in (None, "ada") for r in upstream.seen())


def test_dates_may_be_fractions(gateway, upstream, site):
    """RFC 7519 §2 NumericDate."""
    accepted(gateway, upstream, site.issuer.token(exp=time.time() + 100.5, iat=time.time() - 1.25))


def test_the_fields_that_name_keys_are_ignored(gateway, upstream, site):
    evil = Key.make("ES256", "es256-key")
    extra = {"jku": "https://evil.test/jwks", "x5u": "https://evil.test/x", "jwk": evil.jwk(), "x5c": ["AAAA"], "x5t": "AAAA"}
    accepted(gateway, upstream, site.issuer.token(header=extra))
    upstream.clear()
    claims = site.issuer.claims()
    refused(gateway, upstream, compact({"alg": "ES256", "typ": "at+jwt", "kid": "es256-key", **extra}, claims, key=evil), "signature")
    refused(gateway, upstream, compact({"alg": "ES256", "typ": "at+jwt", **extra}, claims, key=evil))


def test_a_token_of_nearly_16_kib_is_taken(gateway, upstream, site):
    token = site.issuer.token(padding="x" * 11_500)
    assert 15_500 < len(token) <= 16_384
    accepted(gateway, upstream, token)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_in_any_case(gateway, token, scheme):
    assert gateway.get("/any/t", {"Authorization": f"{scheme} {token}"}).status == 200


def test_unknown_claims_and_header_members_are_ignored(gateway, upstream, site):
    accepted(gateway, upstream, site.issuer.token(header={"cty": "x", "zip2": 1, "x": {"deep": [1, 2, {"a": None}]}}, extra={"a": [1, 2.5, "x", None, True]}))


# Claims that are wrong

def ago(seconds):
    return int(time.time()) - seconds


@pytest.mark.parametrize("seconds, text", [(180, r"expired 3 min ago"), (100, r"expired \d+ (s|sec|min)\w* ago"), (7300, r"expired 2 (h|hour|hours) ago"),
                                           (200_000, r"expired 2 (d|day|days) ago"), (10**9, r"expired .* ago")])
def test_an_expired_token(gateway, upstream, site, seconds, text):
    refused(gateway, upstream, site.issuer.token(exp=ago(seconds)), text)


@pytest.mark.parametrize("claims, text", [
    ({"nbf": -120}, r"not.*(yet|valid)"), ({"iat": -120}, r"future|issued"), ({"exp": 0}, "expired"), ({"exp": -5}, "expired"),
    ({"aud": "https://other.test/"}, "audience"), ({"aud": ["a", "b"]}, "audience"), ({"aud": []}, "audience"), ({"aud": ""}, "audience"),
    ({"aud": AUDIENCE + "x"}, "audience"), ({"aud": AUDIENCE.rstrip("/")}, "audience"), ({"aud": AUDIENCE.upper()}, "audience"),
    ({"iss": "https://unknown.test"}, "issuer"), ({"iss": "https://issuer.test/"}, "issuer"), ({"iss": "HTTPS://ISSUER.TEST"}, "issuer"), ({"iss": ""}, "issuer"),
    ({"iss": None}, r"iss"), ({"aud": None}, r"aud"), ({"exp": None}, r"exp"),
])
def test_wrong_or_missing_claims(gateway, upstream, site, claims, text):
    for name in ("nbf", "iat"):
        if isinstance(claims.get(name), int):
            claims = {name: ago(claims[name])}
    refused(gateway, upstream, site.issuer.token(**claims), text)


@pytest.mark.parametrize("name, value", [
    ("exp", "9999999999"), ("exp", True), ("exp", []), ("exp", {}), ("nbf", "0"), ("nbf", True), ("iat", "now"), ("iat", []), ("iss", 7), ("iss", ["https://issuer.test"]),
    ("aud", 7), ("aud", {"a": 1}), ("aud", True), ("aud", [7]), ("aud", [[AUDIENCE]]), ("sub", 7), ("sub", ["ada"]), ("jti", 7), ("scope", 7), ("scope", {"a": 1}), ("client_id", 7)])
def test_claims_of_the_wrong_type_never_help(gateway, upstream, site, name, value):
    response = gateway.get("/notes/t", bearer(site.issuer.token(**{name: value})))
    if name in ("exp", "nbf", "iat", "iss", "aud"):
        assert response.status == 401 and challenge(response)["error"] == "invalid_token"
    elif name == "scope":
        assert response.status in (401, 403)
    else:
        assert response.status in (200, 401)
        assert all(r.get("x-user-name") in (None, "ada") for r in upstream.seen())


@pytest.mark.parametrize("literal", ["1e400", "-1", "1e3", "0.5", "99999999999999999999999999", "1e308", "-0", "1E+2", "9223372036854775808"])
def test_odd_numbers_do_not_break_anything(gateway, literal, site):
    key = site.issuer.key()
    payload = json.dumps(site.issuer.claims(exp=None))[:-1] + f', "exp": {literal}}}'
    assert gateway.get("/any/t", bearer(compact(site.issuer.header(key), payload, key=key))).status in (200, 401)
    payload = json.dumps(site.issuer.claims(nbf=None))[:-1] + f', "nbf": {literal}}}'
    assert gateway.get("/any/t", bearer(compact(site.issuer.header(key), payload, key=key))).status in (200, 401)
    assert gateway.get("/public/t").status == 200


def test_expiry_ends_a_remembered_token(gateway, upstream):
    token = SINGLE.token(exp=int(time.time()) + 2)  # clock_skew 0s
    with gateway.connect() as connection:
        assert connection.request("GET", "/any/t", bearer(token)).status == 200
        assert connection.request("GET", "/any/t", bearer(token)).status == 200
        deadline = time.time() + 5
        while connection.request("GET", "/any/t", bearer(token)).status == 200:
            assert time.time() < deadline, "a remembered token outlives its exp"
            time.sleep(0.05)
        response = connection.request("GET", "/any/t", bearer(token))
        assert "expired" in challenge(response)["error_description"]


def test_a_remembered_token_does_not_vouch_for_a_longer_one(gateway, site):
    token = site.issuer.token()
    assert gateway.get("/any/t", bearer(token)).status == 200
    for other in (token + "A", token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), token + "=", token.swapcase()):
        assert gateway.get("/any/t", bearer(other)).status == 401


# Keys and algorithms

def test_algorithm_none(gateway, upstream, site):
    claims = site.issuer.claims()
    for name in ("none", "None", "NONE", "nOnE", "", "null"):
        for kid in ({}, {"kid": "es256-key"}, {"kid": "hs256-key"}, {"kid": ""}):
            for signature in (b"", b"x", site.issuer.key("HS256").sign(b"x")):
                refused(gateway, upstream, compact({"alg": name, "typ": "at+jwt", **kid}, claims, signature))


def test_a_token_without_signature(gateway, upstream, site):
    header, payload, _ = site.issuer.token().split(".")
    for token in (f"{header}.{payload}.", f"{header}.{payload}"):
        refused(gateway, upstream, token)


@pytest.mark.parametrize("value", [None, 7, True, ["ES256"], {"a": "ES256"}, "es256", "ES256 ", "ES257", "ES256K", "RSA", "HS1", "A" * 5000, "ES256\x00"])
def test_odd_algorithms(gateway, upstream, site, value):
    key = site.issuer.key()
    header = {"kid": key.kid, "typ": "at+jwt", "alg": value}
    refused(gateway, upstream, compact(header, site.issuer.claims(), key=key))
    del header["alg"]
    refused(gateway, upstream, compact(header, site.issuer.claims(), key=key))


@pytest.mark.parametrize("victim", ["RS256", "ES256", "EdDSA", "PS256"])
def test_a_public_key_is_not_an_hmac_secret(gateway, upstream, site, victim):
    key = site.issuer.key(victim)
    for form in key.public_encodings().values():
        for algorithm in ("HS256", "HS384", "HS512"):
            forged = Key(algorithm, key.kid, form)
            refused(gateway, upstream, compact({"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}, site.issuer.claims(), key=forged))
            refused(gateway, upstream, compact({"alg": algorithm, "typ": "at+jwt"}, site.issuer.claims(), key=forged))


@pytest.mark.parametrize("issuer", [PLAIN], ids=["keys without alg"])
def test_nor_where_the_key_names_no_algorithm(gateway, upstream, issuer):
    for key in issuer.keys.values():
        for form in key.public_encodings().values():
            forged = Key("HS256", key.kid, form)
            refused(gateway, upstream, compact({"alg": "HS256", "kid": key.kid, "typ": "at+jwt"}, issuer.claims(), key=forged))


CONFUSED = [(a, b) for a in ALGORITHMS for b in ALGORITHMS if a != b and (a[:2] == b[:2] or {a[:2], b[:2]} == {"RS", "PS"})]


@pytest.mark.parametrize("key_algorithm, token_algorithm", [(a, b) for a, b in CONFUSED if a[:2] != "ES"])
def test_a_key_has_one_algorithm(gateway, upstream, site, key_algorithm, token_algorithm):
    """The signature is right for the algorithm in the header; the key is for another."""
    key = site.issuer.key(key_algorithm)
    header = {"alg": token_algorithm, "kid": key.kid, "typ": "at+jwt"}
    refused(gateway, upstream, compact(header, site.issuer.claims(), key=key, algorithm=token_algorithm))


@pytest.mark.parametrize("key_algorithm, token_algorithm", [(a, b) for a in ALGORITHMS for b in ALGORITHMS if a != b])
def test_the_header_cannot_choose_another_algorithm(gateway, upstream, site, key_algorithm, token_algorithm):
    key = site.issuer.key(key_algorithm)
    refused(gateway, upstream, compact({"alg": token_algorithm, "kid": key.kid, "typ": "at+jwt"}, site.issuer.claims(), key=key, algorithm=key_algorithm))


def test_a_key_of_another_issuer(gateway, upstream, site):
    """Each issuer's keys sign only its own tokens."""
    key = site.issuer.key()
    refused(gateway, upstream, compact(site.issuer.header(key), SINGLE.claims(), key=key))
    refused(gateway, upstream, compact({"alg": "ES256", "kid": "only", "typ": "at+jwt"}, site.issuer.claims(), key=SINGLE.key()))
    refused(gateway, upstream, compact({"alg": "ES256", "typ": "at+jwt"}, SINGLE.claims(), key=key))


def test_an_issuer_nobody_trusts(gateway, upstream, site):
    refused(gateway, upstream, UNTRUSTED.token(), "issuer")
    refused(gateway, upstream, compact(UNTRUSTED.header(UNTRUSTED.key()), site.issuer.claims(), key=UNTRUSTED.key()), "signature")
    refused(gateway, upstream, compact(UNTRUSTED.header(UNTRUSTED.key()), site.issuer.claims(iss=ISSUER), key=UNTRUSTED.key()))


@pytest.mark.parametrize("kid", ["nothing", "", "es256-key ", "ES256-KEY", "../es256-key", "es256-key\x00", "' OR 1=1 --", "x" * 4000, 7, None, ["es256-key"], {}])
def test_an_unknown_kid(gateway, upstream, site, kid):
    key = site.issuer.key()
    text = "key" if isinstance(kid, str) and kid else None
    refused(gateway, upstream, compact({"alg": "ES256", "typ": "at+jwt", "kid": kid}, site.issuer.claims(), key=key), text)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_malformed_ecdsa_signatures(gateway, upstream, site, algorithm):
    key = site.issuer.key(algorithm)
    header, claims = site.issuer.header(key), site.issuer.claims()
    size = (key.secret.curve.key_size + 7) // 8
    order = {"ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551}.get(algorithm, (1 << (8 * size)) - 1)
    good = unb64(compact(header, claims, key=key).split(".")[2])
    number = order.to_bytes(size, "big")
    one = (1).to_bytes(size, "big")
    for signature in (bytes(2 * size), good[:size] + bytes(size), bytes(size) + good[size:], number + number, one + number, number + one, one + one, good[:-1],
                      good + b"\0", b"\0" + good, good[:size], b"", b"\xff" * (2 * size)):
        refused(gateway, upstream, compact(header, claims, signature))
    refused(gateway, upstream, compact(header, claims, key=key, der=True))


def test_malformed_rsa_and_eddsa_signatures(gateway, upstream, site):
    for algorithm in ("RS256", "PS256", "EdDSA", "HS256"):
        key = site.issuer.key(algorithm)
        header, claims = site.issuer.header(key), site.issuer.claims()
        good = unb64(compact(header, claims, key=key).split(".")[2])
        for signature in (b"", good[:-1], good + b"\0", b"\0" + good, bytes(len(good)), b"\xff" * len(good), b"\x01", good * 2):
            refused(gateway, upstream, compact(header, claims, signature))


def test_a_signature_over_another_text(gateway, upstream, site):
    a, b = site.issuer.token(sub="ada"), site.issuer.token(sub="admin")
    header, _, signature = a.split(".")
    refused(gateway, upstream, f"{header}.{b.split('.')[1]}.{signature}", "signature")


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["unknown"], [], "exp", 7, None, ["exp", "exp"], [""], [7], {}])
def test_unknown_crit_is_refused(gateway, upstream, site, crit):
    key = site.issuer.key()
    header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt", "crit": crit, "unknown": True, "b64": True, "exp": 1}
    refused(gateway, upstream, compact(header, site.issuer.claims(), key=key))


def test_an_unencoded_payload_is_refused(gateway, upstream, site):
    """RFC 7797 b64=false."""
    key = site.issuer.key()
    refused(gateway, upstream, compact({"alg": "ES256", "kid": key.kid, "typ": "at+jwt", "b64": False, "crit": ["b64"]}, site.issuer.claims(), key=key))


# Malformed tokens

def test_malformed_base64url(gateway, upstream, site):
    header, payload, signature = site.issuer.token().split(".")
    assert len(signature) == 86  # 64 bytes: the last character carries 4 bits, so its low 2 bits must be 0
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sibling = alphabet[alphabet.index(signature[-1]) | 1]
    assert base64.urlsafe_b64decode(signature[:-1] + sibling + "==") == unb64(signature), "the same bytes, spelled otherwise"
    for token in (f"{header}.{payload}.{signature[:-1]}{sibling}", f"{header}.{payload}.{signature}=", f"{header}.{payload}.{signature}==", f"{header}=.{payload}.{signature}",
                  f"{header}.{payload}=.{signature}", f"{header}.{payload}==.{signature}", f"{header}.{payload}.{signature}A", f"{header}.{payload}.+{signature[1:]}",
                  f"{header}.{payload}./{signature[1:]}", f"{header}.{payload}.{signature[:40]}~{signature[41:]}"):
        refused(gateway, upstream, token, r"malformed|signature|key|token")


def test_standard_base64_is_refused(gateway, upstream, site):
    key = site.issuer.key()
    for n in range(64):
        claims = site.issuer.claims(filler="~~~???>>>" + "?" * n)
        encoded = base64.b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=").decode()
        if "+" in encoded or "/" in encoded:
            break
    signed = f"{b64(json.dumps(site.issuer.header(key)))}.{encoded}"
    refused(gateway, upstream, f"{signed}.{b64(key.sign(signed.encode()))}")


@pytest.mark.parametrize("make", [
    lambda h, p, s: "a", lambda h, p, s: "a.b", lambda h, p, s: "..", lambda h, p, s: ".", lambda h, p, s: "a.b.c", lambda h, p, s: "...", lambda h, p, s: "....",
    lambda h, p, s: f"{h}.{p}", lambda h, p, s: f"{h}.{p}.{s}.", lambda h, p, s: f".{h}.{p}.{s}", lambda h, p, s: f"{h}.{p}.{s}.{s}", lambda h, p, s: f"{h}.{p}.{s}.{s}.{s}",
    lambda h, p, s: f"{h}..{s}", lambda h, p, s: f".{p}.{s}", lambda h, p, s: f"{h}.{h}.{s}", lambda h, p, s: f"{p}.{p}.{s}", lambda h, p, s: h, lambda h, p, s: "-" * 50,
    lambda h, p, s: f"{h}.{p}.{s}"[:-30], lambda h, p, s: "=", lambda h, p, s: "a==="])
def test_a_wrong_number_of_parts(gateway, upstream, site, make):
    refused(gateway, upstream, make(*site.issuer.token().split(".")))


@pytest.mark.parametrize("payload", [
    b"", b"[]", b"7", b'"x"', b"null", b"{", b"{}x", b"{} {}", b"\xef\xbb\xbf{}", b"{'iss':1}", b'{"iss":}', b'{"a":1,}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":NaN}',
    b'{"a":"\x01"}', b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}', b'{"a":"\\x"}', b'{"a":"\\u12"}', b"[" * 5000, b'{"a":' * 2000, b"// x\n{}", b"/**/{}",
    b'{"a":1 "b":2}', b'{"a"}', b"{a:1}", b'{"a":tru}', b'\x00{}', b'{"a":"\t"}'])
def test_malformed_json(gateway, upstream, site, payload):
    """In the payload, around good claims where it can be; and as the header."""
    key = site.issuer.key()
    refused(gateway, upstream, compact(site.issuer.header(key), payload, key=key))
    if payload.startswith(b'{"a"'):
        good = json.dumps(site.issuer.claims()).encode()
        refused(gateway, upstream, compact(site.issuer.header(key), good[:-1] + b"," + payload[1:], key=key))
    refused(gateway, upstream, compact(payload, site.issuer.claims(), key=key))


@pytest.mark.parametrize("member", ["iss", "aud", "exp", "sub", "scope", "nbf", "extra", "client_id"])
def test_repeated_claims_are_refused(gateway, upstream, site, member):
    key, claims = site.issuer.key(), site.issuer.claims(extra="x", nbf=1)
    text = json.dumps(claims)
    for again in (json.dumps(claims[member]), '"admin"'):
        refused(gateway, upstream, compact(site.issuer.header(key), text[:-1] + f', "{member}": {again}}}', key=key))
    escaped = "".join(f"\\u{ord(c):04x}" for c in member)
    refused(gateway, upstream, compact(site.issuer.header(key), text[:-1] + f', "{escaped}": {json.dumps(claims[member])}}}', key=key))


@pytest.mark.parametrize("member", ["alg", "kid", "typ"])
def test_repeated_header_members_are_refused(gateway, upstream, site, member):
    key = site.issuer.key()
    header = site.issuer.header(key)
    refused(gateway, upstream, compact(json.dumps(header)[:-1] + f', "{member}": {json.dumps(header[member])}}}', site.issuer.claims(), key=key))


def test_repeated_members_deep_inside_are_refused(gateway, upstream, site):
    key = site.issuer.key()
    refused(gateway, upstream, compact(site.issuer.header(key), json.dumps(site.issuer.claims())[:-1] + ', "x": [{"a": 1, "a": 2}]}', key=key))


def test_tokens_over_16_kib_are_refused(gateway, upstream, site):
    refused(gateway, upstream, site.issuer.token(padding="x" * 13_000))
    refused(gateway, upstream, "a" * 17_000)


def test_an_encrypted_token_is_refused(gateway, upstream):
    refused(gateway, upstream, ".".join([b64('{"alg":"RSA-OAEP","enc":"A256GCM","kid":"rs256-key"}'), "a", "b", "c", "d"]))


# The Authorization field

@pytest.mark.parametrize("path", ["/any/t", "/notes/t", "/optional/t"])
@pytest.mark.parametrize("fields", [
    [("Authorization", "Bearer")], [("Authorization", "Bearer ")], [("Authorization", "Bearer a b")], [("Authorization", "bearer")],
    [("Authorization", "Bearer a, Bearer b")], [("Authorization", "Bearer TOKEN TOKEN")], [("Authorization", "Bearer TOKEN,TOKEN")],
    [("Authorization", "Bearer TOKEN"), ("Authorization", "Bearer TOKEN")], [("Authorization", "Bearer TOKEN"), ("authorization", "Basic YTpi")],
    [("Authorization", "Basic YTpi"), ("Authorization", "Bearer TOKEN")], [("Authorization", ""), ("Authorization", "Bearer TOKEN")],
], ids=str)
def test_a_malformed_authorization_is_400_invalid_request(gateway, upstream, token, fields, path):
    response = gateway.get(path, [(n, v.replace("TOKEN", token)) for n, v in fields])
    assert response.status == 400, response.status
    assert challenge(response)["error"] == "invalid_request"
    assert response.json()["status"] == 400
    assert upstream.seen() == []


@pytest.mark.parametrize("value", ["Bearer \"TOKEN\"", "Bearer token=TOKEN", "Bearer TOKEN;", "Bearer\tTOKEN", "Bearer é", "Bearer <TOKEN>", "BearerTOKEN", "Bearer:TOKEN", ", Bearer TOKEN"])
def test_an_odd_authorization_never_lets_in(gateway, upstream, token, value):
    assert gateway.get("/any/t", {"Authorization": value.replace("TOKEN", token)}).status in (400, 401)
    assert upstream.seen() == []


@pytest.mark.parametrize("value", ["Basic YTpi", "Digest username=\"a\"", "Negotiate abc", "DPoP abc", "Token abc", "", "Basic"])
def test_another_scheme_counts_as_no_credentials(gateway, upstream, value):
    response = gateway.get("/notes/t", {"Authorization": value})
    assert response.status == 401
    assert "error" not in challenge(response)
    assert upstream.seen() == []


# Challenges

def test_no_credentials(gateway, upstream):
    response = gateway.get("/notes/t")
    assert response.status == 401
    parameters = challenge(response)
    assert set(parameters) == {"realm", "scope", "resource_metadata"}
    assert parameters["scope"] == "notes:read" and parameters["realm"]
    assert parameters["resource_metadata"] == ISSUER + "/.well-known/oauth-protected-resource"
    problem = response.json()
    assert (response.get("content-type"), problem["status"]) == ("application/problem+json", 401)
    assert problem["request_id"] == gateway.logged(request_id=problem["request_id"])["request_id"]
    assert upstream.seen() == []


@pytest.mark.parametrize("path, method, scopes", [
    ("/any/t", "GET", set()), ("/notes/t", "POST", {"notes:write"}), ("/both/t", "GET", {"notes:read", "notes:admin"}), ("/either/t", "GET", {"notes:admin", "notes:write"}),
    ("/mixed/t", "GET", {"notes:read", "notes:admin", "other"}), ("/claims/t", "GET", set())])
def test_the_challenge_names_the_scopes_of_the_route(gateway, path, method, scopes):
    for fields in ({}, bearer("a.b.c")):
        assert set(challenge(gateway.request(method, path, fields)).get("scope", "").split()) == scopes


def test_an_answer_to_a_bad_token_may_not_be_stored(gateway, token):
    for fields in ({}, bearer("a.b.c")):
        value = gateway.get("/any/t", fields).get("cache-control")
        assert value is None or "no-store" in value or "no-cache" in value


@pytest.mark.parametrize("path, scope, needed", [
    ("/notes/t", "x", {"notes:read"}), ("/notes/t", "", {"notes:read"}), ("/notes/t", "notes:rea notes:readx NOTES:READ notes", {"notes:read"}),
    ("/both/t", "notes:read", {"notes:read", "notes:admin"}), ("/both/t", "notes:admin", {"notes:read", "notes:admin"}), ("/both/t", "notes:write", {"notes:read", "notes:admin"}),
    ("/either/t", "notes:read", {"notes:admin", "notes:write"}), ("/mixed/t", "notes:read", {"notes:read", "notes:admin", "other"}),
    ("/mixed/t", "other", {"notes:read", "notes:admin", "other"})])
def test_a_missing_scope(gateway, upstream, site, path, scope, needed):
    response = gateway.get(path, bearer(site.issuer.token(scope=scope)))
    assert response.status == 403
    parameters = challenge(response)
    assert parameters["error"] == "insufficient_scope"
    assert set(parameters["scope"].split()) == needed
    assert parameters["resource_metadata"] == ISSUER + "/.well-known/oauth-protected-resource"
    assert response.json()["status"] == 403
    assert upstream.seen() == []


@pytest.mark.parametrize("path, scope", [("/both/t", "notes:admin notes:read"), ("/both/t", "notes:write notes:admin"), ("/either/t", "notes:write"), ("/either/t", "notes:admin"),
                                         ("/mixed/t", "notes:read other"), ("/mixed/t", "notes:write notes:admin"), ("/any/t", "")])
def test_enough_scopes(gateway, upstream, site, path, scope):
    accepted(gateway, upstream, site.issuer.token(scope=scope), path)


@pytest.mark.parametrize("claims, allowed", [
    ({"department": "sales", "level": 3}, True), ({"department": "support", "level": 3}, True), ({"department": "it", "level": 3}, False), ({"department": "sales", "level": 4}, False),
    ({"department": "sales", "level": "3"}, False), ({"department": "sales"}, False), ({}, False), ({"department": None, "level": 3}, False), ({"department": "SALES", "level": 3}, False)])
def test_claims_of_a_route(gateway, upstream, site, claims, allowed):
    response = gateway.get("/claims/t", bearer(site.issuer.token(**claims)))
    assert response.status == (200 if allowed else 403)
    assert len(upstream.seen()) == allowed


def test_one_claim_value(gateway, site):
    assert gateway.get("/claim/t", bearer(site.issuer.token(department="sales"))).status == 200
    assert gateway.get("/claim/t", bearer(site.issuer.token(department="sales2"))).status == 403
    assert gateway.get("/claim/t", bearer(site.issuer.token(department=["it", "sales"]))).status == 200
    assert gateway.get("/claim/t", bearer(site.issuer.token(department=["it"]))).status == 403
    assert gateway.get("/claim/t", bearer(site.issuer.token(department={"sales": 1}))).status == 403


def test_issuers_of_a_route(gateway, upstream, site):
    accepted(gateway, upstream, SINGLE.token(), "/from/t")
    upstream.clear()
    response = gateway.get("/from/t", bearer(site.issuer.token()))
    assert response.status in (401, 403)
    assert upstream.seen() == []


def test_denied_routes(gateway, upstream, token):
    for fields in ({}, bearer(token)):
        response = gateway.get("/denied/t", fields)
        assert response.status == 403 and response.json()["status"] == 403
    assert upstream.seen() == []


def test_optional(gateway, upstream, site, token):
    assert gateway.get("/optional/t").status == 200
    assert gateway.get("/optional/t", {"Authorization": "Basic YTpi"}).status in (200, 401)
    upstream.clear()
    refused(gateway, upstream, site.issuer.token(exp=ago(1000)), "expired", "/optional/t")
    refused(gateway, upstream, "a.b.c", None, "/optional/t")
    assert accepted(gateway, upstream, token, "/optional/t").get("x-user-name") == "ada"


def test_public_takes_any_token_for_none(gateway, upstream, site):
    for value in ("a.b.c", site.issuer.token(exp=1), "", "a b"):
        assert gateway.get("/public/t", {"Authorization": f"Bearer {value}"}).status == 200


# Forms of refusals

@pytest.mark.parametrize("fields, page", [
    ({"Sec-Fetch-Mode": "navigate", "Accept": "*/*"}, True), ({"Sec-Fetch-Mode": "navigate", "Accept": "text/html"}, True), ({"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, True),
    ({"Accept": "text/html", "Sec-Fetch-Mode": "cors"}, False), ({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}, False), ({"Accept": "application/json, text/html;q=0.5"}, False),
    ({"Accept": "*/*"}, False), ({}, False), ({"Accept": "application/json"}, False)])
@pytest.mark.parametrize("path, status", [("/notes/t", 401), ("/nowhere", 404), ("/denied/t", 403)])
def test_a_browser_gets_a_page(gateway, fields, page, path, status):
    response = gateway.get(path, fields)
    assert response.status == status
    assert response.get("content-type").startswith("text/html" if page else "application/problem+json")
    if page:
        assert "<script" not in response.text
        assert "default-src" in response.get("content-security-policy", "")
    if status == 401:
        assert challenge(response)["scope"] == "notes:read"


def test_a_page_shows_nothing_of_the_client_unescaped(gateway):
    for path in ("/nowhere/%3Cb%3Ex", "/nowhere/'onload='x", "/nowhere?%3Cscript%3E"):
        response = gateway.get(path, {"Sec-Fetch-Mode": "navigate", "Host2": "<b>"})
        assert response.status == 404
        assert "<b>x" not in response.text and "onload='x" not in response.text


@pytest.mark.parametrize("path, fields, status", [("/notes/t", {}, "16"), ("/denied/t", {}, "7"), ("/notes/t", {"Authorization": "Bearer a.b.c"}, "16")])
def test_grpc_gets_its_status(gateway, path, fields, status):
    response = gateway.request("GET" if path == "/denied/t" else "POST", path, {"Content-Type": "application/grpc", "TE": "trailers", **fields}, b"")
    assert status in response.all("grpc-status") + response.trailer("grpc-status")


def test_no_refusal_shows_paths_or_internals(gateway, site):
    texts = []
    for path, fields in (("/notes/t", {}), ("/notes/t", bearer("a.b.c")), ("/nowhere", {}), ("/denied/t", {}), ("/notes/t", bearer(site.issuer.token(scope="x")))):
        response = gateway.get(path, fields)
        texts.append(response.raw_head.decode("latin-1") + response.text)
    for text in texts:
        assert not re.search(r"/tmp|\.swift|\.json\b|Error\(|Optional\(|gatehouse\.db|127\.0\.0\.1", text), text
