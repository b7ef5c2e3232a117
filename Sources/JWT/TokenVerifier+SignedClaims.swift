import JSON

extension TokenVerifier {
    /// The claims of a token of our own of the given types, of which only the signature and the issuer are checked.
    ///
    /// For an `id_token_hint`, which may have expired (OpenID Connect RP-Initiated Logout §2); nothing else may rest on it.
    /// - Throws: the first reason for refusing it.
    package func ownSignedClaims(
        _ token: UnsafeRawBufferPointer,
        types: TokenTypes
    ) throws(TokenRefusal) -> JSONNode {
        let parts = try CompactToken(token)
        let header = try TokenHeader(try parts.decodedHeader())
        let claims = TokenClaims(try parts.decodedClaims())
        let signature = try parts.decodedSignature()
        let name = try claims.requiredText("iss")
        guard let issuer = issuers.first(where: { $0.isOwn && $0.issuer.utf8.elementsEqual(name.utf8) }) else {
            throw .unknownIssuer
        }
        guard types.allows(header.type) else { throw .wrongType }
        let verifier = try issuer.verifier(for: header)
        guard signature.withUnsafeBytes({ verifier.isValid($0, for: parts.signingInput) }) else { throw .badSignature }
        return claims.node
    }
}
