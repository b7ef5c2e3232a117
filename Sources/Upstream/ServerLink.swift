/// The bytes' way to a server: a plain socket, or the connector that carries TLS.
struct ServerLink {
    let descriptor: Int32
    /// Carries the connection where it is TLS.
    let connector: CurlConnector?

    /// A TLS record, so that none is ever left half read where epoll does not see it.
    static let recordSize = 16 << 10

    /// What a connector has connected: a descriptor, or itself where there is none.
    init(_ descriptor: Int32, _ connector: CurlConnector) {
        self.descriptor = descriptor >= 0 ? descriptor : connector.descriptor
        self.connector = descriptor >= 0 ? nil : connector
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        connector.map { $0.send(bytes) } ?? SocketTransfer.send(descriptor, bytes)
    }

    /// Reads a plain socket once, and a TLS connection until nothing is left or the room is full.
    func receive(into room: UnsafeMutableRawBufferPointer) -> (count: Int, last: Transfer) {
        guard let connector else {
            let result = SocketTransfer.receive(descriptor, into: room)
            if case .bytes(let count) = result { return (count, result) }
            return (0, result)
        }
        var count = 0
        while count + Self.recordSize <= room.count {
            let result = connector.receive(into: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
            guard case .bytes(let more) = result else { return (count, result) }
            count += more
        }
        return (count, .bytes(count))
    }

    /// Whether nothing waits to be read: neither bytes nor an end nor an error.
    var isQuiet: Bool { SocketTransfer.isQuiet(descriptor) }

    /// Tells the server that nothing more is sent; it may go on to send.
    func closeWriting() {
        connector?.closeWriting()
        SocketTransfer.shutdownWriting(descriptor)
    }

    /// Closes it; the connector can make another connection then.
    func close(to server: ServerPool) {
        if let connector {
            connector.disconnect()
            server.putConnector(connector)
        } else {
            SocketTransfer.close(descriptor)
        }
    }
}
