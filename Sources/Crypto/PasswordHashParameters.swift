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
/// Salt and hash are in base64 without padding.
struct PasswordHashText {
    let parameters: PasswordHashParameters
    let salt: [UInt8]
    let hash: [UInt8]

    init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19",
            let parameters = Self.parameters(parts[3]), parameters.isBounded,
            let salt = Self.bytes(parts[4], sizes: 8...64), let hash = Self.bytes(parts[5], sizes: 16...64)
        else { return nil }
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    static func write(_ parameters: PasswordHashParameters, salt: [UInt8], hash: [UInt8]) -> String {
        let cost = "m=\(parameters.memory),t=\(parameters.iterations),p=\(parameters.parallelism)"
        return "$argon2id$v=19$\(cost)$\(base64(salt))$\(base64(hash))"
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

    /// The bytes that base64 without padding stands for (RFC 4648 §4); nil for anything else, or another number of them.
    private static func bytes(_ text: Substring, sizes: ClosedRange<Int>) -> [UInt8]? {
        guard sizes.contains(text.utf8.count * 6 / 8), text.utf8.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        // One spelling for the same bytes: what is left over is zero.
        return bits & (1 << count - 1) == 0 ? bytes : nil
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let longest = 256
}
