import Bytes
import Transport

/// Finds out by a client's first bytes which protocol it speaks, where a listener without TLS takes both.
///
/// Confined to its event loop.
///
/// A client that knows that we speak HTTP/2 begins with the preface (RFC 9113 §3.3, §3.4), which is no request of HTTP/1.
final class PrefaceReader {
    private let stream: any ByteStream
    private let server: ServerLoop
    private let info: ConnectionInfo
    private var timer: LoopTimer?
    private var input = ByteBuffer()
    private var isDone = false

    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    init(stream: any ByteStream, server: ServerLoop, info: ConnectionInfo) {
        self.stream = stream
        self.server = server
        self.info = info
    }

    func start() {
        server.opened(self)
        stream.delegate = self
        let timer = LoopTimer(self)
        self.timer = timer
        stream.loop.arm(timer, at: stream.loop.now + server.settings.headerTimeout)
        if server.isDraining { drain() }
    }

    /// Whether the bytes are, as far as they go, those of the preface.
    private static func isPreface(_ bytes: UnsafeRawBufferPointer) -> Bool {
        preface.withUTF8Buffer { preface in
            for index in 0..<min(bytes.count, preface.count) where bytes[index] != preface[index] { return false }
            return true
        }
    }

    /// Hands the connection on with all that was read.
    private func decide(isHTTP2: Bool) {
        release()
        if isHTTP2 {
            let connection = HTTP2Connection(stream: stream, server: server, info: info)
            connection.start()
            connection.streamDidRead(input.bytes)
        } else {
            let connection = HTTP1Connection(stream: stream, server: server, info: info)
            connection.start()
            connection.streamDidRead(input.bytes)
        }
        input.releaseStorage()
    }

    private func release() {
        isDone = true
        if let timer { stream.loop.disarm(timer) }
        timer = nil
        server.closed(self)
    }

    private func end(_ close: () -> Void) {
        guard !isDone else { return }
        close()
        server.dismiss(info.peer)
        release()
    }
}

extension PrefaceReader: ByteStreamDelegate, LoopTimerHandler {
    func streamDidRead(_ bytes: UnsafeRawBufferPointer) {
        input.append(bytes)
        guard Self.isPreface(input.bytes) else { return decide(isHTTP2: false) }
        if input.count >= Self.preface.utf8CodeUnitCount { decide(isHTTP2: true) }
    }

    func streamDidEnd() { end(stream.closeGracefully) }

    func streamDidDrain() {}

    func streamDidClose(_ reason: StreamCloseReason) { end {} }

    func timerFired(_ timer: LoopTimer) { end(stream.closeGracefully) }
}

extension PrefaceReader: ServerConnection {
    /// Until it is known, a connection counts as one of HTTP/1.
    var spokenProtocol: HTTPProtocol { .http1 }

    func drain() { end(stream.closeGracefully) }

    func renew() {}

    func abort() { end(stream.abort) }
}

@available(*, unavailable)
extension PrefaceReader: Sendable {}
