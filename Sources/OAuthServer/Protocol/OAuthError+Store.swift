import JWT

extension OAuthError {
    /// Asks the storage, and answers 503 where it doesn't: that is neither yes nor no.
    static func mapping<Value>(
        _ work: () async throws(StoreError) -> Value
    ) async throws(OAuthError) -> Value {
        do throws(StoreError) {
            return try await work()
        } catch {
            throw OAuthError(error)
        }
    }
}
