/// Sizes as the file writes them: `64KiB`, `10MiB`, `4GiB` or a number of bytes.
enum ByteSize {
    static let words = "a size such as \"64KiB\", \"10MiB\" or \"4GiB\", or a number of bytes"
    static let pattern = "^[0-9]+(B|KiB|MiB|GiB|TiB)$"

    static func parse(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let count = UInt64(digits), let unit = units[String(text.dropFirst(digits.count))] else {
            return nil
        }
        let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: unit)
        return isTooLarge || bytes > maximum ? nil : bytes
    }

    /// Half of what an `Int` holds, so that sums of sizes cannot overflow.
    static let maximum: UInt64 = 1 << 62

    private static let units: [String: UInt64] = [
        "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]
}

extension Kind where Value == UInt64 {
    static func size(_ range: ClosedRange<UInt64> = 0...ByteSize.maximum) -> Kind {
        let shape = {
            let text = Shape(form: .text(pattern: ByteSize.pattern), words: ByteSize.words)
            let upper = Int64(clamping: range.upperBound)
            let number = Shape(form: .integer(Int64(clamping: range.lowerBound)...upper), words: "a number of bytes")
            return Shape(form: .either([text, number]), words: ByteSize.words, label: "size")
        }
        return Kind(shape: shape) { cursor in
            let number = cursor.node.int64.flatMap { UInt64(exactly: $0) }
            guard let size = number ?? cursor.node.string.flatMap(ByteSize.parse) else {
                cursor.fault("not a size", found: cursor.found, allowed: ByteSize.words)
                return nil
            }
            guard range.contains(size) else {
                let allowed = "\(range.lowerBound) to \(range.upperBound) bytes"
                cursor.fault("a size out of range", found: cursor.found, allowed: allowed)
                return nil
            }
            return size
        }
    }
}
