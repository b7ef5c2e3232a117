extension AuthorizationServer {
    /// The challenge of a request (RFC 7636 §4.3); nil where it has none and needs none.
    /// - Throws: `invalid_request` where it is missing, is nonsense or is not of the method `S256`.
    func codeChallenge(_ parameters: RequestParameters, of client: OAuthClient) throws(OAuthError) -> String? {
        let method = parameters["code_challenge_method"]
        guard let challenge = parameters["code_challenge"] else {
            // RFC 7636 §4.4.1. RFC 9700 §2.1.1: public clients must, all others should.
            guard method == nil, definition.requiresPKCE == .publicClients, !client.isPublic else {
                throw OAuthError(.invalidRequest, "code_challenge is required (PKCE).", reason: .missingPKCE)
            }
            return nil
        }
        // No method means `plain` (§4.3), which does not protect: whoever sees the request has the verifier.
        guard method == "S256" else {
            throw OAuthError(
                .invalidRequest,
                "code_challenge_method must be S256: transform algorithm not supported.",
                reason: .unsupportedPKCE
            )
        }
        // The base64url form of 32 bytes (§4.2).
        guard challenge.utf8.count == 43, challenge.utf8.allSatisfy(Self.isBase64URL) else {
            throw OAuthError(.invalidRequest, "code_challenge is no S256 challenge.", reason: .unsupportedPKCE)
        }
        return challenge
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
