// uses: Locking Bytes JSON Crypto JWT
import Bytes
import Crypto
import JWT

// Properties: what is published of a set is a set again with the same public keys, none of which is a secret; and a set
// that may not hold secrets holds none.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSONWebKeySet(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    if let fetched = withExactCopy(input, { try? JSONWebKeySet(parsing: $0, allowsSecrets: false) }) {
        require(fetched.keys.allSatisfy(isPublic), "a set that was fetched holds a secret")
    }
    guard let set = withExactCopy(input, { try? JSONWebKeySet(parsing: $0, allowsSecrets: true) }) else { return 0 }
    let published = set.publicJSON()
    guard let again = try? JSONWebKeySet(parsing: published, allowsSecrets: false) else {
        fatalError("what is published is no key set: \(String(decoding: published, as: UTF8.self))")
    }
    let shown = set.keys.filter(isPublic)
    require(again.keys.count == shown.count && again.unusable.isEmpty, "a key is lost: \(again.unusable)")
    for (left, right) in zip(shown, again.keys) {
        require(left.keyID == right.keyID && left.algorithm == right.algorithm, "a key changes its name or algorithm")
    }
    require(again.publicJSON() == published, "what is published changes")
    return 0
}

private func isPublic(_ key: JSONWebKey) -> Bool {
    if case .publicKey = key.material { true } else { false }
}
