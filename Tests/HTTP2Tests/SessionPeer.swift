import Bytes

@testable import HTTP2

/// One end of a session in a test: it keeps what it is told and what it sends.
final class SessionPeer {
    private(set) var session: HTTP2Session?
    private(set) var output: [UInt8] = []
    private(set) var opened: [RecordedStream] = []
    private(set) var frames: [HTTP2FrameHeader] = []
    private(set) var invalidFrames = 0
    private(set) var pingAcknowledgements = 0
    private(set) var goaway: (lastStreamID: Int32, code: HTTP2ErrorCode)?
    private(set) var flushRequests = 0
    private(set) var failure: HTTP2SessionError?
    /// Whether what comes may be answered at once.
    var mayWrite = true
    /// Called whenever bytes are to be sent.
    var onWrite: () -> Void = {}
    let fields = HTTP2FieldEncoder()

    init(_ role: HTTP2Session.Role, settings: HTTP2SessionSettings = HTTP2SessionSettings()) {
        session = HTTP2Session(role, settings: settings, encoder: fields, delegate: self)
    }

    /// Breaks the cycle between the session and its delegate.
    func close() {
        session?.delegate = nil
        session = nil
    }

    func takeOutput() -> [UInt8] {
        do throws(HTTP2SessionError) { try session?.flush() } catch { failure = error }
        defer { output = [] }
        return output
    }

    func receive(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            do throws(HTTP2SessionError) { try session?.receive(bytes) } catch { failure = error }
        }
    }

    func request(_ pairs: [(StaticString, String)], endsStream: Bool = true) -> RecordedStream? {
        fields.removeAll()
        var storage = ByteBuffer(capacity: 4096)
        for (_, value) in pairs { storage.append(string: value) }
        var offset = 0
        for (name, value) in pairs {
            fields.append(name: name, value: storage.bytes.slice(offset..<(offset + value.utf8.count)))
            offset += value.utf8.count
        }
        let record = RecordedStream()
        record.stream = session?.request(fields, endsStream: endsStream, delegate: record)
        return record.stream == nil ? nil : record
    }

    func get(_ path: String) -> RecordedStream? {
        request([(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", path)])
    }

    func respond(_ record: RecordedStream, status: Int, lines: String = "", endsStream: Bool = false) {
        guard let stream = record.stream else { return }
        fields.removeAll()
        fields.append(status: status)
        Array(lines.utf8).withUnsafeBytes { lines in
            fields.append(lines: lines)
            session?.respond(stream, fields, endsStream: endsStream)
        }
    }
}

extension SessionPeer: HTTP2SessionDelegate {
    func sessionDidOpen(_ stream: HTTP2Stream) {
        let record = RecordedStream()
        record.stream = stream
        stream.delegate = record
        opened.append(record)
    }

    func sessionDidReceive(_ frame: HTTP2FrameHeader) { frames.append(frame) }
    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) { invalidFrames += 1 }
    func sessionDidReceiveSettings() {}
    func sessionDidReceivePingAcknowledgement() { pingAcknowledgements += 1 }
    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) { goaway = (lastStreamID, code) }
    func sessionNeedsFlush() { flushRequests += 1 }
    func sessionWrite(_ bytes: UnsafeRawBufferPointer) {
        output.append(contentsOf: bytes)
        onWrite()
    }
    var sessionMayWrite: Bool { mayWrite }
}

/// What was told of one stream.
final class RecordedStream: HTTP2StreamDelegate {
    var stream: HTTP2Stream?
    /// The field lines of each block, as `name: value`.
    private(set) var blocks: [[String]] = []
    private(set) var body: [UInt8] = []
    private(set) var hasEnded = false
    private(set) var drainCount = 0
    private(set) var hasSentEnd = false
    private(set) var closeCode: HTTP2ErrorCode?
    /// Whether the bytes that come are given back at once.
    var consumes = true
    var consumeConnection: (Int) -> Void = { _ in }

    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) { blocks.append([]) }

    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        blocks[blocks.count - 1].append("\(name.text): \(value.text)")
    }

    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) {
        if endsStream { hasEnded = true }
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        body.append(contentsOf: bytes)
        guard consumes else { return }
        consumeConnection(bytes.count)
        stream.consume(bytes.count)
    }

    func streamDataEnded(_ stream: HTTP2Stream) { hasEnded = true }
    func streamDrained(_ stream: HTTP2Stream) { drainCount += 1 }
    func streamSentEnd(_ stream: HTTP2Stream) { hasSentEnd = true }
    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) { closeCode = code }

    func write(_ text: String) { Array(text.utf8).withUnsafeBytes { stream?.write($0) } }
    func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { stream?.write($0) } }

    func finish(trailers: String = "") {
        Array(trailers.utf8).withUnsafeBytes { stream?.finish(trailers: $0) }
    }
}

/// A client and a server whose bytes a test carries.
struct SessionPair {
    let client: SessionPeer
    let server: SessionPeer

    init(
        client: HTTP2SessionSettings = HTTP2SessionSettings(),
        server: HTTP2SessionSettings = HTTP2SessionSettings()
    ) {
        self.client = SessionPeer(.client, settings: client)
        self.server = SessionPeer(.server, settings: server)
    }

    /// Carries bytes both ways until neither has any, in pieces of this size.
    func exchange(pieces: Int = Int.max) {
        while true {
            let fromClient = client.takeOutput()
            let fromServer = server.takeOutput()
            if fromClient.isEmpty && fromServer.isEmpty { return }
            deliver(fromClient, to: server, pieces)
            deliver(fromServer, to: client, pieces)
        }
    }

    private func deliver(_ bytes: [UInt8], to peer: SessionPeer, _ pieces: Int) {
        var offset = 0
        while offset < bytes.count {
            let end = pieces < bytes.count - offset ? offset + pieces : bytes.count
            peer.receive(Array(bytes[offset..<end]))
            offset = end
        }
    }

    func close() {
        client.close()
        server.close()
    }
}
