import Bytes

/// The parameters of a query or a form, decoded, in their order (`application/x-www-form-urlencoded`).
package struct FormParameters: Sendable, Equatable {
    /// Why text is no list of parameters.
    package enum Fault: Error, Equatable, Sendable {
        /// A `%` is not followed by two hexadecimal digits.
        case malformedEscape
        /// A name or a value is not UTF-8, or holds a NUL.
        case malformedText
        case tooMany
    }

    /// Names and values; a name may come more than once.
    package let pairs: [(name: String, value: String)]

    /// More parameters are refused; no form of ours has a tenth of them.
    package static let limit = 256

    package init(_ pairs: [(name: String, value: String)] = []) {
        self.pairs = pairs
    }

    /// Decodes strictly, so that nothing on the way can have read something else.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var pairs: [(name: String, value: String)] = []
        var start = 0
        while start < bytes.count {
            let end = bytes.firstOffset(of: UInt8(ascii: "&"), from: start) ?? bytes.count
            let pair = bytes.slice(start..<end)
            start = end + 1
            guard !pair.isEmpty else { continue }
            guard pairs.count < Self.limit else { throw .tooMany }
            let nameEnd = pair.firstOffset(of: UInt8(ascii: "=")) ?? pair.count
            let name = try Self.decode(pair.slice(0..<nameEnd))
            let value = try Self.decode(pair.slice(min(nameEnd + 1, pair.count)..<pair.count))
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// The value of a name that comes exactly once.
    package subscript(_ name: String) -> String? {
        let values = values(of: name)
        return values.count == 1 ? values.first : nil
    }

    /// All values of a name in their order.
    package func values(of name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }

    package static func == (left: FormParameters, right: FormParameters) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Text with its escapes and its `+` decoded.
    static func decode(_ text: UnsafeRawBufferPointer) throws(Fault) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard index + 1 < text.count, let high = ASCII.hexadecimalValue(text[index]),
                    let low = ASCII.hexadecimalValue(text[index + 1])
                else { throw .malformedEscape }
                bytes.append(high << 4 | low)
                index += 2
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else { throw .malformedText }
        return decoded
    }
}

extension FormParameters.Fault {
    /// What the sender is told.
    package var description: String {
        switch self {
        case .malformedEscape: "A percent sign is not followed by two hexadecimal digits"
        case .malformedText: "A parameter is not UTF-8 text"
        case .tooMany: "There are too many parameters"
        }
    }
}
