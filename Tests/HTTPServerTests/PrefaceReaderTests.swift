import Testing
import Transport

@testable import HTTPServer

@Suite struct PrefaceReaderTests {
    @Test func `a connection that is handed over while the server drains does not hold it up`() throws {
        let harness = try HTTP2Harness()
        harness.onLoop { parts in
            parts.server.drain()
            let peer = PeerAddress(host: "192.0.2.2", port: 1, bytes: [192, 0, 2, 2])
            _ = parts.server.admit(peer)
            let info = ConnectionInfo(peer: peer, isSecure: false, listener: 0)
            PrefaceReader(stream: parts.otherStream, server: parts.server, info: info).start()
        }
        harness.exchange()
        #expect(harness.onLoop { $0.otherStream.isClosed })
        #expect(harness.onLoop { $0.server.connectionCount } == 0)
    }
}
