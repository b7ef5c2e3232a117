// uses: Bytes HTTP HTTP2 Sources/HTTPServer/HTTP2RequestReader.swift
import Bytes
import HTTP
import HTTP2

// Properties: frames that come in pieces of any size give the requests that the whole gives; what is accepted can be said
// in HTTP/1.1 and is read there as the same request, so that nothing is smuggled on the way down; and no bytes of a client
// break the session or its streams. The input is what follows a client's preface.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP2(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let whole = Server()
    whole.receive(input)
    let pieces = Server()
    var cuts = Cuts(input)
    var offset = 0
    while offset < input.count, !pieces.hasFailed {
        let end = offset + cuts.next(input.count - offset)
        withExactCopy(input.slice(offset..<end)) { pieces.receive($0) }
        offset = end
    }
    require(whole.hasFailed == pieces.hasFailed, "pieces fail: \(pieces.hasFailed), the whole: \(whole.hasFailed)")
    require(whole.requests == pieces.requests, "pieces gave \(pieces.requests), the whole \(whole.requests)")
    whole.end()
    pieces.end()
    // What is answered at once ends streams in the middle of their frames.
    let eager = Server()
    cuts = Cuts(input)
    offset = 0
    while offset < input.count, !eager.hasFailed {
        let end = offset + cuts.next(input.count - offset)
        withExactCopy(input.slice(offset..<end)) { eager.receive($0) }
        eager.flush()
        offset = end
    }
    eager.end()
    return 0
}

private let limits = HTTPLimits(targetSize: 512, headerSize: 2048, headerCount: 16)

/// A server that answers each request, or resets it, by what it asks for.
private final class Server: HTTP2SessionDelegate, HTTP2StreamDelegate {
    private var session: HTTP2Session?
    private let encoder = HTTP2FieldEncoder()
    private var reader = HTTP2RequestReader(limits: limits)
    private var heads: [ObjectIdentifier: RequestHead] = [:]
    private var trailers: [ObjectIdentifier: FieldList] = [:]
    private var bodies: [ObjectIdentifier: Int] = [:]
    /// Each request as it would be sent on, or its fault; then what came of it.
    private(set) var requests: [String] = []
    private(set) var hasFailed = false
    private var sentBytes = 0

    init() {
        let settings = HTTP2SessionSettings(concurrentStreams: 8)
        session = HTTP2Session(.server, settings: settings, encoder: encoder, delegate: self)
        receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    }

    private func receive(_ preface: StaticString) {
        preface.withUTF8Buffer { receive(UnsafeRawBufferPointer($0)) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        do throws(HTTP2SessionError) { try session?.receive(bytes) } catch { hasFailed = true }
    }

    func flush() {
        do throws(HTTP2SessionError) { try session?.flush() } catch { hasFailed = true }
    }

    /// Sends what waits and lets everything go.
    func end() {
        flush()
        let streams = session?.streams ?? []
        session?.delegate = nil
        session = nil
        for stream in streams {
            require(stream.isClosed, "a stream outlives its session")
            stream.finish()
            stream.reset(.cancel)
        }
    }

    // MARK: The session

    func sessionDidOpen(_ stream: HTTP2Stream) { stream.delegate = self }
    func sessionDidReceive(_ frame: HTTP2FrameHeader) {}
    func sessionDidReceiveInvalidFrame(_ frame: HTTP2FrameHeader) {}
    func sessionDidReceiveSettings() {}
    func sessionDidReceivePingAcknowledgement() {}
    func sessionDidReceiveGoaway(lastStreamID: Int32, _ code: HTTP2ErrorCode) {}
    func sessionNeedsFlush() {}
    func sessionWrite(_ bytes: UnsafeRawBufferPointer) { sentBytes += bytes.count }
    var sessionMayWrite: Bool { true }

    // MARK: Streams

    func streamFieldsBegan(_ stream: HTTP2Stream, isFirst: Bool) {
        reader.begin()
        if isFirst {
            heads[ObjectIdentifier(stream)] = RequestHead()
        } else {
            trailers[ObjectIdentifier(stream)] = FieldList()
        }
    }

    func streamField(_ stream: HTTP2Stream, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if let head = heads[ObjectIdentifier(stream)] {
            reader.field(name, value, into: head)
        } else if let list = trailers[ObjectIdentifier(stream)] {
            reader.trailer(name, value, into: list)
        }
    }

    func streamFieldsEnded(_ stream: HTTP2Stream, endsStream: Bool) {
        if let head = heads.removeValue(forKey: ObjectIdentifier(stream)) {
            do throws(HTTPParseError) {
                try reader.finish(head, endsStream: endsStream)
                requests.append("\(stream.id) \(checked(head))")
                answer(stream, head)
            } catch {
                requests.append("\(stream.id) \(error)")
                stream.reset(.protocolError)
            }
        } else if let list = trailers.removeValue(forKey: ObjectIdentifier(stream)) {
            do throws(HTTPParseError) {
                try reader.finish(list, endsStream: endsStream)
                requests.append("\(stream.id) \(list.count) trailers")
            } catch {
                requests.append("\(stream.id) \(error) in trailers")
                stream.reset(.protocolError)
            }
        }
    }

    func streamData(_ stream: HTTP2Stream, _ bytes: UnsafeRawBufferPointer) {
        bodies[ObjectIdentifier(stream), default: 0] += bytes.count
        session?.consumeConnection(bytes.count)
        stream.consume(bytes.count)
    }

    func streamDataEnded(_ stream: HTTP2Stream) {
        requests.append("\(stream.id) body of \(bodies[ObjectIdentifier(stream)] ?? 0)")
    }

    func streamDrained(_ stream: HTTP2Stream) {}
    func streamSentEnd(_ stream: HTTP2Stream) {}

    func streamClosed(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        heads[ObjectIdentifier(stream)] = nil
        trailers[ObjectIdentifier(stream)] = nil
        bodies[ObjectIdentifier(stream)] = nil
        requests.append("\(stream.id) closed")
    }

    private func answer(_ stream: HTTP2Stream, _ head: RequestHead) {
        encoder.removeAll()
        encoder.append(status: 200)
        if head.method == .post {
            session?.respond(stream, encoder, endsStream: false)
            withUnsafeBytes(of: UInt64.max) { stream.write($0) }
            stream.finish()
        } else {
            session?.respond(stream, encoder, endsStream: true)
        }
    }
}

/// The request in HTTP/1.1, which must read as the same one.
private func checked(_ head: RequestHead) -> String {
    require(head.majorVersion == 2 && head.fieldCount <= limits.headerCount, "the head is not of HTTP/2")
    require(!head.host.isEmpty, "no host")
    for index in 0..<head.fieldCount {
        require(!head.name(index).contains { ASCII.lowercased($0) != $0 }, "an upper-case name")
        require(FieldSyntax.isToken(head.name(index)) && FieldSyntax.isValue(head.value(index)), "a malformed field")
    }
    guard head.method != .connect else { return "CONNECT \(head.connectProtocol?.text ?? "") \(head.host.text)" }
    var text = "\(head.methodBytes.text) \(head.path.text)"
    if let query = head.query { text += "?\(query.text)" }
    text += " HTTP/1.1\r\nHost: \(head.authority.text)\r\n"
    for index in 0..<head.fieldCount where head.fieldName(index) != .host {
        text += "\(head.name(index).text): \(head.value(index).text)\r\n"
    }
    // Values may have bytes that are no UTF-8, which the text can't show.
    guard !text.unicodeScalars.contains("\u{FFFD}") else { return text }
    let again = RequestHead()
    var parser = RequestHeadParser(limits: HTTPLimits(targetSize: 2048, headerSize: 1 << 16, headerCount: 40))
    let bytes = Array((text + "\r\n").utf8)
    let taken = bytes.withUnsafeBytes { try? parser.parse($0, into: again) }
    require(taken == bytes.count, "HTTP/1.1 takes \(taken ?? -1) of \(bytes.count) bytes")
    require(again.host.equals(head.host) && again.port == head.port, "another host")
    require(again.path.equals(head.path) && again.method == head.method, "another path or method")
    if case .length = head.framing { require(again.framing == head.framing, "another framing") }
    return text
}
