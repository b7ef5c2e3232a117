import JSON

/// What an `id_token_hint` says: whom it is about, and which clients it went to.
struct IDTokenHint {
    let subject: String
    let audiences: [String]
}

extension AuthorizationServer {
    /// Reads an ID token of ours, expired or not; nil for any other text.
    func idToken(_ text: String) async -> IDTokenHint? {
        guard let claims = await minting.claims(ofIDToken: text), let subject = claims["sub"]?.string else {
            return nil
        }
        let audiences = claims["aud"].map { node in
            node.string.map { [$0] } ?? node.array?.compactMap(\.string) ?? []
        }
        return IDTokenHint(subject: subject, audiences: audiences ?? [])
    }
}
