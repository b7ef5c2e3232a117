import Dispatch
import Foundation
import HTTP
import HTTP2
import Locking
import Testing

@testable import Upstream

/// Windows and backpressure of HTTP/2 upstreams (RFC 9113 §5.2).
@Suite struct UpstreamHTTP2FlowTests {
    private static let size = 3 << 20

    /// Answers with a body of some MiB, as far as the windows let it.
    private static let large: @Sendable (TestHTTP2Peer) -> Void = { peer in
        peer.onComplete = { stream in
            guard stream.path == "/large" else { return peer.answer(stream) }
            peer.respond(stream, endsStream: false)
            stream.write([UInt8](repeating: 0x61, count: size))
            stream.finish()
        }
    }

    @Test func `a paused response is held back by its window and does not stop the others`() throws {
        let server = TestServer(prepare: Self.large)
        let harness = try Harness([server.plainHTTP2])
        let paused = (0..<40).map { _ in
            harness.start(
                .get,
                "/large",
                script: ExchangeScript(onBody: { $0.request.pauseResponse() }, discardsBody: true)
            )
        }
        while paused.contains(where: { $0.isSilent }) { usleep(1000) }
        for _ in 0..<20 { #expect(harness.run(.get, "/small").body == "ok") }
        #expect(server.acceptedCount == 1)
        for exchange in paused {
            let count = harness.onLoop { _ in exchange.outcome.bodyCount }
            #expect(count > 0 && count <= 64 << 10)
            exchange.execute { $0.cancel() }
        }
        #expect(harness.run(.get, "/small").body == "ok")
        #expect(server.acceptedCount == 1)
    }

    @Test func `a response that is paused again and again arrives whole`() throws {
        let server = TestServer(prepare: Self.large)
        let harness = try Harness([server.plainHTTP2])
        let script = ExchangeScript(
            onBody: { exchange in
                exchange.request.pauseResponse()
                exchange.execute { $0.request.resumeResponse() }
            },
            discardsBody: true
        )
        let outcome = harness.run(.get, "/large", script: script)
        #expect(outcome.isComplete)
        #expect(outcome.bodyCount == Self.size)
    }

    @Test func `large responses of many exchanges arrive whole over one connection`() throws {
        let server = TestServer(prepare: Self.large)
        let harness = try Harness([server.plainHTTP2])
        let exchanges = (0..<10).map { _ in harness.start(.get, "/large", script: ExchangeScript(discardsBody: true)) }
        for exchange in exchanges { #expect(exchange.wait().bodyCount == Self.size) }
        #expect(server.acceptedCount == 1)
    }

    @Test func `a body waits for the server's window and arrives whole`() throws {
        let opened = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            peer.consumes = false
            let received = Locked(0)
            peer.onData = { stream in
                guard stream.path == "/large" else { return }
                let count = stream.body.count
                received.withLock { $0 = count }
                // The window is full: nothing more comes before it is opened.
                if count == 256 << 10 {
                    opened.wait()
                    peer.consumes = true
                    peer.consume(count, of: stream)
                }
            }
            peer.onComplete = { peer.answer($0, "\($0.body.count)") }
        }
        let harness = try Harness([server.plainHTTP2])
        let piece = [UInt8](repeating: 0x61, count: 64 << 10)
        let body = [[UInt8]](repeating: piece, count: 48)
        let exchange = harness.start(
            .put,
            "/large",
            framing: .length(UInt64(48 * piece.count)),
            script: ExchangeScript(body: body)
        )
        while harness.onLoop({ _ in exchange.request.isWritable || !exchange.request.isUnderWay }) { usleep(1000) }
        #expect(exchange.wait(milliseconds: 50) == nil)
        #expect(harness.onLoop { _ in exchange.pendingHTTP2Output } <= HTTP2Stream.highWater + piece.count)
        opened.signal()
        #expect(exchange.wait().body == "\(48 * piece.count)")
        #expect(harness.onLoop { _ in exchange.drainCount } > 0)
    }

    @Test func `a server that takes a body slowly is not taken for one that has stopped`() throws {
        let window = 65_535
        let rest = 8 << 10
        let server = TestServer.raw { peer in
            guard let head = peer.read(.headers) else { return }
            var received = 0
            func read(until count: Int) {
                while received < count, let frame = peer.read(.data) { received += frame.payload.count }
            }
            read(until: window)
            // Each step takes a quarter of the limit, all of them together twice the limit.
            for step in 1...8 {
                usleep(250_000)
                for id in [0, head.id] { peer.send(.windowUpdate, id: id, RawHTTP2Peer.word(UInt32(rest / 8))) }
                read(until: window + step * rest / 8)
            }
            peer.sendFields([(":status", "200")], id: head.id, endsStream: true)
            _ = peer.readFrame()
        }
        let harness = try Harness([server.plainHTTP2]) { $0.idleTimeout = 1_000_000_000 }
        let outcome = harness.run(
            .put,
            framing: .length(UInt64(window + rest)),
            script: ExchangeScript(body: [[UInt8](repeating: 0x61, count: window + rest)])
        )
        #expect(outcome.error == nil)
        #expect(outcome.status == 200)
    }

    @Test func `the time without a byte counts from the last that the server took`() throws {
        let window = 65_535
        let server = TestServer.raw { peer in
            guard let head = peer.read(.headers) else { return }
            var received = 0
            func read(until count: Int) {
                while received < count, let frame = peer.read(.data) { received += frame.payload.count }
            }
            read(until: window)
            // The last byte goes out late in the time that began when it was written.
            usleep(700_000)
            for id in [0, head.id] { peer.send(.windowUpdate, id: id, RawHTTP2Peer.word(1000)) }
            read(until: window + 1)
            // Within its own time, and beyond the one that began with the write.
            usleep(700_000)
            peer.sendFields([(":status", "200")], id: head.id, endsStream: true)
            _ = peer.readFrame()
        }
        let harness = try Harness([server.plainHTTP2]) { $0.idleTimeout = 1_000_000_000 }
        let outcome = harness.run(
            .put,
            framing: .chunked,
            script: ExchangeScript(body: [[UInt8](repeating: 0x61, count: window + 1)], endsBody: false)
        )
        #expect(outcome.error == nil)
        #expect(outcome.status == 200)
    }

    @Test func `a server that takes nothing more is given up soon, though it took something before`() throws {
        let window = 65_535
        let stopped = Locked<ContinuousClock.Instant?>(nil)
        let server = TestServer.raw { peer in
            guard let head = peer.read(.headers) else { return }
            var received = 0
            while received < window, let frame = peer.read(.data) { received += frame.payload.count }
            usleep(100_000)
            for id in [0, head.id] { peer.send(.windowUpdate, id: id, RawHTTP2Peer.word(1)) }
            _ = peer.read(.data)
            stopped.withLock { $0 = .now }
            _ = peer.read(.resetStream)
        }
        let harness = try Harness([server.plainHTTP2]) { $0.idleTimeout = 3_000_000_000 }
        let outcome = harness.run(
            .put,
            framing: .chunked,
            script: ExchangeScript(body: [[UInt8](repeating: 0x61, count: window + 2)], endsBody: false)
        )
        #expect(outcome.error == .idleTimedOut(responseStarted: false))
        let start = try #require(stopped.withLock { $0 })
        #expect(ContinuousClock.now - start < .milliseconds(4500))
    }

    @Test func `a body of another length than promised fails the exchange alone`() throws {
        let server = TestServer { peer in peer.onComplete = { peer.answer($0) } }
        let harness = try Harness([server.plainHTTP2])
        for piece in ["12345", "1234567"] {
            let script = ExchangeScript(body: [Array(piece.utf8)])
            let outcome = harness.run(.put, framing: .length(6), script: script)
            #expect(outcome.error == .bodyLengthMismatch)
        }
        #expect(harness.run().body == "ok")
        #expect(server.acceptedCount == 1)
        #expect(harness.states[0].failureCount == 0)
    }

    @Test func `a cancelled exchange is reset and the connection goes on`() throws {
        let resets = Locked<[HTTP2ErrorCode]>([])
        let server = TestServer { peer in
            peer.onHead = { stream in
                if stream.path == "/stream" { peer.respond(stream, endsStream: false) }
                if stream.path == "/" { peer.answer(stream) }
            }
            peer.onReset = { stream in resets.withLock { $0.append(stream.resetCode ?? .none) } }
        }
        let harness = try Harness([server.plainHTTP2])
        let streaming = harness.start(.get, "/stream", script: ExchangeScript(onHead: { $0.cancel() }))
        #expect(streaming.wait().status == 200)
        let silent = harness.start(.post, "/silent", framing: .chunked, script: ExchangeScript(endsBody: false))
        while harness.states[0].activeCount == 0 { usleep(1000) }
        silent.execute { $0.cancel() }
        _ = silent.wait()
        #expect(harness.run().body == "ok")
        #expect(resets.withLock { $0 } == [.cancel, .cancel])
        #expect(server.acceptedCount == 1)
        #expect(harness.states[0].activeCount == 0)
    }

    @Test func `requests that are given up while the connection is made leave nothing behind`() throws {
        let server = TestServer { _ in sleep(1) }
        let harness = try Harness([server.plainHTTP2])
        let exchanges = (0..<3).map { _ in harness.start(.post) }
        while server.acceptedCount == 0 { usleep(1000) }
        for exchange in exchanges { exchange.execute { $0.cancel() } }
        for exchange in exchanges { _ = exchange.wait() }
        #expect(harness.states[0].activeCount == 0)
        #expect(harness.states[0].connectCount == 1)
        #expect(harness.states[0].failureCount == 0)
    }
}

extension Exchange {
    /// Bytes of the request's body that wait for the server's window.
    fileprivate var pendingHTTP2Output: Int {
        guard case .exchanging(let exchange) = request.progress else { return 0 }
        return (exchange as? UpstreamHTTP2Exchange)?.pendingByteCount ?? 0
    }
}
