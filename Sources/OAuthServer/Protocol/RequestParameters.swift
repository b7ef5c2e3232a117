/// The parameters of a request, decoded, as (name, value) pairs in their order.
package struct RequestParameters: Sendable {
    private let pairs: [(name: String, value: String)]

    package init(_ pairs: [(name: String, value: String)]) {
        // RFC 6749 §3.1, §3.2: one without a value counts as not sent.
        self.pairs = pairs.filter { !$0.value.isEmpty }
    }

    /// The value of a parameter, the first where there are several; nil where there is none or it is empty.
    package subscript(name: String) -> String? {
        pairs.first { Self.isSame($0.name, name) }?.value
    }

    /// All values of a parameter that can be repeated, such as `resource` (RFC 8707 §2).
    package func values(_ name: String) -> [String] {
        pairs.filter { Self.isSame($0.name, name) }.map(\.value)
    }

    /// Whether a parameter is there more than once.
    package func isRepeated(_ name: String) -> Bool {
        values(name).count > 1
    }

    /// The first parameter that is there more than once and can't be.
    package var repeatedName: String? {
        var seen: Set<String> = []
        return pairs.first { $0.name != "resource" && !seen.insert($0.name).inserted }?.name
    }

    /// Refuses what is there more than once (RFC 6749 §3.1, §3.2), but `resource`.
    /// - Throws: `invalid_request`.
    package func checkNotRepeated() throws(OAuthError) {
        guard repeatedName == nil else {
            throw OAuthError(.invalidRequest, "A parameter is there more than once.", reason: .repeatedParameter)
        }
    }

    private static func isSame(_ name: String, _ other: String) -> Bool {
        name.utf8.elementsEqual(other.utf8)
    }
}
