import Dispatch
import Foundation
import HTTP
import HTTP2
import Locking
import Testing

@testable import Upstream

/// Lost connections, refused streams and time-outs of HTTP/2 upstreams, and what is sent again.
@Suite struct UpstreamHTTP2FailureTests {
    private static let milliseconds: UInt64 = 1_000_000

    /// Answers all but the first request, which gets this code.
    private func resetting(_ code: HTTP2ErrorCode) -> TestServer {
        let isFirst = Locked(true)
        return TestServer { peer in
            peer.onHead = { stream in
                let resets = isFirst.withLock { first in
                    defer { first = false }
                    return first
                }
                if resets { stream.stream.reset(code) } else { peer.answer(stream) }
            }
        }
    }

    @Test(arguments: [(HTTPMethod.get, BodyFraming.none), (.post, .none), (.post, .chunked)])
    func `a stream that the server refused is sent again, whatever its method`(
        method: HTTPMethod,
        framing: BodyFraming
    ) throws {
        let server = resetting(.refusedStream)
        let harness = try Harness([server.plainHTTP2])
        let outcome = harness.run(method, framing: framing, script: ExchangeScript(endsBody: framing == .none))
        #expect(outcome.body == "ok")
        #expect(outcome.resendCount == 1)
        #expect(server.acceptedCount == 1)
        #expect(harness.states[0].failureCount == 0)
    }

    @Test func `a stream that was refused is not sent again without its body`() throws {
        let harness = try Harness([resetting(.refusedStream).plainHTTP2])
        let outcome = harness.run(.post, framing: .chunked, script: ExchangeScript(body: [[1]]))
        #expect(outcome.error == .refused)
    }

    @Test(arguments: [HTTP2ErrorCode.internalError, .cancel, .enhanceYourCalm])
    func `after another reset only an idempotent request is sent again`(_ code: HTTP2ErrorCode) throws {
        let get = try Harness([resetting(code).plainHTTP2]).run(.get)
        #expect(get.body == "ok")
        #expect(get.resendCount == 1)
        let post = try Harness([resetting(code).plainHTTP2]).run(.post)
        #expect(post.error == .closedEarly(responseStarted: false))
    }

    @Test func `a response that is reset is broken off`() throws {
        let server = TestServer { peer in
            peer.onHead = { stream in
                peer.respond(stream, endsStream: false)
                stream.write("half")
                peer.flush()
            }
            peer.onData = { $0.stream.reset(.internalError) }
        }
        let harness = try Harness([server.plainHTTP2])
        let script = ExchangeScript(
            endsBody: false,
            onBody: { $0.write("x") }
        )
        let outcome = harness.run(.post, framing: .chunked, script: script)
        #expect(outcome.error == .closedEarly(responseStarted: true))
        #expect(outcome.body == "half")
    }

    @Test func `streams above the last one of a farewell are sent again, the others go on`() throws {
        let server = TestServer.raw { peer in
            guard peer.peer.number == 1 else {
                while let request = peer.read(.headers) {
                    peer.sendFields([(":status", "200"), ("x-from", "second")], id: request.id, endsStream: true)
                }
                return
            }
            let ids = (0..<4).compactMap { _ in peer.read(.headers)?.id }
            guard ids.count == 4 else { return }
            // RFC 9113 §6.8: the first two were taken.
            peer.send(.goaway, RawHTTP2Peer.word(ids[1]) + RawHTTP2Peer.word(0))
            for id in ids[..<2] {
                peer.sendFields([(":status", "200"), ("x-from", "first")], id: id, endsStream: true)
            }
            peer.peer.waitForEnd()
        }
        let harness = try Harness([server.plainHTTP2])
        let exchanges = (0..<4).map { _ in harness.start(.post) }
        let outcomes = exchanges.map { $0.wait() }
        #expect(
            outcomes.map(\.fields) == [["x-from: first"], ["x-from: first"], ["x-from: second"], ["x-from: second"]]
        )
        #expect(outcomes.map(\.resendCount) == [0, 0, 1, 1])
        #expect(server.acceptedCount == 2)
        #expect(harness.states[0].failureCount == 0)
    }

    @Test func `a farewell on an unused connection is noticed before a request that cannot be repeated`() throws {
        let server = TestServer { peer in
            peer.onComplete = { stream in
                peer.answer(stream)
                peer.goaway()
            }
        }
        let harness = try Harness([server.plainHTTP2])
        for _ in 0..<20 { #expect(harness.run(.post).body == "ok") }
        #expect(server.acceptedCount == 20)
        #expect(harness.states[0].failureCount == 0)
    }

    @Test func `a lost connection is one failure and the requests on it are sent again if they may be`() throws {
        let lost = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            guard peer.peer.number == 1 else {
                peer.onComplete = { peer.answer($0) }
                return
            }
            peer.onComplete = { _ in
                guard peer.streams.count == 10 else { return }
                peer.peer.reset()
                lost.signal()
            }
        }
        let other = TestServer(prepare: { peer in peer.onComplete = { peer.answer($0) } })
        let harness = try Harness([server.plainHTTP2, other.plainHTTP2]) { $0.health.failureThreshold = 3 }
        // Every second one goes to the other server.
        let exchanges = (0..<20).map { harness.start($0 % 4 < 2 ? .get : .post) }
        lost.wait()
        let outcomes = exchanges.map { $0.wait() }
        for (index, outcome) in outcomes.enumerated() {
            if index % 2 == 1 || index % 4 == 0 {
                #expect(outcome.body == "ok")
            } else {
                #expect(outcome.error == .closedEarly(responseStarted: false))
            }
        }
        #expect(harness.states.map(\.failureCount) == [1, 0])
        #expect(harness.states.map(\.activeCount) == [0, 0])
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", ""])
    func `a server that does not speak HTTP2 cannot be connected to`(greeting: String) throws {
        let asked = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            asked.wait()
            _ = peer.read(24)
            peer.send(greeting)
        }
        let harness = try Harness([server.plainHTTP2])
        let exchanges = (0..<3).map { _ in harness.start(.post) }
        while harness.states[0].activeCount < 3 { usleep(1000) }
        asked.signal()
        for exchange in exchanges {
            #expect(exchange.wait().error == .unreachable(.other("the server does not speak HTTP/2")))
        }
        #expect(harness.states[0].failureCount == 1)
        #expect(harness.states[0].activeCount == 0)
    }

    @Test func `a server that does not send its settings in time is given up`() throws {
        let server = TestServer { $0.waitForEnd() }
        let harness = try Harness([server.plainHTTP2]) { $0.connectTimeout = 100 * Self.milliseconds }
        #expect(harness.run().error == .connectTimedOut)
        #expect(harness.states[0].failureCount == 1)
    }

    @Test func `a server that takes no streams is given up`() throws {
        let server = TestServer(http2: HTTP2SessionSettings(concurrentStreams: 0))
        let harness = try Harness([server.plainHTTP2])
        #expect(harness.run().error == .unreachable(.other("the server takes no streams")))
        #expect(server.acceptedCount == 1)
    }

    @Test func `a response that does not begin in time fails alone`() throws {
        let server = TestServer { peer in
            peer.onComplete = { stream in
                if stream.path == "/slow" { peer.inform(stream, status: 102) } else { peer.answer(stream) }
            }
        }
        let harness = try Harness([server.plainHTTP2]) { $0.responseTimeout = 100 * Self.milliseconds }
        let slow = harness.start(.get, "/slow")
        #expect(harness.run().body == "ok")
        #expect(slow.wait().error == .responseTimedOut)
        #expect(harness.run().body == "ok")
        #expect(server.acceptedCount == 1)
    }

    @Test func `a response that stops is given up, one that is paused is not`() throws {
        let server = TestServer { peer in
            peer.onComplete = { stream in
                peer.respond(stream, endsStream: false)
                stream.write("half")
            }
        }
        let harness = try Harness([server.plainHTTP2]) { $0.idleTimeout = 100 * Self.milliseconds }
        let paused = harness.start(.get, script: ExchangeScript(onBody: { $0.request.pauseResponse() }))
        #expect(harness.run().error == .idleTimedOut(responseStarted: true))
        #expect(paused.wait(milliseconds: 200) == nil)
        paused.execute { $0.request.resumeResponse() }
        #expect(paused.wait().error == .idleTimedOut(responseStarted: true))
    }

    @Test func `a body that the server does not take is given up`() throws {
        let server = TestServer { peer in
            peer.consumes = false
        }
        let harness = try Harness([server.plainHTTP2]) { $0.idleTimeout = 100 * Self.milliseconds }
        let script = ExchangeScript(body: [[UInt8](repeating: 1, count: 1 << 20)])
        let outcome = harness.run(.put, framing: .length(1 << 20), script: script)
        #expect(outcome.error == .idleTimedOut(responseStarted: false))
    }

    @Test func `a connection on which nothing comes any more is not used again`() throws {
        let server = TestServer { peer in
            guard peer.number == 1 else {
                let connection = TestHTTP2Peer(peer)
                connection.onComplete = { connection.answer($0) }
                return connection.run()
            }
            // It reads no more, as if the network were gone.
            let connection = TestHTTP2Peer(peer)
            connection.onComplete = { connection.answer($0) }
            connection.flush()
            while connection.streams.first?.isComplete != true, connection.step() {}
            sleep(2)
        }
        let harness = try Harness([server.plainHTTP2]) { $0.responseTimeout = 200 * Self.milliseconds }
        #expect(harness.run(.post).body == "ok")
        usleep(20_000)
        #expect(harness.run(.post).error == .responseTimedOut)
        #expect(harness.run(.post).body == "ok")
        #expect(server.acceptedCount == 2)
    }
}
