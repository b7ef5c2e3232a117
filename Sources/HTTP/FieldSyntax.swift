import Bytes

/// What field names and values may be made of (RFC 9110 §5.1, §5.5), and when two names may be taken for each other.
@usableFromInline
package enum FieldSyntax {
    /// Whether the bytes are a field name, method or other token (RFC 9110 §5.6.2).
    package static func isToken(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && FieldNameTable.shared.scan(bytes).count == bytes.count
    }

    /// Whether the bytes can stand in a field line as its value: no control bytes but tab, no white space at the ends.
    package static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, let first = bytes.first, let last = bytes.last else { return true }
        guard first != 0x20, first != 0x09, last != 0x20, last != 0x09 else { return false }
        return LineScanner.endOfText(base, from: 0, to: bytes.count) == bytes.count
    }

    /// The hash of a name with case ignored and `_`, `.` and `-` taken as the same, as `FieldList.foldedHash` has it.
    package static func foldedHash(_ name: UnsafeRawBufferPointer) -> UInt32 {
        FieldNameTable.shared.scan(name).hash
    }

    /// Whether two names are the same with case ignored and `_`, `.` and `-` taken as the same.
    package static func foldedEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        let fold = FieldNameTable.shared.fold
        for index in 0..<left.count where (fold[Int(left[index])] & 0x7F) != (fold[Int(right[index])] & 0x7F) {
            return false
        }
        return true
    }
}
