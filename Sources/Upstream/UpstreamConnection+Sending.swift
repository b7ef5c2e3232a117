import Bytes
import HTTP
import Transport

extension UpstreamConnection: BatchEndHandler {
    /// A body that is written in larger pieces than this goes to the socket without being copied.
    private static let directSize = 16 << 10

    var isWritable: Bool { output.count < WaterMark.high }

    func batchDidEnd() {
        isFlushQueued = false
        flush()
    }

    /// Sends a head that is the whole request.
    func sendHead(of request: UpstreamRequest) {
        client.headBuffer.removeAll()
        RequestHeadWriter.write(request, server: server, into: &client.headBuffer)
        let bytes = client.headBuffer.bytes
        switch link.send(bytes) {
        case .bytes(let count):
            hasSent = true
            guard count < bytes.count else { return }
            output.append(bytes.slice(count..<bytes.count))
            flush()
        case .wouldBlock:
            output.append(bytes)
            flush()
        case .end, .failed:
            closeWriting()
        }
    }

    func writeBody(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty, !isWriteClosed else { return }
        guard body.write(bytes.count) else { return failExchange(.bodyLengthMismatch) }
        let isChunked = body.framing == .chunked
        if isChunked { ChunkEncoder.appendHead(bytes.count, to: &output) }
        if bytes.count >= Self.directSize, !isWaitingToWrite, link.connector == nil {
            sendDirectly(bytes, isChunked ? "\r\n" : "")
        } else {
            output.append(bytes)
            if isChunked { ChunkEncoder.appendTail(to: &output) }
            queueFlush()
        }
        if !isWritable { wasAboveHighWater = true }
    }

    /// Ends the body; `trailers` are field lines.
    func finishBody(trailers: UnsafeRawBufferPointer) {
        guard !body.isComplete else { return }
        guard body.finish() else { return isWriteClosed ? () : failExchange(.bodyLengthMismatch) }
        if tunnel != nil { return finishTunnel() }
        guard !isWriteClosed else { return setTimer() }
        if body.framing == .chunked {
            // RFC 9112 §7.1.2: trailers stand between the last chunk and the empty line.
            output.append("0\r\n")
            output.append(trailers)
            output.append("\r\n")
            queueFlush()
        }
        setTimer()
    }

    func queueFlush() {
        guard !isFlushQueued, !isWaitingToWrite else { return }
        isFlushQueued = true
        loop.atEndOfBatch(self)
    }

    /// Sends what waits, as far as the socket takes it.
    func flush() {
        guard isOpen, !isWriteClosed, request != nil || tunnel != nil else { return }
        while !output.isEmpty {
            switch link.send(output.bytes) {
            case .bytes(let count):
                hasSent = true
                output.consume(count)
            case .wouldBlock:
                setWaitingToWrite(true)
                setTimer()
                return tellDrained()
            case .end, .failed:
                return closeWriting()
            }
        }
        setWaitingToWrite(false)
        setTimer()
        if tunnel != nil {
            if body.isComplete { return closeTunnelWriting() }
            // It may be silent for hours now.
            output.releaseStorage()
        }
        tellDrained()
    }

    /// Sends what waits, a piece of the body and what ends it in one call, and keeps what the socket does not take.
    private func sendDirectly(_ bytes: UnsafeRawBufferPointer, _ end: StaticString) {
        end.withUTF8Buffer { end in
            let end = UnsafeRawBufferPointer(end)
            var sent = 0
            switch SocketTransfer.send(link.descriptor, output.bytes, bytes, end) {
            case .bytes(let count): sent = count
            case .wouldBlock: break
            case .end, .failed: return closeWriting()
            }
            if sent > 0 { hasSent = true }
            let fromOutput = min(sent, output.count)
            output.consume(fromOutput)
            sent -= fromOutput
            for part in [bytes, end] {
                let count = min(sent, part.count)
                sent -= count
                if count < part.count { output.append(part.slice(count..<part.count)) }
            }
        }
        if output.isEmpty { setTimer() } else if isOpen { queueFlush() }
    }

    /// The server takes no more of the request; it may have answered before, so reading goes on (RFC 9112 §9.5).
    private func closeWriting() {
        isWriteClosed = true
        // Only what was left of an ended tunnel was to go out.
        if request == nil { return close() }
        output.releaseStorage()
        setWaitingToWrite(false)
        setTimer()
        tellDrained()
    }

    private func setWaitingToWrite(_ isWaiting: Bool) {
        guard isWaitingToWrite != isWaiting else { return }
        isWaitingToWrite = isWaiting
        updateInterest()
    }

    private func tellDrained() {
        guard wasAboveHighWater, output.count < WaterMark.low, let request else { return }
        wasAboveHighWater = false
        request.delegate?.upstreamDrained(request)
    }
}
