import Bytes
import Dispatch
import HTTP
import HTTP2
import Locking
import Transport

@testable import HTTPServer

/// A connection of the server on a loop of its own, whose client is a session in the test.
final class HTTP2Harness: Sendable {
    private let loop: EventLoop
    private let parts: LoopBound<HTTP2TestParts>

    init(_ settings: ServerSettings = ServerSettings(), client: HTTP2SessionSettings = HTTP2SessionSettings()) throws {
        loop = try EventLoop(index: 0)
        parts = LoopBound(HTTP2TestParts(loop: loop, settings, client), on: loop)
        onLoop { $0.start() }
    }

    deinit {
        onLoop { $0.end() }
        loop.shutdown()
    }

    /// Runs work on the loop, and lets the batch end in which it ran.
    @discardableResult
    func onLoop<Value: Sendable>(_ work: @escaping @Sendable (HTTP2TestParts) -> Value) -> Value {
        let value = Locked<Value?>(nil)
        for isWork in [true, false] {
            let done = DispatchSemaphore(value: 0)
            parts.execute { parts in
                if isWork {
                    let result = work(parts)
                    value.withLock { $0 = result }
                }
                done.signal()
            }
            done.wait()
        }
        guard let result = value.withLock({ $0 }) else { preconditionFailure("the work has run") }
        return result
    }

    /// Carries bytes both ways until neither side has any, in pieces of this size.
    func exchange(pieces: Int = Int.max) {
        while onLoop({ $0.carry(pieces) }) {}
    }

    /// Sends a request and carries bytes; returns its place among the client's streams.
    @discardableResult
    func request(_ fields: [(StaticString, String)], endsStream: Bool = true) -> Int {
        let place = onLoop { $0.request(fields, endsStream: endsStream) }
        exchange()
        return place
    }

    @discardableResult
    func get(_ path: String, _ more: [(StaticString, String)] = []) -> Int {
        request([(":method", "GET")] + Self.rest(path) + more)
    }

    @discardableResult
    func post(_ path: String, _ more: [(StaticString, String)] = []) -> Int {
        request([(":method", "POST")] + Self.rest(path) + more, endsStream: false)
    }

    private static func rest(_ path: String) -> [(StaticString, String)] {
        [(":scheme", "https"), (":authority", "a.example"), (":path", path)]
    }

    func send(_ place: Int, _ count: Int, ends: Bool = false) {
        onLoop { parts in
            [UInt8](repeating: 0x61, count: count).withUnsafeBytes { parts.client[place].stream?.write($0) }
            if ends { parts.client[place].stream?.finish() }
        }
        exchange()
    }

    /// What the client has got on a stream.
    func response(_ place: Int) -> ClientRecord.Summary { onLoop { $0.client[place].summary } }

    /// What the handler was told of its exchanges.
    var events: [[String]] { onLoop { $0.handler.exchanges.map(\.events) } }
    /// The code of the last GOAWAY frame that was sent.
    var goaway: UInt32? { onLoop { $0.serverStream.goaway } }
    var isClosed: Bool { onLoop { $0.serverStream.isClosed } }
}

/// Everything of a test that lives on the loop.
final class HTTP2TestParts {
    let handler = TestHandler()
    let serverStream: FakeStream
    let server: ServerLoop
    private(set) var connection: HTTP2Connection?
    /// A connection beside it, over `otherStream`.
    private(set) var http1: HTTP1Connection?
    private(set) lazy var otherStream = FakeStream(loop: serverStream.loop)
    private(set) var session: HTTP2Session?
    private(set) var client: [ClientRecord] = []
    private let fields = HTTP2FieldEncoder()
    private let clientSettings: HTTP2SessionSettings
    private var output: [UInt8] = []

    init(loop: EventLoop, _ settings: ServerSettings, _ client: HTTP2SessionSettings) {
        serverStream = FakeStream(loop: loop)
        server = ServerLoop(
            loop: loop,
            handler: handler,
            settings: settings,
            census: ConnectionCensus(limit: 10)
        )
        clientSettings = client
    }

    func start() {
        session = HTTP2Session(.client, settings: clientSettings, encoder: fields, delegate: self)
        let peer = PeerAddress(host: "192.0.2.1", port: 1, bytes: [192, 0, 2, 1])
        let info = ConnectionInfo(peer: peer, isSecure: true, listener: 0)
        _ = server.admit(peer)
        let connection = HTTP2Connection(stream: serverStream, server: server, info: info)
        self.connection = connection
        connection.start()
    }

    func startHTTP1() {
        let peer = PeerAddress(host: "192.0.2.2", port: 1, bytes: [192, 0, 2, 2])
        _ = server.admit(peer)
        let info = ConnectionInfo(peer: peer, isSecure: true, listener: 0)
        let connection = HTTP1Connection(stream: otherStream, server: server, info: info)
        http1 = connection
        connection.start()
    }

    func end() {
        http1?.abort()
        http1 = nil
        connection?.abort()
        connection = nil
        session?.delegate = nil
        session = nil
        client = []
    }

    /// Carries what there is; whether there was any.
    func carry(_ pieces: Int) -> Bool {
        try? session?.flush()
        let fromClient = output
        let fromServer = serverStream.takeOutput()
        output = []
        Self.cut(fromClient, pieces) { serverStream.delegate?.streamDidRead($0) }
        Self.cut(fromServer, pieces) { try? session?.receive($0) }
        return !fromClient.isEmpty || !fromServer.isEmpty
    }

    private static func cut(_ bytes: [UInt8], _ pieces: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        var offset = 0
        while offset < bytes.count {
            let end = pieces < bytes.count - offset ? offset + pieces : bytes.count
            Array(bytes[offset..<end]).withUnsafeBytes(body)
            offset = end
        }
    }

    func request(_ pairs: [(StaticString, String)], endsStream: Bool) -> Int {
        fields.removeAll()
        var storage = ByteBuffer(capacity: 1 << 20)
        for (_, value) in pairs { storage.append(string: value) }
        var offset = 0
        for (name, value) in pairs {
            // Names go out as they are here.
            fields.append(name: name, value: storage.bytes.slice(offset..<(offset + value.utf8.count)))
            offset += value.utf8.count
        }
        let record = ClientRecord()
        record.stream = session?.request(fields, endsStream: endsStream, delegate: record)
        client.append(record)
        return client.count - 1
    }

    /// Gives the server bytes that no session would send.
    func inject(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { serverStream.delegate?.streamDidRead($0) }
    }

    /// Lets the connection look at what it waits for.
    func look() {
        if let connection { connection.timerFired(LoopTimer(connection)) }
    }
}

extension HTTP2TestParts: HTTP2SessionDelegate {
    func sessionDidOpen(_ stream: HTTP2Stream) {}
    func sessionDidReceive(_ frame: HTTP2FrameHeader) {}
    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) {}
    func sessionDidReceiveSettings() {}
    func sessionDidReceivePingAcknowledgement() {}
    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) {}
    func sessionNeedsFlush() {}
    func sessionWrite(_ bytes: UnsafeRawBufferPointer) { output.append(contentsOf: bytes) }
    var sessionMayWrite: Bool { true }
}

/// What a client has got on one stream.
final class ClientRecord: HTTP2StreamDelegate {
    struct Summary: Equatable, Sendable {
        var statuses: [String] = []
        var body = 0
        var trailers: [String] = []
        var hasEnded = false
        /// The code of the stream's end.
        var closed: UInt32?
    }

    var stream: HTTP2Stream?
    private(set) var summary = Summary()
    private(set) var lines: [String] = []
    /// Whether the windows are opened for what came.
    var reads = true
    private var isTrailer = false

    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) { isTrailer = summary.body > 0 }

    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.text == ":status" {
            summary.statuses.append(value.text)
        } else if isTrailer {
            summary.trailers.append("\(name.text): \(value.text)")
        } else {
            lines.append("\(name.text): \(value.text)")
        }
    }

    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) { if endsStream { summary.hasEnded = true } }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        summary.body += bytes.count
        if reads { stream.consume(bytes.count) }
    }

    func streamDataEnded(_ stream: HTTP2Stream) { summary.hasEnded = true }
    func streamDrained(_ stream: HTTP2Stream) {}
    func streamSentEnd(_ stream: HTTP2Stream) {}
    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) { summary.closed = code.rawValue }
}

/// Answers by the path; what it was told of each exchange is kept.
final class TestHandler: RequestHandler {
    private(set) var exchanges: [TestExchange] = []

    func handle(_ exchange: HTTPExchange) {
        let test = TestExchange(exchange)
        exchanges.append(test)
        switch exchange.head.path.text {
        case "/hello": test.respond("hello")
        case "/echo":
            test.answersAtEnd = true
            exchange.resumeBody()
        case "/read": exchange.resumeBody()
        default: break
        }
    }

    func refuse(_ exchange: HTTPExchange, _ fault: RequestFault) {
        let test = TestExchange(exchange)
        test.events.append("refused: \(fault)")
        exchanges.append(test)
        test.respond("refused", status: fault == .malformed(.targetTooLong) ? 414 : 400)
    }
}

final class TestExchange: HTTPExchangeDelegate {
    let exchange: HTTPExchange
    var events: [String] = []
    var answersAtEnd = false
    private var body: [UInt8] = []

    init(_ exchange: HTTPExchange) {
        self.exchange = exchange
        let fields = (0..<exchange.head.fieldCount).map {
            "\(exchange.head.name($0).text)=\(exchange.head.value($0).text)"
        }
        events = (["\(exchange.head.methodBytes.text) \(exchange.head.path.text)"] + fields)
        exchange.delegate = self
    }

    func respond(_ text: String, status: Int = 200) {
        begin(status: status, framing: .length(UInt64(text.utf8.count)))
        Array(text.utf8).withUnsafeBytes { exchange.write($0) }
        exchange.finish()
    }

    func begin(status: Int = 200, framing: ResponseFraming = .stream, lines: String = "") {
        Array(lines.utf8).withUnsafeBytes { exchange.sendHead(status: status, fields: $0, framing: framing) }
    }

    func write(_ count: Int) {
        [UInt8](repeating: 0x62, count: count).withUnsafeBytes { exchange.write($0) }
    }

    func exchangeBody(_ exchange: HTTPExchange, _ bytes: UnsafeRawBufferPointer) {
        body.append(contentsOf: bytes)
        if !answersAtEnd { events.append("body \(bytes.count)") }
    }

    func exchangeBodyEnded(_ exchange: HTTPExchange, trailers: FieldList?) {
        events.append("end")
        if let trailers {
            events += (0..<trailers.count).map { "\(trailers.name($0).text)=\(trailers.value($0).text)" }
        }
        guard answersAtEnd else { return }
        begin(framing: .length(UInt64(body.count)))
        body.withUnsafeBytes { exchange.write($0) }
        exchange.finish()
    }

    func exchangeBodyFailed(_ exchange: HTTPExchange, _ fault: RequestFault) {
        events.append("failed: \(fault)")
        if exchange.isResponseStarted { exchange.abort() } else { respond("failed", status: 400) }
    }

    func exchangeDrained(_ exchange: HTTPExchange) { events.append("drained") }
    func exchangeEnded(_ exchange: HTTPExchange, _ outcome: ExchangeOutcome) { events.append("\(outcome)") }
}

/// A stream without a socket.
final class FakeStream: ByteStream {
    let loop: EventLoop
    var delegate: (any ByteStreamDelegate)?
    private var output: [UInt8] = []
    private var all: [UInt8] = []
    private(set) var isClosed = false

    init(loop: EventLoop) { self.loop = loop }

    var pendingByteCount = 0
    /// Whether the peer's end, where one is told, is meant as one.
    var hasCleanEnd = true
    var sentByteCount: UInt64 { 0 }
    var isAboveHighWater = false

    func start() {}
    func write(_ bytes: UnsafeRawBufferPointer) {
        output.append(contentsOf: bytes)
        all.append(contentsOf: bytes)
    }

    /// The code of the last GOAWAY frame (RFC 9113 §6.8).
    var goaway: UInt32? {
        var code: UInt32?
        var offset = 0
        while offset + 17 <= all.count {
            if all[offset + 3] == 7 { code = all[(offset + 13)..<(offset + 17)].reduce(0) { $0 << 8 | UInt32($1) } }
            offset += 9 + all[offset..<(offset + 3)].reduce(0) { $0 << 8 | Int($1) }
        }
        return code
    }

    func pauseReading() {}
    func resumeReading() {}
    func closeWriting() {}

    func closeGracefully() {
        isClosed = true
        delegate = nil
    }

    func abort() {
        isClosed = true
        delegate = nil
    }

    func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }
}
