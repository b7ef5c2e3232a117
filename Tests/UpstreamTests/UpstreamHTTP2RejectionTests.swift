import HTTP
import HTTP2
import Locking
import Testing

@testable import Upstream

/// What a server may not say (RFC 9113 §8): the exchange fails, others on the connection do not.
@Suite struct UpstreamHTTP2RejectionTests {
    struct Malformed: Sendable, CustomTestStringConvertible {
        var what: String
        var fields: [[String]]
        /// A second field block.
        var trailers: [[String]]?
        var data: String?
        var method = HTTPMethod.get
        var fault: HTTPParseError
        var testDescription: String { what }
    }

    static let malformed: [Malformed] = [
        Malformed(what: "no status", fields: [["x-a", "1"]], fault: .malformedStatusLine),
        Malformed(what: "an empty head", fields: [], fault: .malformedStatusLine),
        Malformed(
            what: "two statuses",
            fields: [[":status", "200"], [":status", "200"]],
            fault: .malformedStatusLine
        ),
        Malformed(
            what: "a status after a field",
            fields: [["a", "1"], [":status", "200"]],
            fault: .malformedStatusLine
        ),
        Malformed(what: "a status of two digits", fields: [[":status", "20"]], fault: .malformedStatusLine),
        Malformed(what: "a status with a sign", fields: [[":status", "+20"]], fault: .malformedStatusLine),
        Malformed(what: "a status below 100", fields: [[":status", "099"]], fault: .malformedStatusLine),
        Malformed(what: "a 101", fields: [[":status", "101"]], fault: .malformedStatusLine),
        Malformed(
            what: "a pseudo-field of requests",
            fields: [[":status", "200"], [":path", "/"]],
            fault: .malformedStatusLine
        ),
        Malformed(
            what: "an unknown pseudo-field",
            fields: [[":status", "200"], [":x", "/"]],
            fault: .malformedStatusLine
        ),
        Malformed(what: "an upper-case name", fields: [[":status", "200"], ["X-a", "1"]], fault: .invalidFieldName),
        Malformed(what: "a name with a space", fields: [[":status", "200"], ["x a", "1"]], fault: .invalidFieldName),
        Malformed(what: "an empty name", fields: [[":status", "200"], ["", "1"]], fault: .invalidFieldName),
        Malformed(
            what: "a line end in a value",
            fields: [[":status", "200"], ["a", "1\r\nb: 2"]],
            fault: .controlCharacter
        ),
        Malformed(what: "NUL in a value", fields: [[":status", "200"], ["a", "1\u{0}"]], fault: .controlCharacter),
        Malformed(
            what: "Connection",
            fields: [[":status", "200"], ["connection", "x"]],
            fault: .connectionSpecificField
        ),
        Malformed(
            what: "Transfer-Encoding",
            fields: [[":status", "200"], ["transfer-encoding", "chunked"]],
            fault: .connectionSpecificField
        ),
        Malformed(what: "Upgrade", fields: [[":status", "200"], ["upgrade", "x"]], fault: .connectionSpecificField),
        Malformed(
            what: "differing lengths",
            fields: [[":status", "200"], ["content-length", "2"], ["content-length", "3"]],
            fault: .repeatedContentLength
        ),
        Malformed(
            what: "a malformed length",
            fields: [[":status", "200"], ["content-length", "+2"]],
            fault: .invalidContentLength
        ),
        Malformed(
            what: "less data than the length says",
            fields: [[":status", "200"], ["content-length", "3"]],
            data: "ab",
            fault: .invalidContentLength
        ),
        Malformed(
            what: "more data than the length says",
            fields: [[":status", "200"], ["content-length", "1"]],
            data: "ab",
            fault: .invalidContentLength
        ),
        Malformed(
            what: "data for HEAD",
            fields: [[":status", "200"]],
            data: "ab",
            method: .head,
            fault: .invalidContentLength
        ),
        Malformed(what: "data of a 304", fields: [[":status", "304"]], data: "ab", fault: .invalidContentLength),
        Malformed(
            what: "a pseudo-field among the trailers",
            fields: [[":status", "200"]],
            trailers: [[":status", "200"]],
            fault: .invalidFieldName
        ),
        Malformed(
            what: "a malformed trailer",
            fields: [[":status", "200"]],
            trailers: [["connection", "close"]],
            fault: .connectionSpecificField
        ),
        Malformed(
            what: "too many fields",
            fields: [[":status", "200"]] + (0..<400).map { ["a\($0)", "1"] },
            fault: .tooManyFields
        ),
        Malformed(
            what: "a head that is too large",
            fields: [[":status", "200"]] + (0..<100).map { ["a\($0)", String(repeating: "x", count: 100)] },
            fault: .fieldsTooLarge
        ),
    ]

    @Test(arguments: malformed)
    func `a malformed response fails its exchange alone`(_ malformed: Malformed) throws {
        let code = Locked<UInt32?>(nil)
        let server = TestServer.raw { peer in
            guard let request = peer.read(.headers) else { return }
            let ends = malformed.data == nil && malformed.trailers == nil
            peer.sendFields(malformed.fields.map { ($0[0], $0[1]) }, id: request.id, endsStream: ends)
            if let data = malformed.data { peer.send(.data, flags: 1, id: request.id, Array(data.utf8)) }
            if let trailers = malformed.trailers {
                peer.sendFields(trailers.map { ($0[0], $0[1]) }, id: request.id, endsStream: true)
            }
            while let frame = peer.readFrame() {
                if frame.type == HTTP2FrameType.resetStream.rawValue {
                    code.withLock { $0 = frame.payload.reduce(0) { $0 << 8 | UInt32($1) } }
                } else if frame.type == HTTP2FrameType.headers.rawValue {
                    peer.sendFields([(":status", "204")], id: frame.id, endsStream: true)
                }
            }
        }
        let harness = try Harness([server.plainHTTP2]) { $0.responseHeaderSize = 8 << 10 }
        let outcome = harness.run(malformed.method)
        let isLate = malformed.data != nil || malformed.trailers != nil
        #expect(outcome.error == .malformedResponse(malformed.fault, responseStarted: isLate))
        #expect(!outcome.isComplete)
        #expect(harness.run().status == 204)
        #expect(server.acceptedCount == 1)
        // Nothing is left to be reset where the server has ended the stream.
        #expect([nil, HTTP2ErrorCode.protocolError.rawValue].contains(code.withLock { $0 }))
    }

    @Test(arguments: [[":status: 200"], ["a: b"]])
    func `trailers that do not end the response are refused`(second: [String]) throws {
        let server = TestServer.raw { peer in
            guard let request = peer.read(.headers) else { return }
            peer.sendFields([(":status", "200")], id: request.id)
            peer.sendFields([("a", "b")], id: request.id)
            peer.peer.waitForEnd()
        }
        let outcome = try Harness([server.plainHTTP2]).run()
        #expect(outcome.error == .malformedResponse(.malformedStatusLine, responseStarted: true))
    }

    // MARK: Connections

    struct Breach: Sendable, CustomTestStringConvertible {
        var what: String
        var bytes: [UInt8]
        var testDescription: String { what }
    }

    static let breaches: [Breach] = [
        Breach(what: "a frame that is too large", bytes: [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1]),
        Breach(what: "data of no stream", bytes: RawHTTP2Peer.frame(.data, id: 0, [1])),
        Breach(what: "data of a stream that was never opened", bytes: RawHTTP2Peer.frame(.data, id: 99, [1])),
        Breach(what: "a response to no request", bytes: RawHTTP2Peer.frame(.headers, flags: 5, id: 98, [0x88])),
        Breach(what: "settings of a wrong size", bytes: RawHTTP2Peer.frame(.settings, [1, 2, 3])),
        Breach(
            what: "a window that overflows",
            bytes: RawHTTP2Peer.frame(.windowUpdate, RawHTTP2Peer.word(0x7FFF_FFFF))
        ),
        Breach(what: "a window of nothing", bytes: RawHTTP2Peer.frame(.windowUpdate, RawHTTP2Peer.word(0))),
        Breach(
            what: "a field block that cannot be decoded",
            bytes: RawHTTP2Peer.frame(.headers, flags: 5, id: 1, [0xFF])
        ),
        Breach(what: "a push", bytes: RawHTTP2Peer.frame(.pushPromise, flags: 4, id: 1, RawHTTP2Peer.word(2) + [0x88])),
        Breach(
            what: "another frame within a field block",
            bytes: RawHTTP2Peer.frame(.headers, flags: 1, id: 1, [0x88])
                + RawHTTP2Peer.frame(.ping, [UInt8](repeating: 0, count: 8))
        ),
        Breach(
            what: "a flood of pings",
            bytes: (0..<6000).flatMap { _ in RawHTTP2Peer.frame(.ping, [UInt8](repeating: 0, count: 8)) }
        ),
        Breach(what: "a flood of settings", bytes: (0..<6000).flatMap { _ in RawHTTP2Peer.frame(.settings) }),
        Breach(
            what: "a flood of empty data",
            bytes: RawHTTP2Peer.frame(.headers, flags: 4, id: 1, [0x88])
                + (0..<6000).flatMap { _ in RawHTTP2Peer.frame(.data, id: 1) }
        ),
        Breach(
            what: "a flood of 1xx responses",
            bytes: (0..<6000).flatMap { _ in
                RawHTTP2Peer.frame(.headers, flags: 4, id: 1, [0, 7] + Array(":status".utf8) + [3] + Array("103".utf8))
            }
        ),
        Breach(
            what: "a flood of priorities",
            bytes: (0..<6000).flatMap { _ in RawHTTP2Peer.frame(.priority, id: 1, RawHTTP2Peer.word(0) + [1]) }
        ),
        Breach(
            what: "a flood of windows",
            bytes: (0..<6000).flatMap { _ in RawHTTP2Peer.frame(.windowUpdate, id: 1, RawHTTP2Peer.word(1)) }
        ),
        Breach(
            what: "a field block without an end",
            bytes: RawHTTP2Peer.frame(.headers, id: 1, [0x88])
                + (0..<6000).flatMap { _ in RawHTTP2Peer.frame(.continuation, id: 1, [0x88]) }
        ),
    ]

    @Test(arguments: breaches)
    func `a connection that breaks the rules is closed, and the next one works`(_ breach: Breach) throws {
        let server = TestServer.raw { peer in
            guard let request = peer.read(.headers) else { return }
            guard peer.peer.number == 1 else {
                peer.sendFields([(":status", "204")], id: request.id, endsStream: true)
                return
            }
            peer.peer.send(breach.bytes)
            peer.peer.waitForEnd()
        }
        let harness = try Harness([server.plainHTTP2])
        let outcome = harness.run()
        let started = outcome.status != nil || !outcome.informational.isEmpty
        let isBroken = outcome.error == .brokenConnection(responseStarted: outcome.status != nil)
        #expect(isBroken, "\(String(describing: outcome.error)) after \(started)")
        #expect(harness.run().status == 204)
    }
}
