import Foundation
import HTTP
import Testing

@testable import Upstream

/// Responses that cannot be read in one way only, or that are cut off, never look complete.
@Suite struct UpstreamResponseRejectionTests {
    private func outcome(of response: String, to method: HTTPMethod = .get) throws -> Outcome {
        let server = TestServer { peer in
            _ = peer.readHead()
            peer.send(response)
        }
        let harness = try Harness(server) { $0.retries = 0 }
        let outcome = harness.run(method)
        #expect(!outcome.isComplete)
        #expect(harness.states[0].unusedCount == 0)
        return outcome
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n", HTTPParseError.malformedStatusLine),
        ("220 mail ESMTP ready for you\r\n\r\n", .malformedStatusLine),
        ("HTTP/1.1 20 OK\r\n\r\n", .malformedStatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", .malformedStatusLine),
        ("HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            .lengthAndTransferEncoding
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk", .repeatedContentLength),
        ("HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok", .invalidContentLength),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nok", .invalidContentLength),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", .unsupportedTransferEncoding),
        ("HTTP/1.1 200 OK\r\nx : 1\r\n\r\n", .spaceBeforeColon),
        ("HTTP/1.1 200 OK\r\nx: 1\r\n y\r\n\r\n", .foldedLine),
        ("HTTP/1.1 200 OK\nx: 1\n\n", .bareLineFeed),
    ])
    func `a malformed head`(response: String, error: HTTPParseError) throws {
        let outcome = try outcome(of: response)
        #expect(outcome.error == .malformedResponse(error, responseStarted: false))
        #expect(outcome.status == nil)
    }

    @Test func `a head that is too large`() throws {
        let fields = String(repeating: "x: \(String(repeating: "y", count: 1000))\r\n", count: 100)
        let outcome = try outcome(of: "HTTP/1.1 200 OK\r\n\(fields)\r\n")
        #expect(outcome.error == .malformedResponse(.fieldsTooLarge, responseStarted: false))
    }

    @Test func `a head without an end`() throws {
        let outcome = try outcome(of: "HTTP/1.1 200 OK\r\nx: \(String(repeating: "y", count: 1 << 20))")
        #expect(outcome.error == .malformedResponse(.fieldsTooLarge, responseStarted: false))
    }

    @Test(arguments: [
        ("x\r\n", HTTPParseError.invalidChunkSize),
        ("-1\r\n", .invalidChunkSize),
        ("2\r\nokk\r\n0\r\n\r\n", .missingChunkEnd),
        ("ffffffffffffffff\r\n", .invalidChunkSize),
    ])
    func `a malformed chunk`(body: String, error: HTTPParseError) throws {
        let outcome = try outcome(of: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\(body)")
        #expect(outcome.status == 200)
        #expect(outcome.error == .malformedResponse(error, responseStarted: true))
    }

    @Test(arguments: [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "transfer-encoding: chunked\r\n\r\n8\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nx: y\r\n",
    ])
    func `a body that is cut off`(rest: String) throws {
        let outcome = try outcome(of: "HTTP/1.1 200 OK\r\n\(rest)")
        #expect(outcome.status == 200)
        #expect(outcome.body == "half")
        #expect(outcome.error == .closedEarly(responseStarted: true))
    }

    @Test(arguments: ["", "HTTP/1.1", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"])
    func `a head that is cut off`(response: String) throws {
        #expect(try outcome(of: response).error == .closedEarly(responseStarted: false))
    }

    @Test func `a switch of protocols that nobody asked for`() throws {
        let outcome = try outcome(
            of: "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nbytes"
        )
        #expect(outcome.error == .unrequestedUpgrade)
        #expect(outcome.status == nil)
    }

    @Test func `a response to HEAD that has a body poisons nothing`() throws {
        let server = TestServer { peer in
            while peer.readHead() != nil {
                peer.send("HTTP/1.1 200 OK\r\ncontent-length: 34\r\n\r\nHTTP/1.1 200 OK\r\nx: poison\r\n\r\n1234")
            }
        }
        let harness = try Harness(server)
        #expect(harness.run(.head).isComplete)
        #expect(harness.run(.head).fields == ["content-length: 34"])
        #expect(server.acceptedCount == 2)
    }
}
