import Foundation

/// Whole files, read and written at once.
package enum Files {
    /// Configurations, certificates and key sets are far smaller; more would be a mistake.
    private static let sizeLimit = 64 * 1024 * 1024

    /// - Throws: `ApplicationError.file` with the system's reason.
    package static func read(_ path: String) throws(ApplicationError) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            let data = try handle.read(upToCount: sizeLimit + 1) ?? Data()
            guard data.count <= sizeLimit else {
                throw ApplicationError.file(path: path, reason: "the file is too large")
            }
            return Array(data)
        } catch let error as ApplicationError {
            throw error
        } catch {
            throw .file(path: path, reason: reason(error))
        }
    }

    /// Writes a file, whole or not at all.
    ///
    /// - Throws: `ApplicationError.file` with the system's reason.
    package static func write(_ bytes: [UInt8], to path: String) throws(ApplicationError) {
        try write(bytes, to: path, permissions: 0o644)
    }

    /// Writes a file that only its owner may read, whole or not at all.
    ///
    /// - Throws: `ApplicationError.file` with the system's reason.
    package static func writePrivate(_ bytes: [UInt8], to path: String) throws(ApplicationError) {
        try write(bytes, to: path, permissions: 0o600)
    }

    private static func write(_ bytes: [UInt8], to path: String, permissions: Int) throws(ApplicationError) {
        let temporary = path + ".new"
        let made = FileManager.default.createFile(
            atPath: temporary,
            contents: Data(bytes),
            attributes: [.posixPermissions: permissions]
        )
        guard made else { throw .file(path: path, reason: "it can't be written") }
        guard rename(temporary, path) == 0 else {
            throw .file(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Makes a folder and those above it, for its owner alone.
    ///
    /// - Throws: `ApplicationError.file` with the system's reason.
    package static func makeFolder(_ path: String) throws(ApplicationError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .file(path: path, reason: reason(error))
        }
    }

    /// The names of what is in a folder, sorted.
    ///
    /// - Throws: `ApplicationError.file` with the system's reason.
    package static func names(in folder: String) throws(ApplicationError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw .file(path: folder, reason: reason(error))
        }
    }

    package static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    /// The path from the root, as seen from the current folder.
    package static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// The folder that a file is in.
    package static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    private static func reason(_ error: any Error) -> String {
        if let code = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError, code.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(code.code)))
        }
        // Some calls tell only in Foundation's words; the same mistake reads the same everywhere.
        return switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile, .fileNoSuchFile: String(cString: strerror(ENOENT))
        case .fileReadNoPermission, .fileWriteNoPermission: String(cString: strerror(EACCES))
        default: error.localizedDescription
        }
    }
}
