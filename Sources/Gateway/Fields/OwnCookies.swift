import Bytes

/// The gateway's own cookies, which upstreams neither see nor set.
enum OwnCookies {
    /// What their names start with: where the issuer has TLS, and where it is this machine and has none.
    ///
    /// Browsers compare `__Host-` with case ignored, and so does this.
    static let prefixes: [StaticString] = ["__host-gatehouse", "gatehouse-"]

    /// Whether a `Cookie` value has one of them.
    static func areIn(_ value: UnsafeRawBufferPointer) -> Bool {
        var pairs = CookiePairs(value)
        while let pair = pairs.next() { if isOwn(pair) { return true } }
        return false
    }

    /// Appends the other pairs of a `Cookie` value, and returns whether there were any.
    static func appendOthers(of value: UnsafeRawBufferPointer, to output: inout ByteBuffer) -> Bool {
        var isFirst = true
        var pairs = CookiePairs(value)
        while let pair = pairs.next() {
            guard !pair.isEmpty, !isOwn(pair) else { continue }
            if !isFirst { output.append("; ") }
            output.append(pair)
            isFirst = false
        }
        return !isFirst
    }

    /// Whether a `Set-Cookie` value would set one of them.
    ///
    /// A cookie without a name is sent back as its bare value, which can then look like a name (RFC 6265bis §5.7).
    static func isSet(by value: UnsafeRawBufferPointer) -> Bool {
        var pair = value.slice(0..<(value.firstOffset(of: UInt8(ascii: ";")) ?? value.count)).trimmed
        while pair.first == UInt8(ascii: "=") { pair = pair.slice(1..<pair.count).trimmed }
        return isOwn(pair)
    }

    private static func isOwn(_ pair: UnsafeRawBufferPointer) -> Bool {
        prefixes.contains { prefix in
            let length = prefix.utf8CodeUnitCount
            return pair.count >= length && pair.slice(0..<length).equalsIgnoringCase(prefix)
        }
    }
}

/// The pairs of a `Cookie` value without the white space around them (RFC 6265 §4.2.1).
private struct CookiePairs {
    private let value: UnsafeRawBufferPointer
    private var start = 0

    init(_ value: UnsafeRawBufferPointer) {
        self.value = value
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard start < value.count else { return nil }
        let end = value.firstOffset(of: UInt8(ascii: ";"), from: start) ?? value.count
        defer { start = end + 1 }
        return value.slice(start..<end).trimmed
    }
}
