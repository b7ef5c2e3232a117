/// An IP address.
package struct IPAddress: Sendable, Equatable, Hashable {
    /// Four bytes for version 4, sixteen for version 6, in network order.
    package let bytes: [UInt8]

    /// Parses the usual text forms strictly: no leading zeros, no zone, no brackets (RFC 4291 §2.2).
    package init?(_ text: some StringProtocol) {
        guard let bytes = Self.parseVersion4(text) ?? Self.parseVersion6(text) else { return nil }
        self.bytes = bytes
    }

    package var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    private static func parseVersion4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var value = 0
            for digit in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                value = value * 10 + Int(digit - UInt8(ascii: "0"))
            }
            guard value < 256 else { return nil }
            bytes.append(UInt8(value))
        }
        return bytes
    }

    private static func parseVersion6(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count <= 45, text.contains(":") else { return nil }
        let text = String(text)
        guard let gap = text.firstRange(ofDoubleColon: ()) else {
            return parseGroups(text[...]).flatMap { $0.count == 16 ? $0 : nil }
        }
        guard let head = parseGroups(text[..<gap.lowerBound]), let tail = parseGroups(text[gap.upperBound...]),
            head.count + tail.count <= 14, !text[..<gap.lowerBound].contains(".")
        else { return nil }
        return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of groups between colons; the last may be an IPv4 address.
    private static func parseGroups(_ text: Substring) -> [UInt8]? {
        if text.isEmpty { return [] }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if index == groups.count - 1, group.contains(".") {
                guard let last = parseVersion4(group) else { return nil }
                bytes += last
            } else {
                guard (1...4).contains(group.utf8.count), group.allSatisfy({ $0.isASCII && $0.isHexDigit }),
                    let value = UInt16(group, radix: 16)
                else { return nil }
                bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
            }
        }
        return bytes
    }
}

extension String {
    fileprivate func firstRange(ofDoubleColon: Void) -> Range<String.Index>? {
        var index = startIndex
        while index < endIndex {
            let next = self.index(after: index)
            if self[index] == ":", next < endIndex, self[next] == ":" { return index..<self.index(after: next) }
            index = next
        }
        return nil
    }
}

/// A block of addresses in CIDR form, such as `10.0.0.0/8`; one address alone is a block of one.
package struct AddressBlock: Sendable, Equatable {
    package let address: IPAddress
    /// How many leading bits count.
    package let prefixLength: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        self.address = address
        let bits = address.bytes.count * 8
        guard parts.count == 2 else {
            prefixLength = bits
            return
        }
        guard parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), let length = Int(parts[1]), length <= bits else {
            return nil
        }
        prefixLength = length
    }

    /// Whether the address lies in this block.
    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return address.bytes.indices.allSatisfy { index in
            let bits = min(max(prefixLength - index * 8, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            return (address.bytes[index] ^ other.bytes[index]) & mask == 0
        }
    }

    /// Whether no bit is set behind the prefix.
    var isCanonical: Bool {
        address.bytes.indices.allSatisfy { index in
            let bits = min(max(prefixLength - index * 8, 0), 8)
            return address.bytes[index] & ~UInt8(truncatingIfNeeded: 0xFF00 >> bits) == 0
        }
    }
}

extension Kind where Value == AddressBlock {
    static var addressBlock: Kind {
        .text("an IP address or a block such as \"10.0.0.0/8\"", pattern: "^[0-9A-Fa-f.:]+(/[0-9]+)?$") {
            (text, _) throws(ValueFault) in
            guard let block = AddressBlock(text) else { throw ValueFault("not an address or block") }
            guard block.isCanonical else { throw ValueFault("a block with bits set behind its prefix") }
            return block
        }
    }
}
