import HTTP

/// How far another protocol on a connection is (RFC 9110 §7.8).
struct UpstreamTunnel {
    /// Whether the server has ended its direction.
    var hasEnded = false
}

extension UpstreamConnection {
    /// The server switches, as it was asked: from here on bytes have no meaning to us.
    func beginTunnel(_ request: UpstreamRequest, _ head: ResponseHead) {
        tunnel = UpstreamTunnel()
        reader.beginTunnel()
        body = .tunnel
        request.isResponseStarted = true
        client.answered(request)
        request.delegate?.upstreamUpgraded(request, head)
    }

    /// The server has ended its direction; ours may go on.
    func tunnelEnded() {
        guard let request, tunnel?.hasEnded == false else { return }
        tunnel?.hasEnded = true
        guard body.isComplete else {
            updateInterest()
            setTimer()
            request.delegate?.upstreamEnd(request, trailers: nil)
            return
        }
        releaseTunnel(of: request)?.upstreamEnd(request, trailers: nil)
    }

    /// Our direction ends with what waits to be sent.
    func finishTunnel() {
        if let request, tunnel?.hasEnded == true {
            _ = releaseTunnel(of: request)
        } else {
            queueFlush()
        }
    }

    /// All of our direction has gone out.
    func closeTunnelWriting() {
        if tunnel?.hasEnded == true { return close() }
        guard !isWriteClosed else { return }
        isWriteClosed = true
        link.closeWriting()
    }

    /// Both directions have ended: the request is over, though some of what it wrote may still have to go out.
    private func releaseTunnel(of request: UpstreamRequest) -> (any UpstreamRequestDelegate)? {
        self.request = nil
        if isWriteClosed || output.isEmpty { close() } else { flush() }
        client.endAttempt(request)
        return request.detach()
    }
}
