/// What one password hash costs (RFC 9106 §3.1).
package struct PasswordHashParameters: Sendable, Equatable {
    /// Memory in KiB.
    package var memory: UInt32
    /// Passes over that memory.
    package var iterations: UInt32
    /// Lanes; the library takes a thread for each.
    package var parallelism: UInt32

    package init(memory: UInt32 = 19 * 1024, iterations: UInt32 = 2, parallelism: UInt32 = 1) {
        self.memory = memory
        self.iterations = iterations
        self.parallelism = parallelism
    }

    /// Whether somebody may be made to compute it: a stored text must not be able to ask for all memory or an hour.
    var isBounded: Bool {
        (1...16).contains(parallelism) && (1...100).contains(iterations)
            && (8 * parallelism...Self.greatestMemory).contains(memory)
    }

    // 4 GiB, as the configuration allows.
    private static let greatestMemory: UInt32 = 4 << 20
}

/// The text of a hash in the PHC string format, read strictly: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
///
/// Salt and hash stay as they are, in base64 without padding; the library decodes them.
struct PasswordHashText {
    let parameters: PasswordHashParameters

    init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
            let parameters = Self.parameters(parts[3]), parameters.isBounded,
            Self.isBase64(parts[4], sizes: 8...64), Self.isBase64(parts[5], sizes: 16...64)
        else { return nil }
        self.parameters = parameters
    }

    private static func parameters(_ text: Substring) -> PasswordHashParameters? {
        let members = text.split(separator: ",", omittingEmptySubsequences: false)
        guard members.count == 3, let memory = number(members[0], after: "m="),
            let iterations = number(members[1], after: "t="), let parallelism = number(members[2], after: "p=")
        else { return nil }
        return PasswordHashParameters(memory: memory, iterations: iterations, parallelism: parallelism)
    }

    private static func number(_ text: Substring, after name: String) -> UInt32? {
        guard text.hasPrefix(name) else { return nil }
        let digits = text.dropFirst(name.count)
        // One spelling for each number: no sign, no leading zero.
        guard let number = UInt32(digits), String(number) == digits else { return nil }
        return number
    }

    private static func isBase64(_ text: Substring, sizes: ClosedRange<Int>) -> Bool {
        let size = text.utf8.count * 6 / 8
        return sizes.contains(size) && text.utf8.count % 4 != 1
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"): true
                default: false
                }
            }
    }

    private static let longest = 256
}
