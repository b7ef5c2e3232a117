import Bytes
import HTTP

/// Which of an upstream's fields reach the client, and what the gateway adds.
package enum ResponseFieldPolicy {
    /// Appends the fields of the response to the client, without those of the framing.
    ///
    /// - Parameter origin: the request's `Origin`, for the route's cross-origin rules.
    /// - Throws: `.upstreamMalformed` if `Connection` names more than anybody needs.
    package static func write(
        _ head: ResponseHead,
        route: Route,
        origin: UnsafeRawBufferPointer?,
        requestID: RequestID,
        into block: inout FieldBlock
    ) throws(GatewayFailure) {
        let fields = head.fields
        guard let options = ConnectionOptions(fields) else { throw .upstreamMalformed }
        let rules = route.responseFields
        for index in 0..<fields.count {
            let name = fields.fieldName(index)
            if !options.isEmpty, options.contains(fields.foldedHash(index)) { continue }
            if rules.hasRemovals, rules.removes(fields, index) { continue }
            switch ResponseFieldAction(name) {
            case .keep: block.append(fields, at: index)
            case .drop: break
            case .cookie: if !OwnCookies.isSet(by: fields.value(index)) { block.append(fields, at: index) }
            case .crossOrigin: if route.cors == nil { block.append(fields, at: index) }
            }
        }
        if let cors = route.cors { cors.write(for: origin, into: &block) }
        if rules.sendsRequestID { appendRequestID(requestID, to: &block) }
        rules.lines.withUnsafeBytes { block.append(lines: $0) }
    }

    /// Leaves in a response's trailers what may reach the client.
    package static func removeForbidden(from trailers: FieldList, route: Route) {
        let rules = route.responseFields
        trailers.removeAll { name, bytes in
            if rules.hasRemovals, rules.removes(bytes) { return true }
            return ResponseFieldAction(name) != .keep
        }
    }

    static func appendRequestID(_ requestID: RequestID, to block: inout FieldBlock) {
        requestID.withBytes { block.append(name: "X-Request-Id", value: $0) }
    }
}

/// What becomes of an upstream's field.
private enum ResponseFieldAction {
    case keep
    case drop
    case cookie
    /// Drops where the route has rules of its own: two answers to one question are none to a browser.
    case crossOrigin

    init(_ name: FieldName) {
        self =
            switch name {
            case .other, .trailer: .keep
            case _ where name.isHopByHop: .drop
            case .setCookie, .setCookie2: .cookie
            // A service worker with a wider scope could answer for the gateway's own pages.
            case .serviceWorkerAllowed, .xRequestID, .contentLength: .drop
            case .accessControlAllowCredentials, .accessControlAllowHeaders, .accessControlAllowMethods,
                .accessControlAllowOrigin, .accessControlExposeHeaders, .accessControlMaxAge:
                .crossOrigin
            default: .keep
            }
    }
}

/// What one route adds to and removes from the fields of its responses, put together ahead.
struct RouteResponseFields: Sendable {
    /// The lines of `set` and `add`, line ends included.
    let lines: [UInt8]
    let sendsRequestID: Bool

    private let removed: FoldedNameTable<Bool>

    var hasRemovals: Bool { !removed.isEmpty }

    init(_ rules: FieldRules) throws(RouteDefinitionError) {
        lines = try rules.lines()
        var removed = FoldedNameTable<Bool>()
        for name in rules.remove + rules.set.map(\.name) { removed.set(name, to: true) }
        self.removed = removed
        sendsRequestID = removed.value(for: "X-Request-Id") == nil
    }

    func removes(_ fields: FieldList, _ index: Int) -> Bool {
        removed.contains(fields.name(index), hash: fields.foldedHash(index))
    }

    func removes(_ name: UnsafeRawBufferPointer) -> Bool {
        removed.contains(name, hash: FieldSyntax.foldedHash(name))
    }
}
