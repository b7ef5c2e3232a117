import Crypto
import Foundation
import JWT

/// The file that holds the key which seals private keys at rest: 64 hexadecimal digits, mode 0600.
package enum EncryptionKeyFile {
    /// Reads the key, or makes one where the file is missing.
    ///
    /// Several processes may do this at once: the file appears whole, with one link, and whoever comes second reads what
    /// the first wrote. Nothing that is there is ever replaced.
    /// - Throws: `EncryptionKeyFileError`.
    package static func loadOrCreate(path: String) throws(EncryptionKeyFileError) -> SealingKey {
        if let key = try load(path: path) { return key }
        try create(path: path)
        guard let key = try load(path: path) else { throw .unusable(path: path, "it was removed while it was made") }
        return key
    }

    /// Reads the key; nil where there is no file.
    /// - Throws: `EncryptionKeyFileError`.
    package static func load(path: String) throws(EncryptionKeyFileError) -> SealingKey? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw .failure(path) }
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unusable(path: path, "it is not a file") }
        // As ssh does with its keys: what others can read is not a secret.
        guard status.st_mode & 0o077 == 0 else {
            throw .unusable(path: path, "others than its owner have access to it; chmod 600 it")
        }
        var text = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &text, text.count)
        guard count >= 0 else { throw .failure(path) }
        do throws(CryptoError) {
            return try SealingKey(readingText: text[..<count])
        } catch {
            throw .unusable(path: path, "it does not hold 32 bytes in hexadecimal digits or base64")
        }
    }

    /// Writes a new key beside the path, durable, then links it there unless someone was faster.
    private static func create(path: String) throws(EncryptionKeyFileError) {
        do { try StorageFolder.create(forFile: path) } catch { throw .unusable(path: path, "\(error)") }
        let suffix = SecureRandom.number()
        let draft = path + ".\(getpid())-\(suffix).new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .failure(draft) }
        defer { unlink(draft) }
        var text: [UInt8] = []
        for byte in SecureRandom.bytes(count: SealingKey.size) {
            text += (byte < 16 ? "0" : "").utf8
            text += String(byte, radix: 16).utf8
        }
        text.append(UInt8(ascii: "\n"))
        let isWritten = write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
        let writeError = errno
        close(descriptor)
        guard isWritten else { throw .unusable(path: draft, String(cString: strerror(writeError))) }
        guard link(draft, path) == 0 || errno == EEXIST else { throw .failure(path) }
        try syncFolder(of: path)
    }

    /// Makes the new name durable: without it a power cut could lose the key of everything sealed since.
    private static func syncFolder(of path: String) throws(EncryptionKeyFileError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .failure(folder) }
    }
}

/// Why the encryption key's file cannot be used.
package enum EncryptionKeyFileError: Error, Equatable, Sendable {
    /// What is wrong with which file.
    case unusable(path: String, String)

    /// What `errno` says now.
    static func failure(_ path: String) -> EncryptionKeyFileError {
        .unusable(path: path, String(cString: strerror(errno)))
    }
}

extension EncryptionKeyFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unusable(let path, let detail): "the encryption key \(path) cannot be used: \(detail)"
        }
    }
}

extension SealingKey {
    fileprivate init(readingText text: ArraySlice<UInt8>) throws(CryptoError) {
        let result: Result<SealingKey, CryptoError> = text.withUnsafeBytes { bytes in
            do throws(CryptoError) {
                return .success(try SealingKey(text: bytes))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}
