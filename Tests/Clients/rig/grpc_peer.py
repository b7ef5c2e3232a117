"""A gRPC service and its client, both grpcio, without generated code: requests and responses are plain bytes.

The service keeps what it saw of each call, by the `x-call` that the client sends with it.
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from harness.waiting import SCALE, eventually

SERVICE = "notes.Notes"
SERVICES = (SERVICE, "secure.Notes")
OPTIONS = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20), ("grpc.enable_http_proxy", 0)]
PATIENT = [("grpc.so_reuseport", 0), ("grpc.http2.max_ping_strikes", 0)]  # of the service: pings as often as a client likes


class Seen:
    """One call as the service saw it."""

    def __init__(self, context):
        self.metadata = [(pair.key, pair.value) for pair in context.invocation_metadata()]
        self.time_left = context.time_remaining()
        self.messages = []
        self.over = threading.Event()  # it has ended, however
        context.add_callback(self.over.set)

    def all(self, name):
        return [value for key, value in self.metadata if key == name]


class Service:
    """Listens on a port without TLS and on another with it."""

    def __init__(self, certificate, key, plain_port=0, options=()):
        self.calls, self.lock = {}, threading.Lock()
        unary, to_client = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        from_client, both = grpc.stream_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        methods = {
            "Echo": unary(self.echo), "Fail": unary(self.fail), "Sleep": unary(self.sleep), "Metadata": unary(self.metadata),
            "Count": to_client(self.count), "Hold": to_client(self.hold), "Break": to_client(self.break_off),
            "Sum": from_client(self.sum), "Chat": both(self.chat), "Flood": both(self.flood)}
        self.server = grpc.server(ThreadPoolExecutor(160), options=OPTIONS + PATIENT + list(options))
        # Under each name that the routes rewrite too, for clients that come without a gateway.
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(name, methods) for name in SERVICES])
        self.plain_port = self.server.add_insecure_port(f"127.0.0.1:{plain_port}")
        credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
        self.secure_port = self.server.add_secure_port("127.0.0.1:0", credentials)
        self.server.start()

    def stop(self):
        self.server.stop(0).wait(5)

    def call(self, name):
        """What was seen of the call with this `x-call`, waiting for it to begin."""
        return eventually(lambda: self.calls.get(name), what=f"the call {name} at the service")

    def _begin(self, context):
        seen = Seen(context)
        with self.lock:
            for name in seen.all("x-call"):
                self.calls[name] = seen
        return seen

    # Methods

    def echo(self, request, context):
        seen = self._begin(context)
        context.send_initial_metadata([("x-initial", "first"), ("x-bytes-bin", bytes(range(256)))])
        context.set_trailing_metadata([("x-trailing", "last"), ("x-more-bin", b"\x00\xff")])
        seen.messages.append(len(request))
        return request

    def metadata(self, request, context):
        return json.dumps([[key, value if isinstance(value, str) else value.hex()] for key, value in self._begin(context).metadata]).encode()

    def fail(self, request, context):
        """Aborts with the code and the message that the request names."""
        self._begin(context)
        code, _, details = request.decode().partition(" ")
        context.set_trailing_metadata([("x-why", "asked to")])
        context.abort(next(c for c in grpc.StatusCode if c.value[0] == int(code)), details)

    def sleep(self, request, context):
        seen = self._begin(context)
        seen.over.wait(float(request) * SCALE)
        return b"slept"

    def count(self, request, context):
        """As many messages as asked for, of the size asked for."""
        self._begin(context)
        count, size = map(int, request.split())
        for number in range(count):
            yield number.to_bytes(4, "big") + bytes(size - 4)
        context.set_trailing_metadata([("x-count", str(count))])

    def hold(self, request, context):
        """One message, and then nothing until the call is over."""
        seen = self._begin(context)
        yield b"held"
        seen.over.wait(30 * SCALE)

    def break_off(self, request, context):
        """Some messages, and then an error."""
        self._begin(context)
        for number in range(3):
            yield b"%d" % number
        context.abort(grpc.StatusCode.DATA_LOSS, "broken off")

    def sum(self, requests, context):
        seen = self._begin(context)
        for request in requests:
            seen.messages.append(len(request))
        return b"%d %d" % (len(seen.messages), sum(seen.messages))

    def chat(self, requests, context):
        """Each message goes back as it comes."""
        seen = self._begin(context)
        for request in requests:
            seen.messages.append(len(request))
            yield b"re: " + request

    def flood(self, requests, context):
        """Many messages while the client's are still coming; the last says how many came."""
        seen = self._begin(context)
        reader = threading.Thread(target=lambda: seen.messages.extend(map(len, requests)))
        reader.start()
        for _ in range(100):
            yield bytes(32768)
        reader.join()
        yield b"%d" % len(seen.messages)


class Client:
    """A channel to the service, through whatever is at that address. `token` goes with each call as metadata."""

    def __init__(self, address, authority_file=None, token=None, options=()):
        options = OPTIONS + list(options)
        if authority_file:
            self.channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(authority_file.read_bytes()), options)
        else:
            self.channel = grpc.insecure_channel(address, options)
        self.token = token

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def _metadata(self, name, metadata):
        own = [("authorization", f"Bearer {self.token}")] if self.token else []
        return own + ([("x-call", name)] if name else []) + list(metadata)

    def _call(self, kind, method, request, name, metadata, timeout, service, **more):
        call = getattr(self.channel, kind)(f"/{service}/{method}")
        return call(request, metadata=self._metadata(name, metadata), timeout=timeout * SCALE, **more)

    def unary(self, method, request=b"", name=None, metadata=(), timeout=20, service=SERVICE):
        """The response, or grpc.RpcError."""
        return self._call("unary_unary", method, request, name, metadata, timeout, service)

    def unary_call(self, method, request=b"", name=None, metadata=(), timeout=20, service=SERVICE):
        """A future of the response; with its metadata, and to be cancelled."""
        call = self.channel.unary_unary(f"/{service}/{method}").future
        return call(request, metadata=self._metadata(name, metadata), timeout=timeout * SCALE)

    def to_client(self, method, request=b"", name=None, metadata=(), timeout=20, service=SERVICE):
        return self._call("unary_stream", method, request, name, metadata, timeout, service)

    def from_client(self, method, requests, name=None, metadata=(), timeout=20, service=SERVICE):
        return self._call("stream_unary", method, requests, name, metadata, timeout, service)

    def both(self, method, requests, name=None, metadata=(), timeout=20, service=SERVICE):
        return self._call("stream_stream", method, requests, name, metadata, timeout, service)


class Sender:
    """Requests of a stream, sent one by one as the test says."""

    def __init__(self):
        self.waiting, self.changed, self.ended = [], threading.Condition(), False

    def send(self, message):
        with self.changed:
            self.waiting.append(message)
            self.changed.notify()

    def end(self):
        with self.changed:
            self.ended = True
            self.changed.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self.changed:
            self.changed.wait_for(lambda: self.waiting or self.ended)
            if self.waiting:
                return self.waiting.pop(0)
        raise StopIteration


def failure(call):
    """The grpc.RpcError that this call ends with."""
    try:
        result = call()
        if hasattr(result, "__next__"):
            result = list(result)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"no error but {result!r}")
