import Bytes

/// The host and port in a `Host` value or an authority (RFC 9110 §7.2, RFC 3986 §3.2).
@usableFromInline
package struct Authority: Equatable, Sendable {
    /// How many bytes at the start are the host, a dot at its end left out; `[` and `]` of an IPv6 address count.
    package let hostCount: Int
    package let port: UInt16?

    /// Reads `host` or `host:port`, or returns nil.
    ///
    /// A host is letters, digits, `-`, `.`, `_` and `~` with no empty label, or an IPv6 address in brackets: no user
    /// information, no escapes, no sub-delimiters, none of which a host on the web has.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        let end = bytes.first == UInt8(ascii: "[") ? Self.endOfAddress(bytes) : Self.endOfName(bytes)
        guard let end else { return nil }
        guard let port = Self.port(bytes.slice(end..<bytes.count)) else { return nil }
        hostCount = bytes[end - 1] == UInt8(ascii: ".") ? end - 1 : end
        self.port = port
    }

    private static func endOfName(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var labelStart = 0
        var index = 0
        while index < bytes.count, bytes[index] != UInt8(ascii: ":") {
            let byte = bytes[index]
            if byte == UInt8(ascii: ".") {
                if index == labelStart { return nil }
                labelStart = index + 1
            } else if !isNameByte(byte) {
                return nil
            }
            index += 1
        }
        return index > 0 ? index : nil
    }

    @inline(__always)
    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "~")
    }

    /// The offset behind `]`; what is inside has the bytes of an IPv6 address, and two colons at least.
    private static func endOfAddress(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let close = bytes.firstOffset(of: UInt8(ascii: "]")), close <= 46 else { return nil }
        var colons = 0
        for byte in bytes.slice(1..<close) {
            if byte == UInt8(ascii: ":") {
                colons += 1
            } else if ASCII.hexadecimalValue(byte) == nil, byte != UInt8(ascii: ".") {
                return nil
            }
        }
        return colons >= 2 && colons <= 8 ? close + 1 : nil
    }

    /// The port in what follows the host: nothing and `:` are no port (`.some(nil)`); nil is malformed.
    private static func port(_ bytes: UnsafeRawBufferPointer) -> UInt16?? {
        guard let first = bytes.first else { return .some(nil) }
        guard first == UInt8(ascii: ":"), bytes.count <= 6 else { return nil }
        if bytes.count == 1 { return .some(nil) }
        var value: UInt32 = 0
        for byte in bytes.slice(1..<bytes.count) {
            guard ASCII.isDigit(byte) else { return nil }
            value = value * 10 + UInt32(byte - 0x30)
        }
        guard let port = UInt16(exactly: value) else { return nil }
        return .some(port)
    }
}
