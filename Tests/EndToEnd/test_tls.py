"""TLS: versions, suites, certificates by name, resumption, and the other kinds of listeners."""

import socket
import ssl
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.certificates import client_context, load, names_of
from harness.client import Connection, request_bytes
from harness.gateway import free_port, run, write_config
from harness.responses import ClosedEarly


def configuration(site, upstream):
    second, second_key = site.authority.issue("second", "second.test", "*.wild.test")
    strict = {"address": "127.0.0.2:0", "tls": site.tls(minimum_version="1.3")}
    several = {"address": "127.0.0.1:0", "tls": site.tls(hsts="365d", certificates=[{"certificate_file": str(second), "private_key_file": str(second_key)}])}
    return site.config(upstream, listeners=[several, strict, {"address": "127.0.0.1:0"}])


def version(gateway, minimum, maximum, listener=0, **options):
    context = trusting(gateway, minimum=minimum, maximum=maximum, **options)
    with gateway.connect(listener, context=context) as connection:
        assert connection.request("GET", "/public/t").status == 200
        return connection.tls.version()


def trusting(gateway, **options):
    """A client that trusts what the gateway's own client trusts, with other options."""
    context = client_context(**options)
    context.load_verify_locations(cadata="".join(ssl.DER_cert_to_PEM_cert(der) for der in gateway.context.get_ca_certs(binary_form=True)))
    return context


@pytest.mark.parametrize("which, name", [(ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")])
def test_tls_1_2_and_1_3(gateway, which, name):
    assert version(gateway, which, which) == name


@pytest.mark.parametrize("which", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_versions_are_refused(gateway, which):
    context = client_context(minimum=which, maximum=which, verify=False, ciphers="ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        gateway.connect(context=context)


def test_minimum_version(gateway):
    assert version(gateway, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, listener=1) == "TLSv1.3"
    with pytest.raises((ssl.SSLError, OSError)):
        version(gateway, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, listener=1)


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_the_intermediate_suites(gateway, cipher):
    assert version(gateway, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, ciphers=cipher) == "TLSv1.2"


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-CCM8", "AECDH-AES128-SHA", "ECDHE-ECDSA-NULL-SHA"])
def test_no_other_suites(gateway, cipher):
    context = trusting(gateway, minimum=ssl.TLSVersion.TLSv1_2, maximum=ssl.TLSVersion.TLSv1_2, ciphers=cipher + ":@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError)):
        gateway.connect(context=context)


def certificate(gateway, name, context, listener=0):
    with gateway.connect(listener, context=context, server_name=name) as connection:
        return connection.tls.getpeercert(binary_form=True)


@pytest.mark.parametrize("name, expected", [("gatehouse.test", "gatehouse.test"), ("second.test", "second.test"), ("SECOND.test", "second.test"), ("a.wild.test", "second.test"),
                                            ("unknown.test", "gatehouse.test"), (None, "gatehouse.test"), ("a.b.wild.test", "gatehouse.test"), ("wild.test", "gatehouse.test")])
def test_the_certificate_is_chosen_by_name(gateway, name, expected):
    assert names_of(certificate(gateway, name, client_context(verify=False)))[0] == expected


def test_names_verify(gateway, site):
    for name in ("gatehouse.test", "second.test", "x.wild.test"):
        certificate(gateway, name, site.context)
    with pytest.raises(ssl.SSLCertVerificationError):
        certificate(gateway, "unknown.test", site.context)


@pytest.mark.parametrize("which", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume(gateway, which):
    context = trusting(gateway, minimum=which, maximum=which)
    with gateway.connect(context=context) as first:
        assert first.request("GET", "/public/t").status == 200  # a 1.3 ticket comes after the handshake
        session = first.tls.session
        assert not first.tls.session_reused
    reused = 0
    for _ in range(6):  # whichever loop takes the connection
        with gateway.connect(context=context, session=session) as again:
            assert again.request("GET", "/public/t").status == 200
            reused += again.tls.session_reused
            if which == ssl.TLSVersion.TLSv1_3:
                session = again.tls.session
    assert reused == 6


def test_alpn_offers_http_1_1(gateway):
    for offer, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], {"http/1.1", "h2"}), (None, None)):
        with gateway.connect(context=trusting(gateway, alpn=offer)) as connection:
            selected = connection.tls.selected_alpn_protocol()
            assert selected in (chosen if isinstance(chosen, set) else {chosen})


def test_a_client_that_speaks_only_something_else_is_refused(gateway):
    """RFC 7301 §3.2."""
    with pytest.raises((ssl.SSLError, OSError, ClosedEarly, AssertionError)):
        with gateway.connect(context=trusting(gateway, alpn=["ftp"])) as connection:
            assert connection.tls.selected_alpn_protocol() == "ftp"
            connection.request("GET", "/public/t")


def test_hsts(gateway):
    assert gateway.get("/public/t").get("strict-transport-security").startswith("max-age=31536000")
    assert gateway.get("/nowhere").get("strict-transport-security")
    with gateway.connect(1) as connection:
        assert "strict-transport-security" not in connection.request("GET", "/public/t")
    with gateway.connect(2) as connection:  # RFC 6797 §7.2
        assert "strict-transport-security" not in connection.request("GET", "/public/t")


def test_a_plain_listener(gateway, upstream):
    with gateway.connect(2) as connection:
        assert connection.tls is None
        assert connection.request("GET", "/public/p").status == 200
        assert connection.request("GET", "/notes/p").status == 401
    seen = upstream.only("/public/p")
    assert seen.get("x-forwarded-proto") == "http" and "proto=http" in seen.get("forwarded").lower()
    assert gateway.listening()[2].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("half", [True, False])
def test_half_close_without_tls(gateway, upstream, half):
    with gateway.connect(2) as connection:
        connection.send(request_bytes("POST", "/public/p", body="hello"))
        connection.half_close() if half else None
        assert connection.read_response().json()["body"] == 5


def test_plain_http_on_a_tls_port_ends_quietly(gateway):
    with Connection(gateway.address()) as connection:
        connection.send(request_bytes("GET", "/public/t"))
        data = connection.read_to_end(5)
    assert data == b"" or data.startswith(b"HTTP/1.1 400") or data[0] == 21  # a TLS alert


def test_many_records_and_key_updates(gateway, upstream):
    with gateway.connect() as connection:
        body = b"".join(b"%07d\n" % n for n in range(3000))
        head = request_bytes("POST", "/public/r", {"Content-Length": str(len(body))})
        connection.send(head)
        for start in range(0, len(body), 37):  # a record each
            connection.send(body[start:start + 37])
        assert connection.read_response().status == 200
    assert bytes(upstream.only("/public/r").body) == body


def test_self_signed(start, site, upstream):
    gateway = start(site.config(upstream, issuer="https://my.gate.test:8443", listeners=[{"address": "127.0.0.1:0", "tls": {"self_signed": True}}]))
    der = certificate(gateway, "localhost", client_context(verify=False))
    assert {"localhost", "127.0.0.1", "my.gate.test"} <= set(names_of(der))
    loaded = load(der)
    assert loaded.public_key().curve.name == "secp256r1"
    assert loaded.signature_hash_algorithm.name == "sha256"
    pem = ssl.DER_cert_to_PEM_cert(der)
    file = gateway.folder / "trust.pem"
    file.write_text(pem)
    for name in ("localhost", "my.gate.test"):
        with gateway.connect(context=client_context(cafile=str(file)), server_name=name) as connection:
            assert connection.request("GET", "/public/t").status == 200


def test_self_signed_is_made_once_beside_the_storage(start, site, upstream):
    gateway = start(site.config(upstream, storage="sqlite:data/gatehouse.db", listeners=[{"address": "127.0.0.1:0", "tls": {"self_signed": True}}]))
    first = certificate(gateway, "localhost", client_context(verify=False))
    gateway.stop()
    gateway.start()
    assert certificate(gateway, "localhost", client_context(verify=False)) == first
    keys = [f for f in gateway.folder.rglob("tls/*") if b"PRIVATE" in f.read_bytes()]
    assert keys and all(f.stat().st_mode & 0o077 == 0 for f in keys)


def test_an_rsa_certificate(start, site, upstream):
    certificate_file, key = site.authority.issue("rsa", "gatehouse.test", key=rsa.generate_private_key(65537, 2048))
    gateway = start(site.config(upstream, listeners=[{"address": "127.0.0.1:0", "tls": {"certificate_file": str(certificate_file), "private_key_file": str(key)}}]))
    for which in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert version(gateway, which, which)


@pytest.mark.parametrize("fault", ["missing certificate", "missing key", "wrong key", "no pem"])
def test_bad_certificates_stop_the_start(site, upstream, tmp_path, fault):
    other, other_key = site.authority.issue("other", "other.test")
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("hello")
    tls = {"missing certificate": {"certificate_file": "nothing.crt", "private_key_file": str(site.key)}, "missing key": {"certificate_file": str(site.certificate), "private_key_file": "nothing.key"},
           "wrong key": {"certificate_file": str(site.certificate), "private_key_file": str(other_key)}, "no pem": {"certificate_file": str(garbage), "private_key_file": str(site.key)}}[fault]
    write_config(tmp_path, site.config(upstream, listeners=[{"address": "127.0.0.1:0", "tls": tls}]))
    done = run("serve", "gateway.json", cwd=tmp_path)
    assert done.returncode == 1 and "listening" not in done.stdout
    assert done.stderr.strip()


@pytest.mark.parametrize("issuer, host, expected", [
    ("https://gatehouse.test", "gatehouse.test", "https://gatehouse.test"), ("https://gatehouse.test:8443", "evil.test", "https://gatehouse.test:8443")])
def test_redirect_to_https(start, site, upstream, issuer, host, expected):
    gateway = start(site.config(upstream, issuer=issuer, listeners=[{"address": "127.0.0.1:0", "tls": site.tls()}, {"address": "127.0.0.1:0", "redirect_to_https": True}]))
    with gateway.connect(1) as connection:
        for method, target in (("GET", "/notes/a?b=%2F&c"), ("POST", "/public/x"), ("GET", "/")):
            response = connection.request(method, target, host=host)
            assert (response.status, response.get("location")) == (308, expected + target)
        assert connection.request("HEAD", "/x", host=host).status == 308
    assert upstream.seen() == []
    with gateway.connect(1) as connection:
        connection.send("GET //evil.test/%2e%2e HTTP/1.1\r\nHost: gatehouse.test\r\n\r\n")
        response = connection.read_response()
        assert response.status in (400,) or response.get("location").startswith(expected + "/")
        assert response.status == 400 or not response.get("location").startswith(expected + "//evil")


def test_a_unix_listener(start, site, upstream, tmp_path_factory):
    path = tmp_path_factory.mktemp("u") / "g.sock"
    gateway = start(site.config(upstream, listeners=[{"address": f"unix:{path}"}, {"address": "127.0.0.1:0", "tls": site.tls()}]))
    for _ in range(5):
        with Connection(str(path)) as connection:
            assert connection.request("GET", "/public/u").status == 200
            assert connection.request("GET", "/notes/u").status == 401
    assert len(upstream.seen("/public/u")) == 5
    assert upstream.seen()[0].get("x-forwarded-proto") == "http"
    gateway.stop()
    assert not path.exists(), "the socket's file was left behind"
    gateway.start()
    with Connection(str(path)) as connection:
        assert connection.request("GET", "/public/u").status == 200


def test_a_unix_listener_with_tls(start, site, upstream, tmp_path_factory):
    path = tmp_path_factory.mktemp("u") / "t.sock"
    gateway = start(site.config(upstream, listeners=[{"address": f"unix:{path}", "tls": site.tls()}]))
    with Connection(str(path), site.context) as connection:
        assert connection.request("GET", "/public/u").status == 200
    assert gateway.process.poll() is None


def test_a_stale_unix_socket_does_not_stop_the_start(start, site, upstream, tmp_path_factory):
    path = tmp_path_factory.mktemp("u") / "s.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    start(site.config(upstream, listeners=[{"address": f"unix:{path}"}]))
    with Connection(str(path)) as connection:
        assert connection.request("GET", "/public/u").status == 200


def test_a_taken_address_is_an_error(start, site, upstream, tmp_path):
    port = free_port()
    config = site.config(upstream, listeners=[{"address": f"127.0.0.1:{port}", "tls": site.tls()}])
    gateway = start(config)
    second = tmp_path / "second"
    second.mkdir()
    write_config(second, config)
    done = run("serve", "gateway.json", cwd=second)
    assert done.returncode == 1 and str(port) in done.stderr
    assert gateway.get("/public/still").status == 200


def test_connections_are_spread_over_the_loops(start, site, upstream):
    gateway = start(site.config(upstream, workers=4))
    for _ in range(32):
        assert gateway.get("/public/w").status == 200
    assert len(upstream.seen()) == 32


def test_renegotiation_is_refused(gateway):
    """CVE-2009-3555 and CPU exhaustion; OpenSSL's client can be asked to try it."""
    host, port = gateway.address()
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-tls1_2", "-legacy_renegotiation"], input=b"R\n", capture_output=True, timeout=20)
    assert b"RENEGOTIATING" not in done.stdout or b"no renegotiation" in done.stderr + done.stdout or done.returncode != 0
    assert gateway.get("/public/t").status == 200
