import Bytes

/// The documents that tell others about us; the same for everybody.
package struct MetadataDocuments: Sendable {
    /// Bodies by path.
    private let documents: [[UInt8]: [UInt8]]
    /// Whether any of them is not under `/.well-known/` (OpenID Connect Discovery §4, where the issuer has a path).
    private let hasOthers: Bool

    package init(_ documents: [String: [UInt8]]) {
        self.documents = Dictionary(
            documents.map { (Array($0.key.utf8), $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
        hasOthers = documents.keys.contains { !$0.hasPrefix("/.well-known/") }
    }

    /// The document at a path.
    package subscript(_ path: UnsafeRawBufferPointer) -> [UInt8]? { documents[Array(path)] }

    /// Whether a path may be that of a document.
    func claims(_ path: UnsafeRawBufferPointer) -> Bool {
        let prefix: StaticString = "/.well-known/"
        let length = prefix.utf8CodeUnitCount
        if path.count > length, path.slice(0..<length).equals(prefix) { return true }
        return hasOthers && self[path] != nil
    }
}
