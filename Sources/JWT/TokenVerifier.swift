import Bytes
import Crypto
import JSON

// How it works: the issuer is read from claims that nobody vouches for yet, only to find the key; the key, never the
// token, decides which algorithm counts; and nothing else of the claims is looked at before the signature was found
// good, so that a forged token learns nothing but that it is forged.

/// Checks tokens (RFC 7519 §7.2, RFC 8725, RFC 9068 §4): an immutable snapshot of whom to trust.
package struct TokenVerifier: Sendable {
    /// The issuers that are trusted.
    package let issuers: [TokenIssuer]

    /// Trusts these issuers; of two with the same name, the first counts.
    package init(issuers: [TokenIssuer]) {
        self.issuers = issuers
    }

    /// Checks a token.
    ///
    /// - Parameter unixTime: the time, in seconds since 1970.
    /// - Throws: the first reason for refusing it; never `revoked`, and for own tokens never `wrongAudience`.
    package func verify(_ token: UnsafeRawBufferPointer, at unixTime: Int64) throws(TokenRefusal) -> VerifiedToken {
        let parts = try CompactToken(token)
        let header = try TokenHeader(try parts.decodedHeader())
        let claims = TokenClaims(try parts.decodedClaims())
        let signature = try parts.decodedSignature()
        let index = try issuerIndex(of: claims)
        let issuer = issuers[index]
        guard issuer.tokenTypes.allows(header.type) else { throw .wrongType }
        let verifier = try issuer.verifier(for: header)
        guard signature.withUnsafeBytes({ verifier.isValid($0, for: parts.signingInput) }) else { throw .badSignature }
        return try issuer.accept(claims, index: index, keyID: header.keyID, at: unixTime)
    }

    /// Whether the key of an own token that was good is still there: with one that is removed, all its tokens end.
    package func hasKey(of token: VerifiedToken) -> Bool {
        guard token.isOwn, let keyID = token.keyID, let own = issuers.first(where: \.isOwn),
            case .available(let set) = own.keys
        else { return true }
        return set.keys.contains { $0.isNamed(keyID) }
    }

    private func issuerIndex(of claims: TokenClaims) throws(TokenRefusal) -> Int {
        let name = try claims.requiredText("iss")
        guard let index = issuers.firstIndex(where: { $0.issuer.utf8.elementsEqual(name.utf8) }) else {
            throw .unknownIssuer
        }
        return index
    }
}

extension TokenIssuer {
    /// Checks the claims of a token whose signature is good.
    fileprivate func accept(
        _ claims: TokenClaims,
        index: Int,
        keyID: String?,
        at unixTime: Int64
    ) throws(TokenRefusal) -> VerifiedToken {
        let expiresAt = try checkTimes(claims, at: unixTime)
        let audiences = try claims.audiences()
        if !isOwn {
            let isMeant = audiences.contains { audience in
                self.audiences.contains { $0.utf8.elementsEqual(audience.utf8) }
            }
            guard isMeant else { throw .wrongAudience }
        }
        let subject = try claims.text("sub")
        let clientID = try claims.clientID(isOwn: isOwn)
        let tokenID = try claims.text("jti")
        if isOwn {
            // RFC 9068 §2.2: all of these are required, and revocation rests on the last.
            guard subject != nil else { throw .missingClaim("sub") }
            guard clientID != nil else { throw .missingClaim("client_id") }
            guard claims["iat"] != nil else { throw .missingClaim("iat") }
            guard tokenID != nil else { throw .missingClaim("jti") }
        }
        return VerifiedToken(
            issuer: issuer,
            issuerIndex: index,
            isOwn: isOwn,
            subject: subject,
            userName: try userName(claims, subject: subject, clientID: clientID),
            clientID: clientID,
            scopes: try scopes(claims),
            audiences: audiences,
            expiresAt: expiresAt,
            tokenID: tokenID,
            // Another issuer's `gid` is something else, such as a group's number.
            grantID: isOwn ? try claims.text("gid") : nil,
            keyID: keyID,
            claims: claims.node
        )
    }

    /// The last second in which the token is accepted.
    private func checkTimes(_ claims: TokenClaims, at unixTime: Int64) throws(TokenRefusal) -> Int64 {
        guard let expiry = try claims.date("exp") else { throw .missingClaim("exp") }
        // RFC 7519 §4.1.4: the time must be before `exp`.
        guard unixTime < expiry + clockSkew else { throw .expired(secondsAgo: max(0, unixTime - expiry)) }
        if let start = try claims.date("nbf"), unixTime + clockSkew < start {
            throw .notYetValid(secondsAhead: start - unixTime)
        }
        if let issued = try claims.date("iat"), unixTime + clockSkew < issued {
            throw .issuedInFuture(secondsAhead: issued - unixTime)
        }
        return expiry + clockSkew - 1
    }

    /// The user's name, or nil where the client acts for itself (RFC 9068 §5: its `sub` is the client).
    private func userName(
        _ claims: TokenClaims,
        subject: String?,
        clientID: String?
    ) throws(TokenRefusal) -> String? {
        if let subject, let clientID, subject.utf8.elementsEqual(clientID.utf8) { return nil }
        guard let name = try claims.name(userNameClaim), !name.isEmpty else { return nil }
        return userPrefix + name
    }

    private func scopes(_ claims: TokenClaims) throws(TokenRefusal) -> [String] {
        let claimed: [String]
        if let scopeClaim {
            claimed = try claims.scopes(scopeClaim) ?? []
        } else {
            let standard = try claims.scopes("scope")
            let other = try claims.scopes("scp")
            claimed = standard ?? other ?? []
        }
        guard !scopeMap.isEmpty else { return claimed }
        return claimed.flatMap { scopeMap[$0] ?? [$0] }
    }
}
