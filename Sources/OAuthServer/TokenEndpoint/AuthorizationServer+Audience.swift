extension AuthorizationServer {
    /// The resource that a token is to be for (RFC 8707 §2.2).
    ///
    /// A grant for the issuer covers every resource, so that a client can ask for a token that is good for one of them
    /// only; any other grant covers its own resource.
    /// - Throws: `invalid_target`.
    func audience(_ parameters: RequestParameters, granted: String) throws(OAuthError) -> String {
        guard parameters["resource"] != nil else { return granted }
        let asked = try resource(parameters)
        guard [asked, definition.issuer].contains(where: { $0.utf8.elementsEqual(granted.utf8) }) else {
            throw OAuthError(.invalidTarget, "The resource is not the one that was granted.", reason: .unknownResource)
        }
        return asked
    }
}
