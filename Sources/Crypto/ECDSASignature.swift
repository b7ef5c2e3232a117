/// The two spellings of an ECDSA signature: JOSE's fixed-size `r || s` (RFC 7518 §3.4) and OpenSSL's DER (RFC 3279 §2.2.3).
enum ECDSASignature {
    /// The longest DER form: two integers of 67 bytes for P-521.
    static let maximumDERSize = 144

    /// Writes the DER form of `r || s` and returns its size, or nil where the sizes do not fit the curve.
    static func encodeDER(
        _ raw: UnsafeRawBufferPointer,
        coordinateSize: Int,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard raw.count == coordinateSize * 2, output.count >= maximumDERSize else { return nil }
        let r = integer(UnsafeRawBufferPointer(rebasing: raw[..<coordinateSize]))
        let s = integer(UnsafeRawBufferPointer(rebasing: raw[coordinateSize...]))
        let length = r.size + s.size + 4
        var position = 0
        output[position] = 0x30
        position += 1
        if length > 127 {
            output[position] = 0x81
            position += 1
        }
        output[position] = UInt8(length)
        position += 1
        for number in [r, s] {
            output[position] = 0x02
            output[position + 1] = UInt8(number.size)
            position += 2
            if number.size > number.digits.count {
                output[position] = 0
                position += 1
            }
            UnsafeMutableRawBufferPointer(rebasing: output[position...]).copyBytes(from: number.digits)
            position += number.digits.count
        }
        return position
    }

    /// The `r || s` form of a DER signature that OpenSSL made, or nil where it is not one.
    static func decodeDER(_ der: UnsafeRawBufferPointer, coordinateSize: Int) -> [UInt8]? {
        guard der.count >= 8, der[0] == 0x30 else { return nil }
        var position = der[1] == 0x81 ? 3 : 2
        var raw = [UInt8](repeating: 0, count: coordinateSize * 2)
        for half in 0..<2 {
            guard position + 2 <= der.count, der[position] == 0x02 else { return nil }
            let start = position + 2
            let end = start + Int(der[position + 1])
            guard end <= der.count else { return nil }
            let digits = der[start..<end].drop { $0 == 0 }
            guard digits.count <= coordinateSize else { return nil }
            let target = (half + 1) * coordinateSize - digits.count
            raw.replaceSubrange(target..<target + digits.count, with: digits)
            position = end
        }
        return position == der.count ? raw : nil
    }

    /// The shortest digits of a number, and its size in DER, where a leading 1 bit asks for a zero byte in front.
    private static func integer(_ bytes: UnsafeRawBufferPointer) -> (digits: UnsafeRawBufferPointer, size: Int) {
        var start = 0
        while start < bytes.count - 1, bytes[start] == 0 { start += 1 }
        let digits = UnsafeRawBufferPointer(rebasing: bytes[start...])
        return (digits, digits.count + (digits[0] >= 0x80 ? 1 : 0))
    }
}
