import Bytes
import HTTP
import Transport

extension UpstreamConnection: SocketHandler {
    func socketReady(_ events: SocketEvents) {
        guard isOpen else { return }
        guard request != nil else { return tunnel == nil ? unusedConnectionReady(events) : flush() }
        let isBroken = events.isBroken
        if events.isWritable || isWaitingToWrite && isBroken {
            flush()
            guard isOpen, request != nil else { return }
        }
        if tunnel?.hasEnded == true {
            if isBroken { failExchange(.closedEarly(responseStarted: true)) }
        } else if isPaused {
            // Level-triggered, it would be told again and again; `updateInterest` puts it back.
            if isBroken, let registration {
                loop.deregister(registration)
                self.registration = nil
            }
        } else if isBroken || events.isReadable {
            read()
        }
    }

    func pauseReading() {
        guard !isPaused, isOpen else { return }
        isPaused = true
        updateInterest()
        setTimer()
    }

    func resumeReading() {
        guard isPaused, isOpen else { return }
        isPaused = false
        updateInterest()
        setTimer()
    }

    /// An end, an error, or bytes that nobody asked for: in each case the connection is of no more use.
    private func unusedConnectionReady(_ events: SocketEvents) {
        if let connector = link.connector, !events.isBroken {
            // TLS has messages of its own, such as session tickets.
            let room = UnsafeMutableRawBufferPointer(rebasing: loop.scratch[..<ServerLink.recordSize])
            if case .wouldBlock = connector.receive(into: room) { return }
        }
        server.removeUnused(self)
        close()
    }

    private func read() {
        guard let request else { return }
        let room = UnsafeMutableRawBufferPointer(rebasing: loop.scratch[..<request.readSize])
        let (count, last) = link.receive(into: room)
        if count > 0 {
            hasReceived = true
            take(UnsafeRawBufferPointer(rebasing: room[..<count]))
        }
        guard isOpen, self.request != nil else { return }
        switch last {
        case .end: inputEnded()
        case .failed: failExchange(.closedEarly(responseStarted: reader.hasStarted))
        case .bytes, .wouldBlock: setTimer()
        }
    }

    private func inputEnded() {
        if tunnel != nil {
            tunnelEnded()
        } else if reader.isCompleteAtClose {
            finishExchange(trailers: nil)
        } else {
            failExchange(.closedEarly(responseStarted: reader.hasStarted))
        }
    }

    /// Hands on what the bytes hold, behind what was left of those before.
    private func take(_ bytes: UnsafeRawBufferPointer) {
        if tunnel != nil, let request {
            request.delegate?.upstreamBody(request, bytes)
            return
        }
        guard !input.isEmpty else {
            let consumed = hand(on: bytes)
            if isOpen, consumed < bytes.count { input.append(bytes.slice(consumed..<bytes.count)) }
            return
        }
        input.append(bytes)
        isParsing = true
        let consumed = hand(on: input.bytes)
        isParsing = false
        input.consume(consumed)
        if input.isEmpty || !isOpen { input.releaseStorage() }
    }

    /// Reads the response and returns how many bytes are done with.
    private func hand(on bytes: UnsafeRawBufferPointer) -> Int {
        let head = head ?? client.takeHead()
        self.head = head
        defer { giveBackHead() }
        var offset = 0
        while isOpen, let request {
            var used = 0
            do {
                let rest = bytes.slice(offset..<bytes.count)
                let event = try reader.next(rest, consumed: &used, head: head)
                offset += used
                switch event {
                case .needMore: return offset
                case .end(let trailers):
                    // RFC 9112 §9.2: what follows belongs to no request.
                    if offset < bytes.count { reader.giveUpConnection() }
                    finishExchange(trailers: trailers)
                    return bytes.count
                case .informational:
                    request.isResponseStarted = true
                    request.delegate?.upstreamInformational(request, head)
                    head.reset()
                case .head:
                    // RFC 9110 §7.8: only for a request that asks for it.
                    guard head.status != 101 else {
                        if request.upgrades { beginTunnel(request, head) } else { failExchange(.unrequestedUpgrade) }
                        break
                    }
                    request.isResponseStarted = true
                    client.answered(request)
                    request.delegate?.upstreamHead(request, head)
                case .body(let piece): request.delegate?.upstreamBody(request, piece)
                }
            } catch {
                failExchange(.malformedResponse(error, responseStarted: reader.hasStarted))
            }
        }
        return bytes.count
    }

    /// A body may come for hours and needs no head.
    private func giveBackHead() {
        guard reader.hasStarted, let head else { return }
        self.head = nil
        client.putHead(head)
    }
}
