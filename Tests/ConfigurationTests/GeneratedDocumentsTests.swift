import Configuration
import Foundation
import JSON
import Testing

/// The committed documents are what the parser's descriptions say.
///
/// After a change of the configuration, `GATEHOUSE_WRITE_DOCUMENTS=1 swift test --filter GeneratedDocumentsTests` writes
/// them anew (`make documents`).
@Suite struct GeneratedDocumentsTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: [
        ("gateway.schema.json", ConfigurationDocuments.schema),
        ("docs/configuration.md", ConfigurationDocuments.reference),
    ])
    func `a committed document equals what is generated`(name: String, generated: String) throws {
        let file = Self.folder.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["GATEHOUSE_WRITE_DOCUMENTS"] != nil {
            let parent = file.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try Data(generated.utf8).write(to: file)
        }
        let committed = try String(contentsOf: file, encoding: .utf8)
        #expect(committed == generated, "run: make documents")
    }

    @Test func `the schema is JSON and its root knows every member`() throws {
        let schema = try JSONParser.parse(Array(ConfigurationDocuments.schema.utf8))
        #expect(schema["additionalProperties"]?.bool == false)
        #expect(schema["required"]?.array?.compactMap(\.string) == ["issuer", "listeners", "routes"])
        #expect(schema["properties"]?["routes"]?["items"]?["properties"]?["path"] != nil)
    }

    @Test func `the example that is committed has neither faults nor warnings`() throws {
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent("gateway.json")))
        let report = GatewayConfiguration.read(bytes, folder: "/etc/gatehouse")
        #expect(report.faults.map(\.description) == [])
        #expect(report.warnings.map(\.description) == [])
        #expect(report.configuration?.storage == .sqlite(path: "/etc/gatehouse/data/gatehouse.db"))
    }
}
