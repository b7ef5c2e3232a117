import Gateway
import HTTP
import HTTPServer
import JWT
import OAuthWeb
import Observability
import Transport
import Upstream

/// Everything of one event loop: its connections, its pipeline, its share of the listeners.
///
/// Confined to its event loop.
final class LoopContext {
    let loop: EventLoop
    let server: ServerLoop
    private let endpoints: OwnEndpoints
    private let requestIDs = RequestIDGenerator()
    private let registry: MetricsRegistry
    private let shard: MetricsShard
    private let writer: LogWriter
    private var pipeline: RequestPipeline
    /// Pipelines of earlier configurations whose requests are not over.
    private var retired: [RequestPipeline] = []
    private var listeners: [ListenerIdentity: (listener: Listener?, acceptor: ServerAcceptor)] = [:]
    private var revocations: RevocationList
    private lazy var staleTimer = LoopTimer(self)

    /// How many verified tokens a loop remembers.
    private static let rememberedTokens = 16_384
    /// Bytes that their texts may take together on one loop.
    private static let rememberedTokenBytes = 32 * 1024 * 1024
    /// How often open responses are looked through for tokens that have expired, in nanoseconds.
    private static let staleInterval: UInt64 = 1_000_000_000

    init(loop: EventLoop, _ parts: LoopParts, census: ConnectionCensus, registry: MetricsRegistry, writer: LogWriter) {
        self.loop = loop
        self.registry = registry
        self.writer = writer
        shard = registry.shard(loop.index)
        revocations = parts.revocations
        endpoints = OwnEndpoints(parts.documents, site: parts.site)
        pipeline = Self.makePipeline(
            loop,
            parts,
            requestIDs: requestIDs,
            endpoints: endpoints,
            registry: registry,
            shard: shard,
            writer: writer
        )
        server = ServerLoop(
            loop: loop,
            handler: pipeline,
            settings: parts.snapshot.serverSettings,
            census: census,
            metrics: ServerMetrics(registry: registry, shard: shard)
        )
        loop.arm(staleTimer, at: loop.now + Self.staleInterval)
    }

    var connectionCount: Int { server.connectionCount }

    /// What the loop knows of the servers of each upstream.
    var serverStates: [[UpstreamServerState]] { pipeline.clients.map(\.serverStates) }

    /// Takes over another configuration: the next request of every connection sees it.
    func apply(_ parts: LoopParts) {
        retired.append(pipeline)
        pipeline.retire()
        revocations = parts.revocations
        endpoints.documents = parts.documents
        endpoints.site = parts.site
        pipeline = Self.makePipeline(
            loop,
            parts,
            requestIDs: requestIDs,
            endpoints: endpoints,
            registry: registry,
            shard: shard,
            writer: writer
        )
        server.handler = pipeline
        server.settings = parts.snapshot.serverSettings
        server.renewConnections()
    }

    /// Takes over other keys of our own and cuts what is open under a key that is gone.
    func apply(_ verifier: TokenVerifier, _ documents: MetadataDocuments) {
        endpoints.documents = documents
        for pipeline in [pipeline] + retired {
            pipeline.authenticator.update(verifier: verifier)
            pipeline.cutStaleRequests()
        }
    }

    /// Takes over another list of revocations and cuts what is open under a revoked token.
    func apply(_ revocations: RevocationList) {
        self.revocations = revocations
        for pipeline in [pipeline] + retired {
            pipeline.authenticator.update(revocations: revocations)
            pipeline.cutStaleRequests()
        }
    }

    // MARK: Listeners

    /// Lets connections that one loop accepts go to the loop with the fewest.
    func share(with servers: [LoopBound<ServerLoop>]) {
        server.siblings = servers
    }

    /// Accepts on these addresses, and on no others any more.
    func listen(_ bindings: [ListenerBinding]) {
        let wanted = Set(bindings.map(\.identity))
        for (identity, (listener, _)) in listeners where !wanted.contains(identity) {
            listener?.acceptWaiting()
            listener?.close()
            listeners[identity] = nil
        }
        for binding in bindings {
            if let known = listeners[binding.identity] {
                known.acceptor.settings = binding.settings
            } else {
                start(binding)
            }
        }
    }

    /// Stops accepting; connections that the kernel has taken already are served.
    func stopListening() {
        server.siblings = []
        listen([])
    }

    /// Finishes what is in hand; `completion` is called when nothing is left.
    func drain(completion: @escaping () -> Void) {
        server.onDrained = completion
        server.drain()
    }

    func abortAll() {
        server.abortAll()
    }

    private func start(_ binding: ListenerBinding) {
        let acceptor = ServerAcceptor(server: server, settings: binding.settings)
        let listener = binding.bound.listener(on: loop, acceptor: acceptor)
        // The descriptor is fresh; only a kernel out of memory refuses it, and then the others still accept.
        try? listener?.start()
        listeners[binding.identity] = (listener, acceptor)
    }

    private static func makePipeline(
        _ loop: EventLoop,
        _ parts: LoopParts,
        requestIDs: RequestIDGenerator,
        endpoints: OwnEndpoints,
        registry: MetricsRegistry,
        shard: MetricsShard,
        writer: LogWriter
    ) -> RequestPipeline {
        let snapshot = parts.snapshot
        let format: AccessLog.Format? =
            switch snapshot.configuration.logging.access {
            case .json: .json
            case .text: .text
            case .off: nil
            }
        return RequestPipeline(
            loop: loop,
            snapshot: snapshot.gateway,
            settings: snapshot.settings,
            clients: snapshot.upstreams.map { UpstreamClient($0, loop: loop) },
            authenticator: Authenticator(
                verifier: parts.verifier,
                vocabulary: snapshot.gateway.vocabulary,
                revocations: parts.revocations,
                capacity: rememberedTokens,
                byteLimit: rememberedTokenBytes
            ),
            requestIDs: requestIDs,
            observer: RequestObserver(
                registry: registry,
                shard: shard,
                accessLog: format.map { AccessLog(format: $0, channel: writer.channel(loop.index)) },
                trustedProxies: snapshot.settings.trustedProxies,
                routes: snapshot.gateway.definition.routes.map(\.name),
                upstreams: snapshot.upstreams.map { ($0.name, $0.servers.map(\.description)) }
            ),
            ownPaths: endpoints
        )
    }
}

extension LoopContext: LoopTimerHandler {
    func timerFired(_ timer: LoopTimer) {
        pipeline.cutExpiredRequests()
        for pipeline in retired { pipeline.cutExpiredRequests() }
        retired.removeAll { $0.forwardedCount == 0 }
        loop.arm(timer, at: loop.now + Self.staleInterval)
    }
}

/// What a loop takes over from the control queue.
struct LoopParts: Sendable {
    let snapshot: ServerSnapshot
    let verifier: TokenVerifier
    let revocations: RevocationList
    let documents: MetadataDocuments
    /// Nil where the gateway only enforces.
    let site: WebSite?
}

/// What makes two configured listeners the same socket.
struct ListenerIdentity: Hashable, Sendable {
    let address: ListenAddress
    /// Tells apart listeners that each asked for any free port.
    let number: Int
}

/// A listener of the configuration and the sockets that are bound for it.
struct ListenerBinding: Sendable {
    let identity: ListenerIdentity
    let bound: BoundAddress
    let settings: AcceptorSettings

    var isSecure: Bool { settings.tlsContext != nil }
}

@available(*, unavailable)
extension LoopContext: Sendable {}
