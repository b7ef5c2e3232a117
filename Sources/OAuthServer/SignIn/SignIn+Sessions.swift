import JWT

extension SignIn {
    /// Who is signed in, by the session cookie's value.
    ///
    /// Notes that the session is in use, at most once a minute.
    package func current(_ cookie: String?) async throws(StoreError) -> SessionState {
        guard let idHash = cookie.flatMap(idHash(ofCookie:)), var session = try await store.session(idHash) else {
            return .none
        }
        let now = clock()
        guard sessionLifetime.covers(session, at: now) else {
            _ = try await store.removeSession(idHash, ofUser: nil)
            return .expired(userName: session.userName)
        }
        guard let user = try await store.user(session.userName), !user.isDisabled else { return .none }
        if now - session.lastSeenAt >= Self.touchInterval {
            // The session counts where this fails; the next use notes it.
            try? await store.touchSession(idHash, at: now)
            session.lastSeenAt = now
        }
        return .active(CurrentSession(user: user, session: session))
    }

    /// Ends the session of this browser; it does not matter whether there is one.
    package func signOut(_ cookie: String?, context: RequestContext) async throws(StoreError) {
        guard let idHash = cookie.flatMap(idHash(ofCookie:)), let session = try await store.session(idHash) else {
            return
        }
        guard try await store.removeSession(idHash, ofUser: nil) else { return }
        audit.record(AuditEvent(.logout, user: session.userName, context: context))
    }

    /// The sessions of a user that still count, the latest first.
    package func sessions(of current: CurrentSession) async throws(StoreError) -> [BrowserSession] {
        let now = clock()
        return try await store.sessions(ofUser: current.user.name).filter { sessionLifetime.covers($0, at: now) }
    }

    /// Ends a session of the same user; false where they have none with this id.
    package func end(
        session idHash: [UInt8],
        by current: CurrentSession,
        context: RequestContext
    ) async throws(StoreError) -> Bool {
        guard try await store.removeSession(idHash, ofUser: current.user.name) else { return false }
        audit.record(AuditEvent(.sessionEnded, user: current.user.name, context: context))
        return true
    }

    // Seconds.
    private static let touchInterval: Int64 = 60
}

/// What a session cookie stands for.
package enum SessionState: Sendable, Equatable {
    /// There is no such session, or its user has gone or is disabled.
    case none
    /// It has not been used for too long, or began too long ago; it has ended now.
    case expired(userName: String)
    case active(CurrentSession)
}

/// Who is signed in, and in which session.
package struct CurrentSession: Sendable, Equatable {
    package var user: OAuthUser
    package var session: BrowserSession

    package init(user: OAuthUser, session: BrowserSession) {
        self.user = user
        self.session = session
    }

    /// The user as the authorization endpoint knows them.
    package var signedInUser: SignedInUser { SignedInUser(user, authenticatedAt: session.authenticatedAt) }
}
