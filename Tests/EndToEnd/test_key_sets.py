"""CONTRACT §5: key sets in a `jwks_file`, read as strictly as tokens. Tried offline, by `token inspect` and `check`."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.gateway import run, write_config
from harness.tokens import AUDIENCE, Issuer, Key, b64, bearer, compact

ISSUER = "https://keys.test"
EC, RSA, HMAC = Key.make("ES256", "ec"), Key.make("RS256", "rsa"), Key.make("HS256", "hmac")


def inspect(site, folder, keys, token, **members):
    """The exit status and text of `token inspect` with these keys; 1 too where the key set is refused as a whole."""
    (folder / "keys.json").write_text(keys if isinstance(keys, str) else json.dumps({"keys": keys}))
    issuer = {"issuer": ISSUER, "jwks_file": "keys.json", "audiences": [AUDIENCE], "algorithms": ["RS256", "PS256", "ES256", "EdDSA", "HS256"]} | members
    write_config(folder, site.config("http://127.0.0.1:9", trusted_issuers=[issuer]))
    done = run("token", "inspect", token, "--config", "gateway.json", cwd=folder)
    return done.returncode, done.stdout + done.stderr


def token(key, **header):
    return compact({"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt"} | header, Issuer(ISSUER, keys=[]).claims(), key=key)


def taken(site, folder, keys, key, **members):
    status, text = inspect(site, folder, keys, token(key), **members)
    return status == 0


@pytest.mark.parametrize("key", [EC, RSA, HMAC, Key.make("EdDSA", "ed"), Key.make("PS256", "ps", secret=RSA.secret)], ids=lambda k: k.algorithm)
def test_good_keys(site, tmp_path, key):
    assert taken(site, tmp_path, [key.jwk()], key)
    assert taken(site, tmp_path, [key.jwk(use=None)], key)
    assert taken(site, tmp_path, [key.jwk(use=None, key_ops=["verify"])], key)
    assert taken(site, tmp_path, [{"kty": "new", "kid": "x", "strange": [1]}, key.jwk(x5t="abc", more={"a": 1})], key), "a key of an unknown type is passed over"


def test_small_rsa_keys_are_refused(site, tmp_path):
    for bits in (1024, 1536, 2040):
        try:
            small = Key("RS256", "small", rsa.generate_private_key(65537, bits))
        except ValueError:
            continue
        assert not taken(site, tmp_path, [small.jwk()], small)
        assert not taken(site, tmp_path, [small.jwk(alg=None)], small)


def test_a_key_for_encryption_does_not_verify(site, tmp_path):
    for changes in ({"use": "enc"}, {"use": None, "key_ops": ["encrypt"]}, {"use": None, "key_ops": ["sign"]}):
        assert not taken(site, tmp_path, [RSA.jwk(**changes)], RSA), changes


BAD = {
    "RSA without n": RSA.jwk(n=None), "RSA without e": RSA.jwk(e=None), "RSA with e 1": RSA.jwk(e="AQ"), "RSA with even e": RSA.jwk(e="Ag"), "RSA with n of 0": RSA.jwk(n="AA"),
    "RSA padded": RSA.jwk(n=RSA.jwk()["n"] + "="), "RSA not base64url": RSA.jwk(n="+/" + RSA.jwk()["n"][2:]), "RSA number": RSA.jwk(n=7), "RSA for ES256": RSA.jwk(alg="ES256"),
    "RSA for HS256": RSA.jwk(alg="HS256"), "RSA for none": RSA.jwk(alg="none"), "kty in lower case": RSA.jwk(kty="rsa"), "no kty": RSA.jwk(kty=None), "kty number": RSA.jwk(kty=7),
}
BAD_EC = {
    "not on the curve": EC.jwk(y=b64(b"\x01" * 32)), "zero": EC.jwk(x=b64(bytes(32)), y=b64(bytes(32))), "short": EC.jwk(x=EC.jwk()["x"][:-2]), "another curve": EC.jwk(crv="P-384"),
    "unknown curve": EC.jwk(crv="secp256k1"), "no y": EC.jwk(y=None), "for RS256": EC.jwk(alg="RS256"), "for ES384": EC.jwk(alg="ES384"), "long": EC.jwk(x=b64(b"\0" + b"\1" * 32)),
}


@pytest.mark.parametrize("jwk", BAD.values(), ids=BAD)
def test_bad_rsa_keys(site, tmp_path, jwk):
    assert not taken(site, tmp_path, [jwk], RSA)


@pytest.mark.parametrize("jwk", BAD_EC.values(), ids=BAD_EC)
def test_bad_ec_keys(site, tmp_path, jwk):
    assert not taken(site, tmp_path, [jwk], EC)


def test_short_hmac_secrets_are_refused(site, tmp_path):
    """RFC 7518 §3.2: at least as long as the hash."""
    for secret in (b"", b"secret", b"x" * 31):
        short = Key("HS256", "short", secret)
        assert not taken(site, tmp_path, [short.jwk()], short)


def test_hmac_only_where_the_issuer_allows_it(site, tmp_path):
    assert not taken(site, tmp_path, [HMAC.jwk()], HMAC, algorithms=["RS256"])
    assert not taken(site, tmp_path, [HMAC.jwk(alg=None)], HMAC, algorithms=["RS256", "ES256"])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"keys": {}}', '{"keys": 7}', '{"keys": [7]}', '{"keys": [null]}', '{"keys": []} x', '{"keys": [], "keys": []}', "nonsense", '{"keys": [{"kty": "RSA", "kty": "EC"}]}'],
                         ids=range(11))
def test_what_is_no_key_set_opens_nothing(site, tmp_path, text):
    status, _ = inspect(site, tmp_path, text, token(EC))
    assert status == 1


def test_repeated_kids(site, tmp_path):
    """Two keys of one name: whichever is meant, no token that neither signed is taken."""
    other = Key.make("ES256", "ec")
    stranger = Key.make("ES256", "ec")
    inspect(site, tmp_path, [EC.jwk(), other.jwk()], token(EC))
    assert not taken(site, tmp_path, [EC.jwk(), other.jwk()], stranger)


def test_private_parts_do_not_show(site, tmp_path):
    numbers = EC.secret.private_numbers()
    secret = b64(numbers.private_value.to_bytes(32, "big"))
    _, text = inspect(site, tmp_path, [EC.jwk(d=secret)], token(EC))
    assert secret not in text


def test_a_missing_key_file_is_never_open(site, upstream, tmp_path):
    config = site.config(upstream, trusted_issuers=[site.trusted(jwks_file=tmp_path / "missing.json")])
    write_config(tmp_path, config)
    assert run("check", cwd=tmp_path).returncode == 1
    done = run("serve", cwd=tmp_path)
    assert done.returncode == 1 and "missing.json" in done.stderr


def test_a_running_gateway_does_the_same(start, site, upstream, tmp_path):
    """One look through the data path, where keys are bound to algorithms once more."""
    issuer = Issuer(ISSUER, keys=[EC, RSA, HMAC])
    file = issuer.write_jwks(tmp_path / "keys.json", {"keys": [EC.jwk(), RSA.jwk(use="enc"), HMAC.jwk()]})
    gateway = start(site.config(upstream, trusted_issuers=[site.trusted(issuer, file)]))
    assert gateway.get("/any/x", bearer(issuer.token("ES256"))).status == 200
    assert gateway.get("/any/x", bearer(issuer.token("HS256"))).status == 200
    assert gateway.get("/any/x", bearer(issuer.token("RS256"))).status == 401
