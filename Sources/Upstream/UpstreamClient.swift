import Bytes
import HTTP
import HTTP2
import Transport

/// Sends requests to the servers of one upstream, over connections that are kept.
///
/// Confined to its event loop: each loop has a client of its own for each upstream.
package final class UpstreamClient {
    package let configuration: UpstreamConfiguration
    package let loop: EventLoop

    private let servers: [ServerPool]
    private var balancer: Balancer
    private let tls: UpstreamTLS?
    private let share = CurlShare()
    private(set) var isDraining = false
    private var failed: [UpstreamRequest] = []
    private var spareHeads: [ResponseHead] = []
    /// Where heads are put together, so that connections need no room of their own for it.
    var headBuffer = ByteBuffer()
    /// Puts the heads of HTTP/2 requests together.
    let fieldEncoder = HTTP2FieldEncoder()

    /// Makes a client; nothing is connected until the first request.
    package init(_ configuration: UpstreamConfiguration, loop: EventLoop) {
        self.configuration = configuration
        self.loop = loop
        servers = configuration.servers.enumerated().map {
            ServerPool(index: $0.offset, server: $0.element, health: configuration.health)
        }
        balancer = Balancer(configuration.balance)
        let needsTLS = configuration.servers.contains { $0.isSecure }
        tls = configuration.tls ?? (needsTLS ? try? UpstreamTLS() : nil)
    }

    /// Begins to send a request that was prepared and whose head is complete.
    package func start(_ request: UpstreamRequest) {
        guard case .idle = request.progress else { preconditionFailure("a request is started once until it has ended") }
        request.client = self
        guard let server = choose(for: request) else {
            return fail(request, .allServersDown(retryAfter: retryAfter()))
        }
        send(request, to: server, mayReuse: true)
    }

    /// Closes unused connections, now and as they become unused; requests go on, new ones too.
    package func drain() {
        isDraining = true
        for server in servers { server.closeUnused() }
    }

    /// The number of requests under way.
    package var activeCount: Int { servers.reduce(0) { $0 + $1.activeCount } }

    /// What this loop knows of each server, in the configuration's order.
    package var serverStates: [UpstreamServerState] {
        servers.map {
            UpstreamServerState(
                server: $0.server,
                isDown: $0.health.isDown,
                activeCount: $0.activeCount,
                unusedCount: $0.unusedCount,
                connectCount: $0.connectCount,
                failureCount: $0.failureCount
            )
        }
    }

    func takeHead() -> ResponseHead { spareHeads.popLast() ?? ResponseHead() }

    func putHead(_ head: ResponseHead) {
        head.reset()
        if spareHeads.count < 64 { spareHeads.append(head) }
    }
}

@available(*, unavailable)
extension UpstreamClient: Sendable {}

/// What one loop knows of a server.
package struct UpstreamServerState: Sendable, Equatable {
    package var server: UpstreamServer
    /// Whether it is left out, or on trial, after failures.
    package var isDown: Bool
    package var activeCount: Int
    package var unusedCount: Int
    /// Connections that were begun since the start.
    package var connectCount: Int
    /// Failures since the start.
    package var failureCount: Int
}

// MARK: Attempts

extension UpstreamClient {
    private func choose(for request: UpstreamRequest) -> ServerPool? {
        guard let index = balancer.choose(from: servers, at: loop.now, tried: request.tried) else { return nil }
        return servers[index]
    }

    private func send(_ request: UpstreamRequest, to server: ServerPool, mayReuse: Bool) {
        request.server = server
        request.serverIndex = server.index
        request.isProbe = server.health.begin()
        server.activeCount += 1
        place(request, on: server, mayReuse: mayReuse)
    }

    /// Finds a connection for a request that has a server, or has one made.
    func place(_ request: UpstreamRequest, on server: ServerPool, mayReuse: Bool = true) {
        // RFC 9113 §8.6: nothing is switched to in HTTP/2.
        guard !request.upgrades || !server.server.hasPriorKnowledge else {
            endAttempt(request)
            return fail(request, .cannotUpgrade)
        }
        let mayUseHTTP2 = mayUseHTTP2(request, server)
        if mayUseHTTP2, begin(request, onStreamOf: server) { return }
        if mayReuse, let connection = takeConnection(of: server, for: request) {
            begin(request, on: connection)
        } else if mayUseHTTP2, let dialer = server.joinableDialer {
            dialer.add(request)
        } else {
            connect(request, to: server)
        }
    }

    /// Whether a connection for the request may be of HTTP/2.
    private func mayUseHTTP2(_ request: UpstreamRequest, _ server: ServerPool) -> Bool {
        guard server.server.isSecure else { return server.server.hasPriorKnowledge }
        return configuration.offersHTTP2 && !request.upgrades && !server.requiresHTTP1
    }

    /// Begins a request on a connection of HTTP/2; false if none has room for it.
    private func begin(_ request: UpstreamRequest, onStreamOf server: ServerPool) -> Bool {
        while let connection = server.roomyConnection {
            if !canBeSentAgain(request) { connection.catchUp() }
            guard connection.hasRoom, let exchange = connection.begin(request) else { continue }
            request.progress = .exchanging(exchange)
            if request.framing != .none { request.delegate?.upstreamReadyForBody(request) }
            return true
        }
        return false
    }

    /// Whether it does no harm if the request meets a connection that the server has just closed.
    private func canBeSentAgain(_ request: UpstreamRequest) -> Bool {
        request.framing == .none && request.method.isIdempotent && configuration.retries > 0
    }

    /// An unused connection; one that the server has just closed only for what can be sent again.
    private func takeConnection(of server: ServerPool, for request: UpstreamRequest) -> UpstreamConnection? {
        let canBeSentAgain = canBeSentAgain(request)
        while let connection = server.takeUnused() {
            if canBeSentAgain || connection.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    private func connect(_ request: UpstreamRequest, to server: ServerPool) {
        let spare = server.takeConnector()
        let made =
            spare
            ?? CurlConnector(server: server.server, configuration: configuration, tls: tls, share: share, loop: loop)
        guard let connector = made else {
            endAttempt(request)
            return fail(request, .outOfResources)
        }
        server.connectCount += 1
        let isShared = mayUseHTTP2(request, server)
        let dialer = UpstreamDialer(connector: connector, isShared: isShared, server: server, client: self)
        server.put(dialer)
        dialer.add(request)
        dialer.dial()
    }

    func connected(_ request: UpstreamRequest, _ link: ServerLink, to server: ServerPool) {
        let connection = UpstreamConnection(link, server: server, client: self)
        guard connection.open() else {
            endAttempt(request)
            return fail(request, .outOfResources)
        }
        begin(request, on: connection)
    }

    private func begin(_ request: UpstreamRequest, on connection: UpstreamConnection) {
        request.progress = .exchanging(connection)
        connection.begin(request)
        if request.framing != .none { request.delegate?.upstreamReadyForBody(request) }
    }

    /// A connection could not be made, which is one failure however many requests have waited for it.
    func notConnected(_ dialer: UpstreamDialer, to server: ServerPool, _ error: UpstreamError) {
        if let first = dialer.requests.first { countFailure(first, isQuick: error != .connectTimedOut) }
        while let request = dialer.next() {
            request.tried.insert(server.index)
            endAttempt(request)
            // It never reached a server: each may be tried once.
            if configuration.retries > 0, let next = choose(for: request) {
                send(request, to: next, mayReuse: true)
            } else {
                fail(request, error)
            }
        }
    }

    /// A server took a request and did not answer it as it should.
    ///
    /// That counts against the server only while there is another one: who can make one request fail (a slow page, one that
    /// crashes a worker) must not be able to take the last server from everybody.
    func serverFailed(_ request: UpstreamRequest) {
        guard let server = request.server, servers.contains(where: { $0 !== server && !$0.health.isDown }) else {
            return
        }
        countFailure(request, isQuick: false)
    }

    /// An exchange failed; its connection is closed already.
    ///
    /// - Parameter hasSent: Whether any of the request may have reached the server.
    func exchangeFailed(_ request: UpstreamRequest, _ error: UpstreamError, hasSent: Bool) {
        endAttempt(request)
        guard mayResend(request, error, hasSent: hasSent) else { return fail(request, error) }
        request.resendCount += 1
        guard let server = choose(for: request) else { return fail(request, error) }
        if request.framing != .none { request.delegate?.upstreamNotReadyForBody(request) }
        // Other unused connections are likely to be as dead as this one was.
        send(request, to: server, mayReuse: false)
    }

    /// The rule of safe repetition (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    private func mayResend(_ request: UpstreamRequest, _ error: UpstreamError, hasSent: Bool) -> Bool {
        switch error {
        case .closedEarly, .refused: break
        default: return false
        }
        guard request.resendCount < configuration.retries else { return false }
        guard !request.isBodyStarted, !request.isResponseStarted else { return false }
        return request.method.isIdempotent || !hasSent
    }

    /// The head of the response is there; a stream may go on for hours from here.
    func answered(_ request: UpstreamRequest) {
        request.server?.health.succeed()
        request.isProbe = false
    }

    /// Takes the request off its server's account; the outcome was counted before.
    func endAttempt(_ request: UpstreamRequest) {
        guard let server = request.server else { return }
        server.activeCount -= 1
        if request.isProbe { server.health.abandonProbe() }
        request.isProbe = false
        request.server = nil
    }

    private func countFailure(_ request: UpstreamRequest, isQuick: Bool) {
        guard let server = request.server else { return }
        server.failureCount += 1
        server.health.fail(at: loop.now, isQuick: isQuick, jitter: .random(in: 0...UInt64.max))
        request.isProbe = false
    }

    private func retryAfter() -> Int {
        let wait = servers.map { $0.health.wait(from: loop.now) }.min() ?? 0
        return max(1, Int(clamping: (wait + 999_999_999) / 1_000_000_000))
    }
}

extension UpstreamClient: BatchEndHandler {
    /// Tells the delegate at the end of the batch, so never within a call that it made itself.
    private func fail(_ request: UpstreamRequest, _ error: UpstreamError) {
        request.progress = .failed(error)
        if failed.isEmpty { loop.atEndOfBatch(self) }
        failed.append(request)
    }

    package func batchDidEnd() {
        let requests = failed
        failed = []
        for request in requests {
            guard case .failed(let error) = request.progress else { continue }
            request.detach()?.upstreamFailed(request, error)
        }
    }
}
