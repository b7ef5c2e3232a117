import Bytes
import Dispatch
import Foundation
import HTTP
import Testing

@testable import Upstream

@Suite struct UpstreamClientTests {
    /// Answers every request of a connection.
    private static func answering(_ body: String = "ok") -> TestServer.Handler {
        { peer in while peer.readHead() != nil { peer.answer(body) } }
    }

    @Test func `a request goes out with the server's host and the answer comes back`() throws {
        let server = TestServer(handler: Self.answering("hello"))
        let outcome = try Harness(server).run(.get, "/a?b=c", fields: [("x-one", "1")])
        #expect(outcome.status == 200)
        #expect(outcome.body == "hello")
        #expect(outcome.isComplete)
        #expect(outcome.serverIndex == 0)
        #expect(server.requests == ["GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:\(server.port)\r\nx-one: 1"])
    }

    @Test func `a connection is used again`() throws {
        let server = TestServer(handler: Self.answering())
        let harness = try Harness(server)
        for _ in 0..<5 { #expect(harness.run().body == "ok") }
        #expect(server.acceptedCount == 1)
        #expect(harness.states[0].unusedCount == 1)
        #expect(harness.states[0].activeCount == 0)
    }

    @Test func `requests at the same time have connections of their own`() throws {
        let go = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            while peer.readHead() != nil {
                go.wait()
                peer.answer()
            }
        }
        let harness = try Harness(server)
        let exchanges = (0..<8).map { _ in harness.start() }
        while server.requests.count < 8 { usleep(1000) }
        for _ in exchanges { go.signal() }
        for exchange in exchanges { #expect(exchange.wait().body == "ok") }
        #expect(server.acceptedCount == 8)
        #expect(harness.states[0].unusedCount == 8)
    }

    @Test func `no more unused connections are kept than allowed`() throws {
        let go = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            while peer.readHead() != nil {
                go.wait()
                peer.answer()
            }
        }
        let harness = try Harness(server) { $0.poolSize = 2 }
        let exchanges = (0..<6).map { _ in harness.start() }
        while server.requests.count < 6 { usleep(1000) }
        for _ in exchanges { go.signal() }
        for exchange in exchanges { _ = exchange.wait() }
        #expect(harness.states[0].unusedCount == 2)
    }

    @Test func `a connection that the server closes while unused is dropped`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.answer()
        }
        let harness = try Harness(server)
        #expect(harness.run().isComplete)
        while harness.states[0].unusedCount > 0 { usleep(1000) }
        #expect(harness.run(.post).isComplete)
        #expect(server.acceptedCount == 2)
    }

    @Test func `an unused connection on which bytes arrive is dropped`() throws {
        let go = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            while peer.readHead() != nil {
                peer.answer()
                if peer.number == 1 {
                    go.wait()
                    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
                }
            }
        }
        let harness = try Harness(server)
        #expect(harness.run().body == "ok")
        go.signal()
        while harness.states[0].unusedCount > 0 { usleep(1000) }
        #expect(harness.run().body == "ok")
        #expect(server.acceptedCount == 2)
    }

    @Test func `a connection with bytes behind the response is not used again`() throws {
        let server = TestServer { peer in
            while peer.readHead() != nil {
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n")
            }
        }
        let harness = try Harness(server)
        #expect(harness.run().body == "ok")
        #expect(harness.run().body == "ok")
        #expect(server.acceptedCount == 2)
    }

    @Test(arguments: ["connection: close\r\n", "Connection: foo, Close\r\n"])
    func `a connection that the server wants closed is not used again`(field: String) throws {
        let server = TestServer { peer in
            while peer.readHead() != nil { peer.send("HTTP/1.1 200 OK\r\n\(field)content-length: 2\r\n\r\nok") }
        }
        let harness = try Harness(server)
        #expect(harness.run().body == "ok")
        #expect(harness.run().body == "ok")
        #expect(server.acceptedCount == 2)
    }

    @Test func `an unused connection is closed after a while`() throws {
        let server = TestServer(handler: Self.answering())
        let harness = try Harness(server) { $0.poolTimeout = 50_000_000 }
        _ = harness.run()
        while server.openCount > 0 { usleep(1000) }
        #expect(harness.states[0].unusedCount == 0)
    }

    @Test func `a server behind a Unix socket is reached`() throws {
        let path = NSTemporaryDirectory() + "gatehouse-\(UUID().uuidString.prefix(8)).sock"
        let server = TestServer(unixPath: path, handler: Self.answering("unix"))
        defer { server.stop() }
        let harness = try Harness(server)
        #expect(harness.run().body == "unix")
        #expect(harness.run().body == "unix")
        #expect(server.acceptedCount == 1)
        #expect(server.requests.first?.contains("host: localhost") == true)
    }

    @Test func `a server is reached by name`() throws {
        let server = TestServer(handler: Self.answering())
        let harness = try Harness([UpstreamServer(host: "localhost", port: server.port)])
        #expect(harness.run().body == "ok")
    }

    @Test func `cancelling closes the connection of the request`() throws {
        let gone = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome")
            peer.waitForEnd()
            gone.signal()
        }
        let harness = try Harness(server)
        let outcome = harness.run(script: ExchangeScript(onBody: { $0.cancel() }))
        #expect(!outcome.isComplete)
        #expect(gone.wait(timeout: .now() + 5) == .success)
        #expect(harness.states[0].activeCount == 0)
        #expect(!harness.states[0].isDown)
    }

    @Test func `cancelling before there is an answer tells nobody`() throws {
        let gone = DispatchSemaphore(value: 0)
        let came = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            _ = peer.readHead()
            came.signal()
            peer.waitForEnd()
            gone.signal()
        }
        let harness = try Harness(server)
        let exchange = harness.start()
        came.wait()
        exchange.execute { $0.cancel() }
        #expect(exchange.wait() == Outcome(serverIndex: 0))
        #expect(gone.wait(timeout: .now() + 5) == .success)
    }

    @Test func `cancelling while connecting gives the attempt up`() throws {
        let harness = try Harness([.stuck])
        let exchange = harness.start()
        #expect(harness.states[0].activeCount == 1)
        exchange.execute { $0.cancel() }
        #expect(exchange.wait() == Outcome(serverIndex: 0))
        #expect(harness.states[0].activeCount == 0)
    }

    @Test func `draining closes unused connections and lets requests end`() throws {
        let go = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            while let head = peer.readHead() {
                if head.hasPrefix("GET /slow ") { go.wait() }
                peer.answer()
            }
        }
        let harness = try Harness(server)
        let slow = harness.start(.get, "/slow")
        _ = harness.run()
        harness.onLoop { $0.drain() }
        #expect(harness.states[0].unusedCount == 0)
        go.signal()
        #expect(slow.wait().body == "ok")
        #expect(harness.states[0].unusedCount == 0)
        while server.openCount > 0 { usleep(1000) }
        #expect(harness.run().body == "ok")
        #expect(harness.states[0].unusedCount == 0)
    }

    @Test func `a request object serves again and again`() throws {
        let server = TestServer(handler: Self.answering())
        let harness = try Harness(server)
        let exchange = Exchange(loop: harness.loop, script: ExchangeScript())
        for _ in 0..<3 {
            harness.client.execute { client in
                exchange.request.prepare(method: .get, framing: .none, delegate: exchange)
                exchange.request.sendsServerHost = false
                exchange.request.line.append("GET / HTTP/1.1\r\n")
                client.start(exchange.request)
                exchange.didStart()
            }
            #expect(exchange.wait().isComplete)
        }
        #expect(exchange.outcome.body == "okokok")
        #expect(server.requests == Array(repeating: "GET / HTTP/1.1", count: 3))
    }

    @Test func `a client and its connections are freed after draining`() throws {
        let server = TestServer(handler: Self.answering())
        let harness = try Harness(server)
        nonisolated(unsafe) weak var weakClient: UpstreamClient?
        do {
            let done = DispatchSemaphore(value: 0)
            let exchange = Exchange(loop: harness.loop, script: ExchangeScript(onEnd: { _ in done.signal() }))
            harness.loop.execute {
                let client = UpstreamClient(
                    UpstreamConfiguration(name: "x", servers: [server.upstream]),
                    loop: harness.loop
                )
                weakClient = client
                exchange.request.prepare(method: .get, framing: .none, delegate: exchange)
                exchange.request.sendsServerHost = false
                exchange.request.line.append("GET / HTTP/1.1\r\n")
                client.start(exchange.request)
                exchange.didStart()
                client.drain()
            }
            done.wait()
        }
        _ = harness.states
        #expect(weakClient == nil)
        while server.openCount > 0 { usleep(1000) }
    }
}

extension UpstreamServer {
    /// A full accept queue on the loopback: connecting neither succeeds nor fails.
    static let stuck = UpstreamServer(host: "127.0.0.1", port: StuckListener.shared.port)
}
