/// The part of an address that one customer of a provider has.
enum AddressPrefix {
    /// An IPv4 address as it is, and the /64 of an IPv6 address: whoever has one of those has all of them.
    static func of(_ text: String) -> String {
        let address = withoutPort(text)
        guard address.contains(":") else { return String(address) }
        let withoutZone = address.prefix { $0 != "%" }
        let halves = withoutZone.split(separator: ":", omittingEmptySubsequences: false)
        if let last = halves.last, last.contains(".") { return mapped(String(last), in: withoutZone) }
        guard let gap = compressed(halves), gap.count == 8 else { return String(address) }
        return gap.prefix(4).joined(separator: ":") + "::/64"
    }

    /// Some proxies forward the port too, and whoever may choose that must not be somebody else with each.
    private static func withoutPort(_ text: String) -> Substring {
        if text.hasPrefix("[") { return text.dropFirst().prefix { $0 != "]" } }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let isAfterIPv4 = text[..<colon].contains(".") && !text[colon...].dropFirst().contains(":")
        return isAfterIPv4 ? text[..<colon] : text[...]
    }

    /// The groups with those that `::` stands for, without leading zeros and in lower case.
    private static func compressed(_ groups: [Substring]) -> [String]? {
        // "::1" splits into two empty groups and one, "1::" and "::" likewise: those at an end are no groups.
        var groups = groups[...]
        if groups.count > 2, groups.first == "", groups.dropFirst().first == "" { groups = groups.dropFirst() }
        if groups.count > 2, groups.last == "", groups.dropLast().last == "" { groups = groups.dropLast() }
        var all: [String] = []
        for group in groups {
            if group.isEmpty {
                guard groups.count <= 9 else { return nil }
                all += Array(repeating: "0", count: 9 - groups.count)
            } else {
                guard let value = UInt16(group, radix: 16) else { return nil }
                all.append(String(value, radix: 16))
            }
        }
        return all
    }

    /// An IPv4 address within an IPv6 one (RFC 4291 §2.5.5.2) is that IPv4 address.
    private static func mapped(_ address: String, in text: Substring) -> String {
        text.lowercased().hasPrefix("::ffff:") ? address : String(text)
    }
}
