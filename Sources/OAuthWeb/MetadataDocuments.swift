/// The documents under `/.well-known/` that tell others about us; the same for everybody.
package struct MetadataDocuments: Sendable {
    /// Bodies by path.
    private let documents: [[UInt8]: [UInt8]]

    package init(_ documents: [String: [UInt8]]) {
        self.documents = Dictionary(
            documents.map { (Array($0.key.utf8), $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The document at a path.
    package subscript(_ path: UnsafeRawBufferPointer) -> [UInt8]? { documents[Array(path)] }
}
