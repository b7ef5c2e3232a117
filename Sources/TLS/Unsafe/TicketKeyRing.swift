import COpenSSL
import Locking

/// The keys of session tickets (RFC 8446 §4.6.1, RFC 5077), shared by all contexts of the process and made anew each
/// half day, so that a resumed session is never older than a day and old tickets can't be opened later.
package final class TicketKeyRing: Sendable {
    private struct Key {
        var name: [UInt8]
        var cipherKey: [UInt8]
        var macKey: [UInt8]
        var madeAt: Int64
    }

    private struct Keys {
        var current: Key
        var previous: Key?
    }

    private let keys: Locked<Keys>

    /// Seconds a key seals tickets; it opens them for as long again.
    private static let lifetime: Int64 = 12 * 3600

    package init() {
        keys = Locked(Keys(current: Self.makeKey(at: Self.now()), previous: nil))
    }

    private static func now() -> Int64 { Int64(time(nil)) }

    private static func makeKey(at now: Int64) -> Key {
        func random(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard RAND_bytes(&bytes, Int32(count)) == 1 else { preconditionFailure("the system has no randomness") }
            return bytes
        }
        return Key(name: random(16), cipherKey: random(32), macKey: random(32), madeAt: now)
    }

    private func sealingKey() -> Key {
        let now = Self.now()
        return keys.withLock { keys in
            if now - keys.current.madeAt >= Self.lifetime {
                keys.previous = keys.current
                keys.current = Self.makeKey(at: now)
            }
            return keys.current
        }
    }

    /// The key of that name, and whether a fresh ticket should replace one sealed with it.
    private func openingKey(name: UnsafeBufferPointer<UInt8>) -> (key: Key, isOld: Bool)? {
        let now = Self.now()
        return keys.withLock { keys in
            if name.elementsEqual(keys.current.name) {
                return now - keys.current.madeAt < 2 * Self.lifetime ? (keys.current, false) : nil
            }
            guard let previous = keys.previous, name.elementsEqual(previous.name) else { return nil }
            return now - previous.madeAt < 2 * Self.lifetime ? (previous, true) : nil
        }
    }

    /// Lets the context seal and open its tickets with these keys; the ring must outlive the context.
    func install(in context: OpaquePointer) {
        copenssl_set_context_data(context, Unmanaged.passUnretained(self).toOpaque())
        copenssl_set_ticket_callback(context, ticketCallback)
    }

    fileprivate func seal(
        _ name: UnsafeMutablePointer<UInt8>,
        _ iv: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer?,
        _ mac: OpaquePointer?
    ) -> Int32 {
        var key = sealingKey()
        for (index, byte) in key.name.enumerated() { name[index] = byte }
        guard RAND_bytes(iv, 16) == 1 else { return -1 }
        return copenssl_key_ticket(cipher, mac, &key.cipherKey, &key.macKey, iv, 1) == 1 ? 1 : -1
    }

    /// 0: no such key, do a full handshake; 1: opened; 2: opened, and a fresh ticket shall be given.
    fileprivate func open(
        _ name: UnsafeMutablePointer<UInt8>,
        _ iv: UnsafeMutablePointer<UInt8>,
        _ cipher: OpaquePointer?,
        _ mac: OpaquePointer?
    ) -> Int32 {
        guard let found = openingKey(name: UnsafeBufferPointer(start: name, count: 16)) else { return 0 }
        var key = found.key
        guard copenssl_key_ticket(cipher, mac, &key.cipherKey, &key.macKey, iv, 0) == 1 else { return -1 }
        return found.isOld ? 2 : 1
    }
}

private let ticketCallback: copenssl_ticket_callback = { ssl, name, iv, cipher, mac, encrypting in
    guard let ssl, let name, let iv, let data = copenssl_context_data(ssl) else { return -1 }
    let ring = Unmanaged<TicketKeyRing>.fromOpaque(data).takeUnretainedValue()
    return encrypting == 1 ? ring.seal(name, iv, cipher, mac) : ring.open(name, iv, cipher, mac)
}
