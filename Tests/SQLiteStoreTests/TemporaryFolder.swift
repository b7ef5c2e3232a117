import Foundation
import Testing

/// A folder that is removed with the value.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/gatehouse-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    func mode(of name: String) throws -> Int {
        let mode = try FileManager.default.attributesOfItem(atPath: file(name))[.posixPermissions] as? NSNumber
        return try #require(mode).intValue
    }
}
