import COpenSSL

/// Comparison whose time depends on the sizes only, for everything secret.
package enum ConstantTime {
    /// Whether both are the same bytes.
    package static func equals(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
        return CRYPTO_memcmp(leftBase, rightBase, left.count) == 0
    }

    /// Whether both are the same bytes.
    package static func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { equals(left, $0) } }
    }
}
