import Bytes
import Crypto

/// Knows browsers again in which a user has signed in, by a cookie that says so and nothing more.
///
/// The value is up to four entries joined by dots, the latest first. An entry is base64url of a random id and of the
/// first half of an HMAC over it and the user's name: it does not show the name, and counts for that name only.
struct KnownBrowsers: Sendable {
    let key: HMACKey

    /// The browser's id for a user; nil where the user has not signed in there.
    func id(in cookie: String?, for user: String) -> String? {
        entries(cookie).lazy.compactMap { entry in
            let id = Array(entry.prefix(Self.idSize))
            return ConstantTime.equals(Array(entry.dropFirst(Self.idSize)), tag(id, user)) ? Base64URL.encode(id) : nil
        }.first
    }

    /// The cookie's value after a user has signed in: with an entry for them first, the one they had if there was one.
    func cookie(_ cookie: String?, adding user: String, id: [UInt8]) -> String {
        var others = entries(cookie)
        var own = id + tag(id, user)
        if let index = others.firstIndex(where: { belongs($0, to: user) }) { own = others.remove(at: index) }
        return ([own] + others.prefix(Self.limit - 1)).map(Base64URL.encode).joined(separator: ".")
    }

    private func belongs(_ entry: [UInt8], to user: String) -> Bool {
        ConstantTime.equals(Array(entry.dropFirst(Self.idSize)), tag(Array(entry.prefix(Self.idSize)), user))
    }

    private func entries(_ cookie: String?) -> [[UInt8]] {
        guard let cookie, cookie.utf8.count <= Self.longest else { return [] }
        return cookie.split(separator: ".").prefix(Self.limit).compactMap { part in
            Base64URL.decode(String(part)).flatMap { $0.count == Self.idSize + Self.tagSize ? $0 : nil }
        }
    }

    private func tag(_ id: [UInt8], _ user: String) -> [UInt8] {
        (id + Array(user.utf8)).withUnsafeBytes { Array(key.authenticationCode(of: $0).prefix(Self.tagSize)) }
    }

    static let idSize = 16
    private static let tagSize = 16
    private static let limit = 4
    private static let longest = 256
}
