import Bytes
import HTTP

/// What one route adds to and removes from the fields of its upstream requests, put together ahead.
struct RouteRequestFields: Sendable {
    /// A field that the gateway sends of itself and that a route can do without.
    enum OwnField: UInt8, CaseIterable, Sendable {
        case forwardedFor
        case forwardedProto
        case forwardedHost
        case forwarded
        case via
        case requestID
        case traceparent

        var name: String {
            switch self {
            case .forwardedFor: "X-Forwarded-For"
            case .forwardedProto: "X-Forwarded-Proto"
            case .forwardedHost: "X-Forwarded-Host"
            case .forwarded: "Forwarded"
            case .via: "Via"
            case .requestID: "X-Request-Id"
            case .traceparent: "traceparent"
            }
        }
    }

    /// A field that speaks of the principal: `Name: ` and where its value is.
    private struct IdentityField: Sendable {
        enum Source: Sendable {
            case userName
            case clientID
            case scope
            /// The claim's place in the vocabulary.
            case claim(Int)
        }

        let start: [UInt8]
        let source: Source
    }

    let forwardsAuthorization: Bool
    let allowsMethodOverride: Bool
    /// The lines of `set` and `add`, line ends included.
    let lines: [UInt8]

    private let removed: FoldedNameTable<Bool>
    private let omitted: UInt8
    private let identity: [IdentityField]

    /// Whether `removes` can be true at all.
    var hasRemovals: Bool { !removed.isEmpty }

    init(
        _ route: RouteDefinition,
        _ forwarding: ForwardingDefinition,
        _ vocabulary: AccessVocabulary
    ) throws(RouteDefinitionError) {
        forwardsAuthorization = route.forwardsAuthorization
        allowsMethodOverride = route.allowsMethodOverride
        let rules = route.requestHeaders
        lines = try rules.lines()
        var removed = FoldedNameTable<Bool>()
        for name in rules.remove + rules.set.map(\.name) { removed.set(name, to: true) }
        self.removed = removed
        omitted = OwnField.allCases.reduce(0) { bits, field in
            removed.value(for: field.name) == nil ? bits : bits | 1 << field.rawValue
        }
        var identity: [(name: String, source: IdentityField.Source)] = [
            (route.userHeader ?? forwarding.userHeader, .userName), (forwarding.clientHeader, .clientID),
        ]
        if let scopeHeader = forwarding.scopeHeader { identity.append((scopeHeader, .scope)) }
        for header in route.claimHeaders {
            guard let claim = vocabulary.claimIndex(header.claim) else {
                preconditionFailure("a claim is not in its vocabulary")
            }
            identity.append((header.header, .claim(claim)))
        }
        for (name, _) in identity where !FieldSyntax.isToken(name) { throw .fieldName(name) }
        self.identity = identity.filter { removed.value(for: $0.name) == nil }.map {
            IdentityField(start: Array("\($0.name): ".utf8), source: $0.source)
        }
    }

    /// Whether the gateway's own field goes upstream.
    func sends(_ field: OwnField) -> Bool { omitted & (1 << field.rawValue) == 0 }

    /// Whether the route takes a client's field away.
    func removes(_ fields: FieldList, _ index: Int) -> Bool {
        removed.contains(fields.name(index), hash: fields.foldedHash(index))
    }

    /// Whether the route takes away a client's field of this name.
    func removes(_ name: UnsafeRawBufferPointer) -> Bool {
        removed.contains(name, hash: FieldSyntax.foldedHash(name))
    }

    /// Appends who the client is, and what the route sets and adds.
    func append(_ principal: Principal?, to block: inout ByteBuffer) {
        if let principal {
            for field in identity {
                let value =
                    switch field.source {
                    case .userName: principal.userName
                    case .clientID: principal.clientID
                    case .scope: principal.scopeValue
                    case .claim(let claim): principal.claimValues[claim]
                    }
                guard let value else { continue }
                block.append(bytes: field.start)
                block.append(bytes: value)
                block.append("\r\n")
            }
        }
        block.append(bytes: lines)
    }
}

extension FieldRules {
    /// The lines of `set` and `add`, line ends included; checked once more, since a line end in one would be two fields.
    func lines() throws(RouteDefinitionError) -> [UInt8] {
        var lines: [UInt8] = []
        for rule in set + add {
            let name = Array(rule.name.utf8)
            let value = Array(rule.value.utf8)
            guard FieldSyntax.isToken(rule.name) else { throw .fieldName(rule.name) }
            guard value.withUnsafeBytes({ FieldSyntax.isValue($0) }) else { throw .fieldValue(name: rule.name) }
            lines += name + Array(": ".utf8) + value + Array("\r\n".utf8)
        }
        return lines
    }
}

extension FieldSyntax {
    /// Whether a text is a token (RFC 9110 §5.6.2).
    static func isToken(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { isToken($0) } }
}
