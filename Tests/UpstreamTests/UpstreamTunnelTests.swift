import Dispatch
import HTTP
import Testing
import Transport

@testable import Upstream

/// Other protocols on a connection, after a 101 that was asked for (RFC 9110 §7.8).
@Suite struct UpstreamTunnelTests {
    private static let switching = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n"
    private static let asking = [("connection", "upgrade"), ("upgrade", "echo")]

    private func start(_ harness: Harness, _ script: ExchangeScript = ExchangeScript()) -> Exchange {
        harness.start(.get, "/", upgrades: true, fields: Self.asking, script: script)
    }

    @Test(arguments: [false, true])
    func `bytes go both ways, and what comes with the head is not lost`(isSecure: Bool) throws {
        let tls = isSecure ? try TestTLS() : nil
        let server = TestServer(tls: tls) { peer in
            _ = peer.readHead()
            peer.send(Self.switching + "first ")
            peer.send(peer.read(through: "\n"))
            peer.send("last")
            peer.session?.sayGoodbye()
        }
        defer { server.stop() }
        let harness = try self.harness(server, tls)
        let outcome = start(harness, ExchangeScript(body: [Array("some\n".utf8)], endsBody: false)).wait()
        #expect(outcome.status == 101)
        #expect(outcome.body == "first some\nlast")
        #expect(outcome.isComplete && outcome.error == nil)
    }

    @Test(arguments: [false, true])
    func `our end reaches the server, which may still answer`(isSecure: Bool) throws {
        let tls = isSecure ? try TestTLS() : nil
        let server = TestServer(tls: tls) { peer in
            _ = peer.readHead()
            peer.send(Self.switching)
            let count = peer.waitForEnd()
            peer.send("\(count) bytes")
            peer.session?.sayGoodbye()
        }
        defer { server.stop() }
        let harness = try self.harness(server, tls)
        let body = Array(repeating: [UInt8](repeating: 0x61, count: 50_000), count: 4)
        let outcome = start(harness, ExchangeScript(body: body)).wait()
        #expect(outcome.body == "200000 bytes")
        #expect(outcome.isComplete)
        #expect(harness.states[0].activeCount == 0)
        #expect(harness.states[0].unusedCount == 0)
    }

    @Test func `the server's end leaves our direction open`() throws {
        let received = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send(Self.switching)
            peer.endSending()
            if peer.waitForEnd() == 300_000 { received.signal() }
        }
        defer { server.stop() }
        let harness = try Harness(server)
        let script = ExchangeScript(
            endsBody: false,
            onEnd: { exchange in
                exchange.execute { exchange in
                    #expect(exchange.request.isUnderWay)
                    [UInt8](repeating: 7, count: 300_000).withUnsafeBytes { exchange.request.writeBody($0) }
                    exchange.request.finishBody()
                    // What is left goes out without it.
                    #expect(!exchange.request.isUnderWay)
                }
            }
        )
        #expect(start(harness, script).wait().isComplete)
        #expect(received.wait(timeout: .now() + 10) == .success)
    }

    @Test func `a 101 that was not asked for is still a failure`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send(Self.switching)
            peer.waitForEnd()
        }
        defer { server.stop() }
        let harness = try Harness(server)
        let outcome = harness.run(.get, "/", fields: Self.asking)
        #expect(outcome.error == .unrequestedUpgrade)
    }

    @Test func `a server that does not switch answers as usual, and the connection is kept`() throws {
        let server = TestServer { peer in
            while peer.readHead() != nil { peer.answer("no", status: "426 Upgrade Required") }
        }
        defer { server.stop() }
        let harness = try Harness(server)
        for _ in 0..<2 {
            let outcome = start(harness).wait()
            #expect(outcome.status == 426)
            #expect(outcome.body == "no")
        }
        #expect(server.acceptedCount == 1)
    }

    @Test
    func `a tunnel in which nothing moves is cut after the idle time-out, and one in which something does is not`()
        throws
    {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send(Self.switching)
            for _ in 0..<6 { peer.send(peer.read(1)) }
            peer.waitForEnd()
        }
        defer { server.stop() }
        let harness = try Harness(server) { $0.idleTimeout = 2_000_000_000 }
        let exchange = start(harness, ExchangeScript(endsBody: false))
        // More than the time-out together, each far below it: a busy machine may be late by a second and more.
        for _ in 0..<6 {
            #expect(exchange.wait(milliseconds: 400) == nil)
            exchange.execute { exchange in [UInt8(0x2E)].withUnsafeBytes { exchange.request.writeBody($0) } }
        }
        let outcome = exchange.wait()
        #expect(outcome.body == "......")
        #expect(outcome.error == .idleTimedOut(responseStarted: true))
    }

    @Test func `a reset ends the tunnel`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send(Self.switching)
            _ = peer.read(1)
            peer.reset()
        }
        defer { server.stop() }
        let harness = try Harness(server)
        let outcome = start(harness, ExchangeScript(body: [[1]], endsBody: false)).wait()
        #expect(outcome.error == .closedEarly(responseStarted: true))
    }

    private func harness(_ server: TestServer, _ tls: TestTLS?) throws -> Harness {
        guard let tls else { return try Harness(server) }
        let upstreamTLS = try tls.upstreamTLS()
        return try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
    }
}
