/// How much one loop's requests to our own endpoints hold at once, so that a flood of them stays bounded.
///
/// Confined to its event loop.
final class EndpointLoad {
    /// Requests whose answer is being made.
    private(set) var requestCount = 0
    /// Bytes of bodies that are being collected.
    private(set) var bodyBytes = 0

    private let requestLimit: Int
    private let byteLimit: Int

    /// Seconds that a client is asked to wait.
    static let retryAfter = 2

    init(requestLimit: Int = 1024, byteLimit: Int = 32 * 1024 * 1024) {
        self.requestLimit = requestLimit
        self.byteLimit = byteLimit
    }

    /// Counts a request in; false where there are too many.
    func begin() -> Bool {
        guard requestCount < requestLimit else { return false }
        requestCount += 1
        return true
    }

    func end() { requestCount -= 1 }

    /// Counts bytes in; false where there are too many.
    func reserve(_ count: Int) -> Bool {
        guard bodyBytes + count <= byteLimit else { return false }
        bodyBytes += count
        return true
    }

    func release(_ count: Int) { bodyBytes -= count }
}

@available(*, unavailable)
extension EndpointLoad: Sendable {}
