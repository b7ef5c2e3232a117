import Bytes
import HTTP
import JSON
import JWT

@testable import Gateway

/// The issuer of all tests.
let ownIssuer = "https://gate.example"

/// A head as the parser makes it of these lines.
func requestHead(_ lines: String...) throws -> RequestHead {
    let head = RequestHead()
    var parser = RequestHeadParser(limits: HTTPLimits())
    let hasHost = lines.contains { $0.lowercased().hasPrefix("host:") }
    let text = (lines + (hasHost ? [] : ["Host: api.example"])).joined(separator: "\r\n") + "\r\n\r\n"
    _ = try Array(text.utf8).withUnsafeBytes { try parser.parse($0, into: head) }
    return head
}

/// A response's head as the parser makes it of these lines.
func responseHead(_ lines: String...) throws -> ResponseHead {
    let head = ResponseHead()
    var parser = ResponseHeadParser(limits: HTTPLimits())
    let text = (["HTTP/1.1 200 OK"] + lines).joined(separator: "\r\n") + "\r\n\r\n"
    _ = try Array(text.utf8).withUnsafeBytes { try parser.parse($0, into: head) }
    return head
}

extension GatewayDefinition {
    /// A definition with the scopes of the tests.
    static func test(_ routes: [RouteDefinition], _ change: (inout GatewayDefinition) -> Void = { _ in }) -> Self {
        var definition = GatewayDefinition(
            issuer: ownIssuer,
            routes: routes,
            scopes: [
                ScopeDefinition(name: "notes:read"),
                ScopeDefinition(name: "notes:write", implies: ["notes:read"]),
                ScopeDefinition(name: "notes:all", implies: ["notes:write"]),
            ],
            issuers: [ownIssuer, "https://other.example"]
        )
        change(&definition)
        return definition
    }
}

extension RouteDefinition {
    /// A route whose name is its path.
    static func test(
        _ path: String = "/**",
        _ access: RouteAccess = .public,
        _ change: (inout RouteDefinition) -> Void = { _ in }
    ) -> Self {
        var route = RouteDefinition(name: path, path: path, access: access, upstream: 0)
        change(&route)
        return route
    }
}

extension VerifiedToken {
    /// A token of our own for alice, unless something else is said.
    static func test(
        own: Bool = true,
        user: String? = "alice",
        client: String? = "app",
        scopes: [String] = [],
        audiences: [String]? = nil,
        expiresAt: Int64 = 1_000_000,
        tokenID: String? = "t1",
        claims: String = "{}"
    ) -> VerifiedToken {
        VerifiedToken(
            issuer: own ? ownIssuer : "https://other.example",
            issuerIndex: own ? 0 : 1,
            isOwn: own,
            subject: user,
            userName: user,
            clientID: client,
            scopes: scopes,
            audiences: audiences ?? [ownIssuer],
            expiresAt: expiresAt,
            tokenID: tokenID,
            grantID: "g1",
            keyID: "k1",
            claims: json(claims)
        )
    }
}

/// The node of a JSON text that is known to be good.
func json(_ text: String) -> JSONNode {
    do {
        return try Array(text.utf8).withUnsafeBytes { bytes throws(JSONError) in try JSONParser.parse(bytes) }
    } catch {
        preconditionFailure("\(text): \(error)")
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}

extension FieldBlock {
    var text: String { bytes.text }
}

extension ByteBuffer {
    var text: String { bytes.text }
}

/// Calls the function with the bytes of a text.
func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes { try body($0) }
}
