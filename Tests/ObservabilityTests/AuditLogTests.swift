import Bytes
import Dispatch
import Foundation
import Testing

@testable import Observability

@Suite
struct AuditLogTests {
    private let path = NSTemporaryDirectory() + "gatehouse-audit-\(UUID().uuidString)"

    @Test
    func `an event is one JSON object a line, without what it has no value for`() throws {
        var record = AuditRecord(unixMilliseconds: 1_767_225_599_007, event: "grant_created")
        let bare = record
        record.user = "alice"
        record.clientID = "app"
        record.clientAddress = "192.0.2.7"
        record.grant = "g1"
        record.scopes = ["notes:read", "notes:write"]
        record.requestID = "id-1"
        record.detail = "code"
        #expect(
            try lines([record, bare]) == [
                """
                {"time":"2025-12-31T23:59:59.007Z","event":"grant_created","request_id":"id-1","client":"192.0.2.7",\
                "user":"alice","client_id":"app","grant":"g1","scope":"notes:read notes:write","detail":"code"}
                """,
                #"{"time":"2025-12-31T23:59:59.007Z","event":"grant_created"}"#,
            ]
        )
    }

    @Test(arguments: [
        "\"", "\\", "\n{\"event\":\"login\"}", "\r\n", "\u{0}", "\u{1B}[2J", "\u{202E}nimda", "é日本", "</script>", "",
        String(repeating: "\u{1}", count: 100_000),
    ])
    func `whatever a name is, the line stays one object with that name`(name: String) throws {
        var record = AuditRecord(unixMilliseconds: 0, event: "login_failed")
        record.user = name
        let written = try lines([record])
        #expect(written.count == 1)
        let line = try #require(written.first)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["event"] == "login_failed")
        #expect(object["user"] == String(name.prefix(2048)))
        #expect(line.utf8.count < 20_000)
    }

    @Test
    func `many threads write whole lines`() throws {
        let writer = try LogWriter(.file(path), channels: 1)
        let log = AuditLog(channel: writer.channel(0))
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for number in 0..<200 {
                var record = AuditRecord(unixMilliseconds: 0, event: "login")
                record.user = "\(thread)-\(number)"
                log.write(record)
            }
        }
        let written = try content(after: writer)
        let users = try written.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])["user"]
        }
        #expect(Set(users).count == 1600)
    }

    @Test
    func `after a rotation the file is made anew`() throws {
        let writer = try LogWriter(.file(path), channels: 1)
        let log = AuditLog(channel: writer.channel(0))
        log.write(AuditRecord(unixMilliseconds: 0, event: "first"))
        while try size(path) == 0 { usleep(1000) }
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        defer { unlink(path + ".1") }
        writer.reopen()
        while !FileManager.default.fileExists(atPath: path) { usleep(1000) }
        log.write(AuditRecord(unixMilliseconds: 0, event: "second"))
        let written = try content(after: writer)
        #expect(written.count == 1)
        #expect(written.first?.contains("second") == true)
    }

    private func lines(_ records: [AuditRecord]) throws -> [String] {
        let writer = try LogWriter(.file(path), channels: 1)
        let log = AuditLog(channel: writer.channel(0))
        for record in records { log.write(record) }
        return try content(after: writer)
    }

    private func content(after writer: LogWriter) throws -> [String] {
        #expect(writer.close())
        defer { unlink(path) }
        let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
        #expect(text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
}
