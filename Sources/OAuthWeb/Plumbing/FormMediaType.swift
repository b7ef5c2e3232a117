import Bytes
import HTTP

/// The media type of forms (RFC 6749 Appendix B).
enum FormMediaType {
    /// Whether a request says that its body is a form in UTF-8; parameters other than `charset` mean nothing.
    static func isForm(_ head: RequestHead) -> Bool {
        guard head.count(of: .contentType) == 1, let value = head.value(of: .contentType) else { return false }
        let typeEnd = value.firstOffset(of: UInt8(ascii: ";")) ?? value.count
        guard value.slice(0..<typeEnd).trimmed.equalsIgnoringCase("application/x-www-form-urlencoded") else {
            return false
        }
        var start = typeEnd + 1
        while start < value.count {
            let end = value.firstOffset(of: UInt8(ascii: ";"), from: start) ?? value.count
            let parameter = value.slice(start..<end).trimmed
            start = end + 1
            guard let nameEnd = parameter.firstOffset(of: UInt8(ascii: "=")),
                parameter.slice(0..<nameEnd).equalsIgnoringCase("charset")
            else { continue }
            let charset = parameter.slice((nameEnd + 1)..<parameter.count)
            guard charset.equalsIgnoringCase("utf-8") || charset.equalsIgnoringCase("\"utf-8\"") else { return false }
        }
        return true
    }
}
