import Admin
import Configuration
import Dispatch
import HTTP
import HTTPServer
import JWT
import Locking
import Transport
import Upstream

/// The admin listener, on one loop.
final class AdminListener: Sendable {
    /// The address with the port that was chosen.
    let address: Transport.ListenAddress
    private let keeping: LoopBound<AdminParts>

    /// Binds and accepts at once.
    ///
    /// - Throws: `ApplicationError.setup` when the address can't be had.
    init(_ settings: AdminSettings, server: GatewayServer, loop: EventLoop) throws(ApplicationError) {
        let wanted = Transport.ListenAddress(settings.address)
        let bound: BoundAddress
        do throws(TransportError) {
            bound = try BoundAddress(wanted, loops: loop.index + 1)
        } catch {
            throw .setup("admin \(settings.address): \(error.description)")
        }
        address = bound.address
        let source = StatusSource(server: server)
        let site = AdminSite(source: source, metrics: server.registry, address: bound.address)
        let made = Locked<LoopBound<AdminParts>?>(nil)
        let done = DispatchSemaphore(value: 0)
        loop.execute {
            let parts = AdminParts(site: site, bound: bound, loop: loop)
            made.withLock { $0 = LoopBound(parts, on: loop) }
            done.signal()
        }
        done.wait()
        guard let parts = made.withLock({ $0 }) else { throw .setup("the admin listener can't start") }
        keeping = parts
    }
}

/// What keeps the admin listener going.
///
/// Confined to its event loop.
private final class AdminParts {
    private let server: ServerLoop
    private let acceptor: ServerAcceptor
    private let listener: Listener?

    init(site: AdminSite, bound: BoundAddress, loop: EventLoop) {
        server = ServerLoop(
            loop: loop,
            handler: AdminHandler(site: site),
            settings: ServerSettings(),
            census: ConnectionCensus(limit: 256)
        )
        acceptor = ServerAcceptor(server: server, settings: AcceptorSettings())
        listener = bound.listener(on: loop, acceptor: acceptor)
        try? listener?.start()
    }
}

/// Tells the admin pages how the server is.
private final class StatusSource: AdminSource {
    private let server: GatewayServer

    init(server: GatewayServer) {
        self.server = server
    }

    var readiness: Readiness {
        let health = server.health
        if health.isDraining { return .notReady(reasons: ["The gateway is shutting down"]) }
        return health.isAccepting ? .ready : .notReady(reasons: ["The listeners are not open yet"])
    }

    func status() -> StatusSnapshot {
        server.status(readiness)
    }
}

extension GatewayServer {
    /// Everything for the status page; blocks until the loops have told what they know.
    fileprivate func status(_ readiness: Readiness) -> StatusSnapshot {
        let states = serverStates()
        return queue.sync {
            let configuration = snapshot.configuration
            let now = SystemClock.unixTime()
            var status = StatusSnapshot(
                host: configuration.issuer.authority,
                version: Version.current,
                startedAt: startedAt,
                now: now,
                readiness: readiness,
                traffic: history.report(unixTime: now),
                configuration: .init(
                    file: file.path,
                    loadedAt: loadedAt,
                    warningCount: warningCount,
                    failedReloadErrorCount: failedReloadErrors
                )
            )
            status.connections = registry.connectionReport()
            status.routes = configuration.routes.map(StatusSnapshot.Route.init)
            status.servers = servers(states, now: now)
            status.certificates = certificates()
            status.signingKeys = (ownKeys?.records ?? []).map {
                .init(algorithm: $0.algorithm.name, state: $0.state.rawValue, createdAt: $0.createdAt)
            }
            status.trustedIssuers = snapshot.trustedIssuers.map { issuer in
                let count: Int? = if case .available(let set) = issuer.keys { set.keys.count } else { nil }
                return .init(issuer: issuer.issuer, keyCount: count, readAt: loadedAt)
            }
            return status
        }
    }

    /// For each upstream and server whether any loop has it marked down.
    private func serverStates() -> [[Bool]] {
        let downs = Locked<[[Bool]]>([])
        let done = DispatchSemaphore(value: 0)
        forEachContext { context in
            let states = context.serverStates.map { $0.map(\.isDown) }
            downs.withLock { downs in
                downs = downs.isEmpty ? states : zip(downs, states).map { zip($0, $1).map { $0 || $1 } }
            }
        } completion: {
            done.signal()
        }
        _ = done.wait(timeout: .now() + 2)
        return downs.withLock { $0 }
    }

    private func servers(_ states: [[Bool]], now: Int64) -> [StatusSnapshot.Server] {
        snapshot.upstreams.enumerated().flatMap { index, upstream in
            upstream.servers.enumerated().map { place, server in
                let isDown = index < states.count && place < states[index].count && states[index][place]
                let key = "\(upstream.name) \(server.description)"
                downSince[key] = isDown ? downSince[key] ?? now : nil
                return .init(
                    upstream: upstream.name,
                    address: server.description,
                    health: downSince[key].map { .down(since: $0, reason: "it failed several times in a row") }
                        ?? .notChecked
                )
            }
        }
    }

    private func certificates() -> [StatusSnapshot.Certificate] {
        zip(snapshot.configuration.listeners, snapshot.tlsContexts).flatMap { listener, context in
            (context?.certificates ?? []).map {
                .init(
                    names: $0.names.joined(separator: ", "),
                    expiresAt: $0.expiresAt,
                    isSelfSigned: listener.tls?.isSelfSigned == true
                )
            }
        }
    }
}

extension StatusSnapshot.Route {
    fileprivate init(_ settings: RouteSettings) {
        let needs: StatusSnapshot.Needs =
            switch settings.access {
            case .public: .nothing
            case .optional: .optionalToken
            case .authenticated: .token
            case .deny: .denied
            case .scopes(let all, let any): .scopes(all: all, any: any)
            }
        self.init(
            name: settings.label,
            path: settings.path.text,
            methods: settings.methods ?? [],
            upstream: settings.upstream,
            needs: needs
        )
    }
}
