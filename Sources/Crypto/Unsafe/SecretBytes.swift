import COpenSSL

/// Secret bytes that are wiped when the last reference goes, and never print themselves.
// SAFETY: the memory is written in the initialiser only, and freed when no reference is left.
package final class SecretBytes: @unchecked Sendable {
    private let storage: UnsafeMutableRawBufferPointer

    /// A copy of these bytes; wiping the original is up to the caller.
    package init(copying bytes: UnsafeRawBufferPointer) {
        storage = .allocate(byteCount: bytes.count, alignment: 1)
        storage.copyMemory(from: bytes)
    }

    /// A copy of these bytes; wiping the original is up to the caller.
    package convenience init(copying bytes: [UInt8]) {
        self.init(copying: bytes[...])
    }

    /// A copy of these bytes; wiping the original is up to the caller.
    package init(copying bytes: ArraySlice<UInt8>) {
        storage = .allocate(byteCount: bytes.count, alignment: 1)
        storage.copyBytes(from: bytes)
    }

    /// That many random bytes.
    package init(randomCount count: Int) {
        storage = .allocate(byteCount: count, alignment: 1)
        SecureRandom.fill(storage)
    }

    deinit {
        if let base = storage.baseAddress { OPENSSL_cleanse(base, storage.count) }
        storage.deallocate()
    }

    /// The number of bytes.
    package var count: Int { storage.count }

    /// Calls `body` with the bytes, which are valid during the call only.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage))
    }

    /// Whether both hold the same bytes, in constant time.
    package func equals(_ other: SecretBytes) -> Bool {
        ConstantTime.equals(UnsafeRawBufferPointer(storage), UnsafeRawBufferPointer(other.storage))
    }
}
