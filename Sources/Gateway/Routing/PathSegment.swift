import Bytes

/// One segment of a request path, as routes see it: decoded, and without its parameters.
///
/// Comparing decoded bytes makes `%40me` and `@me` one segment, as they are for the API behind: a spelling never chooses
/// a wider route. Parameters (`;v=1`) are no part of it, because servers that know them drop them before they look.
struct PathSegment {
    /// The offset of the first byte.
    let start: Int
    /// The offset behind the last byte that counts; a parameter may follow.
    let nameEnd: Int
    /// The offset of the `/` behind the segment, or the length of the path.
    let end: Int
    /// FNV-1a of the decoded bytes.
    let hash: UInt64

    /// Whether nothing but a parameter stands between the slashes.
    var isEmpty: Bool { start == nameEnd }

    /// Reads the segment at `start`, which is at most `path.count`.
    init(in path: UnsafeRawBufferPointer, at start: Int) {
        var hash = PathSegment.emptyHash
        var index = start
        var nameEnd = -1
        while index < path.count {
            var byte = path[index]
            if byte == UInt8(ascii: "/") { break }
            let width = PathSegment.decode(path, at: index, into: &byte)
            if byte == UInt8(ascii: ";"), nameEnd < 0 { nameEnd = index }
            if nameEnd < 0 { hash = PathSegment.mix(hash, byte) }
            index &+= width
        }
        self.start = start
        self.nameEnd = nameEnd < 0 ? index : nameEnd
        self.end = index
        self.hash = hash
    }

    /// Whether the decoded segment is the bytes at these places of a block of literals.
    func matches(_ literals: [UInt8], _ range: Range<Int>, in path: UnsafeRawBufferPointer) -> Bool {
        guard range.count <= nameEnd - start else { return false }
        var index = start
        for place in range {
            guard index < nameEnd else { return false }
            var byte = path[index]
            let width = PathSegment.decode(path, at: index, into: &byte)
            guard byte == literals[place] else { return false }
            index &+= width
        }
        return index == nameEnd
    }

    /// Whether the decoded segment is `.` or `..`.
    func isDots(in path: UnsafeRawBufferPointer) -> Bool {
        matches(PathSegment.dots, 0..<1, in: path) || matches(PathSegment.dots, 0..<2, in: path)
    }

    /// The hash of a literal, the same as that of a segment with these bytes.
    static func hash(of literal: [UInt8]) -> UInt64 { literal.reduce(emptyHash, mix) }

    /// Replaces an escape's `%` with the byte that it stands for, and returns how many bytes were read.
    private static func decode(_ path: UnsafeRawBufferPointer, at index: Int, into byte: inout UInt8) -> Int {
        guard byte == UInt8(ascii: "%"), index &+ 2 < path.count,
            let high = ASCII.hexadecimalValue(path[index &+ 1]), let low = ASCII.hexadecimalValue(path[index &+ 2])
        else { return 1 }
        byte = high << 4 | low
        return 3
    }

    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    private static let dots = Array("..".utf8)
    private static let emptyHash: UInt64 = 0xcbf2_9ce4_8422_2325
}

/// Path parameters that hide what a path means.
enum PathParameters {
    /// Whether a server that drops parameters before it resolves `.`, `..` and empty segments reads another path.
    ///
    /// `/a/..;/b` and `/;/b` are such paths. A last segment may be empty: `/a/;v=1` is `/a/`.
    static func areAmbiguous(in path: UnsafeRawBufferPointer) -> Bool {
        var offset = 1
        while offset <= path.count {
            let segment = PathSegment(in: path, at: offset)
            if segment.nameEnd < segment.end {
                if segment.isEmpty, segment.end < path.count { return true }
                if segment.isDots(in: path) { return true }
            }
            offset = segment.end &+ 1
        }
        return false
    }
}
