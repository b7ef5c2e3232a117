import COpenSSL

/// Random bytes from OpenSSL's generator; the only source of keys, nonces and identifiers.
package enum SecureRandom {
    /// Fills the buffer.
    ///
    /// Traps where the system gives no randomness: there is nothing safe to go on with.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return }
        guard let count = Int32(exactly: buffer.count), RAND_bytes(base.assumingMemoryBound(to: UInt8.self), count) == 1
        else { preconditionFailure("the system's random generator failed") }
    }

    /// Makes that many random bytes.
    package static func bytes(count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
            initialized = count
        }
    }

    /// A random 64-bit number.
    package static func number() -> UInt64 {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 1) { buffer in
            fill(UnsafeMutableRawBufferPointer(buffer))
            return buffer[0]
        }
    }
}
