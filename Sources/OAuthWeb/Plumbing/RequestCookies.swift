import Bytes
import HTTP

/// The cookies of a request (RFC 6265 §4.2).
package struct RequestCookies: Sendable, Equatable {
    private let pairs: [(name: String, value: String)]

    package init(_ pairs: [(name: String, value: String)] = []) {
        self.pairs = pairs
    }

    /// Reads those cookies of ours, by the start of their names, that a request has.
    init(_ head: RequestHead, prefixes: [String]) {
        var pairs: [(name: String, value: String)] = []
        var next = head.fields.firstIndex(of: .cookie)
        while let index = next {
            let value = head.value(index)
            var start = 0
            while start < value.count {
                let end = value.firstOffset(of: UInt8(ascii: ";"), from: start) ?? value.count
                let pair = value.slice(start..<end).trimmed
                start = end + 1
                guard let nameEnd = pair.firstOffset(of: UInt8(ascii: "=")) else { continue }
                let name = pair.slice(0..<nameEnd).text
                guard prefixes.contains(where: name.hasPrefix) else { continue }
                pairs.append((name, pair.slice((nameEnd + 1)..<pair.count).text))
            }
            next = head.fields.firstIndex(of: .cookie, from: index + 1)
        }
        self.pairs = pairs
    }

    /// The value of a cookie that is there exactly once: of two, one could be somebody else's.
    package subscript(_ name: String) -> String? {
        let values = pairs.filter { $0.name == name }
        return values.count == 1 ? values.first?.value : nil
    }

    package static func == (left: RequestCookies, right: RequestCookies) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0.name == $1.name && $0.value == $1.value }
    }
}
