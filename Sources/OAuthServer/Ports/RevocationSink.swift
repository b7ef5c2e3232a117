import JWT

/// Makes revocations count in this process.
package protocol RevocationSink: Sendable {
    /// Applies revocations that are in the storage already; returns when every event loop refuses the tokens.
    func apply(_ revocations: [Revocation]) async
}
