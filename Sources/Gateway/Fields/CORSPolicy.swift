import Bytes
import HTTP

/// Which scripts of other origins may call a route, as the configuration describes it.
package struct CORSDefinition: Sendable, Equatable {
    /// Serialized origins; nil stands for any, without credentials.
    package var origins: [String]?
    /// Nil stands for the methods of the routes with the same path.
    package var methods: [String]?
    /// Request fields that scripts may set; nil stands for those that they ask for.
    package var requestFields: [String]?
    /// Response fields that scripts may read, beside those that the gateway sets.
    package var exposedFields: [String] = []
    package var allowsCredentials = false
    /// Seconds for which a preflight's answer may be remembered.
    package var maximumAge = 600

    package init(origins: [String]?) {
        self.origins = origins
    }
}

/// The cross-origin rules of a route (Fetch standard §3.3), put together ahead.
package struct CORSPolicy: Sendable {
    private let origins: [[UInt8]]?
    private let allowsCredentials: Bool
    private let methods: [UInt8]?
    private let requestFields: [UInt8]?
    private let maximumAge: Int
    /// The lines that every response has beside its origin, line ends included.
    private let responseLines: [UInt8]

    package init(_ definition: CORSDefinition) {
        origins = definition.origins?.map { Array($0.utf8) }
        // Credentials for any origin would let every page act as its visitor.
        allowsCredentials = definition.allowsCredentials && definition.origins != nil
        methods = definition.methods.map { Array($0.joined(separator: ", ").utf8) }
        requestFields = definition.requestFields.map { Array($0.joined(separator: ", ").utf8) }
        maximumAge = definition.maximumAge
        let own = CORSPolicy.ownExposedFields
        let others = definition.exposedFields.filter { name in !own.contains { $0.lowercased() == name.lowercased() } }
        var lines = "Access-Control-Expose-Headers: \((own + others).joined(separator: ", "))\r\n"
        if allowsCredentials { lines += "Access-Control-Allow-Credentials: true\r\n" }
        responseLines = Array(lines.utf8)
    }

    /// Whether scripts of the origin may call the route.
    ///
    /// Browsers serialize origins in one way, so bytes are compared.
    package func allows(_ origin: UnsafeRawBufferPointer) -> Bool {
        guard let origins else { return true }
        return origins.contains { $0.elementsEqual(origin) }
    }

    /// Appends what lets a script read a response, be it a refusal; caches learn that it depends on the origin.
    ///
    /// - Parameter exposesGRPC: Whether the status of a gRPC-Web call is among the fields.
    package func write(
        for origin: UnsafeRawBufferPointer?,
        exposesGRPC: Bool = false,
        into fields: inout FieldBlock
    ) {
        if origins != nil { fields.append(name: "Vary", value: "Origin") }
        guard let origin, allows(origin) else { return }
        appendOrigin(origin, to: &fields)
        responseLines.withUnsafeBytes { fields.append(lines: $0) }
        if exposesGRPC { fields.append(name: "Access-Control-Expose-Headers", value: "grpc-status, grpc-message") }
    }

    /// Appends the answer to a preflight from an origin that is allowed.
    ///
    /// - Parameter allow: the methods of the routes with this path; empty for all methods.
    package func writePreflight(_ head: RequestHead, allow: [UInt8], into fields: inout FieldBlock) {
        guard let origin = head.value(of: .origin) else { return }
        appendOrigin(origin, to: &fields)
        if allowsCredentials { fields.append(name: "Access-Control-Allow-Credentials", value: "true") }
        if let allowed = methods ?? (allow.isEmpty ? nil : allow) {
            fields.append(name: "Access-Control-Allow-Methods", value: allowed)
        } else if let asked = head.value(of: .accessControlRequestMethod), FieldSyntax.isToken(asked) {
            fields.append(name: "Access-Control-Allow-Methods", value: asked)
        }
        if let requestFields {
            if !requestFields.isEmpty { fields.append(name: "Access-Control-Allow-Headers", value: requestFields) }
        } else if let asked = head.value(of: .accessControlRequestHeaders), CORSPolicy.isListOfNames(asked) {
            fields.append(name: "Access-Control-Allow-Headers", value: asked)
        }
        fields.append(name: "Access-Control-Max-Age", decimal: maximumAge)
        fields.append(
            name: "Vary",
            value: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        )
    }

    private func appendOrigin(_ origin: UnsafeRawBufferPointer, to fields: inout FieldBlock) {
        if origins == nil {
            fields.append(name: "Access-Control-Allow-Origin", value: "*")
        } else {
            fields.append(name: "Access-Control-Allow-Origin", value: origin)
        }
    }

    private static func isListOfNames(_ value: UnsafeRawBufferPointer) -> Bool {
        var isEmpty = true
        for name in FieldTokens(value) {
            guard FieldSyntax.isToken(name) else { return false }
            isEmpty = false
        }
        return !isEmpty
    }

    /// What scripts need to understand a refusal and to report it.
    private static let ownExposedFields = ["WWW-Authenticate", "X-Request-Id", "Retry-After"]
}

/// A preflight request (Fetch standard §3.3.2).
package enum Preflight {
    /// Whether a request asks, for a script, if another may be sent.
    package static func isPreflight(_ head: RequestHead) -> Bool {
        head.method == .options && head.fields.contains(.origin)
            && head.fields.contains(.accessControlRequestMethod)
    }
}
