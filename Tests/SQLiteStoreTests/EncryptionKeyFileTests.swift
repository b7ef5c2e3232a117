import Crypto
import Foundation
import JWT
import Testing

@testable import SQLiteStore

@Suite struct EncryptionKeyFileTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func areSame(_ left: SealingKey, _ right: SealingKey) throws -> Bool {
        let sealed = try [1, 2, 3].withUnsafeBytes { try left.seal($0, context: []) }
        return (try? right.open(sealed, context: [])) != nil
    }

    @Test func `the key is made once and read again`() throws {
        let path = folder.file("data/encryption.key")
        #expect(try EncryptionKeyFile.load(path: path) == nil)
        let made = try EncryptionKeyFile.loadOrCreate(path: path)
        let text = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(text.count == 65)
        #expect(try folder.mode(of: "data/encryption.key") == 0o600)
        #expect(try areSame(made, try EncryptionKeyFile.loadOrCreate(path: path)))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("data")) == ["encryption.key"])
    }

    @Test func `all that make it at once get the same key`() async throws {
        let path = folder.file("encryption.key")
        let keys = try await withThrowingTaskGroup(of: SealingKey.self) { group in
            for _ in 0..<8 { group.addTask { try EncryptionKeyFile.loadOrCreate(path: path) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for key in keys { #expect(try areSame(keys[0], key)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["encryption.key"])
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660])
    func `a key that others have access to is refused`(mode: Int) throws {
        let path = folder.file("encryption.key")
        _ = try EncryptionKeyFile.loadOrCreate(path: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(throws: EncryptionKeyFileError.self) { try EncryptionKeyFile.loadOrCreate(path: path) }
    }

    @Test(arguments: ["", "\n", "secret", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func `a file with something else in it is refused, not replaced`(text: String) throws {
        let path = folder.file("encryption.key")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(throws: EncryptionKeyFileError.self) { try EncryptionKeyFile.loadOrCreate(path: path) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(text.utf8))
    }

    @Test func `what is no file is refused and does not hang`() throws {
        let path = folder.file("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        #expect(throws: EncryptionKeyFileError.self) { try EncryptionKeyFile.loadOrCreate(path: path) }
        #expect(throws: EncryptionKeyFileError.self) { try EncryptionKeyFile.loadOrCreate(path: folder.path) }
        #expect(throws: EncryptionKeyFileError.self) {
            try EncryptionKeyFile.loadOrCreate(path: "/proc/x/encryption.key")
        }
    }

    @Test func `the key may be written in several ways`() throws {
        let hexadecimal = String(repeating: "fb", count: 32)
        let spellings = [
            hexadecimal, hexadecimal.uppercased(), "  \(hexadecimal)\r\n",
            "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s", "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n",
        ]
        let key = try Array(hexadecimal.utf8).withUnsafeBytes { try SealingKey(text: $0) }
        for spelling in spellings {
            let other = try Array(spelling.utf8).withUnsafeBytes { try SealingKey(text: $0) }
            #expect(try areSame(key, other))
        }
    }
}
