import Bytes
import HTTP

/// The fields that a message's `Connection` names (RFC 9110 §7.6.1).
///
/// They are known by the hash of their name alone: a collision removes one more of the sender's own fields, nothing else.
struct ConnectionOptions {
    private var hashes = InlineArray<32, UInt32>(repeating: 0)
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Reads all `Connection` fields; nil if they name more than anybody needs.
    init?(_ fields: FieldList) {
        var next = fields.firstIndex(of: .connection)
        while let index = next {
            let value = fields.value(index)
            // By far the most frequent values name no field that is not dropped anyway.
            if !value.equalsIgnoringCase("keep-alive"), !value.equalsIgnoringCase("close") {
                for option in FieldTokens(value) {
                    guard count < hashes.count else { return nil }
                    hashes[count] = FieldSyntax.foldedHash(option)
                    count &+= 1
                }
            }
            next = fields.firstIndex(of: .connection, from: index + 1)
        }
    }

    /// Whether a field of this hash is named.
    func contains(_ hash: UInt32) -> Bool {
        for index in 0..<count where hashes[index] == hash { return true }
        return false
    }
}
