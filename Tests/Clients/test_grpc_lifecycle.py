"""Calls of grpcio that last: without traffic, past their token, over a reload, a drain and an upstream that starts again."""

import json
import signal
import threading
import time

import grpc
import pytest

from harness.gateway import free_port
from harness.waiting import SCALE, eventually, stays
from rig.front import DIRECT
from rig.grpc_peer import Client, Sender, Service, failure

pytestmark = pytest.mark.skipif(DIRECT, reason="about the gateway itself")
# Each channel has connections of its own, so that one test's GOAWAY is no other's.
ALONE = [("grpc.use_local_subchannel_pool", 1)]


def client_of(front, token=None, options=()):
    return Client(front.grpc_address, front.authority_file, token or front.token(), ALONE + list(options))


class Chat:
    """A stream both ways that is open from the start."""

    def __init__(self, client, name=None, timeout=60, **more):
        self.sender = Sender()
        self.call = client.both("Chat", self.sender, name, timeout=timeout, **more)
        self.say(b"hello")

    def say(self, message):
        self.sender.send(message)
        assert next(self.call) == b"re: " + message

    def end(self):
        self.sender.end()
        assert list(self.call) == [] and self.call.code() == grpc.StatusCode.OK


def test_streams_without_traffic(make_front):
    """Neither the time between two requests nor the least rate of a body counts for a stream that is open: 12 s of silence."""
    front = make_front(limits={"idle_timeout": "2s"})
    with client_of(front) as client:
        chats = [Chat(client, service=service) for service in ("notes.Notes", "secure.Notes")]
        time.sleep(12)
        for chat in chats:
            chat.say(b"still there")
            chat.end()


def test_a_stream_that_waits_for_the_client_before_it_answers(make_front):
    """Not a byte of the response comes before the client's last message, 12 s after its first."""
    front = make_front(limits={"idle_timeout": "2s"})
    with client_of(front) as client:
        sender, answers = Sender(), []
        thread = threading.Thread(target=lambda: answers.append(client.from_client("Sum", sender, timeout=60)))
        thread.start()
        sender.send(b"first")
        time.sleep(12)
        sender.send(b"second")
        sender.end()
        thread.join(20)
        assert answers == [b"2 11"]


def test_the_upstream_idle_timeout_ends_a_stream(make_front, application, service):
    """A stream that the service lets rest for longer than the operator allows ends as one that failed, at both its ends."""
    front = make_front(**with_upstream(application, service, idle_timeout="1s"))
    with client_of(front) as client:
        call = client.to_client("Hold", name="rests")
        assert next(call) == b"held"
        error = failure(lambda: next(call))
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED,
                                grpc.StatusCode.DEADLINE_EXCEEDED), error
        eventually(lambda: service.call("rests").over.is_set(), what="the service learns that the call is over")


def test_no_answer_within_the_response_timeout(make_front, application, service):
    front = make_front(**with_upstream(application, service, response_timeout="1s"))
    with client_of(front) as client:
        error = failure(lambda: client.unary("Sleep", b"10", "too-slow"))
        assert error.code() == grpc.StatusCode.UNAVAILABLE
        eventually(lambda: service.call("too-slow").over.is_set(), what="the service learns that the call is over")


def with_upstream(application, service, **members):
    """Settings in which the gRPC upstream has these members."""
    return {"upstreams": {"grpc": {"servers": [f"h2c://127.0.0.1:{service.plain_port}"], **members}},
            "routes": [{"path": "/notes.Notes/**", "scopes": ["notes:read"], "upstream": "grpc"}]}


def test_a_stream_ends_with_its_token(make_front, site, service):
    """`close_on_token_expiry`, which is the default: cut within a moment of `exp`, at both ends."""
    front = make_front(trusted_issuers=[site.trusted(clock_skew="0s")])
    lifetime = 2
    with client_of(front, front.token(exp=int(time.time()) + lifetime)) as client:
        call = client.to_client("Hold", name="expires")
        begun = time.monotonic()
        assert next(call) == b"held"
        error = failure(lambda: next(call))
        assert time.monotonic() - begun < (lifetime + 3) * SCALE
        assert error.code() == grpc.StatusCode.UNAUTHENTICATED and "expired" in error.details(), error
        eventually(lambda: service.call("expires").over.is_set(), what="the service learns that the call is over")


def test_a_stream_ends_when_its_token_is_revoked(make_front, service):
    """At once, with a status that says why; another token's stream goes on."""
    front = make_front(issuer="https://localhost", storage="sqlite:data/gatehouse.db", authorization_server={}, trusted_issuers=[])
    (front.gateway.folder / "password").write_text("correct horse battery\n")
    assert front.gateway.command("user", "add", "ada", "--password-file", "password").returncode == 0
    revoked, kept = front.gateway.issue_token(), front.gateway.issue_token()
    with client_of(front, revoked) as first, client_of(front, kept) as second:
        calls = [client.to_client("Hold", name=name) for client, name in ((first, "revoked"), (second, "kept"))]
        assert [next(call) for call in calls] == [b"held"] * 2
        assert front.gateway.command("token", "revoke", revoked).returncode == 0
        error = failure(lambda: next(calls[0]))
        assert error.code() == grpc.StatusCode.UNAUTHENTICATED and "revoked" in error.details(), error
        eventually(service.call("revoked").over.is_set, what="the service learns that the call is over")
        stays(calls[1].is_active)
        assert failure(lambda: first.unary("Echo")).code() == grpc.StatusCode.UNAUTHENTICATED
        calls[1].cancel()


def test_a_stream_goes_on_over_a_reload(make_front):
    """New calls get the new configuration, on a new connection if need be; the old one's stream lives on."""
    front = make_front()
    with client_of(front) as client:
        chat = Chat(client)
        config = front.gateway.config
        denied = [route | {"scopes": ["notes:admin"]} if route["path"] == "/secure.Notes/**" else route for route in config["routes"]]
        assert client.unary("Echo", b"x", service="secure.Notes") == b"x"
        front.gateway.reload(config | {"routes": denied})

        def is_denied():
            try:
                client.unary("Echo", b"x", service="secure.Notes")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.PERMISSION_DENIED, error  # and no call fails for the reload's sake
                return True
        eventually(is_denied, 10, every=0.05, what="the new configuration")
        for number in range(5):
            chat.say(b"after %d" % number)
        chat.end()


def test_calls_in_flight_finish_when_the_gateway_ends(make_front):
    """SIGTERM: no call that had begun fails, streams get `shutdown_timeout`."""
    front = make_front(shutdown_timeout="10s")
    with client_of(front) as client:
        chat = Chat(client)
        calls = [client.unary_call("Sleep", b"0.7") for _ in range(10)]
        time.sleep(0.3)
        front.gateway.signal(signal.SIGTERM)
        assert [call.result() for call in calls] == [b"slept"] * 10
        for number in range(5):
            chat.say(b"draining %d" % number)
        chat.end()
        assert front.gateway.wait(5) == 0


def test_a_stream_is_cut_at_the_end_of_the_shutdown_timeout(make_front, service):
    front = make_front(shutdown_timeout="1s")
    with client_of(front) as client:
        call = client.to_client("Hold", name="drained")
        assert next(call) == b"held"
        begun = time.monotonic()
        front.gateway.signal(signal.SIGTERM)
        assert front.gateway.wait(5) == 0 and time.monotonic() - begun >= 0.9
        assert failure(lambda: next(call)).code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL)
        eventually(lambda: service.call("drained").over.is_set(), what="the service learns that the call is over")


def test_a_service_that_ends_and_starts_again(make_front, site, application):
    """Calls in flight fail as unavailable, later ones too until it is back, and then they succeed on the same client connection."""
    first = Service(site.certificate, site.key, plain_port=free_port())
    front = make_front(**with_upstream(application, first, retries=0))
    with client_of(front) as client:
        assert client.unary("Echo", b"x") == b"x"
        call = client.to_client("Hold")
        assert next(call) == b"held"
        first.stop()
        assert failure(lambda: next(call)).code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL)
        assert failure(lambda: client.unary("Echo")).code() == grpc.StatusCode.UNAVAILABLE
        second = Service(site.certificate, site.key, plain_port=first.plain_port)
        try:
            eventually(lambda: client.unary_call("Echo", b"y").code() == grpc.StatusCode.OK, 10, every=0.1, what="calls succeed again")
            assert all(client.unary("Echo", b"z") == b"z" for _ in range(20))
        finally:
            second.stop()


def test_a_service_that_says_goodbye(make_front, site, application):
    """A graceful GOAWAY of the upstream: what is in flight finishes, and no other call fails."""
    first = Service(site.certificate, site.key, plain_port=free_port())
    front = make_front(**with_upstream(application, first))
    second = None
    try:
        with client_of(front) as client:
            chat = Chat(client)
            stopping = first.server.stop(10)  # GOAWAY at once; refuses new connections; lets calls finish
            second = Service(site.certificate, site.key, plain_port=first.plain_port)
            eventually(lambda: client.unary_call("Echo", b"y").code() == grpc.StatusCode.OK, 10, every=0.1, what="calls succeed again")
            assert all(client.unary("Echo", b"z") == b"z" for _ in range(20))
            chat.say(b"still")
            chat.end()
            assert stopping.wait(10)
    finally:
        first.stop()
        if second:
            second.stop()


def test_a_service_with_few_streams_for_many_calls(make_front, site, application):
    """The upstream's MAX_CONCURRENT_STREAMS is kept to.

    grpcio's server still counts a stream for a moment after it has sent its end, and may refuse the next one. What it has
    refused is UNAVAILABLE to the client, which may repeat it, as here by the usual policy.
    """
    policy = {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 3, "retryableStatusCodes": ["UNAVAILABLE"]}
    options = [("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]}))]
    few = Service(site.certificate, site.key, options=[("grpc.max_concurrent_streams", 4)])
    try:
        front = make_front(**with_upstream(application, few))
        with client_of(front, options=options) as client:
            calls = [client.unary_call("Sleep", b"0.02", timeout=60) for _ in range(200)]
            assert [call.result() for call in calls] == [b"slept"] * 200
    finally:
        few.stop()


def test_a_connection_without_calls_is_closed_and_a_new_one_made(make_front):
    """`limits.idle_timeout`: GOAWAY between two calls, which no call notices."""
    front = make_front(limits={"idle_timeout": "500ms"})
    with client_of(front) as client:
        for _ in range(6):
            assert client.unary("Echo", b"x") == b"x"
            time.sleep(0.55)  # so that some fall on the very moment


def test_many_clients_that_cancel(make_front, service):
    """Cancelling is no attack when a person does it: a hundred calls, each cancelled, on one connection over a few seconds."""
    front = make_front()
    with client_of(front) as client:
        for number in range(100):
            call = client.to_client("Hold", name=f"many-{number}")
            assert next(call) == b"held"
            call.cancel()
            time.sleep(0.02)
        assert client.unary("Echo", b"x") == b"x"
        for number in range(100):
            eventually(lambda: service.call(f"many-{number}").over.is_set(), what="the service learns that the call is over")
    stays(lambda: front.gateway.process.poll() is None, 0.1)
