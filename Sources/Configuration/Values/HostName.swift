/// Host names and host patterns.
enum HostName {
    /// Whether this is a host name of letters, digits, hyphens and underscores in labels of at most 63 (RFC 1123 §2.1).
    static func isValid(_ text: some StringProtocol) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }

    /// Whether every label is digits and dots, as in a mistyped IPv4 address.
    static func looksLikeAddress(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// A host as URLs write it, without port: a name, an IPv4 address or an IPv6 address in brackets; lower case.
    static func parse(_ text: some StringProtocol) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let address = text.dropFirst().dropLast()
            guard address.contains(":"), IPAddress(address) != nil else { return nil }
            return text.lowercased()
        }
        if looksLikeAddress(text) { return IPAddress(text) == nil ? nil : String(text) }
        return isValid(text) ? text.lowercased() : nil
    }

    /// Splits `host:port`, where an IPv6 host is in brackets; the port is nil if there is none.
    static func split(_ text: Substring) -> (host: Substring, port: Substring?)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            if rest.isEmpty { return (text, nil) }
            return rest.hasPrefix(":") ? (text[...end], rest.dropFirst()) : nil
        }
        guard let colon = text.firstIndex(of: ":") else { return (text, nil) }
        let port = text[text.index(after: colon)...]
        return port.contains(":") ? nil : (text[..<colon], port)
    }

    /// A decimal port without sign or leading zeros.
    static func parsePort(_ text: Substring) -> UInt16? {
        guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }), text == "0" || !text.hasPrefix("0") else {
            return nil
        }
        return UInt16(text)
    }
}

extension Kind where Value == String {
    /// A host that a route answers on: exact, or `*.` and a domain.
    static var hostPattern: Kind {
        .text("a host such as \"api.example.com\" or \"*.example.com\", without port") { (text, _) throws(ValueFault) in
            if text.hasPrefix("*.") {
                let domain = text.dropFirst(2)
                guard HostName.isValid(domain), !HostName.looksLikeAddress(domain) else {
                    throw ValueFault("not a host pattern")
                }
                return text.lowercased()
            }
            guard let host = HostName.parse(text) else { throw ValueFault("not a host") }
            return host
        }
    }
}
