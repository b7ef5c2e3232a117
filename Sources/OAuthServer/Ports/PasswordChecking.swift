/// Compares and hashes passwords: slow work, done off the event loops and with a limit to what may wait.
package protocol PasswordChecking: Sendable {
    /// Compares a password with a stored hash; nil stands for no user, takes as long and never matches.
    func check(_ password: [UInt8], against hash: String?, urgency: PasswordCheckUrgency) async -> PasswordCheck
    /// A new password's hash; nil where too much waits already.
    func hash(_ password: [UInt8]) async -> String?
}

/// How soon a password should be looked at while others wait.
package enum PasswordCheckUrgency: Sendable, Equatable {
    /// From a browser in which this user has signed in before, or a session.
    case known
    /// From an address that has not failed lately.
    case unknown
    /// From an address that has.
    case suspect
}

/// What comparing a password came to.
package enum PasswordCheck: Sendable, Equatable {
    /// It is the one; the replacement is a hash of it with today's parameters, where the stored one has others.
    case matches(replacement: String?)
    case differs
    /// Nobody looked: too much waits already.
    case busy
}
