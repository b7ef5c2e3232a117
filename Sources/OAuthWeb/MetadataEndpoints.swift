import Bytes
import HTTP
import HTTPServer

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

/// Serves the metadata of one loop.
///
/// Confined to its event loop.
package final class MetadataEndpoints: OwnPaths {
    /// Replaced when keys or the configuration change.
    package var documents: MetadataDocuments

    private var fields = FieldBlock(capacity: 512)

    package init(_ documents: MetadataDocuments) {
        self.documents = documents
    }

    package func claims(_ path: UnsafeRawBufferPointer) -> Bool {
        let prefix: StaticString = "/.well-known/"
        return path.count > prefix.utf8CodeUnitCount && path.slice(0..<prefix.utf8CodeUnitCount).equals(prefix)
    }

    package func answer(_ exchange: HTTPExchange, fields lines: UnsafeRawBufferPointer) -> Bool {
        guard let document = documents[exchange.head.path] else { return false }
        fields.removeAll()
        fields.append(lines: lines)
        // Public documents without credentials: any script may read them.
        fields.append(name: "Access-Control-Allow-Origin", value: "*")
        switch exchange.head.method {
        case .get, .head: send(document, to: exchange)
        case .options:
            fields.append(name: "Access-Control-Allow-Methods", value: "GET, HEAD")
            fields.append(name: "Access-Control-Allow-Headers", value: "*")
            fields.append(name: "Access-Control-Max-Age", value: "86400")
            fields.append(name: "Allow", value: "GET, HEAD, OPTIONS")
            exchange.sendHead(status: 204, fields: fields.bytes, framing: .none)
            exchange.finish()
        default:
            fields.append(name: "Allow", value: "GET, HEAD, OPTIONS")
            exchange.sendHead(status: 405, fields: fields.bytes, framing: .length(0))
            exchange.finish()
        }
        return true
    }

    private func send(_ document: [UInt8], to exchange: HTTPExchange) {
        fields.append(name: "Content-Type", value: "application/json")
        fields.append(name: "Cache-Control", value: "public, max-age=300")
        fields.append(name: "X-Content-Type-Options", value: "nosniff")
        exchange.sendHead(status: 200, fields: fields.bytes, framing: .length(UInt64(document.count)))
        document.withUnsafeBytes { exchange.write($0) }
        exchange.finish()
    }
}

@available(*, unavailable)
extension MetadataEndpoints: Sendable {}
