import Dispatch
import Foundation
import HTTP
import Testing

@testable import Upstream

@Suite struct UpstreamRetryTests {
    /// Answers the first request of the first connection, takes its second one and breaks off; later connections work.
    private static let dyingOnceReused: TestServer.Handler = { peer in
        _ = peer.readHead()
        peer.answer("first")
        _ = peer.readHead()
        if peer.number == 1 { return peer.reset() }
        peer.answer("later")
    }

    @Test func `a GET is sent again when a reused connection dies without an answer`() throws {
        let server = TestServer(handler: Self.dyingOnceReused)
        let harness = try Harness(server)
        #expect(harness.run().body == "first")
        let outcome = harness.run()
        #expect(outcome.body == "first")
        #expect(outcome.resendCount == 1)
        #expect(server.requests.count == 3)
        #expect(harness.states[0].failureCount == 0)
    }

    @Test(arguments: [HTTPMethod.post, .patch, .other])
    func `what is not idempotent is not sent again`(method: HTTPMethod) throws {
        let server = TestServer(handler: Self.dyingOnceReused)
        let harness = try Harness(server)
        #expect(harness.run().body == "first")
        let outcome = harness.run(method)
        #expect(outcome.error == .closedEarly(responseStarted: false))
        #expect(outcome.resendCount == 0)
        #expect(server.requests.count == 2)
    }

    @Test func `a PUT whose body was begun is not sent again`() throws {
        let server = TestServer(handler: Self.dyingOnceReused)
        let harness = try Harness(server)
        #expect(harness.run().body == "first")
        let script = ExchangeScript(body: [Array("body".utf8)])
        #expect(harness.run(.put, framing: .length(4), script: script).error == .closedEarly(responseStarted: false))
        #expect(server.requests.count == 2)
    }

    @Test func `while a PUT is sent again its body is held back until there is a connection for it`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            if peer.number == 1 { return peer.reset() }
            peer.answer(String(decoding: peer.read(4), as: UTF8.self))
        }
        let harness = try Harness(server)
        var script = ExchangeScript(endsBody: false)
        script.onReady = { exchange in
            // The client's bytes come late, when the first connection is gone.
            guard exchange.notReadyCount == 1 else { return }
            Array("body".utf8).withUnsafeBytes { exchange.request.writeBody($0) }
            exchange.request.finishBody()
        }
        let exchange = harness.start(.put, framing: .length(4), script: script)
        #expect(exchange.wait().body == "body")
        #expect(exchange.notReadyCount == 1)
    }

    @Test func `a request is sent again only as often as allowed`() throws {
        let server = TestServer { peer in _ = peer.readHead() }
        let harness = try Harness(server) { $0.health.failureThreshold = 100 }
        let outcome = harness.run()
        #expect(outcome.error == .closedEarly(responseStarted: false))
        #expect(outcome.resendCount == 1)
        #expect(server.requests.count == 2)
    }

    @Test func `nothing is sent again without retries`() throws {
        let server = TestServer { peer in _ = peer.readHead() }
        let harness = try Harness(server) { $0.retries = 0 }
        #expect(harness.run().error == .closedEarly(responseStarted: false))
        #expect(server.requests.count == 1)
    }

    @Test func `after a part of the head, which nobody has seen, a GET is sent again`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            if peer.number == 1 { peer.send("HTTP/1.1 200 OK\r\nx") } else { peer.answer() }
        }
        #expect(try Harness(server).run().body == "ok")
    }

    @Test func `after a 1xx a GET is not sent again`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        }
        let outcome = try Harness(server).run()
        #expect(outcome.informational == [103])
        #expect(outcome.error == .closedEarly(responseStarted: false))
        #expect(server.requests.count == 1)
    }

    @Test func `a POST takes no connection that the server has just closed`() throws {
        let served = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.answer()
            peer.end()
            served.signal()
        }
        let harness = try Harness(server)
        for _ in 0..<30 {
            #expect(harness.run(.post).body == "ok")
            served.wait()
        }
        #expect(server.acceptedCount == 30)
    }

    @Test(arguments: [HTTPMethod.get, .post])
    func `a request that cannot reach a server is offered to the next`(method: HTTPMethod) throws {
        let server = TestServer { peer in while peer.readHead() != nil { peer.answer() } }
        let harness = try Harness([.refusing, .refusing, server.upstream])
        let outcome = harness.run(method)
        #expect(outcome.body == "ok")
        #expect(outcome.serverIndex == 2)
        #expect(outcome.resendCount == 0)
    }

    @Test func `the body waits until a server is reached`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.answer(String(decoding: peer.read(4), as: UTF8.self))
        }
        let script = ExchangeScript(body: [Array("body".utf8)])
        let outcome = try Harness([.refusing, server.upstream]).run(.post, framing: .length(4), script: script)
        #expect(outcome.body == "body")
    }

    @Test func `when no server can be reached each was tried once`() throws {
        let harness = try Harness([.refusing, .refusing])
        #expect(harness.run().error == .unreachable(.refused))
        #expect(harness.states.map(\.connectCount) == [1, 1])
    }

    @Test func `a name without an address is a failure to connect`() throws {
        let harness = try Harness([UpstreamServer(host: "no-such-host.invalid", port: 80)])
        let error = harness.run().error
        #expect(error == .unreachable(.nameNotResolved) || error == .connectTimedOut)
    }

    @Test func `a missing Unix socket is a failure to connect`() throws {
        let harness = try Harness([UpstreamServer(unixPath: "/nonexistent/gatehouse.sock")])
        #expect(harness.run().error == .unreachable(.refused))
    }
}

extension UpstreamServer {
    /// A port on which nobody listens.
    static var refusing: UpstreamServer { UpstreamServer(host: "127.0.0.1", port: ReservedPort.shared.port) }
}
