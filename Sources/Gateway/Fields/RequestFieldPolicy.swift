import Bytes
import HTTP

/// Which of a client's fields go upstream, and under which names the gateway speaks there.
///
/// Every name that some route or `forwarding` sets is managed: a client's own field of that name, in any spelling that
/// a server could take for it, is left out on every route and in trailers.
package struct RequestFieldPolicy: Sendable {
    /// By the raw value of `FieldName`.
    private let known: [FieldAction]
    private let others: FoldedNameTable<FieldAction>
    private let underscores: UnderscorePolicy

    package init(_ definition: GatewayDefinition) {
        var known = (0...UInt8.max).map { FieldAction(FieldName(rawValue: $0) ?? .other) }
        var others = FoldedNameTable<FieldAction>()
        // Another spelling of a field that means something here is nothing that a client needs.
        for name in FieldName.allCases where known[Int(name.rawValue)] != .keep {
            others.set(String(describing: name.spelling), to: .drop)
        }
        for name in RequestFieldPolicy.managedNames(definition) {
            others.set(name, to: .drop)
            let exact = Array(name.utf8).withUnsafeBytes { FieldName($0) }
            if exact != .other { known[Int(exact.rawValue)] = .drop }
        }
        self.known = known
        self.others = others
        underscores = definition.forwarding.underscoreHeaders
    }

    /// Appends the fields of the upstream request, without `Host` and those of the framing, each with its line end.
    ///
    /// First what is left of the client's, then what the gateway says, so nothing of the former can remove the latter.
    ///
    /// - Parameter tunnel: what the request asks the upstream to switch to.
    /// - Throws: `.underscoreName`, `.connectionOptions`, `.malformedCredentials(.repeatedField)`.
    package func write(
        _ head: RequestHead,
        route: Route,
        principal: Principal?,
        client: ClientContext,
        tunnel: TunnelRequest? = nil,
        into block: inout ByteBuffer
    ) throws(GatewayFailure) {
        let fields = head.fields
        guard let options = ConnectionOptions(fields) else { throw .connectionOptions }
        guard fields.count(of: .authorization) <= 1 else { throw .malformedCredentials(.repeatedField) }
        let rules = route.requestFields
        block.reserve(RequestFieldPolicy.size(of: fields) + rules.lines.count + 512)
        for index in 0..<fields.count {
            let action = try action(fields, index)
            if action == .drop || !options.isEmpty && options.contains(fields.foldedHash(index)) { continue }
            if rules.hasRemovals, rules.removes(fields, index) { continue }
            switch action {
            case .keep: FieldLine.append(fields, index, to: &block)
            case .drop: break
            case .cookie: RequestFieldPolicy.appendCookies(fields, index, to: &block)
            case .authorization:
                let isToken = BearerCredentials.isBearer(fields.value(index))
                if !isToken || rules.forwardsAuthorization { FieldLine.append(fields, index, to: &block) }
            case .methodOverride:
                // The router has looked at what a POST asks for; another method is not up for change.
                if rules.allowsMethodOverride, head.method == .post { FieldLine.append(fields, index, to: &block) }
            case .expectation:
                if head.expectsContinue { FieldLine.append(fields, index, to: &block) }
            case .proxied:
                if client.isTrustedProxy { FieldLine.append(fields, index, to: &block) }
            case .trailerNames:
                if announcesOnlyForwarded(fields.value(index), rules) { FieldLine.append(fields, index, to: &block) }
            case .webSocketProtocols: WebSocketProtocols.appendOthers(fields, index, to: &block)
            case .webSocketKey:
                if tunnel?.isTranslated != true { FieldLine.append(fields, index, to: &block) }
            case .tracing:
                if client.continuesTrace { FieldLine.append(fields, index, to: &block) }
            }
        }
        tunnel?.append(head, to: &block)
        if rules.forwardsAuthorization { RequestFieldPolicy.appendToken(ofHandshake: head, to: &block) }
        client.append(head, rules, to: &block)
        rules.append(principal, to: &block)
    }

    /// The upstream gets a token where upstreams look for it, wherever the client could put it.
    private static func appendToken(ofHandshake head: RequestHead, to block: inout ByteBuffer) {
        guard !head.fields.contains(.authorization), WebSocketProtocols.isHandshake(head),
            case .token(let token) = WebSocketProtocols.token(in: head)
        else { return }
        block.append("Authorization: Bearer ")
        block.append(token)
        block.append("\r\n")
    }

    /// Leaves in a request's trailers what may go upstream.
    package func removeForbidden(from trailers: FieldList, route: Route) {
        trailers.removeAll { name, bytes in isForbiddenTrailer(name, bytes, route.requestFields) }
    }

    private func isForbiddenTrailer(
        _ name: FieldName,
        _ bytes: UnsafeRawBufferPointer,
        _ rules: RouteRequestFields
    ) -> Bool {
        if rules.hasRemovals, rules.removes(bytes) { return true }
        if name != .other { return known[Int(name.rawValue)] != .keep }
        let hash = FieldSyntax.foldedHash(bytes)
        if others.contains(bytes, hash: hash) || FieldAction.isOfForwardedFamily(bytes) { return true }
        return underscores != .allow && bytes.contains(UInt8(ascii: "_"))
    }

    /// Whether every trailer that a `Trailer` value announces may go upstream.
    private func announcesOnlyForwarded(_ value: UnsafeRawBufferPointer, _ rules: RouteRequestFields) -> Bool {
        for name in FieldTokens(value) where isForbiddenTrailer(FieldName(name), name, rules) { return false }
        return true
    }

    private func action(_ fields: FieldList, _ index: Int) throws(GatewayFailure) -> FieldAction {
        let name = fields.fieldName(index)
        guard name == .other else { return known[Int(name.rawValue)] }
        if fields.nameHasUnderscore(index), underscores != .allow {
            guard underscores == .drop else { throw .underscoreName }
            return .drop
        }
        let bytes = fields.name(index)
        if let action = others.value(for: bytes, hash: fields.foldedHash(index)) { return action }
        guard FieldAction.isOfForwardedFamily(bytes) else { return .keep }
        return bytes.slice(0..<12).equalsIgnoringCase("x-forwarded-") ? .proxied : .drop
    }

    private static func appendCookies(_ fields: FieldList, _ index: Int, to block: inout ByteBuffer) {
        let value = fields.value(index)
        guard OwnCookies.areIn(value) else { return FieldLine.append(fields, index, to: &block) }
        let name: StaticString = "Cookie: "
        block.append(name)
        if OwnCookies.appendOthers(of: value, to: &block) {
            block.append("\r\n")
        } else {
            block.dropLast(name.utf8CodeUnitCount)
        }
    }

    /// At least the bytes that all lines take.
    private static func size(of fields: FieldList) -> Int {
        var size = 0
        for index in 0..<fields.count { size &+= fields.name(index).count &+ fields.value(index).count &+ 4 }
        return size
    }

    /// The names that some route or `forwarding` sets.
    ///
    /// A standard request field that a route sets is none of them: on
    /// other routes it is the client's to send, and tells nobody who that is.
    private static func managedNames(_ definition: GatewayDefinition) -> [String] {
        let forwarding = definition.forwarding
        let own = [forwarding.userHeader, forwarding.clientHeader, forwarding.scopeHeader, forwarding.assertionHeader]
        return own.compactMap(\.self)
            + definition.routes.flatMap { route in
                [route.userHeader].compactMap(\.self) + route.claimHeaders.map(\.header)
                    + route.requestHeaders.set.map(\.name).filter { !isStandard($0) }
            }
    }

    private static func isStandard(_ name: String) -> Bool { standardNames.contains(name.lowercased()) }

    private static let standardNames: Set<String> = [
        "accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control",
        "content-encoding", "content-language", "content-type", "cookie", "date", "dnt", "expect", "if-match",
        "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "max-forwards", "origin", "pragma",
        "prefer", "priority", "range", "referer", "te", "trailer", "traceparent", "tracestate", "user-agent", "via",
    ]
}
