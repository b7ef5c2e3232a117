extension AuthorizationServer {
    /// The protected resource that a request asks for (RFC 8707 §2); the issuer where it has no `resource`.
    ///
    /// A token is for one resource, so of several different ones there is none to choose.
    /// - Throws: `invalid_target`.
    func resource(_ parameters: RequestParameters) throws(OAuthError) -> String {
        let requested = parameters.values("resource")
        guard let first = requested.first else { return definition.issuer }
        guard let known = definition.resources.first(where: { Self.isSame(first, $0) }) else {
            throw OAuthError(.invalidTarget, "There is no such resource.", reason: .unknownResource)
        }
        guard requested.allSatisfy({ Self.isSame($0, known) }) else {
            throw OAuthError(.invalidTarget, "A token is for one resource only.", reason: .unknownResource)
        }
        return known
    }

    /// Byte for byte, but that an empty path is `/` (RFC 3986 §6.2.3): URL types of many languages write it.
    private static func isSame(_ requested: String, _ known: String) -> Bool {
        if requested.utf8.elementsEqual(known.utf8) { return true }
        return (requested + "/").utf8.elementsEqual(known.utf8) && hasEmptyPath(requested)
            || requested.utf8.elementsEqual((known + "/").utf8) && hasEmptyPath(known)
    }

    private static func hasEmptyPath(_ uri: String) -> Bool {
        guard uri.hasPrefix("https://") || uri.hasPrefix("http://") else { return false }
        return uri.utf8.count { $0 == UInt8(ascii: "/") } == 2 && !uri.contains("?")
    }
}
