import Foundation

@testable import Application

/// A folder that goes with the test, and a configuration in it.
final class TestFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("gatehouse-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }

    /// The configuration at the top of the repository, changed by replacing text.
    func configuration(_ changes: (String, String)...) throws -> ConfigurationFile {
        var text = DemoConfigurationText.text
        for (old, new) in changes { text = text.replacingOccurrences(of: old, with: new) }
        return ConfigurationFile(path: try write(text, to: "gateway.json"))
    }
}
