/// Where keys, revocations and, with the authorization server, everything else is kept.
package enum StorageLocation: Sendable, Equatable {
    /// Nowhere: it ends with the process.
    case memory
    /// An SQLite file, by absolute path.
    case sqlite(path: String)

    /// The folder of the file, where generated keys and certificates are put; nil without one.
    package var folder: String? {
        guard case .sqlite(let path) = self else { return nil }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension Kind where Value == StorageLocation {
    static var storage: Kind {
        let words = "\"memory:\" or \"sqlite:PATH\""
        // A libpq URI can hold a password.
        return .text(words, pattern: "^(memory:$|sqlite:.|postgres(ql)?://)", isSecret: true) {
            (text, cursor) throws(ValueFault) in
            if text == "memory:" {
                cursor.warn("storage in memory: signing keys and revocations are lost when the process ends")
                return .memory
            }
            if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") { throw .later("PostgreSQL storage") }
            guard text.hasPrefix("sqlite:"), text.utf8.count > 7, !text.utf8.contains(0) else {
                throw ValueFault("not a storage", nearest: NearestName.nearest(to: text, among: ["memory:"]))
            }
            return .sqlite(path: cursor.context.resolve(path: String(text.dropFirst(7))))
        }
    }
}
