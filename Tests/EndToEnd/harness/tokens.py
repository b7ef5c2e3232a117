"""Keys, key sets and tokens of every algorithm in CONTRACT §5, and of the ones that must be refused.

`Issuer.token()` makes a good token; its arguments change one thing each. `compact()` builds one from raw parts, for
what no library would make.
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
CURVE_NAMES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
              "ES512", "EdDSA"]
AUDIENCE = "https://api.test/"


def b64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


@dataclass
class Key:
    """A signing key. `secret` is its private half: a cryptography object, or bytes for HS*."""

    algorithm: str
    kid: str
    secret: object

    @staticmethod
    def make(algorithm, kid=None, bits=2048, secret=None):
        kid = kid or f"{algorithm.lower()}-key"
        if secret is None:
            if algorithm.startswith("HS"):
                secret = hashlib.sha512(kid.encode()).digest()
            elif algorithm[:2] in ("RS", "PS"):
                secret = rsa.generate_private_key(65537, bits)
            elif algorithm.startswith("ES"):
                secret = ec.generate_private_key(CURVES[algorithm]())
            else:
                secret = ed25519.Ed25519PrivateKey.generate()
        return Key(algorithm, kid, secret)

    def sign(self, data, algorithm=None, der=False):
        """The JOSE signature of `data`; `der` leaves an ECDSA signature as the DER that OpenSSL makes."""
        algorithm = algorithm or self.algorithm
        digest = HASHES.get(algorithm[2:])
        if algorithm.startswith("HS"):
            return hmac.new(self.secret, data, "sha" + algorithm[2:]).digest()
        if algorithm.startswith("RS"):
            return self.secret.sign(data, padding.PKCS1v15(), digest())
        if algorithm.startswith("PS"):
            return self.secret.sign(data, padding.PSS(padding.MGF1(digest()), digest.digest_size), digest())
        if algorithm.startswith("ES"):
            signature = self.secret.sign(data, ec.ECDSA(digest()))
            if der:
                return signature
            size = (self.secret.curve.key_size + 7) // 8
            return b"".join(n.to_bytes(size, "big") for n in utils.decode_dss_signature(signature))
        return self.secret.sign(data)

    def jwk(self, **changes):
        """The public JWK; a change to None leaves a member out."""
        out = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        if self.algorithm.startswith("HS"):
            out |= {"kty": "oct", "k": b64(self.secret)}
        elif self.algorithm[:2] in ("RS", "PS"):
            numbers = self.secret.public_key().public_numbers()
            out |= {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        elif self.algorithm.startswith("ES"):
            numbers, size = self.secret.public_key().public_numbers(), (self.secret.curve.key_size + 7) // 8
            out |= {"kty": "EC", "crv": CURVE_NAMES[self.algorithm], "x": _number(numbers.x, size),
                    "y": _number(numbers.y, size)}
        else:
            raw = self.secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            out |= {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        out |= changes
        return {name: value for name, value in out.items() if value is not None}

    def public_encodings(self):
        """Every form in which somebody may have used a public key as an HMAC secret."""
        public = self.secret.public_key()
        spki, pem, der = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.PEM, serialization.Encoding.DER
        forms = {"pem": public.public_bytes(pem, spki), "pem without newline": public.public_bytes(pem, spki).rstrip(),
                 "der": public.public_bytes(der, spki), "jwk": json.dumps(self.jwk()).encode()}
        if isinstance(public, rsa.RSAPublicKey):
            forms["pkcs1 pem"] = public.public_bytes(pem, serialization.PublicFormat.PKCS1)
            forms["modulus"] = unb64(self.jwk()["n"])
            forms["modulus as base64"] = self.jwk()["n"].encode()
        if isinstance(public, ec.EllipticCurvePublicKey):
            forms["point"] = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return forms


def compact(header, payload, signature=None, key=None, algorithm=None, der=False):
    """A compact JWS from parts that may be dicts, text or bytes; signed by `key` unless a signature is given."""
    parts = [json.dumps(p, separators=(",", ":")) if isinstance(p, (dict, list)) else p for p in (header, payload)]
    signed = f"{b64(parts[0])}.{b64(parts[1])}"
    if signature is None:
        signature = key.sign(signed.encode(), algorithm, der) if key else b""
    return f"{signed}.{b64(signature)}"


class Issuer:
    """An issuer of tokens: one key for each algorithm unless others are given."""

    def __init__(self, name="https://issuer.test", keys=None, audience=AUDIENCE, typ="at+jwt"):
        self.name, self.audience, self.typ = name, audience, typ
        if keys is None:
            shared_rsa = rsa.generate_private_key(65537, 2048)
            keys = [Key.make(a, secret=shared_rsa if a[:2] in ("RS", "PS") else None) for a in ALGORITHMS]
        self.keys = {key.kid: key for key in keys}

    def key(self, algorithm="ES256"):
        return next(k for k in self.keys.values() if k.algorithm == algorithm)

    def jwks(self):
        return {"keys": [key.jwk() for key in self.keys.values()]}

    def write_jwks(self, file, jwks=None):
        """Replaces the file in one step, as a careful writer does."""
        temporary = file.with_name(file.name + ".new")
        temporary.write_text(json.dumps(jwks or self.jwks()))
        temporary.rename(file)
        return file

    def claims(self, **changes):
        """The claims of a good token; a change to None leaves a claim out."""
        now = int(time.time())
        claims = {"iss": self.name, "aud": self.audience, "sub": "ada", "exp": now + 300, "iat": now,
                  "client_id": "tests", "scope": "notes:read notes:write", "jti": b64(hashlib.sha256(
                      str(time.monotonic_ns()).encode()).digest()[:12])}
        claims |= changes
        return {name: value for name, value in claims.items() if value is not None}

    def header(self, key, **changes):
        header = {"alg": key.algorithm, "kid": key.kid, "typ": self.typ} | changes
        return {name: value for name, value in header.items() if value is not None}

    def token(self, algorithm="ES256", key=None, header=None, **claims):
        key = key or self.key(algorithm)
        return compact(self.header(key, **(header or {})), self.claims(**claims), key=key)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}
