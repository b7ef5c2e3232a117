import HTTP2
import Transport

extension UpstreamHTTP2Connection: SocketHandler, BatchEndHandler {
    /// The most that is read at once.
    private static let readSize = 64 << 10

    func socketReady(_ events: SocketEvents) {
        guard isOpen else { return }
        if events.isWritable || isWaitingToWrite && events.isBroken {
            flush()
            closeIfOver()
        }
        if isOpen, events.isReadable || events.isBroken { read() }
    }

    func batchDidEnd() {
        isFlushQueued = false
        flush()
        closeIfOver()
    }

    /// Reads what waits on an unused connection, so that its end is known before a request that cannot be sent again.
    ///
    /// That request may be on its way out of the loop's scratch, where a client's bytes still stand, or be put here from
    /// within a call of this session: so nothing is read there, and nothing while the session is at work.
    func catchUp() {
        guard isUnused, session?.isBusy == false, !link.isQuiet else { return }
        withUnsafeTemporaryAllocation(byteCount: Self.readSize, alignment: 16) { read(into: $0) }
    }

    private func read() {
        read(into: UnsafeMutableRawBufferPointer(rebasing: loop.scratch[..<Self.readSize]))
    }

    private func read(into room: UnsafeMutableRawBufferPointer) {
        guard let session else { return }
        let (count, last) = link.receive(into: room)
        if count > 0 {
            receivedAt = loop.now
            do throws(HTTP2SessionError) {
                try session.receive(UnsafeRawBufferPointer(rebasing: room[..<count]))
            } catch {
                return fail(isBroken: true)
            }
            tellOpened()
        }
        guard isOpen else { return }
        switch last {
        case .end, .failed: fail(isBroken: false)
        case .bytes, .wouldBlock: closeIfOver()
        }
    }

    /// Sends what the session has, as far as the socket takes it.
    func flush() {
        guard isOpen, !isFlushing, let session else { return }
        isFlushing = true
        defer { isFlushing = false }
        repeat {
            do throws(HTTP2SessionError) {
                try session.flush()
            } catch {
                isFlushing = false
                return fail(isBroken: false)
            }
        } while sendOutput()
    }

    /// Whether something went out, so that there may be more.
    private func sendOutput() -> Bool {
        guard isOpen, !output.isEmpty else { return false }
        while !output.isEmpty {
            switch link.send(output.bytes) {
            case .bytes(let count): output.consume(count)
            case .wouldBlock:
                setWaitingToWrite(true)
                return false
            case .end, .failed:
                // The server may have answered, and said which streams it took, before it closed (RFC 9113 §6.8).
                isWriteClosed = true
                output.releaseStorage()
            }
        }
        if isUnused { output.releaseStorage() }
        setWaitingToWrite(false)
        return true
    }

    private func setWaitingToWrite(_ isWaiting: Bool) {
        guard isWaitingToWrite != isWaiting, let registration else { return }
        isWaitingToWrite = isWaiting
        loop.update(registration, interest: SocketInterest(reads: true, writes: isWaiting))
    }

    private func tellOpened() {
        guard hasSettings, case .opening(let dialer) = phase else { return }
        phase = .open
        loop.arm(timer, at: loop.deadline(after: client.configuration.poolTimeout))
        dialer.connectionOpened(self)
    }

    /// Closes when the farewell is out, or the session has ended for a rule that the server broke.
    private func closeIfOver() {
        guard isOpen, let session, output.isEmpty else { return }
        if case .retired = phase, isUnused, !session.wantsToSend { return close() }
        if session.isOver { fail(isBroken: true) }
    }
}
