import Bytes
import CNghttp2

/// Puts outgoing fields into the library's form; one serves all sessions of a loop.
///
/// Confined to its event loop.
///
/// How it works: names and values stay where they are, numbers stand in `digits`. The library copies both when the fields
/// are submitted, so the bytes that were given need to live only until then.
package final class HTTP2FieldEncoder {
    @exclusivity(unchecked) private(set) var pairs: UnsafeMutablePointer<nghttp2_nv>
    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private var capacity = 64
    /// Numbers in decimal digits; it never grows, so what points into it stays good.
    @exclusivity(unchecked) private var digits = ByteBuffer(capacity: digitsSize)

    /// A status, a length of 64 bits, and as much again.
    private static let digitsSize = 64

    package init() {
        pairs = .allocate(capacity: capacity)
    }

    deinit {
        pairs.deallocate()
    }

    /// Forgets all fields.
    package func removeAll() {
        count = 0
        digits.removeAll()
    }

    /// Adds a field; the name must be in lower case.
    package func append(name: StaticString, value: UnsafeRawBufferPointer) {
        add(name.utf8Start, name.utf8CodeUnitCount, value, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
    }

    /// Adds a field; the name must be in lower case.
    package func append(name: StaticString, value: StaticString) {
        let bytes = UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount)
        append(name: name, value: bytes)
    }

    /// Adds `:status`, of three digits (RFC 9113 §8.3.2).
    package func append(status: Int) {
        append(name: ":status", number: status)
    }

    /// Adds `content-length`.
    package func append(contentLength: UInt64) {
        append(name: "content-length", number: Int(clamping: contentLength))
    }

    private func append(name: StaticString, number: Int) {
        let start = digits.count
        digits.append(decimal: number)
        precondition(digits.count <= Self.digitsSize, "a message has one status and one length")
        append(name: name, value: digits.bytes.slice(start..<digits.count))
    }

    /// Adds field lines, each with its line end.
    package func append(lines: UnsafeRawBufferPointer) {
        var start = 0
        while let colon = lines.firstOffset(of: UInt8(ascii: ":"), from: start),
            let end = lines.firstOffset(of: 0x0D, from: colon)
        {
            append(name: lines.slice(start..<colon), value: lines.slice((colon + 1)..<end).trimmed)
            start = end + 2
        }
    }

    /// Adds a field whose name may be in any case: the library puts it in lower case (RFC 9113 §8.2).
    package func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let start = name.baseAddress else { return }
        // What differs each time is not worth a place in the peer's table (RFC 7541 §6.2.2).
        let isUnique =
            name.count == 12 && name.equalsIgnoringCase("x-request-id")
            || name.count == 11 && name.equalsIgnoringCase("traceparent")
        let flag = isUnique ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE
        add(start.assumingMemoryBound(to: UInt8.self), name.count, value, flags: UInt8(flag.rawValue))
    }

    private func add(_ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafeRawBufferPointer, flags: UInt8) {
        if count == capacity { growPairs() }
        let start = value.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? name
        pairs[count] = nghttp2_nv(
            // The library only reads.
            name: UnsafeMutablePointer(mutating: name),
            value: UnsafeMutablePointer(mutating: start),
            namelen: nameCount,
            valuelen: value.count,
            flags: flags
        )
        count += 1
    }

    private func growPairs() {
        let fresh = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: capacity * 2)
        fresh.initialize(from: pairs, count: count)
        pairs.deallocate()
        pairs = fresh
        capacity *= 2
    }
}

@available(*, unavailable)
extension HTTP2FieldEncoder: Sendable {}
