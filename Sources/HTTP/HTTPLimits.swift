/// Bounds on what one head, or one trailer section, may hold.
@usableFromInline
package struct HTTPLimits: Sendable, Equatable {
    /// The longest request-target in bytes; a longer one is 414.
    package var targetSize: Int

    /// The longest field section in bytes, line ends counted; a longer one is 431.
    package var headerSize: Int

    /// The most field lines; more are 431.
    package var headerCount: Int

    /// The longest method in bytes; a longer one is 501 (RFC 9112 §3).
    package static let methodSize = 32

    /// Bounds that are kept between 1 and what a head can index (16 MiB, and 10,000 fields).
    package init(targetSize: Int = 8 << 10, headerSize: Int = 32 << 10, headerCount: Int = 100) {
        self.targetSize = min(max(targetSize, 1), 16 << 20)
        self.headerSize = min(max(headerSize, 1), 16 << 20)
        self.headerCount = min(max(headerCount, 1), 10_000)
    }

    /// No head that is within the limits takes more bytes than this, the empty line before it and its end included.
    package var headSize: Int {
        2 + HTTPLimits.methodSize + 1 + targetSize + requestLineTail + headerSize + 2
    }

    /// The bytes of ` HTTP/1.1` and the line end.
    var requestLineTail: Int { 11 }
}
