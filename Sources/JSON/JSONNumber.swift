import Bytes

/// A JSON number as it was written (RFC 8259 §6).
package struct JSONNumber: Sendable, Equatable {
    /// The number's text, which follows the grammar of RFC 8259 §6.
    package let text: String

    init(validated text: String) {
        self.text = text
    }

    package init(_ value: Int64) {
        text = String(value)
    }

    /// The exact integer, also when written as `1e3` or `1.0`; nil if it has a fraction or does not fit.
    package var int64: Int64? {
        var digits: [UInt8] = []
        var fraction = 0
        var isFraction = false
        var exponentText = Substring()
        for (index, byte) in zip(text.utf8.indices, text.utf8) {
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte | 0x20 == UInt8(ascii: "e") {
                exponentText = text[text.utf8.index(after: index)...]
                break
            } else if ASCII.isDigit(byte) {
                digits.append(byte)
                if isFraction { fraction += 1 }
            }
        }
        let significant = digits.trimmingZeros()
        guard !significant.isEmpty else { return 0 }
        // An exponent too long for an Int is out of range whatever the digits are: text is far shorter than 2^63.
        guard let exponent = exponentText.isEmpty ? 0 : Int(exponentText), exponent.magnitude < 1 << 62 else {
            return nil
        }
        let zeros = exponent - fraction + (digits.endIndex - significant.endIndex)
        guard zeros >= 0, zeros < 19, significant.count <= 19 - zeros else { return nil }
        let whole = significant.map { Character(UnicodeScalar($0)) } + Array(repeating: "0", count: zeros)
        return Int64((text.utf8.first == UInt8(ascii: "-") ? "-" : "") + String(whole))
    }

    /// The nearest double; nil if the number is out of its range.
    package var double: Double? {
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }
}

extension [UInt8] {
    /// These digits without the zeros at both ends.
    fileprivate func trimmingZeros() -> ArraySlice<UInt8> {
        let zero = UInt8(ascii: "0")
        guard let first = firstIndex(where: { $0 != zero }), let last = lastIndex(where: { $0 != zero }) else {
            return []
        }
        return self[first...last]
    }
}
