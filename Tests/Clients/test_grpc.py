"""grpcio's client and server with the gateway between them: every kind of call, in what order things arrive, and how calls end."""

import itertools
import json
import os
import subprocess
import sys
import time

import grpc
import pytest

from harness.waiting import SCALE, eventually, stays
from rig.front import needs_gateway
from rig.grpc_peer import Client, Sender, failure

NAMES = (f"call-{number}" for number in itertools.count())
# How the client's bytes come, and the service's name in the routes, which tells how they go on.
WAYS = {"h2 to h2c": (True, "notes.Notes"), "h2 to https": (True, "secure.Notes"), "h2c to h2c": (False, "notes.Notes")}


class Way(Client):
    """A client with a good token whose calls go one of the ways."""

    def __init__(self, front, secure, service, **options):
        address = front.grpc_address if secure else front.plain_grpc_address
        super().__init__(address, front.authority_file if secure else None, **({"token": front.token()} | options))
        self.secure, self.service, self.calls = secure, service, front.service

    def _call(self, *arguments, **more):
        return super()._call(*arguments[:-1], self.service, **more)

    def unary_call(self, *arguments, **more):
        return super().unary_call(*arguments, **more, service=self.service)


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS.keys())
def client(request, front):
    with Way(front, *request.param) as client:
        yield client


@pytest.fixture
def name():
    return next(NAMES)


# Calls of each kind


def test_unary(client):
    call = client.unary_call("Echo", b"hello")
    assert call.result() == b"hello" and call.code() == grpc.StatusCode.OK
    assert dict(call.initial_metadata()).items() >= {"x-initial": "first", "x-bytes-bin": bytes(range(256))}.items()
    assert dict(call.trailing_metadata()).items() >= {"x-trailing": "last", "x-more-bin": b"\x00\xff"}.items()


@pytest.mark.parametrize("size", [0, 1, 16379, 16384, 65535, 65536, 5 << 20])
def test_messages_of_many_sizes(client, size):
    message = bytes(range(256)) * (size // 256 + 1)
    assert client.unary("Echo", message[:size]) == message[:size]


def test_many_calls_after_each_other(client):
    for number in range(200):
        assert client.unary("Echo", b"%d" % number) == b"%d" % number


def test_a_stream_to_the_client(client):
    call = client.to_client("Count", b"1000 100")
    assert [int.from_bytes(message[:4], "big") for message in call] == list(range(1000))
    assert call.code() == grpc.StatusCode.OK and dict(call.trailing_metadata())["x-count"] == "1000"


def test_large_messages_to_the_client(client):
    assert [len(message) for message in client.to_client("Count", b"16 1048576")] == [1 << 20] * 16


def test_an_empty_stream_to_the_client(client):
    call = client.to_client("Count", b"0 8")
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


def test_a_stream_from_the_client(client, name):
    assert client.from_client("Sum", iter([b"x" * 1000] * 500), name) == b"500 500000"


def test_large_messages_from_the_client(client):
    assert client.from_client("Sum", iter([bytes(1 << 20)] * 16)) == b"16 16777216"


def test_an_empty_stream_from_the_client(client):
    assert client.from_client("Sum", iter(())) == b"0 0"


def test_both_ways_in_lockstep(client):
    """Each message must have arrived before the next is sent: nothing on the way waits for more."""
    sender = Sender()
    call = client.both("Chat", sender)
    for number in range(50):
        sender.send(b"%d" % number)
        assert next(call) == b"re: %d" % number
    sender.end()
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


def test_the_service_speaks_after_the_client_has_ended(client):
    call = client.both("Chat", iter([b"a", b"b", b"c"]))
    assert list(call) == [b"re: a", b"re: b", b"re: c"]


def test_much_both_ways_at_once(client):
    """More than any window each way; neither waits for the other."""
    answers = list(client.both("Flood", iter([bytes(32768)] * 100)))
    assert [len(answer) for answer in answers[:-1]] == [32768] * 100 and answers[-1] == b"100"


def test_compressed_messages(client):
    call = client.channel.unary_unary(f"/{client.service}/Echo").future(
        b"x" * 100_000, metadata=client._metadata(None, ()), timeout=20 * SCALE, compression=grpc.Compression.Gzip)
    assert call.result() == b"x" * 100_000


# How calls end


@pytest.mark.parametrize("code", [c for c in grpc.StatusCode if c.value[0]], ids=lambda c: c.name)
def test_every_status(client, code):
    details = "it's 100 % wrong: “ünlike”\nthe last"
    error = failure(lambda: client.unary("Fail", f"{code.value[0]} {details}".encode()))
    assert (error.code(), error.details()) == (code, details)
    assert dict(error.trailing_metadata())["x-why"] == "asked to"


def test_an_error_after_some_messages(client):
    call = client.to_client("Break")
    received = []
    error = failure(lambda: [received.append(message) for message in call])
    assert received == [b"0", b"1", b"2"]
    assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "broken off")


def test_an_unknown_method(client):
    assert failure(lambda: client.unary("Missing")).code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_deadline_reaches_the_service_and_ends_the_call(client, name):
    begun = time.monotonic()
    error = failure(lambda: client.unary("Sleep", b"10", name, timeout=2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() - begun < 6 * SCALE
    seen = client.calls.call(name)
    assert 0 < seen.time_left < 2.1 * SCALE
    eventually(seen.over.is_set, what="the service learns that the call is over")


def test_a_deadline_of_a_stream(client, name):
    call = client.to_client("Hold", name=name, timeout=2)
    assert next(call) == b"held"
    assert failure(lambda: next(call)).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: client.calls.call(name).over.is_set(), what="the service learns that the call is over")


def test_a_cancelled_call_is_cancelled_at_the_service(client, name):
    call = client.unary_call("Sleep", b"20", name)
    seen = client.calls.call(name)
    call.cancel()
    eventually(seen.over.is_set, what="the service learns that the call is over")
    assert client.unary("Echo", b"still") == b"still"


def test_a_cancelled_stream_is_cancelled_at_the_service(client, name):
    call = client.to_client("Hold", name=name)
    assert next(call) == b"held"
    stays(lambda: not client.calls.call(name).over.is_set())
    call.cancel()
    eventually(lambda: client.calls.call(name).over.is_set(), what="the service learns that the call is over")


def test_a_cancelled_stream_both_ways_is_cancelled_at_the_service(client, name):
    sender = Sender()
    call = client.both("Chat", sender, name)
    sender.send(b"x")
    assert next(call) == b"re: x"
    call.cancel()
    sender.end()
    eventually(client.calls.call(name).over.is_set, what="the service learns that the call is over")


LOST = """
import sys, time; from pathlib import Path; from rig.grpc_peer import Client
address, authority, token, service, name = sys.argv[1:]
client = Client(address, Path(authority) if authority else None, token)
call = client.to_client("Hold", name=name, service=service)
print(next(call), flush=True)
time.sleep(60)
"""


def test_a_client_that_is_killed(front, client, name):
    """Its kernel closes the connection, without a word of HTTP/2."""
    address = front.grpc_address if client.secure else front.plain_grpc_address
    arguments = [address, str(front.authority_file) if client.secure else "", client.token, client.service, name]
    with subprocess.Popen([sys.executable, "-c", LOST, *arguments], stdout=subprocess.PIPE,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        try:
            assert process.stdout.readline() == b"b'held'\n"
            stays(lambda: not front.service.call(name).over.is_set())
        finally:
            process.kill()
    eventually(lambda: front.service.call(name).over.is_set(), what="the service learns that the client is gone")


# Calls beside each other


def test_a_hundred_streams_at_once_on_one_connection(client):
    """All are open before any goes on, and each gets its own answers."""
    calls = []
    for number in range(100):
        sender = Sender()
        call = client.both("Chat", sender, timeout=60)
        sender.send(b"first %d" % number)
        calls.append((sender, call))
    for number, (_, call) in enumerate(calls):
        assert next(call) == b"re: first %d" % number
    for number, (sender, call) in enumerate(calls):
        sender.send(b"second %d" % number)
        sender.end()
    for number, (_, call) in enumerate(calls):
        assert list(call) == [b"re: second %d" % number]


def test_more_calls_than_streams(client):
    """The client waits for a free stream; nothing is refused."""
    calls = [client.unary_call("Sleep", b"0.05", timeout=60) for _ in range(400)]
    assert [call.result() for call in calls] == [b"slept"] * 400


def test_a_stream_that_nobody_reads_stops_no_other(client, name):
    """grpcio reads ahead only as far as its window goes."""
    slow = client.to_client("Count", b"64 1048576", name, timeout=60)
    assert len(next(slow)) == 1 << 20
    for number in range(20):
        assert client.unary("Echo", bytes(100_000)) == bytes(100_000)
    assert sum(1 for _ in slow) == 63


def test_pings_of_a_careful_client(front):
    """Keep-alive pings each second, and the pings by which gRPC measures, are no attack."""
    options = [("grpc.keepalive_time_ms", 1000), ("grpc.http2.max_pings_without_data", 0), ("grpc.use_local_subchannel_pool", 1),
               ("grpc.keepalive_permit_without_calls", 1)]
    with Way(front, *WAYS["h2 to h2c"], options=options) as client:
        call = client.to_client("Hold")
        assert next(call) == b"held"
        stays(call.is_active, 4, what="the stream is open")
        call.cancel()
        assert [len(message) for message in client.to_client("Count", b"64 1048576")] == [1 << 20] * 64


# What the gateway adds


@needs_gateway
def test_who_the_service_sees(client):
    forged = [("x-user-name", "mallory"), ("x_user_name", "mallory"), ("x-own", "kept")]
    seen = json.loads(client.unary("Metadata", metadata=forged))
    fields = {}
    for key, value in seen:
        fields.setdefault(key, []).append(value)
    assert fields["x-user-name"] == ["ada"] and fields["x-own"] == ["kept"]
    assert "authorization" not in fields and "x_user_name" not in fields
    assert fields["user-agent"][0].startswith("grpc-python")
    assert fields["x-request-id"] and fields["x-forwarded-proto"] == ["https" if client.secure else "http"]


@needs_gateway
@pytest.mark.parametrize("claims, code, words", [
    (None, grpc.StatusCode.UNAUTHENTICATED, ""),
    ({"exp": 1_700_000_000}, grpc.StatusCode.UNAUTHENTICATED, "expired"),
    ({"aud": "https://other.test"}, grpc.StatusCode.UNAUTHENTICATED, ""),
    ({"scope": "notes:write"}, grpc.StatusCode.OK, ""),  # which implies notes:read
    ({"scope": "profile"}, grpc.StatusCode.PERMISSION_DENIED, "notes:read"),
], ids=["no token", "expired", "audience", "implied", "scope"])
@pytest.mark.parametrize("kind", ["unary", "to_client", "from_client", "both"])
def test_tokens(front, client, kind, claims, code, words):
    token = front.token(**claims) if claims is not None else None
    method = {"unary": "Echo", "to_client": "Count", "from_client": "Sum", "both": "Chat"}[kind]
    request = b"1 8" if kind in ("unary", "to_client") else iter([b"1 8"])
    old, client.token = client.token, token
    try:
        if code == grpc.StatusCode.OK:
            result = getattr(client, kind)(method, request)
            assert list(result)
        else:
            error = failure(lambda: getattr(client, kind)(method, request))
            assert error.code() == code and words in error.details(), error
    finally:
        client.token = old


@needs_gateway
def test_other_answers_of_the_gateway(front):
    with Client(front.grpc_address, front.authority_file, front.token()) as client:
        assert failure(lambda: client.unary("Echo", service="admin.Notes")).code() == grpc.StatusCode.PERMISSION_DENIED
        assert failure(lambda: client.unary("Echo", service="dead.Notes")).code() == grpc.StatusCode.UNAVAILABLE
        assert failure(lambda: client.unary("Echo", service="nowhere.Notes")).code() == grpc.StatusCode.UNIMPLEMENTED
        assert failure(lambda: client.unary("Echo", bytes(100_000), service="small.Notes")).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert client.unary("Echo", b"x", service="small.Notes") == b"x"


@needs_gateway
def test_a_call_in_the_access_log(front):
    with Client(front.grpc_address, front.authority_file, front.token()) as client:
        assert failure(lambda: client.unary("Logged", b"hello")).code() == grpc.StatusCode.UNIMPLEMENTED
    entry = front.logged("/notes.Notes/Logged")
    assert (entry["version"], entry["method"], entry["status"], entry["user"]) == ("HTTP/2", "POST", 200, "ada")
    assert entry["bytes_received"] == 10  # with the prefix of the message
