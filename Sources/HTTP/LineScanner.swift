import Bytes

/// Finds the ends of lines, eight bytes at a time, and refuses what no line may hold.
enum LineScanner {
    /// The offset of the first byte that cannot be inside a line: a control byte other than tab, or DEL; else `end`.
    @inline(__always)
    static func endOfText(_ base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while true {
            while index &+ 8 <= end {
                let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                // Bytes under 0x20, and 0x7F: the lowest bit that is set is exact, those above it may not be.
                let low = (word &- ones &* 0x20) & ~word
                let delete = word ^ (ones &* 0x7F)
                let hits = (low | ((delete &- ones) & ~delete)) & highs
                if hits != 0 {
                    index &+= hits.trailingZeroBitCount &>> 3
                    break
                }
                index &+= 8
            }
            while index < end {
                let byte = base.load(fromByteOffset: index, as: UInt8.self)
                if byte == 0x09 {
                    index &+= 1
                    break
                }
                if byte < 0x20 || byte == 0x7F { return index }
                index &+= 1
                if index &+ 8 <= end { break }
            }
            if index >= end { return end }
        }
    }

    /// The offset of the CR that ends the line, or nil if the line goes on behind `end`.
    ///
    /// `searched` is where the search begins; when nil is returned it is where the next one must begin.
    @inline(__always)
    static func endOfLine(
        _ base: UnsafeRawPointer,
        searched: inout Int,
        to end: Int
    ) throws(HTTPParseError) -> Int? {
        let stop = endOfText(base, from: searched, to: end)
        searched = stop
        guard stop < end else { return nil }
        switch base.load(fromByteOffset: stop, as: UInt8.self) {
        case 0x0D:
            guard stop &+ 1 < end else { return nil }
            guard base.load(fromByteOffset: stop &+ 1, as: UInt8.self) == 0x0A else {
                throw .bareCarriageReturn
            }
            return stop
        case 0x0A: throw .bareLineFeed
        default: throw .controlCharacter
        }
    }
}
