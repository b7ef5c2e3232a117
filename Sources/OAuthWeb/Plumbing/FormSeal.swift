import Bytes
import Crypto

/// Lets the browser keep what a form is about, unread and unchanged, until the form comes back: no row is stored for it.
package struct FormSeal: Sendable {
    private let key: SealingKey

    package init(key: SealingKey) {
        self.key = key
    }

    /// Seals bytes as text for a hidden field.
    ///
    /// - Parameters:
    ///   - purpose: Opens only for the same.
    ///   - unixTime: Now.
    package func seal(_ bytes: [UInt8], purpose: String, at unixTime: Int64) -> String? {
        let plain = withUnsafeBytes(of: unixTime.bigEndian) { Array($0) } + bytes
        let sealed: Result<[UInt8], CryptoError> = plain.withUnsafeBytes { plain in
            do throws(CryptoError) {
                return .success(try key.seal(plain, context: Array(purpose.utf8)))
            } catch {
                return .failure(error)
            }
        }
        return (try? sealed.get()).map(Base64URL.encode)
    }

    /// Opens what was sealed at most so many seconds ago; nil for anything else.
    package func open(_ text: String, purpose: String, maximumAge: Int64, at unixTime: Int64) -> [UInt8]? {
        guard let sealed = Base64URL.decode(text),
            let opened = try? key.open(sealed, context: Array(purpose.utf8))
        else { return nil }
        let plain = opened.withUnsafeBytes { Array($0) }
        guard plain.count >= 8 else { return nil }
        let sealedAt = plain.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        // Another node may have sealed it, whose clock is a little ahead.
        guard sealedAt <= unixTime + 60, unixTime - sealedAt <= maximumAge else { return nil }
        return Array(plain.dropFirst(8))
    }
}
