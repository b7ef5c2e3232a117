import Foundation
import HTTP
import Locking
import Synchronization
import Testing

@testable import Upstream

@Suite struct UpstreamTLSTests {
    private static let answering: TestServer.Handler = { peer in while peer.readHead() != nil { peer.answer("secret") }
    }

    private func isCertificateRefused(_ outcome: Outcome) -> Bool {
        guard case .unreachable(.certificateRefused(let text)) = outcome.error else { return false }
        return !text.isEmpty
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `a server whose certificate is trusted is used, over one connection`(host: String) throws {
        let tls = try TestTLS()
        let server = TestServer(tls: tls, handler: Self.answering)
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream(host)]) { $0.tls = upstreamTLS }
        for _ in 0..<5 { #expect(harness.run().body == "secret") }
        #expect(server.acceptedCount == 1)
        #expect(server.requests.first?.contains("host: \(host):\(server.port)") == true)
    }

    @Test func `a certificate that nobody vouches for is refused`() throws {
        let server = TestServer(tls: try TestTLS(), handler: Self.answering)
        let other = try TestTLS()
        let upstreamTLS = try other.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        #expect(isCertificateRefused(harness.run()))
        #expect(server.requests.isEmpty)
        #expect(harness.states[0].failureCount == 1)
    }

    @Test func `without a CA file the system's authorities decide`() throws {
        let server = TestServer(tls: try TestTLS(), handler: Self.answering)
        let harness = try Harness([server.secureUpstream()])
        #expect(isCertificateRefused(harness.run()))
        #expect(server.requests.isEmpty)
    }

    @Test func `a certificate of another host is refused`() throws {
        let tls = try TestTLS(names: ["other.example"], addresses: ["127.0.0.2"])
        let server = TestServer(tls: tls, handler: Self.answering)
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream("localhost"), server.secureUpstream()]) {
            $0.tls = upstreamTLS
        }
        #expect(isCertificateRefused(harness.run()))
        #expect(isCertificateRefused(harness.run(.post)))
        #expect(server.requests.isEmpty)
    }

    @Test func `another name may be asked for`() throws {
        let name = Locked<String?>(nil)
        let tls = try TestTLS(names: ["api.internal"], addresses: [])
        let server = TestServer(tls: tls) { peer in
            name.withLock { $0 = peer.session?.serverName }
            Self.answering(peer)
        }
        let upstreamTLS = try tls.upstreamTLS(serverName: "api.internal")
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        #expect(harness.run().body == "secret")
        let asked = name.withLock { $0 }
        #expect(asked == "api.internal")
        let wrong = try tls.upstreamTLS(serverName: "api.external")
        let other = try Harness([server.secureUpstream()]) { $0.tls = wrong }
        #expect(isCertificateRefused(other.run()))
    }

    @Test func `the client's certificate is shown`() throws {
        let isShown = Atomic(false)
        let tls = try TestTLS(asksForCertificate: true)
        let server = TestServer(tls: tls) { peer in
            isShown.store(peer.session?.hasClientCertificate == true, ordering: .relaxed)
            Self.answering(peer)
        }
        let client = try TestTLS(names: ["gateway"])
        let with = try tls.upstreamTLS(client: client)
        #expect(try Harness([server.secureUpstream()]) { $0.tls = with }.run().body == "secret")
        let wasShown = isShown.load(ordering: .relaxed)
        #expect(wasShown)
        let without = try tls.upstreamTLS()
        let outcome = try Harness([server.secureUpstream()]) { $0.tls = without }.run()
        #expect(outcome.error != nil)
    }

    @Test func `a later connection resumes the session of an earlier one`() throws {
        let resumed = Atomic(0)
        let tls = try TestTLS()
        let server = TestServer(tls: tls) { peer in
            if peer.session?.isResumed == true { resumed.add(1, ordering: .relaxed) }
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")
            peer.waitForEnd()
        }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        for _ in 0..<4 { #expect(harness.run().body == "ok") }
        let count = resumed.load(ordering: .relaxed)
        #expect(count == 3)
    }

    @Test func `a server that does not speak TLS is a failure to connect`() throws {
        let server = TestServer { peer in
            _ = peer.read(16)
            peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let tls = try TestTLS().upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = tls }
        guard case .unreachable(.handshakeFailed) = harness.run().error else {
            Issue.record("the handshake did not fail")
            return
        }
    }

    @Test func `a handshake that stalls is given up`() throws {
        let server = TestServer { peer in peer.waitForEnd() }
        let tls = try TestTLS().upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) {
            $0.tls = tls
            $0.connectTimeout = 150_000_000
        }
        #expect(harness.run().error == .connectTimedOut)
        while server.openCount > 0 { usleep(1000) }
    }

    @Test(arguments: [true, false])
    func `a response without a length is complete only if TLS says so`(saysGoodbye: Bool) throws {
        let tls = try TestTLS()
        let server = TestServer(tls: tls) { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\n\r\nall of it")
            if saysGoodbye { peer.session?.sayGoodbye() }
        }
        let upstreamTLS = try tls.upstreamTLS()
        let outcome = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }.run()
        #expect(outcome.body == "all of it")
        #expect(outcome.isComplete == saysGoodbye)
        #expect(outcome.error == (saysGoodbye ? nil : .closedEarly(responseStarted: true)))
    }

    @Test(arguments: [BodyFraming.length(16 << 20), .chunked])
    func `large bodies flow both ways over TLS with backpressure`(framing: BodyFraming) throws {
        let size = 16 << 20
        let tls = try TestTLS()
        let server = TestServer(tls: tls) { peer in
            while peer.readHead() != nil {
                usleep(50_000)
                let count = framing == .chunked ? peer.skipChunked() : peer.skip(size)
                peer.send("HTTP/1.1 200 OK\r\nx-count: \(count)\r\ncontent-length: \(size)\r\n\r\n")
                for _ in 0..<16 { peer.send([UInt8](repeating: 3, count: 1 << 20)) }
            }
        }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        for _ in 0..<2 {
            let script = ExchangeScript(
                body: Array(repeating: [UInt8](repeating: 7, count: 64 << 10), count: size >> 16),
                onBody: { exchange in
                    exchange.request.pauseResponse()
                    exchange.execute { $0.request.resumeResponse() }
                },
                discardsBody: true
            )
            let exchange = harness.start(.post, framing: framing, script: script)
            let outcome = exchange.wait()
            #expect(outcome.fields.first == "x-count: \(size)")
            #expect(outcome.bodyCount == size)
            #expect(outcome.isComplete)
            #expect(exchange.drainCount > 0)
        }
        #expect(server.acceptedCount == 1)
    }

    @Test func `a GET is sent again when a reused TLS connection dies`() throws {
        let tls = try TestTLS()
        let server = TestServer(tls: tls) { peer in
            _ = peer.readHead()
            peer.answer("first")
            _ = peer.readHead()
            if peer.number == 1 { return peer.reset() }
            peer.answer("later")
        }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        #expect(harness.run().body == "first")
        #expect(harness.run().body == "first")
        #expect(server.requests.count == 3)
    }

    @Test func `files that cannot be used are named`() throws {
        let tls = try TestTLS()
        let other = try TestTLS()
        #expect(throws: UpstreamTLSError.noAuthorities(file: "/nonexistent")) {
            _ = try tls.upstreamTLS(authorityFile: "/nonexistent")
        }
        #expect(throws: UpstreamTLSError.noAuthorities(file: tls.keyFile)) {
            _ = try tls.upstreamTLS(authorityFile: tls.keyFile)
        }
        #expect(throws: UpstreamTLSError.noClientCertificate(file: "/nonexistent")) {
            _ = try UpstreamTLS(clientCertificateFile: "/nonexistent", clientKeyFile: tls.keyFile)
        }
        #expect(throws: UpstreamTLSError.noClientKey(file: tls.certificateFile)) {
            _ = try UpstreamTLS(clientCertificateFile: tls.certificateFile, clientKeyFile: nil)
        }
        #expect(throws: UpstreamTLSError.clientKeyOfAnotherCertificate(file: other.keyFile)) {
            _ = try UpstreamTLS(
                clientCertificateFile: tls.certificateFile,
                clientKeyFile: other.keyFile
            )
        }
    }
}
