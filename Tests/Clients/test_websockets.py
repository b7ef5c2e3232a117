"""A WebSocket client and server that real programs use, `websockets`, with the gateway between them, over TLS."""

import asyncio
import hashlib
import os
import socket
import struct
import time
from contextlib import ExitStack

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from harness.gateway import Gateway
from harness.tokens import bearer
from harness.waiting import SCALE, eventually
from rig.echo import LARGEST, EchoServer
from rig.websocket import connect

ROUTES = [
    {"path": "/public/**", "access": "public", "upstream": "legacy"},
    {"path": "/notes/**", "scopes": ["notes:read"], "upstream": "legacy"},
    {"path": "/admin/**", "scopes": ["notes:admin"], "upstream": "legacy"},
]
MEBIBYTE = 1 << 20
# AddressSanitizer keeps what was freed: GATEHOUSE_SANITIZER_MIB says how much.
GROWTH = (16 + int(os.environ.get("GATEHOUSE_SANITIZER_MIB", "0"))) * MEBIBYTE


@pytest.fixture(scope="module")
def echo_server():
    with EchoServer() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(site, echo_server, tmp_path_factory):
    config = site.config(echo_server.url, routes=ROUTES)
    with Gateway(tmp_path_factory.mktemp("gateway"), config, site.context) as gateway:
        yield gateway


@pytest.fixture(autouse=True)
def forget(echo_server):
    yield
    echo_server.clear()


@pytest.fixture
def options(gateway, site):
    """What a client needs to come in with a good token."""
    def options(path="/notes/x", token=None, **more):
        fields = bearer(site.issuer.token() if token is None else token) if token is not False else {}
        return {"uri": f"wss://127.0.0.1:{gateway.port()}{path}", "ssl": site.context, "proxy": None, "max_size": LARGEST,
                "additional_headers": fields, "open_timeout": 10 * SCALE, "close_timeout": 5 * SCALE, **more}
    return options


@pytest.fixture
def opened(options):
    """Opens connections that the test need not close."""
    with ExitStack() as connections:
        yield lambda path="/notes/x", **more: connections.enter_context(connect(**options(path, **more)))


def closing(echo_server):
    """The one connection that the server saw, once it has ended there."""
    eventually(lambda: echo_server.opened and echo_server.opened[-1].done, what="the end of the connection at the server")
    assert len(echo_server.opened) == 1
    return echo_server.opened[0]


# Messages

def test_text_and_binary_come_back_as_they_were(opened):
    connection = opened()
    for message in ("", "a", "grüße 𝄞", b"", bytes(range(256)), "x" * 125, "x" * 126, b"x" * 65535, b"x" * 65536):
        connection.send(message)
        assert connection.recv(10 * SCALE) == message


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_large_messages(opened, compression):
    message = os.urandom(MEBIBYTE) * 8
    connection = opened(compression=compression)
    for sent in (message, [message[at:at + 100_000] for at in range(0, len(message), 100_000)]):
        connection.send(sent)
        assert hashlib.sha256(connection.recv(60 * SCALE)).digest() == hashlib.sha256(message).digest()


def test_fragments_stay_fragments(opened):
    connection = opened(compression=None)
    connection.send(["one ", "two ", "three"])
    assert connection.recv(10 * SCALE) == "one two three"


def test_many_messages_keep_their_order(options):
    async def talk():
        async with connect_async(**options()) as connection:
            async def send():
                for number in range(5000):
                    await connection.send(f"message {number}")
            sending = asyncio.create_task(send())
            received = [await connection.recv() for _ in range(5000)]
            await sending
            return received
    assert asyncio.run(talk()) == [f"message {number}" for number in range(5000)]


def test_a_server_that_speaks_first(echo_server, opened):
    echo_server.on("/notes/first", lambda connection: [connection.send("hello"), connection.send("again")])
    connection = opened("/notes/first")
    assert [message for message in connection] == ["hello", "again"]


def test_pings_are_answered_by_the_other_end(echo_server, opened):
    def ask(connection):
        assert connection.ping(b"from the server").wait(10 * SCALE)
        connection.send("answered")
        assert connection.recv(10 * SCALE) == "thanks"
    echo_server.on("/notes/ping", ask)
    connection = opened("/notes/ping")
    connection.ping(b"from the client", 10 * SCALE)
    assert connection.recv(10 * SCALE) == "answered"
    connection.send("thanks")


def test_a_hundred_at_once(options):
    async def one(number):
        async with connect_async(**options()) as connection:
            for turn in range(5):
                await connection.send(f"{number} {turn}")
                assert await connection.recv() == f"{number} {turn}"
            return number

    async def all_of_them():
        return await asyncio.gather(*(one(number) for number in range(100)))
    assert asyncio.run(all_of_them()) == list(range(100))


# The extension and the subprotocol are agreed between the two ends

def test_compression_is_agreed_and_used(opened):
    connection = opened(compression="deflate")
    assert [extension.name for extension in connection.extensions] == ["permessage-deflate"]
    connection.send("the same again and again " * 1000)
    assert connection.recv(10 * SCALE) == "the same again and again " * 1000
    assert opened(compression=None).extensions == []


def test_the_subprotocol_that_the_server_chose(echo_server, opened):
    connection = opened(subprotocols=["notes.v2", "notes.v1"])
    assert connection.subprotocol == "notes.v2"
    assert echo_server.opened[0].headers["Sec-WebSocket-Protocol"].replace(" ", "") == "notes.v2,notes.v1"


def test_a_token_as_a_subprotocol_never_reaches_the_server(echo_server, opened, site):
    token = site.issuer.token()
    connection = opened(token=False, subprotocols=["notes.v1", "bearer." + token])
    assert connection.subprotocol == "notes.v1"
    connection.send("hello")
    assert connection.recv(10 * SCALE) == "hello"
    seen = echo_server.opened[0].headers
    assert seen["Sec-WebSocket-Protocol"] == "notes.v1"
    assert token not in str(seen)
    assert seen["X-User-Name"] == "ada"


# Who gets in

def test_what_the_server_is_told(echo_server, opened):
    opened("/notes/who?a=b")
    seen = echo_server.opened[0].headers
    assert seen["X-User-Name"] == "ada"
    assert "Authorization" not in seen
    assert seen["Upgrade"].lower() == "websocket"


def test_a_forged_identity_is_removed(echo_server, options, site):
    fields = bearer(site.issuer.token()) | {"X-User-Name": "root", "X_User_Name": "root"}
    with connect(**options(additional_headers=fields)):
        assert echo_server.opened[0].headers.get_all("X-User-Name") == ["ada"]
        assert "X_User_Name" not in echo_server.opened[0].headers


@pytest.mark.parametrize("path, token, status", [
    ("/notes/x", False, 401), ("/notes/x", "nonsense", 401), ("/admin/x", None, 403), ("/nowhere", None, 404)])
def test_who_may_not_come_in_gets_no_connection(echo_server, options, path, token, status):
    with pytest.raises(InvalidStatus) as refused:
        connect(**options(path, token=token))
    assert refused.value.response.status_code == status
    assert echo_server.opened == []


def test_the_servers_own_refusal_is_passed_on(echo_server, options):
    echo_server.refusing["/notes/full"] = lambda connection, request: connection.respond(503, "no more rooms\n")
    with pytest.raises(InvalidStatus) as refused:
        connect(**options("/notes/full"))
    assert refused.value.response.status_code == 503
    assert refused.value.response.body == b"no more rooms\n"


# The end

CODES = [(1000, ""), (1000, "that was all"), (1001, "away"), (1003, ""), (1008, "policy"), (1009, ""), (1011, "broken"),
         (3000, "registered"), (4999, "ours " + "x" * 118)]


@pytest.mark.parametrize("code, reason", CODES)
def test_a_close_code_from_the_client(echo_server, opened, code, reason):
    opened().close(code, reason)
    end = closing(echo_server)
    assert (end.code, end.reason) == (code, reason)


@pytest.mark.parametrize("code, reason", CODES)
def test_a_close_code_from_the_server(echo_server, opened, code, reason):
    echo_server.on("/notes/close", lambda connection: connection.close(code, reason))
    connection = opened("/notes/close")
    with pytest.raises(ConnectionClosedOK if code in (1000, 1001) else ConnectionClosedError):
        connection.recv(10 * SCALE)
    assert (connection.close_code, connection.close_reason) == (code, reason)


def test_a_server_that_vanishes_is_no_clean_end(echo_server, opened):
    def vanish(connection):
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.socket.close()
    echo_server.on("/notes/vanish", vanish)
    connection = opened("/notes/vanish")
    with pytest.raises(ConnectionClosedError):
        connection.recv(10 * SCALE)
    assert connection.close_code == 1006


def test_a_client_that_vanishes_is_missed_by_the_server(echo_server, opened):
    connection = opened()
    connection.send("hello")
    assert connection.recv(10 * SCALE) == "hello"
    connection.vanish()
    assert closing(echo_server).code == 1006


# Backpressure

def test_a_client_that_does_not_read_holds_the_server_back(echo_server, opened, gateway):
    sent = []

    def flood(connection):
        block = bytes(256 * 1024)
        for _ in range(1024):
            connection.send(block)
            sent.append(len(block))
    echo_server.on("/notes/flood", flood)
    before = gateway.memory()
    connection = opened("/notes/flood", compression=None, max_queue=1)
    eventually(lambda: sent, what="the first message")
    count = 0
    while count != len(sent):
        count = len(sent)
        time.sleep(0.5)
    assert sum(sent) < 64 * MEBIBYTE, "the server was not held back"
    assert gateway.memory() - before < GROWTH
    received = 0
    with pytest.raises(ConnectionClosed):
        while True:
            received += len(connection.recv(30 * SCALE))
    assert received == 1024 * 256 * 1024


def test_a_server_that_does_not_read_holds_the_client_back(echo_server, options, gateway):
    async def talk():
        before, sent = gateway.memory(), 0
        async with connect_async(**options("/notes/deaf", compression=None)) as connection:
            try:
                while sent < 256 * MEBIBYTE:
                    await asyncio.wait_for(connection.send(bytes(256 * 1024)), 1.5 * SCALE)
                    sent += 256 * 1024
            except TimeoutError:
                pass
            grown = gateway.memory() - before
            connection.transport.abort()
        return sent, grown
    release = []
    echo_server.on("/notes/deaf", lambda connection: eventually(lambda: release, 30))
    try:
        sent, grown = asyncio.run(talk())
    finally:
        release.append(True)
    assert sent < 64 * MEBIBYTE, "the client was not held back"
    assert grown < GROWTH
