/// One promise that every implementation of a store keeps, as a test that knows only the protocol.
package struct StoreCheck<Store>: Sendable, CustomStringConvertible {
    /// The promise as a sentence.
    package let description: String
    /// Tries it with an empty store.
    package let run: @Sendable (Store) async throws -> Void

    init(_ description: String, _ run: @escaping @Sendable (Store) async throws -> Void) {
        self.description = description
        self.run = run
    }
}

/// What a store did that it must not.
package struct ConformanceFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Fails the check unless the condition holds.
func expect(_ condition: Bool, _ message: @autoclosure () throws -> String, line: Int = #line) throws {
    guard condition else { throw ConformanceFailure(description: "line \(line): \(try message())") }
}
