/// Confined to its event loop: what became of tokens that were verified, found again by their bytes.
///
/// Holds at most so many entries and so many bytes of tokens. It never answers for a token that was not inserted;
/// whether what it holds is still good is for the caller to check on each hit.
package final class VerifiedTokenCache<Value: AnyObject> {
    // The work is done by a class that is not generic, so that it is compiled once and well.
    @usableFromInline let table: TokenTable

    /// An empty cache.
    ///
    /// - Parameters:
    ///   - capacity: how many tokens it holds, at least one.
    ///   - byteLimit: how many bytes their texts may have together.
    package init(capacity: Int, byteLimit: Int, seed: TokenHashSeed) {
        table = TokenTable(capacity: capacity, byteLimit: byteLimit, seed: seed)
    }

    /// The number of entries.
    package var count: Int { table.count }

    /// The bytes of all tokens in it.
    package var tokenBytes: Int { table.tokenBytes }

    /// What was inserted for just these bytes.
    @inlinable
    package func value(for token: UnsafeRawBufferPointer) -> Value? {
        // SAFETY: `insert` puts nothing but a `Value` into the table.
        table.object(for: token).map { unsafeDowncast($0, to: Value.self) }
    }

    /// Remembers a value for these bytes, in place of an older one; makes room by forgetting others.
    ///
    /// A token longer than all may be together is not remembered.
    package func insert(_ value: Value, for token: UnsafeRawBufferPointer) {
        table.insert(value, for: token)
    }

    /// Forgets these bytes.
    package func remove(_ token: UnsafeRawBufferPointer) {
        table.remove(token)
    }

    /// Forgets everything.
    package func removeAll() {
        table.removeAll()
    }
}

@available(*, unavailable)
extension VerifiedTokenCache: Sendable {}
