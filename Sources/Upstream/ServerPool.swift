import Bytes

/// What one loop has of one server: its unused connections, its health, its share of the load.
///
/// Confined to its event loop.
final class ServerPool {
    let index: Int
    let server: UpstreamServer
    /// The `Host` field line that names the server.
    let hostField: [UInt8]
    /// The value of `:authority` that names the server.
    let authority: [UInt8]
    var health: ServerHealth
    /// Requests that were given to the server and have not ended.
    var activeCount = 0
    var connectCount = 0
    var failureCount = 0
    /// What the server chose in its latest handshake; nil before one, and without TLS.
    var choosesHTTP2: Bool?
    /// Connections that are being made, for requests that wait.
    private(set) var dialers: [UpstreamDialer] = []
    /// Connections of HTTP/2 that take new streams, as far as they have room for them.
    private(set) var multiplexed: [UpstreamHTTP2Connection] = []
    /// Whether the server asked for HTTP/1.1 on a connection of HTTP/2 (RFC 9113 §7).
    var requiresHTTP1 = false
    /// How many streams the server's latest connection of HTTP/2 took at once.
    var streamCapacity = UpstreamHTTP2Connection.streamLimit
    /// Unused connections, the one used last at the end: so few stay in use, and the others time out.
    private(set) var unused: [UpstreamConnection] = []
    private var spareConnectors: [CurlConnector] = []

    private static let spareConnectorCount = 4

    init(index: Int, server: UpstreamServer, health: HealthPolicy) {
        self.index = index
        self.server = server
        self.health = ServerHealth(health)
        authority = Array(server.authority.utf8)
        hostField = Array("host: \(server.authority)\r\n".utf8)
    }

    /// A connection that is being made and may carry one more request.
    var joinableDialer: UpstreamDialer? {
        choosesHTTP2 == false ? nil : dialers.last { $0.isShared && $0.requests.count < streamCapacity }
    }

    func put(_ dialer: UpstreamDialer) {
        dialers.append(dialer)
    }

    func remove(_ dialer: UpstreamDialer) {
        dialers.removeAll { $0 === dialer }
    }

    /// The first connection of HTTP/2 that takes one more stream: so few stay in use, and the others time out.
    var roomyConnection: UpstreamHTTP2Connection? { multiplexed.first { $0.hasRoom } }

    func put(_ connection: UpstreamHTTP2Connection) {
        multiplexed.append(connection)
    }

    func remove(_ connection: UpstreamHTTP2Connection) {
        multiplexed.removeAll { $0 === connection }
    }

    /// Connections that carry nothing now.
    var unusedCount: Int { multiplexed.count { $0.isUnused } + unused.count }

    func takeUnused() -> UpstreamConnection? { unused.popLast() }

    func putUnused(_ connection: UpstreamConnection) {
        unused.append(connection)
    }

    func removeUnused(_ connection: UpstreamConnection) {
        if let place = unused.lastIndex(where: { $0 === connection }) { unused.remove(at: place) }
    }

    func takeConnector() -> CurlConnector? { spareConnectors.popLast() }

    /// Takes back a connector that has no connection any more.
    func putConnector(_ connector: CurlConnector) {
        if spareConnectors.count < Self.spareConnectorCount { spareConnectors.append(connector) }
    }

    /// Closes everything that is not in use.
    func closeUnused() {
        let closing = unused
        unused = []
        for connection in closing { connection.close() }
        for connection in multiplexed where connection.isUnused { connection.retire() }
        spareConnectors = []
    }
}

@available(*, unavailable)
extension ServerPool: Sendable {}
