import Bytes
import Testing

@testable import HTTP2

@Suite struct HTTP2FieldEncoderTests {
    private func sendLines(_ lines: [String]) throws -> [String] {
        let pair = SessionPair()
        defer { pair.close() }
        let sent = try #require(pair.client.get("/"))
        pair.exchange()
        let got = try #require(pair.server.opened.first)
        pair.server.respond(got, status: 200, lines: lines.map { $0 + "\r\n" }.joined(), endsStream: true)
        pair.exchange()
        return try #require(sent.blocks.first)
    }

    @Test func `names are put in lower case and values left alone`() throws {
        let got = try sendLines(["ETag: \"A:b\"", "X-Empty: ", "Set-Cookie: A=B", "Set-Cookie: C=D", "x-y_Z.9: Q"])
        #expect(
            got == [
                ":status: 200", "etag: \"A:b\"", "x-empty: ", "set-cookie: A=B", "set-cookie: C=D", "x-y_z.9: Q",
            ]
        )
    }

    @Test func `more fields than there was room for come through`() throws {
        let lines = (0..<300).map { "X-Field-With-A-Long-Name-\($0): \($0)" }
        #expect(try sendLines(lines) == [":status: 200"] + lines.map { "x-field-with-a-long-name-" + $0.dropFirst(25) })
    }
}
