import Dispatch
import Foundation
import HTTP
import Testing

@testable import Upstream

@Suite struct UpstreamTimeoutTests {
    private static let milliseconds: UInt64 = 1_000_000

    @Test func `a server that cannot be connected to in time is given up`() throws {
        let harness = try Harness([.stuck]) { $0.connectTimeout = 150 * Self.milliseconds }
        #expect(harness.run().error == .connectTimedOut)
        #expect(harness.states[0].failureCount == 1)
    }

    @Test func `after the connect time-out the next server is tried`() throws {
        let server = TestServer { peer in while peer.readHead() != nil { peer.answer() } }
        let harness = try Harness([.stuck, server.upstream]) { $0.connectTimeout = 150 * Self.milliseconds }
        #expect(harness.run(.post).body == "ok")
    }

    @Test func `a server that does not answer in time is given up and not asked again`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.waitForEnd()
        }
        let harness = try Harness(server) { $0.responseTimeout = 100 * Self.milliseconds }
        #expect(harness.run().error == .responseTimedOut)
        #expect(server.requests.count == 1)
    }

    @Test func `a 1xx or a part of the head does not prolong the wait for the response`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            while peer.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 1") {
                usleep(20_000)
                guard peer.send("02 P\r\n\r\n") else { break }
            }
        }
        let harness = try Harness(server) { $0.responseTimeout = 150 * Self.milliseconds }
        #expect(harness.run().error == .responseTimedOut)
    }

    @Test func `a request may bring its own limit for the response`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.waitForEnd()
        }
        let harness = try Harness(server)
        let exchange = Exchange(loop: harness.loop, script: ExchangeScript())
        harness.client.execute { client in
            exchange.request.prepare(method: .get, framing: .none, delegate: exchange)
            exchange.request.line.append("GET / HTTP/1.1\r\n")
            exchange.request.responseTimeout = 100 * Self.milliseconds
            client.start(exchange.request)
            exchange.didStart()
        }
        #expect(exchange.wait().error == .responseTimedOut)
    }

    @Test func `a response that stops in the middle is given up`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
            peer.waitForEnd()
        }
        let harness = try Harness(server) { $0.idleTimeout = 100 * Self.milliseconds }
        let outcome = harness.run()
        #expect(outcome.error == .idleTimedOut(responseStarted: true))
        #expect(outcome.body == "half")
    }

    @Test func `a response that goes on slowly is not given up`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")
            for _ in 0..<10 {
                usleep(150_000)
                peer.send("x")
            }
        }
        let harness = try Harness(server) { $0.idleTimeout = 1000 * Self.milliseconds }
        #expect(harness.run().isComplete)
    }

    @Test func `a paused response is not given up`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
            usleep(50_000)
            peer.send("late")
            peer.waitForEnd()
        }
        let harness = try Harness(server) { $0.idleTimeout = 500 * Self.milliseconds }
        let exchange = harness.start(script: ExchangeScript(onHead: { $0.request.pauseResponse() }))
        usleep(1_200_000)
        exchange.execute { $0.request.resumeResponse() }
        let outcome = exchange.wait()
        #expect(outcome.isComplete)
        #expect(outcome.body == "late")
    }

    @Test func `the wait for the response begins when the request is complete`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            _ = peer.read(4)
            peer.answer()
        }
        let harness = try Harness(server) {
            $0.responseTimeout = 500 * Self.milliseconds
            $0.idleTimeout = 500 * Self.milliseconds
        }
        let exchange = harness.start(.post, framing: .length(4), script: ExchangeScript(endsBody: false))
        usleep(1_200_000)
        exchange.execute {
            Array("body".utf8).withUnsafeBytes($0.request.writeBody)
            $0.request.finishBody()
        }
        #expect(exchange.wait().body == "ok")
    }

    @Test func `a server that stops taking the body is given up`() throws {
        let go = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            _ = peer.readHead()
            go.wait()
        }
        let harness = try Harness(server) { $0.idleTimeout = 150 * Self.milliseconds }
        let piece = [UInt8](repeating: 1, count: 1 << 20)
        let script = ExchangeScript(body: Array(repeating: piece, count: 32))
        let outcome = harness.run(.post, framing: .chunked, script: script)
        #expect(outcome.error == .idleTimedOut(responseStarted: false))
        go.signal()
    }
}
