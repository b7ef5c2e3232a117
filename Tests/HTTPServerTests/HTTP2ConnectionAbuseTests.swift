import HTTP
import HTTP2
import Testing

@testable import HTTPServer

@Suite struct HTTP2ConnectionAbuseTests {
    private static let settings = ServerSettings(
        http2: HTTP2Settings(
            session: HTTP2SessionSettings(concurrentStreams: 10),
            resets: FrameRate(count: 20, nanoseconds: 100_000_000_000),
            controlFrames: FrameRate(count: 50, nanoseconds: 100_000_000_000)
        )
    )

    private func expectCalmed(_ harness: HTTP2Harness) {
        harness.exchange()
        #expect(harness.goaway == HTTP2ErrorCode.enhanceYourCalm.rawValue)
        #expect(harness.isClosed)
        #expect(harness.onLoop { $0.server.connectionCount } == 0)
    }

    @Test(
        arguments: [
            // PING, SETTINGS, PRIORITY, an unknown type, WINDOW_UPDATE, empty DATA, DATA of nothing but padding.
            [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 4, 0, 0, 0, 0, 0],
            [0, 0, 5, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
            [0, 0, 1, 0x2A, 0, 0, 0, 0, 0, 9], [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 2, 0, 8, 0, 0, 0, 1, 1, 0],
        ] as [[UInt8]]
    )
    func `a flood of frames that carry nothing ends the connection`(frame: [UInt8]) throws {
        let harness = try HTTP2Harness(Self.settings)
        harness.post("/read")
        for _ in 0..<4 { harness.onLoop { parts in for _ in 0..<10 { parts.inject(frame) } } }
        harness.exchange()
        #expect(harness.goaway == nil)
        for _ in 0..<4 { harness.onLoop { parts in for _ in 0..<10 { parts.inject(frame) } } }
        expectCalmed(harness)
        #expect(harness.events[0].last == "cancelled")
    }

    @Test func `requests that are taken back at once end the connection`() throws {
        let harness = try HTTP2Harness(Self.settings)
        for place in 0..<30 {
            harness.get("/hold")
            harness.onLoop { $0.client[place].stream?.reset(.cancel) }
            harness.exchange()
        }
        expectCalmed(harness)
        #expect(harness.events.count <= 21)
    }

    @Test func `a client that has us break its requests off ends the connection`() throws {
        let harness = try HTTP2Harness(Self.settings)
        for place in 0..<30 {
            harness.get("/hold")
            // A window that is opened too far is an error of the stream (RFC 9113 §6.9.1).
            let id = UInt8(place * 2 + 1)
            harness.onLoop { $0.inject([0, 0, 4, 8, 0, 0, 0, 0, id, 0x7F, 0xFF, 0xFF, 0xFF]) }
            harness.exchange()
        }
        expectCalmed(harness)
        #expect(harness.events.count <= 21)
    }

    @Test func `answers to requests that were taken back do not wait for ever`() throws {
        var settings = Self.settings
        settings.http2.resets = FrameRate(count: 100_000, nanoseconds: 1)
        let harness = try HTTP2Harness(settings)
        harness.get("/hello")
        harness.onLoop { $0.serverStream.isAboveHighWater = true }
        var place = 0
        while !harness.isClosed, place < 2000 {
            place = harness.get("/hello")
            let last = place
            harness.onLoop { $0.client[last].stream?.reset(.cancel) }
        }
        harness.exchange()
        #expect(harness.isClosed)
        #expect(harness.events.count < 1100)
    }

    @Test func `trailers after trailers end the connection`() throws {
        let harness = try HTTP2Harness(Self.settings)
        harness.post("/read")
        // A client that takes no answer keeps its stream.
        harness.onLoop { $0.serverStream.isAboveHighWater = true }
        for _ in 0..<30 {
            // A block with the field `a: b` and without END_STREAM.
            harness.onLoop { $0.inject([0, 0, 5, 1, 4, 0, 0, 0, 1, 0x00, 1, 0x61, 1, 0x62]) }
        }
        harness.exchange()
        #expect(harness.isClosed)
    }

    @Test func `malformed requests are answered, but not for ever`() throws {
        let harness = try HTTP2Harness(Self.settings)
        for _ in 0..<30 { harness.get("/hello", [("te", "gzip")]) }
        expectCalmed(harness)
        #expect(harness.response(0).statuses == ["400"])
    }

    @Test func `fields that are small as they come and huge when decoded end the connection`() throws {
        var settings = Self.settings
        settings.headLimits = HTTPLimits(targetSize: 1000, headerSize: 4000, headerCount: 100)
        let harness = try HTTP2Harness(settings)
        let large = String(repeating: "a", count: 3000)
        harness.get("/hello", [("x-large", large)])
        #expect(harness.response(0).statuses == ["200"])
        // Each is one byte on the wire now (RFC 7541 §6.1).
        harness.get("/hello", Array(repeating: ("x-large", large), count: 20))
        expectCalmed(harness)
    }

    @Test func `a block of fields without an end ends the connection`() throws {
        let harness = try HTTP2Harness(Self.settings)
        harness.exchange()
        harness.onLoop { parts in
            parts.inject([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82])
            for _ in 0..<20 { parts.inject([0, 0, 1, 9, 0, 0, 0, 0, 1, 0x82]) }
        }
        expectCalmed(harness)
    }

    @Test func `more streams than there may be are refused, and the others go on`() throws {
        let harness = try HTTP2Harness(Self.settings)
        harness.exchange()
        for _ in 0..<10 { harness.get("/hold") }
        // HEADERS of another stream with the request's four fields, as a client would send that does not count.
        harness.onLoop { $0.inject([0, 0, 4, 1, 5, 0, 0, 0, 21, 0x82, 0x84, 0x87, 0x81]) }
        harness.exchange()
        #expect(harness.events.count == 10)
    }

    @Test func `what is not HTTP 2 closes the connection`() throws {
        let harness = try HTTP2Harness(Self.settings)
        harness.onLoop { $0.inject(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
        #expect(harness.isClosed && harness.events.isEmpty)
    }
}
