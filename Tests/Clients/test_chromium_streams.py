"""A page in Chromium that streams: fetch both ways, EventSource, WebSocket over HTTP/1.1 and over HTTP/2 (RFC 8441)."""

import time

import pytest

from harness.waiting import SCALE, eventually
from rig.chromium import Chromium
from rig.front import DIRECT, UPSTREAMS, needs_gateway

# Of each WebSocket test: where the page comes from, and so what Chromium opens the socket with.
SOCKETS = {"HTTP/2": "url", "HTTP/1.1": "http1_url"}
SCRIPT = """
const done = arguments[arguments.length - 1];
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const socket = (path, protocols) => new Promise((resolve, reject) => {
    const ws = new WebSocket(location.origin.replace("http", "ws") + path, protocols);
    ws.binaryType = "arraybuffer"; ws.heard = []; ws.waiting = [];
    ws.next = () => new Promise(r => ws.heard.length ? r(ws.heard.shift()) : ws.waiting.push(r));
    ws.onmessage = e => ws.waiting.length ? ws.waiting.shift()(e.data) : ws.heard.push(e.data);
    ws.closed = new Promise(r => ws.onclose = e => r([e.code, e.reason, e.wasClean]));
    ws.onopen = () => resolve(ws); ws.onerror = () => reject(new Error("no WebSocket"));
});
const args = arguments[0];
(async () => { %s })().then(value => done({value}), error => done({error: String(error)}));
"""


class Page:
    """A page of that origin, and scripts that run in it."""

    def __init__(self, chromium, origin, kind="http1"):
        self.chromium, self.origin, self.kind = chromium, origin, kind
        chromium.fresh()
        chromium.open(f"{origin}/{kind}/public/page")
        assert chromium.title == "Peers", chromium.title

    def run(self, script, **arguments):
        """What an asynchronous function with this body returns; `args` holds the arguments."""
        self.chromium.driver.set_script_timeout(30 * SCALE)
        answer = self.chromium.driver.execute_async_script(SCRIPT % script, arguments)
        assert "error" not in answer, (answer["error"], self.chromium.console())
        return answer["value"]

    def path(self, name, access="public"):
        return f"/{self.kind}/{access}/{name}"


@pytest.fixture(scope="module")
def chromium(site, tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("chromium"), [site.certificate], 1)
    yield chromium
    chromium.quit()


@pytest.fixture(params=UPSTREAMS)
def page(request, chromium, front):
    return Page(chromium, front.url, request.param)


@pytest.fixture(params=SOCKETS.keys())
def socket_page(request, chromium, front):
    page = Page(chromium, getattr(front, SOCKETS[request.param]))
    page.version = request.param
    return page


# Pages and fetch


def test_a_page_over_http2(page):
    protocols = page.run("""
        await fetch(args.path); await sleep(50);
        return [performance.getEntriesByType("navigation")[0].nextHopProtocol,
                ...performance.getEntriesByType("resource").map(e => e.nextHopProtocol)];""", path=page.path("echo"))
    assert protocols and set(protocols) == {"h2"}


def test_many_fetches_at_once(page, front):
    lengths = page.run("""
        const one = async n => (await (await fetch(args.path, {method: "POST", body: new Uint8Array(n * 100)})).json()).length;
        return await Promise.all([...Array(150).keys()].map(one));""", path=page.path("echo"))
    assert lengths == [number * 100 for number in range(150)]


def test_a_fetch_with_a_token(page, front):
    status, fields = page.run("""
        const answer = await fetch(args.path, {headers: {authorization: "Bearer " + args.token, "x-user-name": "mallory"}});
        return [answer.status, (await answer.json()).fields];""", path=page.path("echo", "notes"), token=front.token())
    assert status == 200
    if not DIRECT:
        assert [value for name, value in fields if name == "x-user-name"] == ["ada"]
        assert "authorization" not in dict(fields)


@needs_gateway
def test_a_fetch_without_one(page):
    status, challenge, kind = page.run("""
        const answer = await fetch(args.path);
        return [answer.status, answer.headers.get("www-authenticate"), answer.headers.get("content-type")];""", path=page.path("echo", "notes"))
    assert status == 401 and challenge.startswith("Bearer ") and kind == "application/problem+json"


def test_a_response_read_as_it_comes(page):
    """Each event on its own, not all at the end."""
    times = page.run("""
        const reader = (await fetch(args.path)).body.getReader(), times = [];
        for (;;) { const {done, value} = await reader.read(); if (done) return times; times.push(performance.now()); }""",
        path=page.path("ticks?count=5&every=0.8"))
    assert len(times) == 5 and min(b - a for a, b in zip(times, times[1:])) > 50


def test_an_upload_that_is_a_stream(page):
    """Chromium does so only over HTTP/2: pieces as they are made, and no length beforehand."""
    answers = page.run("""
        let number = 0;
        const stream = new ReadableStream({async pull(c) {
            await sleep(20);
            if (number == 40) c.close(); else c.enqueue(new Uint8Array(1000).fill(number++));
        }});
        const answer = await fetch(args.path, {method: "POST", body: stream, duplex: "half"});
        return [answer.status, (await answer.json()).length];""", path=page.path("echo"))
    assert answers == [200, 40_000]


def test_a_large_download_and_a_large_upload(page):
    size = page.run("""
        const down = await (await fetch(args.down)).arrayBuffer();
        const up = await (await fetch(args.up, {method: "PUT", body: down})).json();
        return [down.byteLength, up.length];""", down=page.path("bytes?count=20000000"), up=page.path("echo"))
    assert size == [20_000_000, 20_000_000]


def test_a_fetch_that_is_aborted(page, application, unique):
    """RST_STREAM of one stream; the connection and its other streams go on."""
    path = page.path(f"{unique}/ticks")
    page.run("""
        const aborter = new AbortController();
        const reader = (await fetch(args.path + "?count=0&every=0.02", {signal: aborter.signal})).body.getReader();
        await reader.read();
        aborter.abort();""", path=path)
    eventually(lambda: application.only(path).gone, what="the upstream learns that the client is gone")
    assert page.run("return (await fetch(args.path)).status", path=page.path("echo")) == 200


def test_an_event_source(page, application):
    """Chromium's own reader of server-sent events; it comes again by itself with the last event's number."""
    heard = page.run("""
        return await new Promise((resolve, reject) => {
            const source = new EventSource(args.path), ids = [];
            source.onmessage = e => { ids.push(e.lastEventId); if (ids.length == 5) { source.close(); resolve(ids); } };
        });""", path=page.path("ticks?count=0&every=0.05"))
    assert heard == ["1", "2", "3", "4", "5"]


def test_many_event_sources_on_one_connection(page):
    """Over HTTP/1.1 a browser would allow six."""
    counts = page.run("""
        const one = () => new Promise(resolve => {
            const source = new EventSource(args.path); let count = 0;
            source.onmessage = () => { if (++count == 5) resolve(source); };
        });
        const sources = await Promise.all([...Array(30)].map(one));
        sources.forEach(s => s.close());
        return sources.length;""", path=page.path("ticks?count=0&every=0.05"))
    assert counts == 30


# WebSocket


def opened_over(page, front, application, path):
    """Checks that the upgrade went the way that this page is about."""
    seen = application.only(path).version
    if front.gateway:
        assert seen == "1.1"
        assert eventually(lambda: [e for e in front.gateway.access_log() if e["path"] == path], what="an access-log entry")[-1]["version"] == page.version
    else:
        assert f"HTTP/{seen}" == page.version


def test_a_websocket(socket_page, front, application, unique):
    path = socket_page.path(f"{unique}/socket")
    answers = socket_page.run("""
        const ws = await socket(args.path);
        ws.send("hello"); const text = await ws.next();
        ws.send(new Uint8Array([1, 2, 3])); const bytes = [...new Uint8Array(await ws.next())];
        const protocol = ws.protocol;
        ws.close(1000, "bye");
        return [text, bytes, protocol, await ws.closed];""", path=path)
    assert answers == ["hello", [1, 2, 3], "", [1000, "bye", True]]
    eventually(lambda: application.only(path).gone, what="the upstream learns that it is closed")
    opened_over(socket_page, front, application, path)


def test_large_and_many_messages(socket_page):
    answers = socket_page.run("""
        const ws = await socket(args.path), sizes = [];
        for (const size of [0, 1, 125, 126, 65535, 65536, 1000000, 8000000]) {
            ws.send(new Uint8Array(size).fill(7)); sizes.push((await ws.next()).byteLength);
        }
        for (let n = 0; n < 1000; n++) ws.send("message " + n);
        for (let n = 0; n < 1000; n++) if (await ws.next() != "message " + n) throw new Error("out of order at " + n);
        ws.send("flood 300 65536");
        let bytes = 0;
        for (let n = 0; n < 300; n++) bytes += (await ws.next()).byteLength;
        ws.close();
        return [sizes, bytes];""", path=socket_page.path("socket"))
    assert answers == [[0, 1, 125, 126, 65535, 65536, 1000000, 8000000], 300 * 65536]


@pytest.mark.parametrize("code, reason", [(1000, "done"), (1001, "going"), (3000, ""), (4321, "ünlike")])
def test_the_server_closes(socket_page, code, reason):
    closed = socket_page.run("""
        const ws = await socket(args.path);
        ws.send(args.words);
        return await ws.closed;""", path=socket_page.path("socket"), words=f"close {code} {reason}")
    assert closed == [code, reason, True]


def test_a_page_that_is_left_closes_its_socket(socket_page, chromium, application, unique):
    path = socket_page.path(f"{unique}/socket")
    socket_page.run("window.kept = await socket(args.path); kept.send('here'); return await kept.next();", path=path)
    chromium.driver.refresh()  # any other page would leave this one in the cache for "back"
    eventually(lambda: application.only(path).gone, what="the upstream learns that the client is gone")


def test_twenty_sockets_at_once(socket_page):
    answers = socket_page.run("""
        const one = async n => { const ws = await socket(args.path); ws.send("" + n); const heard = await ws.next(); await sleep(200); ws.close(); return heard; };
        return await Promise.all([...Array(20).keys()].map(one));""", path=socket_page.path("socket"))
    assert answers == [str(number) for number in range(20)]


def test_a_refusal_by_the_upstream(socket_page):
    """It answers 403 to the upgrade; a page only learns that there is no socket."""
    answer = socket_page.run("return await socket(args.path).then(() => 'open', e => e.message)", path=socket_page.path("socket?refuse=1"))
    assert answer == "no WebSocket"


@needs_gateway
def test_the_token_as_a_subprotocol(socket_page, front, application, unique):
    """`bearer.TOKEN` beside the page's own: the upstream sees who it is and only the other, which it chooses."""
    path = socket_page.path(f"{unique}/socket", "notes")
    token = front.token()
    answers = socket_page.run("""
        const ws = await socket(args.path, ["notes.v2", "bearer." + args.token, "notes.v1"]);
        ws.send("hello");
        const answers = [ws.protocol, await ws.next()];
        ws.close(); await ws.closed;
        return answers;""", path=path, token=token)
    assert answers == ["notes.v2", "hello"]
    seen = application.only(path)
    assert seen.subprotocols == ["notes.v2", "notes.v1"] and seen.all("x-user-name") == ["ada"]
    assert not [value for _, value in seen.fields if token in value] and not seen.all("authorization")
    opened_over(socket_page, front, application, path)
    assert token not in "\n".join(front.gateway.lines) and token not in front.gateway.stderr()


@needs_gateway
def test_the_token_as_the_only_subprotocol(socket_page, front, application, unique):
    """Chromium drops a socket whose server chooses none of those offered: the gateway has to choose the one that it took."""
    path = socket_page.path(f"{unique}/socket", "notes")
    answers = socket_page.run("""
        const ws = await socket(args.path, ["bearer." + args.token]);
        ws.send("hello"); const heard = await ws.next(); ws.close();
        return [heard, ws.protocol == "bearer." + args.token];""", path=path, token=front.token())
    assert answers == ["hello", True]
    seen = application.only(path)
    assert seen.subprotocols == [] and seen.all("x-user-name") == ["ada"]


@needs_gateway
@pytest.mark.parametrize("claims", [None, {"exp": 1_700_000_000}, {"scope": "profile"}], ids=["no token", "expired", "scope"])
def test_no_socket_without_a_good_token(socket_page, front, application, unique, claims):
    path = socket_page.path(f"{unique}/socket", "notes")
    offered = ["notes.v1"] + (["bearer." + front.token(**claims)] if claims else [])
    answer = socket_page.run("return await socket(args.path, args.offered).then(() => 'open', e => e.message)", path=path, offered=offered)
    assert answer == "no WebSocket"
    entry = front.logged(path)
    assert entry["status"] == (403 if claims and "scope" in claims else 401) and entry["version"] == socket_page.version
    assert not application.seen(path)


@needs_gateway
def test_a_socket_ends_with_its_token(chromium, make_front, site):
    """`close_on_token_expiry`, for a page that did not renew it."""
    front = make_front(trusted_issuers=[site.trusted(clock_skew="0s")])
    page = Page(chromium, front.url)
    token = front.token(exp=int(time.time()) + 3)
    seconds = page.run("""
        const ws = await socket(args.path, ["notes.v1", "bearer." + args.token]), begun = performance.now();
        ws.send("hello"); await ws.next();
        await ws.closed;
        return (performance.now() - begun) / 1000;""", path=page.path("socket", "notes"), token=token)
    assert seconds < 5 * SCALE


@needs_gateway
def test_a_reload_with_everything_open(chromium, make_front):
    """A stream, events and a socket go on over three reloads, while new fetches find the new connections and none fails."""
    front = make_front()
    page = Page(chromium, front.url)
    page.run("""
        window.ws = await socket(args.socket); window.seen = []; window.failures = []; window.count = 0;
        const reader = (await fetch(args.ticks)).body.getReader();
        (async () => { for (;;) { const {done, value} = await reader.read(); if (done) { seen.push("end"); return; } seen.push(value.length); } })()
            .catch(e => seen.push("error " + e));
        window.going = true;
        (async () => { while (going) { await fetch(args.echo).then(r => r.ok ? count++ : failures.push(r.status), e => failures.push("" + e)); await sleep(20); } })();
        """, socket=page.path("socket"), ticks=page.path("ticks?count=40&every=0.05"), echo=page.path("echo"))
    for _ in range(3):
        time.sleep(0.4)
        front.gateway.reload()
    eventually(lambda: page.run("return seen.includes('end')"), 10, every=0.1, what="the end of the stream")
    seen, failures, count, heard = page.run("going = false; ws.send('still'); return [seen, failures, count, await ws.next()];")
    assert not [s for s in seen if isinstance(s, str) and s != "end"] and failures == [] and count > 10 and heard == "still"
