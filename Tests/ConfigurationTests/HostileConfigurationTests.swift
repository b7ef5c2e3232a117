import Configuration
import JSON
import Testing

/// A file that is wrong in any way brings faults, never a trap, and in time.
@Suite struct HostileConfigurationTests {
    @Test func `every value replaced by values of other kinds is survived`() throws {
        let root = try JSONParser.parse(Array(Sample.full.utf8), comments: true)
        let replacements = try [
            "null", "true", "-1", "1e300", "9223372036854775807", "\"\"", "\"\\u0000\"", "\"%\"", "[[]]", "{\"\":{}}",
            "\"\u{202E}[\"", "\"99999999999999999999s\"",
        ].map { try JSONParser.parse(Array($0.utf8)) }
        let count = root.countOfValues
        for target in 0..<count {
            for (step, replacement) in replacements.enumerated() where (target + step) % 3 == 0 {
                var index = target
                var writer = JSONWriter()
                writer.node(root.replacing(&index, by: replacement))
                let report = GatewayConfiguration.read(writer.bytes, folder: "/f")
                #expect((report.configuration == nil) == !report.faults.isEmpty)
            }
        }
    }

    @Test func `every member left out or misspelled is survived`() throws {
        let root = try JSONParser.parse(Array(Sample.full.utf8), comments: true)
        let text = Sample.full
        for member in root.allNames {
            let misspelled = text.replacing("\"\(member)\":", with: "\"\(member)x\":")
            let report = Sample.read(misspelled)
            #expect(
                report.configuration == nil
                    || ["notes", "X-Tenant", "X-Gateway", "X-Also", "Cache-Control"].contains(member)
                    || ["r", "w", "level", "tenant"].contains(member),
                "\(member)"
            )
        }
    }

    @Test func `single changed bytes are survived`() {
        let bytes = Array(Sample.full.utf8)
        for (step, index) in stride(from: 0, to: bytes.count, by: 13).enumerated() {
            for byte in [
                UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "/"), 0, 0xFF, UInt8(truncatingIfNeeded: step),
            ] {
                var changed = bytes
                changed[index] = byte
                let report = GatewayConfiguration.read(changed, folder: "/f")
                #expect((report.configuration == nil) == !report.faults.isEmpty)
            }
        }
    }

    @Test func `a great many members, routes and faults take little time`() throws {
        let unknown = (0..<20_000).map { "\"listener\($0)\": 1" }.joined(separator: ",")
        #expect(Sample.read("{\(unknown)}").faults.count == 1000)
        let scopes = (0..<5000).map { "\"s\($0)\": { \"description\": \"x\", \"implies\": [\"s\(($0 + 1) % 5000)\"] }" }
        let routes = (0..<5000).map { "{ \"path\": \"/r\($0)\", \"scopes\": [\"s\($0)\"], \"upstream\": \"api\" }" }
        let report = try Sample.read(changing: [
            "scopes": "{\(scopes.joined(separator: ","))}", "routes": "[\(routes.joined(separator: ","))]",
            "storage": "\"sqlite:x\"", "authorization_server": "{}",
        ])
        #expect(report.faults.count == 0)
        #expect(report.warnings.count == 0)
        #expect(report.configuration?.routes.count == 5000)
    }

    @Test func `messages cannot disturb a terminal`() throws {
        let report = Sample.read("{ \"\\u001b[31m\\u202e\": 1, \"issuer\": \"\\u0007\\n\", \"issuer\\u0000\": 2 }")
        let text = report.faults.map(\.description).joined()
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
    }
}

extension JSONNode {
    fileprivate var countOfValues: Int {
        1 + (array ?? []).map(\.countOfValues).reduce(0, +) + (members ?? []).map(\.value.countOfValues).reduce(0, +)
    }

    fileprivate var allNames: Set<String> {
        let own = (members ?? []).map(\.name)
        let inner = (array ?? []).map(\.allNames) + (members ?? []).map(\.value.allNames)
        return inner.reduce(Set(own)) { $0.union($1) }
    }

    /// This value with the one that is `index` values further, in the order of the text, replaced.
    fileprivate func replacing(_ index: inout Int, by other: JSONNode) -> JSONNode {
        index -= 1
        if index == -1 { return other }
        switch value {
        case .array(let elements):
            return JSONNode(value: .array(elements.map { $0.replacing(&index, by: other) }), position: position)
        case .object(let members):
            let replaced = members.map {
                JSONMember(name: $0.name, namePosition: $0.namePosition, value: $0.value.replacing(&index, by: other))
            }
            return JSONNode(value: .object(replaced), position: position)
        default: return self
        }
    }
}
