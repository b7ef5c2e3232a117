import Bytes
import Testing

@testable import HTTP2

@Suite struct HTTP2SessionTests {
    @Test(arguments: [Int.max, 1, 7])
    func `a request and its response come through, however the bytes are cut`(pieces: Int) throws {
        let pair = SessionPair()
        defer { pair.close() }
        let sent = try #require(pair.client.get("/notes?x=1"))
        pair.exchange(pieces: pieces)
        let got = try #require(pair.server.opened.first)
        #expect(got.blocks == [[":method: GET", ":scheme: https", ":authority: a.example", ":path: /notes?x=1"]])
        #expect(got.hasEnded)
        pair.server.respond(got, status: 200, lines: "Content-Type: text/plain\r\nX-Request-Id: 7\r\n")
        got.write("hello, ")
        got.write("world")
        got.finish(trailers: "Grpc-Status: 0\r\n")
        pair.exchange(pieces: pieces)
        #expect(
            sent.blocks == [
                [":status: 200", "content-type: text/plain", "x-request-id: 7"], ["grpc-status: 0"],
            ]
        )
        #expect(String(decoding: sent.body, as: UTF8.self) == "hello, world")
        #expect(sent.closeCode == HTTP2ErrorCode.none)
        #expect(got.closeCode == HTTP2ErrorCode.none)
        #expect(pair.server.session?.streams.isEmpty == true)
    }

    @Test func `a request body waits for the window and its writer for the body`() throws {
        let pair = SessionPair(server: HTTP2SessionSettings(streamWindow: 70_000))
        defer { pair.close() }
        pair.exchange()
        let fields: [(StaticString, String)] = [
            (":method", "POST"), (":scheme", "https"), (":authority", "a"), (":path", "/"),
        ]
        let sent = try #require(pair.client.request(fields, endsStream: false))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        got.consumes = false
        sent.write([UInt8](repeating: 7, count: 100_000))
        pair.exchange()
        #expect(got.body.count == 70_000)
        #expect(sent.stream?.pendingByteCount == 30_000)
        #expect(sent.stream?.isAboveHighWater == true)
        #expect(sent.drainCount == 0)
        got.stream?.consume(70_000)
        pair.server.session?.consumeConnection(70_000)
        pair.exchange()
        #expect(got.body.count == 100_000)
        #expect(sent.drainCount == 1)
        sent.finish()
        pair.exchange()
        #expect(got.hasEnded && sent.hasSentEnd)
    }

    @Test func `a stream that nobody reads does not stop another one`() throws {
        let pair = SessionPair(client: HTTP2SessionSettings(streamWindow: 65_535))
        defer { pair.close() }
        let slow = try #require(pair.client.get("/slow"))
        let quick = try #require(pair.client.get("/quick"))
        slow.consumes = false
        pair.exchange()
        for record in pair.server.opened {
            pair.server.respond(record, status: 200)
            record.write([UInt8](repeating: 1, count: 200_000))
            record.finish()
        }
        quick.consumeConnection = { pair.client.session?.consumeConnection($0) }
        pair.exchange()
        #expect(slow.body.count == 65_535)
        #expect(quick.body.count == 200_000 && quick.hasEnded)
    }

    @Test func `bytes that come within a call are taken after it, in their order`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        let record = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.server.respond(got, status: 200)
        var pieces: [[UInt8]] = []
        for number in UInt8(1)...3 {
            got.write([number, number])
            if number == 3 { got.finish() }
            pieces.append(pair.server.takeOutput())
        }
        // Each piece brings the next one, from within the call that the first one is taken in.
        record.consumeConnection = { _ in
            if pieces.count > 1 { pair.client.receive(pieces.remove(at: 1)) }
        }
        pair.client.receive(pieces[0])
        #expect(record.body == [1, 1, 2, 2, 3, 3])
        #expect(record.hasEnded)
        #expect(pair.client.failure == nil)
    }

    @Test func `bytes that come while others are sent are taken after that`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        let record = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.server.respond(got, status: 200)
        got.write([1])
        got.finish()
        var bytes = pair.server.takeOutput()
        pair.client.session?.ping()
        pair.client.onWrite = {
            if !bytes.isEmpty { pair.client.receive(bytes) }
            bytes = []
        }
        _ = pair.client.takeOutput()
        #expect(record.body == [1])
        #expect(record.hasEnded)
    }

    @Test func `bytes within a call that break a rule are told of`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        let record = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.server.respond(got, status: 200)
        got.write([1])
        let bytes = pair.server.takeOutput()
        // A frame of 16 MiB.
        record.consumeConnection = { _ in pair.client.receive([255, 255, 255, 0, 0, 0, 0, 0, 1]) }
        pair.client.receive(bytes)
        #expect(!pair.client.takeOutput().isEmpty)
        #expect(pair.client.session?.isOver == true)
    }

    @Test func `a reset tells the other side and drops what waits`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        let sent = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.server.respond(got, status: 200)
        got.write([UInt8](repeating: 1, count: 400_000))
        pair.exchange()
        sent.stream?.reset(.cancel)
        pair.exchange()
        #expect(got.closeCode == .cancel)
        #expect(got.stream?.pendingByteCount == 0)
        got.write("nothing happens")
        #expect(pair.server.takeOutput().isEmpty)
    }

    @Test func `a session that ends leaves streams that can be called`() throws {
        let pair = SessionPair()
        let sent = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.close()
        got.write("late")
        got.finish()
        sent.stream?.reset(.cancel)
        #expect(got.stream?.isClosed == true && sent.stream?.isClosed == true)
        #expect(got.closeCode == nil)
    }

    @Test func `a shutdown notice refuses nothing and a goaway what comes after it`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        let first = try #require(pair.client.get("/1"))
        pair.exchange()
        pair.server.session?.submitShutdownNotice()
        pair.server.session?.ping()
        let second = try #require(pair.client.get("/2"))
        pair.exchange()
        #expect(pair.client.goaway?.lastStreamID == .max)
        #expect(pair.server.pingAcknowledgements == 1)
        #expect(pair.server.opened.count == 2)
        pair.server.session?.goaway()
        pair.exchange()
        #expect(pair.client.goaway?.lastStreamID == second.stream?.id)
        #expect(pair.client.session?.mayOpenStreams == false)
        for record in pair.server.opened { pair.server.respond(record, status: 204, endsStream: true) }
        pair.exchange()
        #expect(first.hasEnded && second.hasEnded)
        #expect(pair.server.session?.isOver == true)
    }

    @Test func `streams that a goaway leaves out are refused, not failed`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        pair.exchange()
        pair.server.session?.goaway()
        let late = try #require(pair.client.get("/late"))
        _ = pair.client.takeOutput()
        pair.client.receive(pair.server.takeOutput())
        #expect(late.closeCode == .refusedStream)
    }

    @Test func `informational heads come before the final one`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        let sent = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.server.fields.removeAll()
        pair.server.fields.append(status: 103)
        if let stream = got.stream { pair.server.session?.inform(stream, pair.server.fields) }
        pair.server.respond(got, status: 204, endsStream: true)
        pair.exchange()
        #expect(sent.blocks == [[":status: 103"], [":status: 204"]])
        #expect(sent.hasEnded)
    }

    @Test func `bytes that are not HTTP 2 are a bad preface`() {
        let server = SessionPeer(.server)
        defer { server.close() }
        server.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(server.failure == .badPreface)
    }

    @Test func `a terminated session says why and looks at nothing more`() throws {
        let pair = SessionPair()
        defer { pair.close() }
        pair.exchange()
        pair.server.session?.terminate(.enhanceYourCalm)
        _ = try #require(pair.client.get("/"))
        pair.exchange()
        #expect(pair.client.goaway?.code == .enhanceYourCalm)
        #expect(pair.server.opened.isEmpty)
    }
}
