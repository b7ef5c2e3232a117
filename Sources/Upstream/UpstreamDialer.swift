/// A connection that is being made to a server, and the requests that wait for it.
///
/// Confined to its event loop.
///
/// How it works: a server that speaks HTTP/2 takes many requests over one connection, so those that come while it is being
/// made wait for it. As long as nobody knows what the server speaks they wait too; if it is HTTP/1.1 after all, the first
/// has the connection and the others make their own.
final class UpstreamDialer {
    private let client: UpstreamClient
    private let server: ServerPool
    private let connector: CurlConnector
    /// Whether requests may join that can go over HTTP/2.
    let isShared: Bool
    private(set) var requests: [UpstreamRequest] = []
    private var isOver = false
    /// Connected already, and waiting for what an HTTP/2 server says first.
    private var connection: UpstreamHTTP2Connection?

    /// - Parameter isShared: Whether the connection may turn out to be of HTTP/2.
    init(connector: CurlConnector, isShared: Bool, server: ServerPool, client: UpstreamClient) {
        self.connector = connector
        self.isShared = isShared
        self.server = server
        self.client = client
    }

    /// Begins to connect; the requests hear of it later, in a call of its own.
    func dial() {
        connector.delegate = self
        connector.connect(offersHTTP2: isShared && server.server.isSecure)
    }

    func add(_ request: UpstreamRequest) {
        request.progress = .connecting(self)
        requests.append(request)
    }

    /// Takes out a request that was given up; with the last one the attempt ends.
    func remove(_ request: UpstreamRequest) {
        requests.removeAll { $0 === request }
        guard requests.isEmpty, !isOver else { return }
        let connection = connection
        end()
        guard connection == nil else { return connection?.close() ?? () }
        connector.disconnect()
        server.putConnector(connector)
    }

    /// The request that has waited longest; what is done for it may take out others.
    func next() -> UpstreamRequest? { requests.isEmpty ? nil : requests.removeFirst() }

    private func end() {
        isOver = true
        connection = nil
        server.remove(self)
    }
}

extension UpstreamDialer {
    /// The server speaks HTTP/2, and says how many streams it takes.
    func connectionOpened(_ connection: UpstreamHTTP2Connection) {
        end()
        server.put(connection)
        guard connection.hasRoom else {
            connection.retire()
            return client.notConnected(self, to: server, .unreachable(.other("the server takes no streams")))
        }
        server.streamCapacity = connection.capacity
        while let request = next() { client.place(request, on: server) }
    }

    /// The connection was made and lost before any request went out; it is closed.
    func connectionFailed(_ error: UpstreamError) {
        end()
        client.notConnected(self, to: server, error)
    }

    private func open(_ link: ServerLink) {
        let connection = UpstreamHTTP2Connection(link, server: server, client: client, dialer: self)
        self.connection = connection
        if !connection.open() { connectionFailed(.outOfResources) }
    }
}

extension UpstreamDialer: CurlConnectorDelegate {
    func connectorConnected(_ connector: CurlConnector, descriptor: Int32) {
        let link = ServerLink(descriptor, connector)
        if link.connector == nil { server.putConnector(connector) }
        let isHTTP2 = server.server.hasPriorKnowledge || link.connector?.hasChosenHTTP2 == true
        if isShared { server.choosesHTTP2 = isHTTP2 }
        if isHTTP2 { return open(link) }
        end()
        if let first = next() { client.connected(first, link, to: server) }
        while let request = next() { client.place(request, on: server) }
    }

    func connectorFailed(_ connector: CurlConnector, _ error: UpstreamError) {
        end()
        server.putConnector(connector)
        client.notConnected(self, to: server, error)
    }
}

@available(*, unavailable)
extension UpstreamDialer: Sendable {}
