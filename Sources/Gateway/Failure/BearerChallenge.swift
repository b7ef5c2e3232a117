/// The `WWW-Authenticate` of one route (RFC 6750 §3, RFC 9728 §5.1), put together ahead.
package struct BearerChallenge: Sendable {
    /// What a request without credentials gets.
    let missing: [UInt8]
    /// The scheme and `realm="…"`.
    let start: [UInt8]
    /// The rest: `scope="…", resource_metadata="…"`.
    let end: [UInt8]
    /// What the route needs, for `error_description`.
    package let scopeDescription: String

    /// - Parameters:
    ///   - realm: the issuer's URL.
    ///   - resource: the protected resource's URI.
    package init(realm: String, resource: String, allScopes: [String] = [], anyScopes: [String] = []) {
        let names = allScopes + anyScopes.filter { !allScopes.contains($0) }
        start = Array("Bearer realm=\(BearerChallenge.quoted(realm))".utf8)
        let scope = names.isEmpty ? "" : ", scope=\(BearerChallenge.quoted(names.joined(separator: " ")))"
        let metadata = BearerChallenge.quoted(BearerChallenge.metadataURL(of: resource))
        end = Array("\(scope), resource_metadata=\(metadata)".utf8)
        missing = start + end
        scopeDescription = BearerChallenge.describe(all: allScopes, any: anyScopes)
    }

    /// The challenge with an error (RFC 6750 §3.1).
    ///
    /// - Parameter description: Printable ASCII without `"` and `\`.
    package func value(error: String, description: String?) -> String {
        let reason = description.map { ", error_description=\"\($0)\"" } ?? ""
        return String(decoding: start, as: UTF8.self) + ", error=\"\(error)\"\(reason)"
            + String(decoding: end, as: UTF8.self)
    }

    /// Where a resource's metadata is (RFC 9728 §3.1): the well-known part goes between authority and path.
    package static func metadataURL(of resource: String) -> String {
        let wellKnown = "/.well-known/oauth-protected-resource"
        let bytes = Array(resource.utf8)
        guard let scheme = resource.range(of: "://") else { return resource + wellKnown }
        let authorityStart = resource.utf8.distance(from: resource.startIndex, to: scheme)
        let pathStart = bytes[authorityStart...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
        let authority = String(decoding: bytes[..<(pathStart ?? bytes.count)], as: UTF8.self)
        var path = String(decoding: bytes[(pathStart ?? bytes.count)...], as: UTF8.self)
        // A trailing slash that ends the host is dropped.
        if path == "/" { path = "" }
        return authority + wellKnown + path
    }

    private static func describe(all: [String], any: [String]) -> String {
        var parts: [String] = []
        if !all.isEmpty {
            parts.append("the token needs the scope\(all.count > 1 ? "s" : "") \(all.joined(separator: " "))")
        }
        if any.count == 1, let only = any.first { parts.append("the token needs the scope \(only)") }
        if any.count > 1 { parts.append("the token needs one of the scopes \(any.joined(separator: " "))") }
        let text = parts.joined(separator: ", and ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// A quoted-string (RFC 9110 §5.6.4).
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension String {
    /// The index behind the first occurrence of a text.
    fileprivate func range(of text: String) -> String.Index? { firstRange(of: text)?.upperBound }
}
