import Dispatch
import Foundation
import HTTP
import HTTP2
import Locking
import Testing

@testable import Upstream

@Suite struct UpstreamHTTP2Tests {
    // MARK: Messages

    @Test func `a request comes with its pseudo-fields first and without what is said of the connection`() throws {
        let seen = Locked<[String]>([])
        let server = TestServer { peer in
            peer.onComplete = { stream in
                seen.withLock { $0 = stream.fields }
                peer.answer(stream, fields: "X-Answer: 1\r\n")
            }
        }
        let harness = try Harness([server.plainHTTP2])
        let fields = [
            ("Accept", "a, b"), ("Connection", "x"), ("Keep-Alive", "5"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AA"),
            ("TE", "gzip"), ("Trailer", "x-sum"), ("Cookie", "a=b; c=d"),
        ]
        let outcome = harness.run(.get, "/a?b=c", fields: fields)
        #expect(outcome.status == 200)
        #expect(outcome.fields == ["x-answer: 1"])
        #expect(outcome.body == "ok")
        #expect(
            seen.withLock { $0 } == [
                ":method: GET", ":scheme: http", ":authority: 127.0.0.1:\(server.port)", ":path: /a?b=c",
                "accept: a, b",
                "trailer: x-sum", "cookie: a=b; c=d",
            ]
        )
    }

    @Test func `the Host of the request is the authority where the request has one`() throws {
        let seen = Locked<[String]>([])
        let server = TestServer { peer in
            peer.onComplete = { stream in
                seen.withLock { $0 = stream.fields }
                peer.answer(stream)
            }
        }
        let harness = try Harness([server.plainHTTP2])
        let exchange = Exchange(loop: harness.loop, script: ExchangeScript(body: [Array("abc".utf8)]))
        harness.client.execute { client in
            let request = exchange.request
            request.prepare(method: .put, framing: .length(3), delegate: exchange)
            request.line.append("PUT /x HTTP/1.1\r\n")
            request.sendsServerHost = false
            request.acceptsTrailers = true
            request.fields.append(name: "Host", value: "api.example")
            client.start(request)
            exchange.didStart()
        }
        #expect(exchange.wait().body == "ok")
        #expect(
            seen.withLock { $0 } == [
                ":method: PUT", ":scheme: http", ":authority: api.example", ":path: /x", "te: trailers",
                "content-length: 3",
            ]
        )
    }

    @Test func `bodies and trailers go both ways`() throws {
        let server = TestServer { peer in
            peer.onComplete = { stream in
                let sum = "body: \(stream.body.count)\r\n" + stream.trailers.map { $0 + "\r\n" }.joined()
                peer.respond(stream, endsStream: false)
                stream.write(stream.body)
                stream.finish(trailers: sum)
            }
        }
        let harness = try Harness([server.plainHTTP2])
        let script = ExchangeScript(body: [Array("abc".utf8), Array("def".utf8)], trailers: [("X-Sum", "9")])
        for _ in 0..<2 {
            let outcome = harness.run(.post, framing: .chunked, script: script)
            #expect(outcome.body == "abcdef")
            #expect(outcome.trailers == ["body: 6", "x-sum: 9"])
            #expect(outcome.isComplete)
        }
        #expect(server.acceptedCount == 1)
    }

    @Test func `1xx responses are handed on before the response`() throws {
        let server = TestServer { peer in
            peer.onComplete = { stream in
                peer.inform(stream, status: 100)
                peer.inform(stream, status: 103, fields: "link: </a>\r\n")
                peer.answer(stream, fields: "x-a: 1\r\n")
            }
        }
        let outcome = try Harness([server.plainHTTP2]).run()
        #expect(outcome.informational == [100, 103])
        #expect(outcome.fields == ["x-a: 1"])
        #expect(outcome.body == "ok")
    }

    @Test(arguments: [(204, HTTPMethod.get), (304, .get), (200, .head), (200, .get)])
    func `a response can end with its head`(status: Int, method: HTTPMethod) throws {
        let hasLength = status == 304 || method == .head
        let server = TestServer { peer in
            peer.onComplete = {
                peer.respond($0, status: status, fields: hasLength ? "content-length: 5\r\n" : "", endsStream: true)
            }
        }
        let outcome = try Harness([server.plainHTTP2]).run(method)
        #expect(outcome.status == status)
        #expect(outcome.isComplete)
        #expect(outcome.body.isEmpty)
    }

    @Test func `a response may come before the request is complete, which then is broken off`() throws {
        let server = TestServer { peer in
            peer.onHead = { peer.answer($0, "enough", status: 413) }
        }
        let harness = try Harness([server.plainHTTP2])
        let script = ExchangeScript(body: [Array("abc".utf8)], endsBody: false)
        let outcome = harness.run(.post, framing: .chunked, script: script)
        #expect(outcome.status == 413)
        #expect(outcome.body == "enough")
        #expect(harness.run(.post).status == 413)
        #expect(server.acceptedCount == 1)
    }

    @Test func `both directions go on at once`() throws {
        let server = TestServer { peer in
            peer.onHead = { peer.respond($0, endsStream: false) }
            peer.onData = { stream in stream.write(stream.body) }
            peer.onComplete = { $0.finish(trailers: "grpc-status: 0\r\n") }
        }
        let harness = try Harness([server.plainHTTP2])
        let exchange = harness.start(
            .post,
            framing: .chunked,
            script: ExchangeScript(
                body: [Array("a".utf8)],
                endsBody: false,
                onBody: { exchange in
                    if exchange.outcome.body == "a" { exchange.write("b") } else { exchange.request.finishBody() }
                }
            )
        )
        let outcome = exchange.wait()
        #expect(outcome.body == "aab")
        #expect(outcome.trailers == ["grpc-status: 0"])
    }

    // MARK: Connections

    @Test func `many requests share one connection, those too that come while it is made`() throws {
        let server = TestServer { peer in
            peer.onComplete = { stream in
                // Answered in the reverse order, when all are there.
                guard peer.streams.count == 50 else { return }
                for stream in peer.streams.reversed() { peer.answer(stream, stream.path) }
            }
        }
        let harness = try Harness([server.plainHTTP2])
        let exchanges = (0..<50).map { harness.start(.get, "/\($0)") }
        for (index, exchange) in exchanges.enumerated() { #expect(exchange.wait().body == "/\(index)") }
        #expect(server.acceptedCount == 1)
        #expect(harness.states[0].connectCount == 1)
        #expect(harness.states[0].unusedCount == 1)
        #expect(harness.states[0].activeCount == 0)
    }

    @Test func `another connection is made when the server takes no more streams on the first`() throws {
        let released = DispatchSemaphore(value: 0)
        let full = Locked(0)
        let server = TestServer(http2: HTTP2SessionSettings(concurrentStreams: 2)) { peer in
            peer.onComplete = { stream in
                // Nobody is answered before all three connections have two streams, whichever comes last.
                guard peer.streams.count == 2 else { return }
                let isLast = full.withLock { full in
                    full += 1
                    return full == 3
                }
                if isLast { for _ in 0..<2 { released.signal() } } else { released.wait() }
                for stream in peer.streams { peer.answer(stream, stream.path) }
            }
        }
        let harness = try Harness([server.plainHTTP2])
        let exchanges = (0..<6).map { harness.start(.get, "/\($0)") }
        for (index, exchange) in exchanges.enumerated() { #expect(exchange.wait().body == "/\(index)") }
        #expect(server.acceptedCount == 3)
    }

    @Test func `the handshake chooses HTTP2, for all that wait`() throws {
        let tls = try TestTLS(choice: "h2")
        let server = TestServer(tls: tls) { peer in
            peer.onComplete = { peer.answer($0, $0.value(":scheme") ?? "") }
        }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        let exchanges = (0..<20).map { _ in harness.start(.post) }
        for exchange in exchanges { #expect(exchange.wait().body == "https") }
        #expect(server.acceptedCount == 1)
    }

    @Test(arguments: ["http/1.1", nil])
    func `a server that chooses HTTP1 gets a connection for each request`(choice: String?) throws {
        let tls = try TestTLS(choice: choice)
        let released = DispatchSemaphore(value: 0)
        let server = TestServer(tls: tls) { peer in
            while peer.readHead() != nil {
                released.wait()
                peer.answer()
            }
        }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        let exchanges = (0..<4).map { _ in harness.start() }
        while server.requests.count < 4 { usleep(1000) }
        for _ in exchanges { released.signal() }
        for exchange in exchanges { #expect(exchange.wait().body == "ok") }
        #expect(server.acceptedCount == 4)
    }

    @Test func `HTTP2 is not offered where the configuration says so`() throws {
        let tls = try TestTLS(choice: "h2")
        let server = TestServer(tls: tls) { peer in while peer.readHead() != nil { peer.answer("old") } }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream()]) {
            $0.tls = upstreamTLS
            $0.offersHTTP2 = false
        }
        #expect(harness.run().body == "old")
    }

    @Test func `a request that switches protocols gets a connection of HTTP1`() throws {
        let tls = try TestTLS(choice: "h2")
        let server = TestServer(tls: tls) { peer in
            _ = peer.readHead()
            peer.answer("no", status: "426 Upgrade Required")
        }
        let upstreamTLS = try tls.upstreamTLS()
        let harness = try Harness([server.secureUpstream(), server.plainHTTP2]) {
            $0.tls = upstreamTLS
            $0.retries = 0
        }
        let outcomes = (0..<2).map { _ in
            let exchange = Exchange(loop: harness.loop, script: ExchangeScript())
            harness.client.execute { client in
                exchange.request.prepare(method: .get, framing: .none, upgrades: true, delegate: exchange)
                exchange.request.line.append("GET / HTTP/1.1\r\n")
                client.start(exchange.request)
                exchange.didStart()
            }
            return exchange.wait()
        }
        #expect(outcomes.map(\.status) == [426, nil])
        #expect(outcomes.map(\.error) == [nil, .cannotUpgrade])
    }

    @Test func `a server that asks for HTTP1 gets it`() throws {
        let tls = try TestTLS(choice: "h2")
        let old = Locked(0)
        let server = TestServer(tls: tls) { peer in
            if peer.number == 1 {
                let connection = TestHTTP2Peer(peer)
                connection.onHead = { $0.stream.reset(.http11Required) }
                connection.run()
            } else {
                while peer.readHead() != nil { peer.answer("old") }
                old.withLock { $0 += 1 }
            }
        }
        let upstreamTLS = try tls.upstreamTLS()
        // Its handshake would choose HTTP/2 again, were that offered.
        let harness = try Harness([server.secureUpstream()]) { $0.tls = upstreamTLS }
        #expect(harness.run(.post).body == "old")
        #expect(harness.run(.post).body == "old")
        #expect(server.acceptedCount == 2)
    }

    @Test func `unused connections end with a farewell`() throws {
        let farewells = Locked(0)
        let server = TestServer { peer in
            let connection = TestHTTP2Peer(peer)
            connection.onComplete = { connection.answer($0) }
            connection.run()
            farewells.withLock { $0 += connection.goawayCount }
        }
        let harness = try Harness([server.plainHTTP2]) { $0.poolTimeout = 50_000_000 }
        #expect(harness.run().body == "ok")
        while server.openCount > 0 { usleep(1000) }
        #expect(harness.run().body == "ok")
        harness.client.execute { $0.drain() }
        while server.openCount > 0 { usleep(1000) }
        #expect(farewells.withLock { $0 } == 2)
        #expect(server.acceptedCount == 2)
    }

    @Test func `a drained client closes a connection when its last exchange ends`() throws {
        let released = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            peer.onComplete = { stream in
                released.wait()
                peer.answer(stream)
            }
        }
        let harness = try Harness([server.plainHTTP2])
        let exchange = harness.start()
        while server.acceptedCount == 0 || harness.states[0].activeCount == 0 { usleep(1000) }
        harness.client.execute { $0.drain() }
        released.signal()
        #expect(exchange.wait().body == "ok")
        while server.openCount > 0 { usleep(1000) }
    }
}
