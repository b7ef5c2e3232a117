import Bytes
import Dispatch
import Foundation
import HTTP
import Synchronization
import Testing
import Transport

@testable import Upstream

@Suite struct UpstreamBodyTests {
    // MARK: Responses

    @Test(arguments: [("204 No Content", HTTPMethod.get), ("304 Not Modified", .get), ("200 OK", .head)])
    func `a response without a body ends with its head`(status: String, method: HTTPMethod) throws {
        let server = TestServer { peer in
            while peer.readHead() != nil { peer.send("HTTP/1.1 \(status)\r\ncontent-length: 5\r\n\r\n") }
        }
        let harness = try Harness(server)
        for _ in 0..<2 {
            let outcome = harness.run(method)
            #expect(outcome.isComplete)
            #expect(outcome.body.isEmpty)
        }
        #expect(server.acceptedCount == 1)
    }

    @Test func `1xx responses are handed on before the response`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
            peer.answer()
        }
        let outcome = try Harness(server).run()
        #expect(outcome.informational == [100, 103])
        #expect(outcome.status == 200)
        #expect(outcome.fields == ["content-length: 2"])
    }

    @Test func `a chunked response comes without its framing and with its trailers`() throws {
        let server = TestServer { peer in
            while peer.readHead() != nil {
                peer.send(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwiki\r\n5;a=b\r\npedia\r\n0\r\nx-sum: 9\r\n\r\n"
                )
            }
        }
        let harness = try Harness(server)
        for _ in 0..<2 {
            let outcome = harness.run()
            #expect(outcome.body == "wikipedia")
            #expect(outcome.trailers == ["x-sum: 9"])
        }
        #expect(server.acceptedCount == 1)
    }

    @Test func `a response comes in pieces of any size`() throws {
        let text =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-t: 1\r\n\r\n"
        let server = TestServer { peer in
            _ = peer.readHead()
            for byte in text.utf8 {
                peer.send([byte])
                usleep(300)
            }
        }
        let outcome = try Harness(server).run()
        #expect(outcome.body == "abc0123456789")
        #expect(outcome.trailers == ["x-t: 1"])
    }

    @Test func `a response without a length ends with its connection`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        }
        let harness = try Harness(server)
        let outcome = harness.run()
        #expect(outcome.isComplete)
        #expect(outcome.body == "all of it")
        #expect(harness.states[0].unusedCount == 0)
    }

    @Test func `a response without a length that is broken off is not taken for complete`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\n\r\nsome")
            usleep(50_000)
            peer.reset()
        }
        let outcome = try Harness(server).run()
        #expect(!outcome.isComplete)
        #expect(outcome.error == .closedEarly(responseStarted: true))
    }

    @Test func `an HTTP 1.0 server is understood`() throws {
        let server = TestServer { peer in
            while peer.readHead() != nil { peer.send("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok") }
        }
        let harness = try Harness(server)
        #expect(harness.run().body == "ok")
        #expect(harness.run().body == "ok")
        #expect(server.acceptedCount == 2)
    }

    @Test func `a slow reader keeps the server waiting, and memory bounded`() throws {
        let size = 64 << 20
        let sent = Atomic(0)
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(size)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<size >> 20 where peer.send(piece) { sent.add(1 << 20, ordering: .relaxed) }
        }
        let harness = try Harness(server)
        let exchange = harness.start(
            script: ExchangeScript(
                onBody: { if $0.outcome.bodyCount < 1 << 20 { $0.request.pauseResponse() } },
                discardsBody: true
            )
        )
        var before = -1
        while sent.load(ordering: .relaxed) != before || before <= 0 {
            before = sent.load(ordering: .relaxed)
            usleep(150_000)
        }
        let received = DispatchSemaphore(value: 0)
        exchange.execute { exchange in
            #expect(exchange.outcome.bodyCount <= 64 << 10)
            received.signal()
        }
        received.wait()
        #expect(before < 32 << 20)
        // From now on each piece is followed by a pause and a resumption.
        for _ in 0..<40 { exchange.execute { $0.request.resumeResponse() } }
        while true {
            exchange.execute { $0.request.resumeResponse() }
            let outcome = exchange.wait(milliseconds: 5)
            if let outcome {
                #expect(outcome.bodyCount == size)
                #expect(outcome.isComplete)
                break
            }
        }
    }

    @Test func `a server that dies while its response is paused does not keep the loop busy`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf")
            usleep(20_000)
            peer.reset()
        }
        let harness = try Harness(server)
        let exchange = harness.start(script: ExchangeScript(onHead: { $0.request.pauseResponse() }))
        while server.openCount > 0 || server.acceptedCount == 0 { usleep(1000) }
        usleep(50_000)
        exchange.execute { $0.request.resumeResponse() }
        #expect(exchange.wait().error == .closedEarly(responseStarted: true))
    }

    // MARK: Requests

    @Test func `a body with a length is sent`() throws {
        let server = TestServer { peer in
            while peer.readHead() != nil { peer.answer(String(decoding: peer.read(10), as: UTF8.self)) }
        }
        let script = ExchangeScript(body: [Array("hello".utf8), Array("world".utf8)])
        let harness = try Harness(server)
        for _ in 0..<2 { #expect(harness.run(.post, framing: .length(10), script: script).body == "helloworld") }
        #expect(server.acceptedCount == 1)
        #expect(server.requests.first?.hasSuffix("\r\ncontent-length: 10") == true)
    }

    @Test(arguments: [HTTPMethod.post, .put, .patch])
    func `a body that is empty is announced where one is expected`(method: HTTPMethod) throws {
        let server = TestServer { peer in while peer.readHead() != nil { peer.answer() } }
        #expect(try Harness(server).run(method).body == "ok")
        #expect(server.requests.first?.hasSuffix("\r\ncontent-length: 0") == true)
    }

    @Test(arguments: [1, 100, 40_000])
    func `a chunked body is sent with its trailers`(size: Int) throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            let body = peer.read(through: "\r\n0\r\nx-sum: 1\r\n\r\n")
            peer.answer(body)
        }
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: size)
        let script = ExchangeScript(body: [piece, piece], trailers: [("x-sum", "1")])
        let outcome = try Harness(server).run(.post, framing: .chunked, script: script)
        let chunk = "\(String(size, radix: 16))\r\n\(String(repeating: "a", count: size))\r\n"
        #expect(outcome.body == chunk + chunk + "0\r\nx-sum: 1\r\n\r\n")
        #expect(server.requests.first?.hasSuffix("\r\ntransfer-encoding: chunked") == true)
    }

    @Test(arguments: [BodyFraming.length(64 << 20), .chunked])
    func `a slow server keeps the writer waiting, and memory bounded`(framing: BodyFraming) throws {
        let go = DispatchSemaphore(value: 0)
        let server = TestServer { peer in
            _ = peer.readHead()
            go.wait()
            if framing == .chunked {
                peer.answer("\(peer.skipChunked())")
            } else {
                peer.answer("\(peer.skip(64 << 20))")
            }
        }
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        let script = ExchangeScript(body: Array(repeating: piece, count: 1 << 10))
        let harness = try Harness(server)
        let exchange = harness.start(.post, framing: framing, script: script)
        usleep(200_000)
        let looked = DispatchSemaphore(value: 0)
        exchange.execute { exchange in
            #expect(!exchange.request.isWritable)
            #expect(exchange.pendingOutput <= WaterMark.high + (64 << 10) + 64)
            looked.signal()
        }
        looked.wait()
        go.signal()
        let outcome = exchange.wait()
        #expect(outcome.body == "\(64 << 20)")
        #expect(exchange.drainCount > 0)
    }

    @Test func `a response may come before the request is complete`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            _ = peer.read(4)
            peer.answer("enough", status: "413 Content Too Large")
            peer.waitForEnd()
        }
        let script = ExchangeScript(body: [Array("some".utf8)], endsBody: false)
        let harness = try Harness(server)
        let outcome = harness.run(.post, framing: .length(1000), script: script)
        #expect(outcome.status == 413)
        #expect(outcome.body == "enough")
        #expect(outcome.isComplete)
        #expect(harness.states[0].unusedCount == 0)
    }

    @Test func `a response is read although the server takes no more of the request`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.answer("no", status: "403 Forbidden")
            // Closing with unread bytes resets the connection; the answer must have been read by then.
            usleep(100_000)
        }
        let piece = [UInt8](repeating: 1, count: 1 << 20)
        let script = ExchangeScript(body: Array(repeating: piece, count: 64))
        let outcome = try Harness(server).run(.post, framing: .chunked, script: script)
        #expect(outcome.status == 403)
        #expect(outcome.body == "no")
    }

    @Test func `body and response flow at the same time`() throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in 0..<3 {
                let line = peer.read(through: "\r\n")
                peer.send("\(line)\(peer.read(through: "\r\n"))")
            }
            _ = peer.read(through: "\r\n\r\n")
            peer.send("0\r\n\r\n")
            peer.waitForEnd()
        }
        let harness = try Harness(server)
        let script = ExchangeScript(
            endsBody: false,
            onHead: { $0.write("one") },
            onBody: { exchange in
                switch exchange.outcome.body {
                case "one": exchange.write("two")
                case "onetwo": exchange.write("three")
                default: exchange.request.finishBody()
                }
            }
        )
        let outcome = harness.run(.post, framing: .chunked, script: script)
        #expect(outcome.body == "onetwothree")
        #expect(outcome.isComplete)
        #expect(harness.states[0].unusedCount == 1)
    }

    @Test(arguments: [("too long", true), ("shrt", true), ("not all", false)])
    func `a body of another length than announced fails the request`(body: String, ends: Bool) throws {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.waitForEnd()
        }
        let script = ExchangeScript(body: [Array(body.utf8)], endsBody: ends)
        let harness = try Harness(server)
        let outcome = harness.run(.put, framing: .length(6), script: script)
        #expect(outcome.error == .bodyLengthMismatch)
        #expect(harness.states[0].failureCount == 0)
    }
}

extension Exchange {
    func write(_ text: String) {
        Array(text.utf8).withUnsafeBytes { request.writeBody($0) }
    }

    /// Bytes of the request that wait for the socket.
    var pendingOutput: Int {
        guard case .exchanging(let exchange) = request.progress, let connection = exchange as? UpstreamConnection else {
            return 0
        }
        return connection.output.count
    }
}

extension TestPeer {
    /// Reads this many bytes and returns how many there were.
    func skip(_ count: Int) -> Int {
        var left = count
        while left > 0 {
            let got = read(min(left, 1 << 16)).count
            guard got > 0 else { break }
            left -= got
        }
        return count - left
    }

    /// Reads a chunked body and returns how long its content is.
    func skipChunked() -> Int {
        var total = 0
        while let size = Int(read(through: "\r\n").prefix { $0.isHexDigit }, radix: 16), size > 0 {
            total += skip(size)
            _ = read(2)
        }
        return total
    }
}
