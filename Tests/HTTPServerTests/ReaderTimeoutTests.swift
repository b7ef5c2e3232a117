import HTTP2
import Testing

@testable import HTTPServer

/// When a client that takes nothing of its answer is given up; the limit is the least there is, so any look may be the last.
@Suite struct ReaderTimeoutTests {
    @Test func `a stream is given up for what was seen to wait, not for when it was last seen to rest`() throws {
        let harness = try HTTP2Harness(
            ServerSettings(idleTimeout: 1),
            client: HTTP2SessionSettings(streamWindow: 0)
        )
        harness.get("/hold")
        harness.onLoop { $0.handler.exchanges[0].begin() }
        harness.onLoop { $0.look() }
        // Only now there is something that waits.
        harness.onLoop { $0.handler.exchanges[0].write(1) }
        harness.onLoop { $0.look() }
        #expect(harness.events[0].last == "GET /hold")
        harness.onLoop { $0.look() }
        #expect(harness.events[0].last == "cancelled")
    }

    @Test func `so is a connection`() throws {
        let harness = try HTTP2Harness(ServerSettings(idleTimeout: 1))
        harness.get("/hold")
        harness.onLoop { $0.look() }
        harness.onLoop { $0.serverStream.pendingByteCount = 1 }
        harness.onLoop { $0.look() }
        #expect(!harness.isClosed)
        harness.onLoop { $0.look() }
        #expect(harness.isClosed)
    }

    @Test func `and one of HTTP 1`() throws {
        let harness = try HTTP2Harness(ServerSettings(idleTimeout: 1))
        harness.onLoop { parts in
            parts.startHTTP1()
            Array("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n".utf8).withUnsafeBytes {
                parts.otherStream.delegate?.streamDidRead($0)
            }
        }
        let look: @Sendable (HTTP2TestParts) -> Bool = { parts in
            if let connection = parts.http1, let timer = connection.timer { connection.timerFired(timer) }
            return parts.otherStream.isClosed
        }
        #expect(!harness.onLoop(look))
        harness.onLoop { $0.otherStream.pendingByteCount = 1 }
        #expect(!harness.onLoop(look))
        #expect(harness.onLoop(look))
    }

    @Test func `a client that has begun rests for idle_timeout, even where a head may take longer`() throws {
        let harness = try HTTP2Harness(ServerSettings(headerTimeout: 60_000_000_000, idleTimeout: 5_000_000_000))
        harness.exchange()
        let left = harness.onLoop { parts in
            guard let timer = parts.connection?.timer else { return UInt64.max }
            return timer.deadline - parts.serverStream.loop.now
        }
        #expect(left <= 5_000_000_000)
    }
}
