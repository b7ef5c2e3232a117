/// Why a text is not the JSON that is taken here, and where.
package struct JSONError: Error, Equatable, Sendable {
    package let reason: Reason
    package let position: JSONPosition

    package init(reason: Reason, position: JSONPosition) {
        self.reason = reason
        self.position = position
    }

    /// What was wrong.
    package enum Reason: Equatable, Sendable {
        case unexpectedEnd
        /// This byte cannot stand here; the text says what could.
        case unexpectedByte(UInt8, expected: String)
        case byteOrderMark
        case invalidUTF8
        case controlCharacter(UInt8)
        case invalidEscape
        case loneSurrogate
        case invalidNumber
        case comment
        case unterminatedComment
        case repeatedMember(String)
        case tooDeep(limit: Int)
        case trailingBytes
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .unexpectedEnd: "the text ends too early"
        case .unexpectedByte(let byte, let expected): "found \(Self.name(of: byte)), expected \(expected)"
        case .byteOrderMark: "the text begins with a byte order mark; save it as UTF-8 without one"
        case .invalidUTF8: "a string is not valid UTF-8"
        case .controlCharacter(let byte): "found \(Self.name(of: byte)) in a string; write it as an escape"
        case .invalidEscape: "a backslash is followed by something that is no escape"
        case .loneSurrogate: "an escape is half of a surrogate pair"
        case .invalidNumber: "a number is malformed"
        case .comment: "comments are not allowed here"
        case .unterminatedComment: "a comment does not end"
        case .repeatedMember(let name): "the member \"\(name)\" is repeated"
        case .tooDeep(let limit): "values are nested more than \(limit) deep"
        case .trailingBytes: "there is something after the end of the value"
        }
    }

    private static func name(of byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7F { return "'\(Character(UnicodeScalar(byte)))'" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "the byte 0x" + (byte < 16 ? "0" : "") + digits
    }
}
