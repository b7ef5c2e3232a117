import Dispatch
import Foundation
import HTTP
import Locking
import Testing
import Transport

@testable import Upstream

/// Servers that come and go under load: no wrong answer, and nothing left behind.
@Suite struct UpstreamRestartTests {
    /// Sends one request after the other until it is told to stop.
    ///
    /// SAFETY: `@unchecked Sendable`, since it is used on its loop and looked at when the loop is done with it.
    private final class Chain: UpstreamRequestDelegate, @unchecked Sendable {
        let number: Int
        let client: LoopBound<UpstreamClient>
        let request = UpstreamRequest()
        let done = DispatchSemaphore(value: 0)
        let isStopping: @Sendable () -> Bool
        var sent = 0
        var completed = 0
        var failed = 0
        var wrong = 0
        private var body: [UInt8] = []

        init(_ number: Int, client: LoopBound<UpstreamClient>, isStopping: @escaping @Sendable () -> Bool) {
            self.number = number
            self.client = client
            self.isStopping = isStopping
        }

        func next() {
            guard !isStopping() else {
                _ = done.signal()
                return
            }
            sent += 1
            body.removeAll(keepingCapacity: true)
            let isPost = sent % 3 == 0
            request.prepare(method: isPost ? .post : .get, framing: isPost ? .chunked : .none, delegate: self)
            request.line.append(string: "\(isPost ? "POST" : "GET") /\(number)/\(sent) HTTP/1.1\r\n")
            client.value.start(request)
            // Some are given up at any stage.
            if sent % 17 == 0 {
                request.cancel()
                client.execute { [self] _ in next() }
            }
        }

        func upstreamReadyForBody(_ request: UpstreamRequest) {
            [UInt8](repeating: 7, count: 20_000).withUnsafeBytes { request.writeBody($0) }
            request.finishBody()
        }

        func upstreamUpgraded(_ request: UpstreamRequest, _ head: ResponseHead) {}
        func upstreamBody(_ request: UpstreamRequest, _ bytes: UnsafeRawBufferPointer) { body += bytes }

        func upstreamEnd(_ request: UpstreamRequest, trailers: FieldList?) {
            completed += 1
            if !String(decoding: body, as: UTF8.self).hasPrefix("/\(number)/\(sent) ") { wrong += 1 }
            next()
        }

        func upstreamFailed(_ request: UpstreamRequest, _ error: UpstreamError) {
            failed += 1
            // As a person would: not at once.
            client.execute { [self] _ in next() }
        }

        func upstreamInformational(_ request: UpstreamRequest, _ head: ResponseHead) {}
        func upstreamHead(_ request: UpstreamRequest, _ head: ResponseHead) {}
        func upstreamDrained(_ request: UpstreamRequest) {}
        func upstreamNotReadyForBody(_ request: UpstreamRequest) {}
    }

    private static let echo: TestServer.Handler = { peer in
        while let head = peer.readHead() {
            if head.hasPrefix("POST") { _ = peer.skipChunked() }
            let target = head.split(separator: " ")[1]
            guard peer.answer("\(target) \(String(repeating: "x", count: 3000))") else { return }
        }
    }

    private static func haveMuchDone(_ chains: [Chain], _ client: LoopBound<UpstreamClient>) -> Bool {
        let looked = DispatchSemaphore(value: 0)
        let isMuch = Locked(false)
        client.execute { _ in
            let counts = chains.map(\.completed)
            isMuch.withLock { $0 = counts.reduce(0, +) > 100 && counts.allSatisfy { $0 > 0 } }
            looked.signal()
        }
        looked.wait()
        return isMuch.withLock { $0 }
    }

    @Test(arguments: [false, true])
    func `restarts under load leave nothing behind and mix nothing up`(isSecure: Bool) throws {
        let tls = isSecure ? try TestTLS() : nil
        var server = TestServer(tls: tls, handler: Self.echo)
        let port = server.port
        let loop = try EventLoop(index: 0)
        nonisolated(unsafe) weak var weakClient: UpstreamClient?
        var completed = 0
        do {
            var upstream = UpstreamServer(host: "127.0.0.1", port: port)
            upstream.isSecure = isSecure
            var configuration = UpstreamConfiguration(name: "test", servers: [upstream], tls: try tls?.upstreamTLS())
            configuration.health.firstPause = 5_000_000
            let client = LoopBound(UpstreamClient(configuration, loop: loop), on: loop)
            let stop = Locked(false)
            let chains = (0..<16).map { number in
                Chain(number, client: client) { stop.withLock { $0 } }
            }
            for chain in chains { client.execute { _ in chain.next() } }
            // As often as it takes for everybody to be answered, however slow the machine is.
            var restarts = 0
            while restarts < 6 || !Self.haveMuchDone(chains, client) && restarts < 200 {
                restarts += 1
                usleep(150_000)
                server.stop()
                usleep(30_000)
                server = TestServer(port: port, tls: tls, handler: Self.echo)
            }
            usleep(300_000)
            stop.withLock { $0 = true }
            for chain in chains {
                #expect(chain.done.wait(timeout: .now() + 10) == .success)
                #expect(chain.wrong == 0)
                #expect(chain.completed > 0)
                completed += chain.completed
            }
            let drained = DispatchSemaphore(value: 0)
            client.execute { client in
                weakClient = client
                #expect(client.activeCount == 0)
                client.drain()
                drained.signal()
            }
            drained.wait()
        }
        #expect(completed > 100)
        while server.openCount > 0 { usleep(1000) }
        let passed = DispatchSemaphore(value: 0)
        loop.execute { passed.signal() }
        passed.wait()
        #expect(weakClient == nil)
        loop.shutdown()
        server.stop()
    }
}
