/// Whether who is signed in is who the client wants, as freshly as it wants (OpenID Connect Core §3.1.2.1, §3.1.2.3).
enum SignInState {
    case fulfilled(SignedInUser)
    case required(SignInPrompt)
    /// Nobody may be asked, or asking has not helped.
    case refused(OAuthError)
}

extension AuthorizationServer {
    /// Compares who is signed in with what a request asks for.
    func signInState(of request: AuthorizationRequest, signedIn: SignedInUser?) -> SignInState {
        let mayAsk = !request.prompts.contains(.none)
        func ask(_ prompt: SignInPrompt) -> SignInState {
            mayAsk
                ? .required(prompt)
                : .refused(OAuthError(.loginRequired, "The user has to sign in.", reason: .notSignedIn))
        }
        guard let signedIn else { return ask(.first) }
        let hasJustSignedIn = request.hasSignedIn && signedIn.authenticatedAt >= request.receivedAt
        if let wanted = request.requiredUser, !wanted.utf8.elementsEqual(signedIn.name.utf8) {
            // §3.1.2.2: another user than the hint's may not be the answer.
            guard !hasJustSignedIn else {
                return .refused(OAuthError(.loginRequired, "Another user signed in.", reason: .notSignedIn))
            }
            return ask(.otherAccount(user: wanted))
        }
        if hasJustSignedIn { return .fulfilled(signedIn) }
        let mustConfirm = request.prompts.contains(.login) || request.prompts.contains(.selectAccount)
        return mustConfirm || isTooOld(signedIn, for: request)
            ? ask(.confirm(user: signedIn.name)) : .fulfilled(signedIn)
    }

    private func isTooOld(_ user: SignedInUser, for request: AuthorizationRequest) -> Bool {
        guard let maximumAge = request.maximumAge else { return false }
        // 0 means what prompt=login means.
        return maximumAge == 0 || clock() - user.authenticatedAt > maximumAge
    }
}
