"""curl and h2load with the gateway before upstreams of HTTP/1.1, of HTTP/2 without TLS and of HTTP/2 with it."""

import hashlib
import json

import pytest

from harness.waiting import SCALE
from rig.application import pattern
from rig.front import DIRECT, UPSTREAMS, needs_gateway
from rig.tools import curl, h2load, headers

# How curl is told to speak, what it then calls the version, and where it goes.
PROTOCOLS = {
    "h2": (["--http2"], "2", "url"),
    "http/1.1": (["--http1.1"], "1.1", "url"),
    "http/1.1 only": (["--http2"], "1.1", "http1_url"),
    "h2c": (["--http2-prior-knowledge"], "2", "plain_url"),
    "http/1.1 without TLS": (["--http1.1"], "1.1", "plain_url"),
}


class Way:
    def __init__(self, front, protocol, upstream, folder):
        self.front, self.upstream, self.folder = front, upstream, folder
        self.options, self.version, self.where = PROTOCOLS[protocol]

    def url(self, path, access="public"):
        return f"{getattr(self.front, self.where)}/{self.upstream}/{access}/{path}"

    def curl(self, *arguments, **options):
        result = curl(self.front, *self.options, *arguments, **options)
        for transfer in result.writes:
            assert transfer["http_version"] == self.version, transfer["http_version"]
        return result

    def heads(self, *arguments, **options):
        file = self.folder / "heads"
        return self.curl("-D", file, *arguments, **options), headers(file)


# Each protocol, and each upstream behind the two that matter most.
PAIRS = [("h2", "http1"), ("h2", "h2c"), ("h2", "h2"), ("http/1.1", "h2c"), ("http/1.1", "h2"), ("h2c", "http1"), ("h2c", "h2c"),
         ("http/1.1 only", "http1"), ("http/1.1 without TLS", "h2")]


@pytest.fixture(params=[pair for pair in PAIRS if not (DIRECT and pair[0] == "http/1.1 only")], ids=" to ".join)
def pair(request):
    return request.param


@pytest.fixture(params=UPSTREAMS)
def kind(request):
    return request.param


@pytest.fixture
def way(front, pair, tmp_path):
    return Way(front, *pair, tmp_path)


def test_get(way, application):
    result, heads = way.heads(way.url("echo?a=b"), "-H", "X-Own: kept", "-b", "a=1; b=2")
    seen = json.loads(result.output)
    assert result.only["response_code"] == 200 and heads[-1][0].split()[0] == f"HTTP/{way.version}"
    fields = [tuple(field) for field in seen["fields"]]
    assert ("x-own", "kept") in fields and [v for n, v in fields if n == "cookie"] == ["a=1; b=2"], "one Cookie field (RFC 9113 §8.2.3)"
    assert seen["method"] == "GET" and seen["path"] == f"/{way.upstream}/public/echo"
    if not DIRECT:
        assert seen["version"] == ("1.1" if way.upstream == "http1" else "2")


def test_head(way):
    result, heads = way.heads("-I", way.url("bytes?count=1000000"))
    assert result.only["response_code"] == 200 and result.only["size_download"] == 0
    assert dict(heads[-1][1])["content-length"] == "1000000"


@pytest.mark.parametrize("code", [204, 304, 404, 500])
def test_status(way, code):
    result, heads = way.heads(way.url(f"status?code={code}"))
    assert result.only["response_code"] == code and dict(heads[-1][1])["x-code"] == str(code)


def test_a_download(way):
    size = 20_000_000
    result = way.curl(way.url(f"bytes?count={size}"))
    assert hashlib.sha256(result.output).digest() == hashlib.sha256(pattern(0, size)).digest()


def test_a_download_of_unknown_length(way):
    result, heads = way.heads(way.url("bytes?count=3000000&length=no&chunk=777"))
    assert "content-length" not in dict(heads[-1][1]) and result.output == pattern(0, 3_000_000)


def test_an_upload(way):
    data = pattern(0, 20_000_000)
    result = way.curl("-T", "-", "-H", "Content-Length: 20000000", "-H", "Transfer-Encoding:", way.url("echo"), data=data)
    seen = json.loads(result.output)
    assert (seen["method"], seen["length"], seen["sha256"]) == ("PUT", len(data), hashlib.sha256(data).hexdigest())


def test_an_upload_of_unknown_length(way):
    data = pattern(7, 5_000_000)
    seen = json.loads(way.curl("-T", "-", way.url("echo"), data=data).output)
    assert (seen["length"], seen["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_form(way):
    seen = json.loads(way.curl("-d", "a=1&b=2", way.url("echo")).output)
    assert (seen["method"], seen["length"]) == ("POST", 7)
    assert ["content-type", "application/x-www-form-urlencoded"] in seen["fields"]


def test_expect_100_continue(way):
    """curl waits 30 s for it where the upstream sends it; Hypercorn does so over HTTP/1.1 alone."""
    sends = way.version == "1.1" if DIRECT else way.upstream == "http1"
    data = pattern(0, 2_000_000)
    result = way.curl("-H", "Expect: 100-continue", "--expect100-timeout", "30" if sends else "0.3", "--data-binary", "@-", way.url("echo"), data=data)
    assert json.loads(result.output)["length"] == len(data) and result.only["time_total"] < 10 * SCALE


def test_up_and_down_at_once(way):
    data = pattern(3, 10_000_000)
    assert way.curl("-T", "-", way.url("duplex"), data=data).output == data


def test_a_slow_reader(way):
    """Backpressure from a client that takes 4 MB a second."""
    size = 6_000_000
    assert way.curl("--limit-rate", "4M", way.url(f"bytes?count={size}")).output == pattern(0, size)


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])  # this curl fails on every connection of h2c that it uses again
def test_many_transfers_on_one_connection(front, protocol, kind, tmp_path):
    """In parallel over HTTP/2, after each other over HTTP/1.1."""
    way = Way(front, protocol, kind, tmp_path)
    urls = [way.url(f"bytes?count={count}") for count in range(100_000, 100_040)]
    parallel = ["-Z", "--parallel-max", "40"] if protocol == "h2" else []
    result = way.curl(*parallel, *[part for number, url in enumerate(urls) for part in ("-o", tmp_path / f"{number}", url)])
    assert [t["response_code"] for t in result.writes] == [200] * 40
    assert sum(t["num_connects"] for t in result.writes) == 1
    for number in range(40):
        assert (tmp_path / f"{number}").read_bytes() == pattern(0, 100_000 + number)


@needs_gateway
def test_tokens(way, front):
    assert way.curl(way.url("echo", "notes")).only["response_code"] == 401
    result, heads = way.heads(way.url("echo", "notes"), "-H", "Authorization: Bearer " + front.token(scope="profile"))
    assert result.only["response_code"] == 403
    challenge = dict(heads[-1][1])["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge and 'scope="notes:read"' in challenge
    forged = ["-H", "X-User-Name: mallory", "-H", "X_User_Name: mallory"]
    result = way.curl(way.url("echo", "notes"), *forged, "-H", "Authorization: Bearer " + front.token())
    fields = [tuple(field) for field in json.loads(result.output)["fields"]]
    assert [v for n, v in fields if n.replace("_", "-") == "x-user-name"] == ["ada"]
    assert not [v for n, v in fields if n == "authorization"]


@needs_gateway
def test_an_offer_to_upgrade_to_h2c_is_not_passed_on(front, kind, application, unique):
    """curl --http2 without TLS offers it; it is answered over HTTP/1.1 (RFC 9113 removed it)."""
    result = curl(front, "--http2", f"{front.plain_url}/{kind}/public/{unique}")
    assert (result.only["http_version"], result.only["response_code"]) == ("1.1", 200)
    seen = application.only(f"/{kind}/public/{unique}")
    assert not [f for f in seen.fields if f[0] in ("upgrade", "http2-settings")], seen.fields


@needs_gateway
def test_http2_only_where_the_listener_allows_it(front):
    """Listeners of HTTP/1.1 alone: ALPN does not offer h2, and the preface of h2c is no request."""
    assert [listener.get("protocols") for listener in front.gateway.config["listeners"]][1::2] == [["http/1.1"]] * 2
    result = curl(front, "--http2", front.http1_url + "/http1/public/echo")
    assert result.only["http_version"] == "1.1"
    address = f"http://localhost:{front.gateway.port(3)}/http1/public/echo"
    assert curl(front, address).only["response_code"] == 200
    assert curl(front, "--http2-prior-knowledge", address, check=False).code != 0


def test_trailers(front):
    """HTTP/2 on both sides. curl shows them, but writes them into no file."""
    result = curl(front, "--http2", "-v", "-H", "TE: trailers", front.url + "/h2c/public/trailers")
    assert result.output == b"body" and "< x-digest: abc" in result.errors


@pytest.mark.parametrize("where", ["url", "plain_url"])
def test_h2load(front, where, kind):
    """2,000 requests on 10 connections of 20 streams each, all of them good."""
    url = f"{getattr(front, where)}/{kind}/public/bytes?count=1000"
    succeeded, good, printed = h2load(url, 2000, 10, 20)
    assert (succeeded, good) == (2000, 2000), printed


def test_h2load_with_more_streams_than_allowed(front):
    """h2load keeps to the SETTINGS once it has them; before that, what is too much is refused as never begun, or served."""
    succeeded, good, printed = h2load(f"{front.url}/http1/public/echo", 2000, 2, 100)
    assert (succeeded, good) == (2000, 2000), printed


def test_h2load_uploads(front, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(pattern(0, 100_000))
    succeeded, good, printed = h2load(f"{front.url}/h2c/public/echo", 300, 3, 10, "-d", file)
    assert (succeeded, good) == (300, 300), printed


@needs_gateway
def test_h2load_with_tokens(front):
    succeeded, good, printed = h2load(f"{front.url}/http1/notes/echo", 2000, 10, 20, "-H", "Authorization: Bearer " + front.token())
    assert (succeeded, good) == (2000, 2000), printed


@needs_gateway
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_access_log_names_the_protocol(front, protocol, unique):
    options, version, where = PROTOCOLS[protocol]
    curl(front, *options, f"{getattr(front, where)}/http1/public/{unique}")
    entry = front.logged(f"/http1/public/{unique}")
    assert entry["version"] == ("HTTP/2" if version == "2" else "HTTP/1.1")
