import Bytes
import HTTP

/// Writes field lines.
enum FieldLine {
    /// Appends a field as it came, with one copy where it stands in memory as it will on the wire.
    static func append(_ fields: FieldList, _ index: Int, to block: inout ByteBuffer) {
        let name = fields.name(index)
        let value = fields.value(index)
        guard let nameStart = name.baseAddress, let valueStart = value.baseAddress else { return }
        let nameEnd = nameStart + name.count
        if nameEnd + 2 == valueStart, nameEnd.loadUnaligned(as: UInt16.self) == 0x203A {
            block.append(UnsafeRawBufferPointer(start: nameStart, count: name.count + 2 + value.count))
        } else {
            block.append(name)
            block.append(": ")
            block.append(value)
        }
        block.append("\r\n")
    }
}
