import Bytes
import Gateway
import HTTP
import HTTPServer

/// Answers what is the gateway's own on one loop: the metadata documents at once, the endpoints of the authorization
/// server when their answer has been made.
///
/// Confined to its event loop.
package final class OwnEndpoints: OwnPaths {
    /// Replaced when keys or the configuration change.
    package var documents: MetadataDocuments
    /// Replaced with the configuration; nil where the gateway only enforces.
    package var site: WebSite?

    private let load = EndpointLoad()
    private var fields = FieldBlock(capacity: 512)

    /// What public answers say to scripts of other origins: they carry no cookies, so whoever may ask may read.
    static let anyOrigin: CORSPolicy = {
        var definition = CORSDefinition(origins: nil)
        definition.requestFields = ["Authorization", "Content-Type"]
        definition.maximumAge = 86_400
        return CORSPolicy(definition)
    }()

    package init(_ documents: MetadataDocuments, site: WebSite?) {
        self.documents = documents
        self.site = site
    }

    package func claims(_ path: UnsafeRawBufferPointer) -> Bool {
        documents.claims(path) || site?.contains(path) == true
    }

    package func answer(_ request: OwnRequest) -> Bool {
        let path = request.exchange.head.path
        if let document = documents[path] {
            answer(request, with: document)
            return true
        }
        guard let site, site.contains(path) else { return false }
        guard let endpoint = site.endpoint(at: path) else {
            // Nothing below the base path ever reaches an upstream: it could be taken for a page of ours.
            request.fail(.notFound)
            return true
        }
        answer(request, at: endpoint)
        return true
    }

    private func answer(_ request: OwnRequest, at endpoint: WebEndpoint) {
        let exchange = request.exchange
        request.outcome.endpoint = exchange.head.path.text
        if exchange.head.method == .options {
            begin(request)
            if endpoint.allowsAnyOrigin, Preflight.isPreflight(exchange.head) {
                let allow = Array(endpoint.allowedMethods.utf8)
                Self.anyOrigin.writePreflight(exchange.head, allow: allow, into: &fields)
            } else {
                fields.append(name: "Allow", value: endpoint.allowedMethods)
            }
            exchange.sendHead(status: 204, fields: fields.bytes, framing: .none)
            exchange.finish()
        } else if endpoint.allows(exchange.head.method) {
            PendingRequest(request, endpoint, load).start()
        } else {
            request.fail(
                .methodNotAllowed(allow: Array(endpoint.allowedMethods.utf8)),
                cors: endpoint.allowsAnyOrigin ? Self.anyOrigin : nil
            )
        }
    }

    private func begin(_ request: OwnRequest) {
        fields.removeAll()
        request.appendFields(to: &fields)
    }
}

// MARK: Metadata

extension OwnEndpoints {
    private func answer(_ request: OwnRequest, with document: [UInt8]) {
        let exchange = request.exchange
        begin(request)
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
extension OwnEndpoints: Sendable {}
