import Bytes
import HTTP

/// One route of the configuration, compiled.
package final class Route: Sendable {
    /// The place in the configuration's list.
    package let index: Int
    package let name: String
    /// The pattern as it was written.
    package let path: String
    /// The hosts it answers on, exact or `*.suffix`; none stands for any.
    package let hosts: [String]
    /// The methods it answers; none stands for any.
    package let methods: [String]
    package let access: AccessPolicy
    package let challenge: BearerChallenge
    package let cors: CORSPolicy?
    /// The place of the upstream in the configuration's list; nil where nobody gets in.
    package let upstream: Int?
    /// Nanoseconds to the upstream's response head; nil leaves it to the upstream's configuration.
    package let timeout: UInt64?
    /// Bytes; nil leaves it to the limits.
    package let bodySize: UInt64?
    package let allowsPathParameters: Bool
    package let allowsMethodOverride: Bool
    package let closesOnTokenExpiry: Bool

    let pattern: RoutePattern
    let requestFields: RouteRequestFields
    let responseFields: RouteResponseFields
    private let rewritePrefix: [UInt8]?

    /// Compiles a definition that belongs to the configuration the vocabulary was made of.
    package init(
        _ definition: RouteDefinition,
        index: Int,
        forwarding: ForwardingDefinition,
        vocabulary: AccessVocabulary
    ) throws(RouteDefinitionError) {
        do throws(RoutePatternError) {
            pattern = try RoutePattern(definition.path)
        } catch {
            throw .pattern(error)
        }
        for host in definition.hosts where !HostTable.isPattern(host) { throw .host(host) }
        for method in definition.methods where !FieldSyntax.isToken(method) { throw .method(method) }
        self.index = index
        name = definition.name
        path = definition.path
        hosts = definition.hosts
        methods = definition.methods
        access = try AccessPolicy(definition, vocabulary)
        challenge = BearerChallenge(
            realm: vocabulary.resources[0],
            resource: definition.resource ?? vocabulary.resources[0],
            allScopes: vocabulary.names(of: access.allScopes),
            anyScopes: vocabulary.names(of: access.anyScopes)
        )
        cors = definition.cors.map(CORSPolicy.init)
        upstream = definition.upstream
        timeout = definition.timeout
        bodySize = definition.bodySize
        allowsPathParameters = definition.allowsPathParameters
        allowsMethodOverride = definition.allowsMethodOverride
        closesOnTokenExpiry = definition.closesOnTokenExpiry
        requestFields = try RouteRequestFields(definition, forwarding, vocabulary)
        responseFields = try RouteResponseFields(definition.responseHeaders)
        rewritePrefix = definition.rewritePrefix.map { Array($0.utf8) }
    }

    /// Appends the path under which the upstream knows a request of this route.
    ///
    /// `rewrite_prefix` stands in for the path up to the pattern's first star, or for all of it if there is none.
    package func appendUpstreamPath(of path: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) {
        guard let rewritePrefix else { return buffer.append(path) }
        let start = offset(afterSegments: pattern.literalPrefixCount, in: path)
        let rest = path.slice(start..<path.count)
        let endsInSlash = rewritePrefix.last == UInt8(ascii: "/")
        let kept = endsInSlash && !rest.isEmpty ? rewritePrefix.count - 1 : rewritePrefix.count
        rewritePrefix.withUnsafeBytes { buffer.append($0.slice(0..<kept)) }
        buffer.append(rest)
    }

    /// The offset of the slash behind that many segments, or the end of the path.
    private func offset(afterSegments count: Int, in path: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        for _ in 0..<count { offset = path.firstOffset(of: UInt8(ascii: "/"), from: offset + 1) ?? path.count }
        return offset
    }
}
