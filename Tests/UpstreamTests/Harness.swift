import Bytes
import Dispatch
import HTTP
import Locking
import Transport

@testable import Upstream

/// A client on a loop of its own.
final class Harness: Sendable {
    let loop: EventLoop
    let client: LoopBound<UpstreamClient>

    init(_ servers: [UpstreamServer], _ change: (inout UpstreamConfiguration) -> Void = { _ in }) throws {
        loop = try EventLoop(index: 0)
        var configuration = UpstreamConfiguration(name: "test", servers: servers)
        change(&configuration)
        client = LoopBound(UpstreamClient(configuration, loop: loop), on: loop)
    }

    convenience init(_ server: TestServer, _ change: (inout UpstreamConfiguration) -> Void = { _ in }) throws {
        try self.init([server.upstream], change)
    }

    deinit {
        let client = client
        let loop = loop
        client.execute { $0.drain() }
        loop.shutdown()
    }

    /// Runs work on the loop and waits for its value.
    func onLoop<Value: Sendable>(_ work: @escaping @Sendable (UpstreamClient) -> Value) -> Value {
        let done = DispatchSemaphore(value: 0)
        let value = Locked<Value?>(nil)
        client.execute { client in
            let result = work(client)
            value.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = value.withLock({ $0 }) else { preconditionFailure("the work has run") }
        return result
    }

    var states: [UpstreamServerState] { onLoop { $0.serverStates } }

    /// Starts a request; `Exchange.wait` tells what became of it.
    func start(
        _ method: HTTPMethod = .get,
        _ path: String = "/",
        framing: BodyFraming = .none,
        upgrades: Bool = false,
        fields: [(String, String)] = [],
        script: ExchangeScript = ExchangeScript()
    ) -> Exchange {
        let exchange = Exchange(loop: loop, script: script)
        client.execute { client in
            let request = exchange.request
            request.prepare(method: method, framing: framing, upgrades: upgrades, delegate: exchange)
            request.line.append(method.spelling)
            request.line.append(string: " \(path) HTTP/1.1\r\n")
            for (name, value) in fields {
                Array(name.utf8).withUnsafeBytes { name in
                    Array(value.utf8).withUnsafeBytes { request.fields.append(name: name, value: $0) }
                }
            }
            client.start(request)
            exchange.didStart()
        }
        return exchange
    }

    /// Sends a request and waits for what becomes of it.
    func run(
        _ method: HTTPMethod = .get,
        _ path: String = "/",
        framing: BodyFraming = .none,
        fields: [(String, String)] = [],
        script: ExchangeScript = ExchangeScript()
    ) -> Outcome {
        start(method, path, framing: framing, fields: fields, script: script).wait()
    }
}

extension TestServer {
    var upstream: UpstreamServer {
        unixPath.map { UpstreamServer(unixPath: $0) } ?? UpstreamServer(host: "127.0.0.1", port: port)
    }

    /// The same server over TLS, by a name or an address of the loopback.
    func secureUpstream(_ host: String = "127.0.0.1") -> UpstreamServer {
        UpstreamServer(isSecure: true, host: host, port: port)
    }
}

/// What the delegate does, beside writing down what happens.
struct ExchangeScript: Sendable {
    /// The pieces of the body.
    var body: [[UInt8]] = []
    var trailers: [(String, String)] = []
    /// Whether the body is ended after its pieces.
    var endsBody = true
    /// Whether the pieces are written though `isWritable` is false.
    var ignoresBackpressure = false
    var onReady: (@Sendable (Exchange) -> Void)?
    var onNotReady: (@Sendable (Exchange) -> Void)?
    var onInformational: (@Sendable (Exchange) -> Void)?
    var onHead: (@Sendable (Exchange) -> Void)?
    var onBody: (@Sendable (Exchange) -> Void)?
    var onEnd: (@Sendable (Exchange) -> Void)?
    /// Whether the body of the response is only counted.
    var discardsBody = false
}

/// What became of a request.
struct Outcome: Sendable, Equatable {
    var informational: [Int] = []
    var status: Int?
    var fields: [String] = []
    var body = ""
    var bodyCount = 0
    var trailers: [String] = []
    var isComplete = false
    var error: UpstreamError?
    var resendCount = 0
    var serverIndex: Int?
}

/// A request and its delegate.
///
/// SAFETY: `@unchecked Sendable`, since all but `wait` happens on the loop.
final class Exchange: UpstreamRequestDelegate, @unchecked Sendable {
    let loop: EventLoop
    let request = UpstreamRequest()
    private let script: ExchangeScript
    private let done = DispatchSemaphore(value: 0)
    private(set) var outcome = Outcome()
    private var written = 0
    private var isStarting = true
    private(set) var drainCount = 0
    private(set) var notReadyCount = 0

    init(loop: EventLoop, script: ExchangeScript) {
        self.loop = loop
        self.script = script
    }

    func didStart() { isStarting = false }

    /// Waits for the end, at most for some seconds.
    func wait(seconds: Int = 20) -> Outcome {
        guard done.wait(timeout: .now() + .seconds(seconds)) == .success else {
            var outcome = Outcome()
            outcome.body = "nothing happened for \(seconds) s"
            return outcome
        }
        return outcome
    }

    /// What became of the request, if that is known within some time.
    func wait(milliseconds: Int) -> Outcome? {
        done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success ? outcome : nil
    }

    /// Whether nothing of a body has come yet.
    var isSilent: Bool {
        let looked = DispatchSemaphore(value: 0)
        let count = Locked(0)
        execute { exchange in
            count.withLock { $0 = exchange.outcome.bodyCount }
            looked.signal()
        }
        looked.wait()
        return count.withLock { $0 } == 0
    }

    /// Runs work on the loop.
    func execute(_ work: @escaping @Sendable (Exchange) -> Void) {
        loop.execute { work(self) }
    }

    func writeMore() {
        while written < script.body.count {
            guard script.ignoresBackpressure || request.isWritable else { return }
            let piece = script.body[written]
            written += 1
            piece.withUnsafeBytes { request.writeBody($0) }
        }
        guard script.endsBody else { return }
        guard !script.trailers.isEmpty else { return request.finishBody() }
        var trailers = FieldBlock()
        for (name, value) in script.trailers {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { trailers.append(name: name, value: $0) }
            }
        }
        request.finishBody(trailers: trailers)
    }

    func upstreamReadyForBody(_ request: UpstreamRequest) {
        script.onReady?(self)
        writeMore()
    }

    func upstreamNotReadyForBody(_ request: UpstreamRequest) {
        notReadyCount += 1
        script.onNotReady?(self)
    }

    func upstreamInformational(_ request: UpstreamRequest, _ head: ResponseHead) {
        outcome.informational.append(Int(head.status))
        script.onInformational?(self)
    }

    func upstreamUpgraded(_ request: UpstreamRequest, _ head: ResponseHead) {
        outcome.status = Int(head.status)
        outcome.fields = lines(head.fields)
        writeMore()
    }

    func upstreamHead(_ request: UpstreamRequest, _ head: ResponseHead) {
        precondition(!isStarting, "told within start")
        outcome.status = Int(head.status)
        outcome.fields = lines(head.fields)
        script.onHead?(self)
    }

    func upstreamBody(_ request: UpstreamRequest, _ bytes: UnsafeRawBufferPointer) {
        outcome.bodyCount += bytes.count
        if !script.discardsBody { outcome.body += bytes.text }
        script.onBody?(self)
    }

    func upstreamEnd(_ request: UpstreamRequest, trailers: FieldList?) {
        outcome.isComplete = true
        outcome.trailers = trailers.map(lines) ?? []
        finish()
        script.onEnd?(self)
    }

    func upstreamFailed(_ request: UpstreamRequest, _ error: UpstreamError) {
        precondition(!isStarting, "told within start")
        outcome.error = error
        finish()
    }

    func upstreamDrained(_ request: UpstreamRequest) {
        drainCount += 1
        writeMore()
    }

    /// Cancels the request, which tells the delegate nothing, and lets the test go on.
    func cancel() {
        request.cancel()
        finish()
    }

    private func finish() {
        outcome.resendCount = request.resendCount
        outcome.serverIndex = request.serverIndex
        done.signal()
    }

    private func lines(_ fields: FieldList) -> [String] {
        (0..<fields.count).map { "\(fields.name($0).text): \(fields.value($0).text)" }
    }
}
