import HTTP
import HTTP2
import Testing
import Transport

@testable import HTTPServer

@Suite struct HTTP2ConnectionTests {
    private typealias Summary = ClientRecord.Summary

    @Test(arguments: [Int.max, 1, 5])
    func `requests are answered, however their bytes are cut`(pieces: Int) throws {
        let harness = try HTTP2Harness()
        harness.onLoop { parts in
            _ = parts.request(
                [(":method", "GET"), (":scheme", "https"), (":authority", "a"), (":path", "/hello")],
                endsStream: true
            )
        }
        harness.exchange(pieces: pieces)
        #expect(harness.response(0) == Summary(statuses: ["200"], body: 5, hasEnded: true, closed: 0))
        #expect(harness.events == [["GET /hello", "completed"]])
        #expect(harness.onLoop { $0.client[0].lines } == ["content-length: 5"])
    }

    @Test func `bodies and trailers go both ways`() throws {
        let harness = try HTTP2Harness()
        let place = harness.post("/read")
        harness.send(place, 10)
        harness.onLoop { parts in
            Array("grpc-x: 1\r\n".utf8).withUnsafeBytes { parts.client[place].stream?.finish(trailers: $0) }
        }
        harness.exchange()
        harness.onLoop { parts in
            let exchange = parts.handler.exchanges[0]
            exchange.begin()
            exchange.write(3)
            Array("Grpc-Status: 0\r\n".utf8).withUnsafeBytes { exchange.exchange.finish(trailers: $0) }
        }
        harness.exchange()
        #expect(harness.events == [["POST /read", "body 10", "end", "grpc-x=1", "completed"]])
        let expected = Summary(statuses: ["200"], body: 3, trailers: ["grpc-status: 0"], hasEnded: true, closed: 0)
        #expect(harness.response(place) == expected)
    }

    @Test func `HEAD and 204 end with their heads, and 1xx come before`() throws {
        let harness = try HTTP2Harness()
        harness.request([(":method", "HEAD"), (":scheme", "https"), (":authority", "a"), (":path", "/hello")])
        #expect(harness.response(0) == Summary(statuses: ["200"], hasEnded: true, closed: 0))
        harness.get("/hold")
        harness.onLoop { parts in
            let exchange = parts.handler.exchanges[1]
            exchange.exchange.sendInformational(status: 103, fields: UnsafeRawBufferPointer(start: nil, count: 0))
            exchange.begin(status: 204, framing: .none)
        }
        harness.exchange()
        #expect(harness.response(1) == Summary(statuses: ["103", "204"], hasEnded: true, closed: 0))
        harness.onLoop { $0.handler.exchanges[1].exchange.finish() }
        #expect(harness.events[1] == ["GET /hold", "completed"])
    }

    @Test(arguments: [
        ("te", "gzip", "refused: malformed(HTTP.HTTPParseError.connectionSpecificField)"),
        ("x", "a\r\nb: c", "refused: malformed(HTTP.HTTPParseError.controlCharacter)"),
        ("connection", "close", "refused: malformed(HTTP.HTTPParseError.connectionSpecificField)"),
        ("content-length", "5", "refused: malformed(HTTP.HTTPParseError.contentLengthMismatch)"),
        (":path", "/", "refused: malformed(HTTP.HTTPParseError.invalidPseudoField)"),
    ])
    func `a malformed request is answered and told to the handler`(
        name: StaticString,
        value: String,
        event: String
    ) throws {
        let harness = try HTTP2Harness()
        harness.get("/hello", [(name, value)])
        #expect(harness.response(0) == Summary(statuses: ["400"], body: 7, hasEnded: true, closed: 0))
        #expect(harness.events[0].contains(event) && harness.events[0].last == "completed")
        harness.get("/hello")
        #expect(harness.response(1).statuses == ["200"])
    }

    @Test func `a malformed request that goes on is reset after its answer`() throws {
        let harness = try HTTP2Harness()
        harness.post("/echo", [("te", "gzip")])
        #expect(harness.response(0) == Summary(statuses: ["400"], body: 7, hasEnded: true, closed: 1))
        let long = "/" + String(repeating: "a", count: 9000)
        harness.post(long)
        #expect(harness.response(1) == Summary(statuses: ["414"], body: 7, hasEnded: true, closed: 0))
    }

    @Test(arguments: [(3, true), (6, false), (6, true)])
    func `a body that is not as long as it said is refused`(count: Int, ends: Bool) throws {
        let harness = try HTTP2Harness()
        harness.post("/echo", [("content-length", "5")])
        harness.send(0, count, ends: ends)
        #expect(harness.events[0].contains("failed: malformed(HTTP.HTTPParseError.contentLengthMismatch)"))
        #expect(harness.response(0).statuses == ["400"])
        #expect(harness.response(0).closed != nil)
    }

    @Test func `a body after a head that promised none resets the stream`() throws {
        let harness = try HTTP2Harness()
        harness.post("/hold", [("content-length", "0")])
        harness.send(0, 1)
        #expect(harness.response(0).closed == HTTP2ErrorCode.protocolError.rawValue)
        #expect(harness.events[0].last == "cancelled")
    }

    @Test func `a body larger than allowed is refused without its rest`() throws {
        let harness = try HTTP2Harness()
        harness.post("/hold")
        harness.onLoop { parts in
            parts.handler.exchanges[0].exchange.bodySizeLimit = 100
            parts.handler.exchanges[0].exchange.resumeBody()
        }
        harness.send(0, 101)
        #expect(harness.events[0].contains("failed: bodyTooLarge"))
        #expect(harness.response(0).closed == 0)
    }

    @Test func `a body that nobody wants waits with its own window, and others pass`() throws {
        let harness = try HTTP2Harness(
            ServerSettings(http2: HTTP2Settings(session: HTTP2SessionSettings(streamWindow: 65_535)))
        )
        harness.post("/hold")
        harness.send(0, 100_000, ends: true)
        #expect(harness.onLoop { $0.client[0].stream?.pendingByteCount } == 100_000 - 65_535)
        harness.post("/echo")
        harness.send(1, 200_000, ends: true)
        #expect(harness.response(1).statuses == ["200"])
        harness.onLoop { $0.handler.exchanges[0].exchange.resumeBody() }
        harness.exchange()
        #expect(harness.events[0].first == "POST /hold" && harness.events[0].last == "end")
        #expect(harness.onLoop { $0.handler.exchanges[0].exchange.requestBodySize } == 100_000)
    }

    @Test func `bodies that nobody wants are bounded together`() throws {
        let session = HTTP2SessionSettings(streamWindow: 100_000, connectionWindow: 100_000)
        let harness = try HTTP2Harness(ServerSettings(http2: HTTP2Settings(session: session)))
        for place in 0..<6 {
            harness.post("/hold")
            harness.send(place, 100_000)
        }
        let waiting = harness.onLoop { parts in parts.client.reduce(0) { $0 + ($1.stream?.pendingByteCount ?? 0) } }
        #expect(600_000 - waiting <= 300_000)
        harness.onLoop { parts in for test in parts.handler.exchanges { test.exchange.resumeBody() } }
        harness.exchange()
        #expect(harness.onLoop { $0.handler.exchanges.allSatisfy { $0.exchange.requestBodySize == 100_000 } })
    }

    @Test func `a client that takes nothing makes the writer wait, and goes on when it does`() throws {
        let harness = try HTTP2Harness(client: HTTP2SessionSettings(streamWindow: 5000))
        harness.get("/hold")
        let isWritable = harness.onLoop { parts in
            parts.client[0].reads = false
            parts.handler.exchanges[0].begin()
            parts.handler.exchanges[0].write(30_000)
            return parts.handler.exchanges[0].exchange.isWritable
        }
        harness.exchange()
        #expect(!isWritable)
        #expect(harness.response(0) == Summary(statuses: ["200"], body: 5000))
        harness.get("/hello")
        #expect(harness.response(1) == Summary(statuses: ["200"], body: 5, hasEnded: true, closed: 0))
        harness.onLoop { parts in
            parts.client[0].reads = true
            parts.client[0].stream?.consume(5000)
        }
        harness.exchange()
        #expect(harness.response(0).body == 30_000)
        #expect(harness.events[0] == ["GET /hold", "drained"])
    }

    @Test func `a reset cancels the exchange, and an abort resets`() throws {
        let harness = try HTTP2Harness()
        harness.get("/hold")
        harness.onLoop { $0.client[0].stream?.reset(.cancel) }
        harness.exchange()
        #expect(harness.events[0] == ["GET /hold", "cancelled"])
        harness.get("/hold")
        harness.onLoop { parts in
            parts.handler.exchanges[1].begin(framing: .length(10))
            parts.handler.exchanges[1].write(5)
        }
        harness.exchange()
        harness.onLoop { $0.handler.exchanges[1].exchange.finish() }
        harness.exchange()
        #expect(harness.response(1).closed == HTTP2ErrorCode.internalError.rawValue)
        #expect(harness.events[1].last == "cancelled")
    }

    @Test func `an answer before the end of the request tells the client to stop, or waits for a little rest`() throws {
        let harness = try HTTP2Harness()
        harness.post("/hello")
        #expect(harness.response(0) == Summary(statuses: ["200"], body: 5, hasEnded: true, closed: 0))
        harness.post("/hello", [("content-length", "1000")])
        #expect(harness.response(1) == Summary(statuses: ["200"], body: 5, hasEnded: true))
        harness.send(1, 1000, ends: true)
        #expect(harness.response(1).closed == 0)
        #expect(harness.events[1] == ["POST /hello", "content-length=1000", "completed"])
    }

    @Test func `a connection that goes away cancels what was under way`() throws {
        let harness = try HTTP2Harness()
        harness.get("/hold")
        harness.post("/read")
        harness.onLoop { $0.connection?.streamDidClose(.reset) }
        #expect(harness.events.map(\.last) == ["cancelled", "cancelled"])
        #expect(harness.onLoop { $0.server.connectionCount } == 0)
        // Whoever still has an exchange may go on calling it.
        harness.onLoop { $0.handler.exchanges[0].respond("late") }
    }

    @Test func `a drain lets streams finish and then closes`() throws {
        let harness = try HTTP2Harness()
        harness.get("/hold")
        harness.onLoop { $0.server.drain() }
        harness.exchange()
        #expect(harness.goaway == 0 && !harness.isClosed)
        #expect(harness.onLoop { $0.session?.mayOpenStreams } == false)
        harness.onLoop { $0.handler.exchanges[0].respond("done") }
        harness.exchange()
        #expect(harness.response(0) == Summary(statuses: ["200"], body: 4, hasEnded: true, closed: 0))
        #expect(harness.isClosed)
    }

    @Test func `a client's FIN is a half-close`() throws {
        let harness = try HTTP2Harness()
        harness.get("/hold")
        harness.post("/read")
        harness.onLoop { $0.serverStream.delegate?.streamDidEnd() }
        #expect(harness.events.map(\.last) == ["GET /hold", "cancelled"])
        harness.onLoop { $0.handler.exchanges[0].respond("done") }
        harness.exchange()
        #expect(harness.response(0).statuses == ["200"])
        #expect(harness.isClosed)
    }

    @Test func `what can't be sent to a client that has ended is given up`() throws {
        let harness = try HTTP2Harness(client: HTTP2SessionSettings(streamWindow: 100))
        for _ in 1...3 { harness.get("/hold") }
        harness.onLoop { parts in
            for exchange in parts.handler.exchanges { exchange.begin() }
            parts.handler.exchanges[0].write(101)
            parts.handler.exchanges[1].write(100)
            parts.client[0].reads = false
            parts.client[1].reads = false
            parts.handler.exchanges[2].exchange.resumeBody()
        }
        harness.exchange()
        #expect(harness.response(0).body == 100)
        #expect(harness.events.map(\.last) == ["GET /hold", "GET /hold", "GET /hold"])
        harness.onLoop { $0.serverStream.delegate?.streamDidEnd() }
        harness.exchange()
        #expect(harness.events.map(\.last) == ["cancelled", "GET /hold", "GET /hold"])
        #expect(harness.response(0).closed == HTTP2ErrorCode.cancel.rawValue)
        harness.onLoop { $0.handler.exchanges[1].write(1) }
        harness.onLoop { $0.look() }
        harness.exchange()
        #expect(harness.events.map(\.last) == ["cancelled", "cancelled", "GET /hold"])
        harness.onLoop { parts in
            parts.handler.exchanges[2].write(50)
            parts.handler.exchanges[2].exchange.finish()
        }
        harness.exchange()
        #expect(harness.response(2) == Summary(statuses: ["200"], body: 50, hasEnded: true, closed: 0))
        #expect(harness.isClosed)
    }

    @Test func `an end that needs room is given up with a client that has ended`() throws {
        let harness = try HTTP2Harness(client: HTTP2SessionSettings(streamWindow: 0))
        harness.get("/hold")
        harness.onLoop { parts in
            parts.handler.exchanges[0].begin()
            parts.handler.exchanges[0].exchange.finish()
        }
        harness.exchange()
        harness.onLoop { $0.serverStream.delegate?.streamDidEnd() }
        harness.exchange()
        #expect(harness.isClosed)
    }

    @Test func `a client that ends without a goodbye is gone`() throws {
        let harness = try HTTP2Harness()
        harness.get("/hold")
        harness.onLoop { parts in
            parts.serverStream.hasCleanEnd = false
            parts.serverStream.delegate?.streamDidEnd()
        }
        #expect(harness.events[0].last == "cancelled")
        #expect(harness.isClosed)
    }

    @Test func `a stream that ends in the middle of its trailers takes no time-out along`() throws {
        let harness = try HTTP2Harness()
        harness.post("/hold")
        // The head of a HEADERS frame, and nothing of its block.
        harness.onLoop { $0.inject([0, 0, 5, 1, 5, 0, 0, 0, 1]) }
        #expect(harness.onLoop { $0.connection?.timing.fieldsBeganAt } != nil)
        harness.onLoop { $0.handler.exchanges[0].exchange.abort() }
        harness.exchange()
        #expect(harness.response(0).closed == HTTP2ErrorCode.internalError.rawValue)
        #expect(harness.onLoop { $0.connection?.timing.fieldsBeganAt } == nil)
    }

    @Test func `a client that never has room for the end is not waited for`() throws {
        let harness = try HTTP2Harness(
            ServerSettings(idleTimeout: 1),
            client: HTTP2SessionSettings(streamWindow: 0)
        )
        harness.get("/hold")
        harness.onLoop { parts in
            parts.handler.exchanges[0].begin()
            parts.handler.exchanges[0].exchange.finish()
        }
        harness.exchange()
        #expect(harness.response(0) == Summary(statuses: ["200"]))
        fireTimer(harness)
        #expect(harness.response(0).closed == nil, "it has begun to wait, but for how long was not seen yet")
        fireTimer(harness)
        #expect(harness.response(0).closed == HTTP2ErrorCode.cancel.rawValue)
        #expect(harness.onLoop { $0.connection?.streams.count } == 0)
    }

    private func fireTimer(_ harness: HTTP2Harness) {
        harness.onLoop { parts in
            guard let connection = parts.connection else { return }
            connection.timerFired(LoopTimer(connection))
        }
        harness.exchange()
    }

    private func openTunnel(_ harness: HTTP2Harness) {
        let fields: [(StaticString, String)] = [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "a"),
            (":path", "/hold"),
        ]
        harness.request(fields, endsStream: false)
        harness.onLoop { parts in
            let empty = UnsafeRawBufferPointer(start: nil, count: 0)
            parts.handler.exchanges[0].exchange.beginTunnel(protocolName: empty, fields: empty)
            parts.handler.exchanges[0].exchange.resumeBody()
            parts.handler.exchanges[0].write(7)
        }
        harness.exchange()
    }

    @Test func `a tunnel that its client resets without an error is over`() throws {
        let harness = try HTTP2Harness()
        openTunnel(harness)
        harness.onLoop { $0.client[0].stream?.reset(.none) }
        harness.exchange()
        #expect(harness.events[0].last == "cancelled")
        harness.onLoop { $0.connection?.abort() }
        #expect(harness.onLoop { $0.handler.exchanges[0].exchange.room } == 0)
    }

    @Test func `what waits of an ended tunnel is handed on though the connection is gone`() throws {
        let harness = try HTTP2Harness()
        openTunnel(harness)
        harness.onLoop { $0.handler.exchanges[0].exchange.pauseBody() }
        harness.onLoop { $0.handler.exchanges[0].exchange.finish() }
        harness.send(0, 9, ends: true)
        #expect(harness.response(0).closed == 0)
        harness.onLoop { $0.connection?.abort() }
        #expect(harness.onLoop { $0.handler.exchanges[0].exchange.room } == 0)
        harness.onLoop { $0.handler.exchanges[0].exchange.resumeBody() }
        #expect(harness.events[0] == ["CONNECT /hold", "body 9", "end", "completed"])
    }

    @Test func `an extended CONNECT becomes a tunnel that each side ends for itself`() throws {
        let harness = try HTTP2Harness()
        openTunnel(harness)
        harness.send(0, 9)
        #expect(harness.response(0) == Summary(statuses: ["200"], body: 7))
        harness.onLoop { $0.handler.exchanges[0].exchange.finish() }
        harness.exchange()
        #expect(harness.response(0).hasEnded)
        harness.send(0, 2, ends: true)
        #expect(harness.events[0] == ["CONNECT /hold", "body 9", "body 2", "end", "completed"])
        #expect(harness.response(0).closed == 0)
    }
}
