import Foundation
import HTTP
import Testing

@testable import Upstream

@Suite struct UpstreamHealthTests {
    private static let answering: TestServer.Handler = { peer in while peer.readHead() != nil { peer.answer() } }

    @Test func `round robin uses all servers`() throws {
        let servers = (0..<3).map { _ in TestServer(handler: Self.answering) }
        let harness = try Harness(servers.map(\.upstream))
        for _ in 0..<9 { #expect(harness.run().isComplete) }
        #expect(servers.map(\.requests.count) == [3, 3, 3])
    }

    @Test func `least requests avoids the server that is busy`() throws {
        let busy = TestServer { peer in
            _ = peer.readHead()
            peer.waitForEnd()
        }
        let free = TestServer(handler: Self.answering)
        let harness = try Harness([busy.upstream, free.upstream]) { $0.balance = .leastRequests }
        let stuck = harness.start()
        for _ in 0..<5 { #expect(harness.run().serverIndex == 1) }
        stuck.execute { $0.cancel() }
        _ = stuck.wait()
    }

    @Test func `a server that fails is left out and the others serve`() throws {
        let server = TestServer(handler: Self.answering)
        let harness = try Harness([.refusing, server.upstream]) {
            $0.health.firstPause = 60_000_000_000
            $0.health.longestQuickPause = 60_000_000_000
        }
        for _ in 0..<20 { #expect(harness.run().isComplete) }
        let states = harness.states
        #expect(states[0].isDown)
        #expect(states[0].connectCount == 3)
        #expect(!states[1].isDown)
    }

    @Test func `when all servers are left out the client is told when to come back`() throws {
        let harness = try Harness([.refusing]) {
            $0.health.firstPause = 5_000_000_000
            $0.health.longestQuickPause = 5_000_000_000
        }
        for _ in 0..<3 { #expect(harness.run().error == .unreachable(.refused)) }
        guard case .allServersDown(let seconds) = harness.run().error else {
            Issue.record("the server was tried")
            return
        }
        #expect((5...7).contains(seconds))
        #expect(harness.states[0].connectCount == 3)
    }

    @Test func `a server that comes back is used again`() throws {
        let first = TestServer(handler: Self.answering)
        let port = first.port
        let harness = try Harness(first) {
            $0.health.firstPause = 50_000_000
            $0.retries = 0
        }
        #expect(harness.run().isComplete)
        first.stop()
        var failures = 0
        while harness.run().error == nil || !harness.states[0].isDown { failures += 1 }
        let second = TestServer(port: port, handler: Self.answering)
        var outcome = harness.run()
        while outcome.error != nil {
            usleep(10_000)
            outcome = harness.run()
        }
        #expect(outcome.body == "ok")
        #expect(!harness.states[0].isDown)
        second.stop()
    }

    @Test func `requests that fail once they are connected never take the server from others`() throws {
        let server = TestServer { peer in
            guard peer.readHead() != nil else { return }
            switch peer.number {
            case 1...5: peer.reset()
            case 6...10: peer.send("nonsense\r\n\r\n")
            default: peer.answer()
            }
        }
        let harness = try Harness(server) { $0.retries = 0 }
        for _ in 0..<10 { #expect(harness.run().error != nil) }
        #expect(!harness.states[0].isDown)
        #expect(harness.run().isComplete)
    }

    @Test func `answers with an error status are no failures of the server`() throws {
        let server = TestServer { peer in while peer.readHead() != nil { peer.answer(status: "500 Oops") } }
        let harness = try Harness(server)
        for _ in 0..<10 { #expect(harness.run().status == 500) }
        #expect(harness.states[0].failureCount == 0)
    }

    @Test func `clients that stall do not make a server look bad`() throws {
        let server = TestServer { peer in
            let head = peer.readHead() ?? ""
            if head.hasPrefix("GET") { peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome") }
        }
        let harness = try Harness(server)
        for _ in 0..<5 {
            #expect(harness.run().error == .closedEarly(responseStarted: true))
            let script = ExchangeScript(endsBody: false)
            let upload = harness.run(.post, framing: .length(10), script: script)
            #expect(upload.error == .closedEarly(responseStarted: false))
        }
        #expect(harness.states[0].failureCount == 0)
    }
}
