import Foundation
import Testing

@testable import Application

@Suite
struct DemoConfigurationTextTests {
    @Test
    func `the built-in configuration is the one at the top of the repository`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try String(contentsOf: root.appendingPathComponent("gateway.json"), encoding: .utf8)
        #expect(DemoConfigurationText.text == file)
    }
}
