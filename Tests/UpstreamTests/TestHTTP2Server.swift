import Bytes
import HTTP2

@testable import Upstream

/// The server's end of one HTTP/2 connection, over the blocking socket of a `TestPeer` and used by its thread.
final class TestHTTP2Peer: HTTP2SessionDelegate {
    typealias Handler = (TestHTTP2Stream) -> Void

    let peer: TestPeer
    private(set) var streams: [TestHTTP2Stream] = []
    /// Called when a request's head is there, when some of its body is, and when it is complete.
    var onHead: Handler?
    var onData: Handler?
    var onComplete: Handler?
    var onReset: Handler?
    /// Whether windows open again for what was received.
    var consumes = true
    private(set) var goawayCount = 0
    private var session: HTTP2Session?
    private let encoder = HTTP2FieldEncoder()
    private var output: [UInt8] = []

    init(_ peer: TestPeer, settings: HTTP2SessionSettings = HTTP2SessionSettings()) {
        self.peer = peer
        session = HTTP2Session(.server, settings: settings, encoder: encoder, delegate: self)
    }

    /// Serves until the connection ends.
    func run() {
        flush()
        while step() {}
        session?.delegate = nil
        session = nil
    }

    /// Takes what comes next; false when the connection has ended.
    func step() -> Bool {
        guard let bytes = peer.readSome(), let session else { return false }
        do {
            try bytes.withUnsafeBytes { try session.receive($0) }
        } catch {
            return false
        }
        return flush()
    }

    @discardableResult
    func flush() -> Bool {
        do { try session?.flush() } catch { return false }
        defer { output = [] }
        return output.isEmpty || peer.send(output)
    }

    func respond(_ stream: TestHTTP2Stream, status: Int = 200, fields: String = "", endsStream: Bool) {
        session?.respond(stream.stream, encoded(status, fields), endsStream: endsStream)
    }

    func inform(_ stream: TestHTTP2Stream, status: Int, fields: String = "") {
        session?.inform(stream.stream, encoded(status, fields))
    }

    /// Answers with a whole response.
    func answer(_ stream: TestHTTP2Stream, _ body: String = "ok", status: Int = 200, fields: String = "") {
        respond(stream, status: status, fields: fields, endsStream: false)
        stream.write(body)
        stream.finish()
    }

    func goaway() { session?.goaway() }
    func ping() { session?.ping() }

    /// Opens windows for bytes that were received.
    func consume(_ count: Int, of stream: TestHTTP2Stream) {
        session?.consumeConnection(count)
        stream.stream.consume(count)
    }

    private func encoded(_ status: Int, _ fields: String) -> HTTP2FieldEncoder {
        encoder.removeAll()
        encoder.append(status: status)
        // The values stay where they are until they are submitted.
        lines = Array(fields.utf8)
        lines.withUnsafeBytes { encoder.append(lines: $0) }
        return encoder
    }
    private var lines: [UInt8] = []

    func sessionDidOpen(_ stream: HTTP2Stream) {
        let made = TestHTTP2Stream(stream, peer: self)
        streams.append(made)
        stream.delegate = made
    }

    func sessionDidReceive(_ frame: HTTP2FrameHeader) {}
    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) {}
    func sessionDidReceiveSettings() {}
    func sessionDidReceivePingAcknowledgement() {}
    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) { goawayCount += 1 }
    func sessionNeedsFlush() {}
    func sessionWrite(_ bytes: UnsafeRawBufferPointer) { output += bytes }
    var sessionMayWrite: Bool { true }
}

/// One request that came to a `TestHTTP2Peer`.
final class TestHTTP2Stream: HTTP2StreamDelegate {
    let stream: HTTP2Stream
    unowned let peer: TestHTTP2Peer
    /// `name: value`, pseudo-fields too.
    private(set) var fields: [String] = []
    private(set) var trailers: [String] = []
    private(set) var body: [UInt8] = []
    private(set) var resetCode: HTTP2ErrorCode?
    private(set) var isComplete = false
    private var isInTrailers = false

    init(_ stream: HTTP2Stream, peer: TestHTTP2Peer) {
        self.stream = stream
        self.peer = peer
    }

    var path: String { value(":path") ?? "" }

    func value(_ name: String) -> String? {
        fields.first { $0.hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) }
    }

    func write(_ text: String) { write(Array(text.utf8)) }
    func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { stream.write($0) } }
    func finish(trailers: String = "") { Array(trailers.utf8).withUnsafeBytes { stream.finish(trailers: $0) } }

    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) { isInTrailers = !isFirst }

    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        let field = "\(name.text): \(value.text)"
        if isInTrailers { trailers.append(field) } else { fields.append(field) }
    }

    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) {
        if !isInTrailers { peer.onHead?(self) }
        if endsStream { complete() }
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        body += bytes
        if peer.consumes { peer.consume(bytes.count, of: self) }
        peer.onData?(self)
    }

    func streamDataEnded(_ stream: HTTP2Stream) { complete() }
    func streamDrained(_ stream: HTTP2Stream) {}
    func streamSentEnd(_ stream: HTTP2Stream) {}

    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        guard code != .none else { return }
        resetCode = code
        peer.onReset?(self)
    }

    private func complete() {
        isComplete = true
        peer.onComplete?(self)
    }
}

extension TestServer {
    /// A server of HTTP/2; `prepare` says what each connection does.
    convenience init(
        http2 settings: HTTP2SessionSettings = HTTP2SessionSettings(),
        tls: TestTLS? = nil,
        prepare: @escaping @Sendable (TestHTTP2Peer) -> Void = { peer in peer.onComplete = { peer.answer($0) } }
    ) {
        self.init(tls: tls) { peer in
            let connection = TestHTTP2Peer(peer, settings: settings)
            prepare(connection)
            connection.run()
        }
    }

    /// The same server by prior knowledge.
    var plainHTTP2: UpstreamServer { UpstreamServer(hasPriorKnowledge: true, host: "127.0.0.1", port: port) }
}
