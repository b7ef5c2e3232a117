import Bytes

/// The `traceparent` of a request (W3C Trace Context §3.2).
enum TraceContext {
    /// Whether a value can be continued: of version 00, or of a later one that starts like it.
    static func isValid(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 55, value[2] == dash, value[35] == dash, value[52] == dash else { return false }
        let version = value.slice(0..<2)
        let trace = value.slice(3..<35)
        let parent = value.slice(36..<52)
        guard version.allSatisfy(isDigit), !version.equals("ff"), value.slice(53..<55).allSatisfy(isDigit),
            trace.allSatisfy(isDigit), parent.allSatisfy(isDigit)
        else { return false }
        guard trace.contains(where: { $0 != zero }), parent.contains(where: { $0 != zero }) else { return false }
        if value.count == 55 { return true }
        return !version.equals("00") && value[55] == dash
    }

    /// Lower-case hexadecimal digits only.
    private static func isDigit(_ byte: UInt8) -> Bool { ASCII.isDigit(byte) || byte &- 0x61 < 6 }

    private static let dash = UInt8(ascii: "-")
    private static let zero = UInt8(ascii: "0")
}
