extension AuthorizationCode {
    /// RFC 6749 §4.1.3: the same redirect URI again, byte for byte, where the authorization request named one.
    func checkRedirectURI(_ sent: String?) throws(OAuthError) {
        if sent == nil, !redirectURIWasSent { return }
        guard let sent else {
            throw OAuthError(
                .invalidGrant,
                "The parameter redirect_uri is missing; the authorization request named one.",
                reason: .redirectURIMismatch
            )
        }
        guard sent.utf8.elementsEqual(redirectURI.utf8) else {
            throw OAuthError(
                .invalidGrant,
                "The redirect_uri is not the one of the authorization request.",
                reason: .redirectURIMismatch
            )
        }
    }

    /// RFC 7636 §4.6; the code comes back to whoever asked for it.
    func checkVerifier(_ sent: String?) throws(OAuthError) {
        guard let codeChallenge else {
            // RFC 9700 §2.1.1: somebody has taken the challenge out of the authorization request.
            guard sent == nil else {
                throw OAuthError(
                    .invalidGrant,
                    "There is a code_verifier, but the authorization request had no code_challenge.",
                    reason: .wrongPKCE
                )
            }
            return
        }
        guard let sent else {
            throw OAuthError(.invalidGrant, "The parameter code_verifier is missing.", reason: .missingPKCE)
        }
        guard let verifier = CodeVerifier(sent), verifier.matches(codeChallenge) else {
            throw OAuthError(.invalidGrant, "The code_verifier does not fit the code_challenge.", reason: .wrongPKCE)
        }
    }
}
