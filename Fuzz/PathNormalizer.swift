// uses: Bytes HTTP
import Bytes
import HTTP

// Properties: a normal path stays as it is, holds no dot segment and no empty one but the last, and no byte that RFC 3986
// does not allow in a path.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPathNormalizer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    guard let normal = withExactCopy(input, normalized) else { return 0 }
    guard let again = normal.bytes.withUnsafeBytes(normalized) else { fatalError("a normal path is refused") }
    require(again.bytes == normal.bytes, "a normal path changes")
    require(normal.hasParameters || !again.hasParameters, "parameters were missed")
    let text = String(decoding: normal.bytes, as: UTF8.self)
    require(text.first == "/" && !text.contains("//"), "an empty segment in \(text)")
    for segment in text.split(separator: "/") {
        require(segment != "." && segment != "..", "a dot segment in \(text)")
    }
    let allowed = Set("/-._~!$&'()*+,;=:@%0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    require(normal.bytes.allSatisfy { allowed.contains($0) }, "a byte that is not allowed in \(text)")
    for escape in ["%2F", "%5C", "%00", "%2E", "%7E", "%41", "%2f"] {
        require(!text.contains(escape), "\(escape) in \(text)")
    }
    return 0
}

private func normalized(_ path: UnsafeRawBufferPointer) -> (bytes: [UInt8], hasParameters: Bool)? {
    try? PathNormalizer.normalize(path)
}
