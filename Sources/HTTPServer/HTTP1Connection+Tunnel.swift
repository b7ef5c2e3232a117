import HTTP

extension HTTP1Connection {
    func beginTunnel(_ protocolName: UnsafeRawBufferPointer, _ fields: UnsafeRawBufferPointer) {
        // Only a request that is complete can switch: what follows it is of the new protocol (RFC 9110 §7.8).
        guard exchange != nil, case .notBegun = response.body, state.request == .complete else { return abort() }
        state.tunnelBegins()
        response.body = .tunnel
        MessageEncoder.appendStatusLine(101, to: &server.headBuffer)
        server.headBuffer.append(fields)
        server.headBuffer.append("Upgrade: ")
        server.headBuffer.append(protocolName)
        server.headBuffer.append("\r\nConnection: Upgrade\r\n\r\n")
        sendHeadBuffer()
        queueProcessing()
    }

    /// Whether the client ended its direction while the tunnel was still to begin.
    var hasUntoldEnd: Bool { state.request == .tunnel && state.peerHasEnded }

    func readTunnel(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let exchange else { return bytes.count }
        exchange.requestBodySize &+= UInt64(bytes.count)
        exchange.delegate?.exchangeBody(exchange, bytes)
        return bytes.count
    }

    /// Ends our direction; the client may go on.
    func finishTunnel() {
        response.body = .ended
        stream.closeWriting()
        closeEndedTunnel()
    }

    /// The client has ended its direction and all that it sent was handed on.
    func tunnelRead() {
        guard state.request == .tunnel, let exchange else { return }
        state.tunnelRead()
        exchange.isRequestComplete = true
        exchange.delegate?.exchangeBodyEnded(exchange, trailers: nil)
        closeEndedTunnel()
    }

    func closeTunnel() {
        closeGracefully()
    }

    private func closeEndedTunnel() {
        guard state.request == .tunnelEnded, case .ended = response.body else { return }
        closeGracefully(.completed)
    }
}
