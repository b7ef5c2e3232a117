import Foundation
import GRDB

/// A list of texts as one blob: each item and a line feed, with `\` and line feeds in it written as `\\` and `\n`.
///
/// It keeps any text and can be read in the `sqlite3` shell.
enum TextList {
    static func encoded(_ items: some Sequence<String>) -> Data {
        var bytes = Data()
        for item in items {
            for byte in item.utf8 {
                switch byte {
                case backslash: bytes.append(contentsOf: [backslash, backslash])
                case lineFeed: bytes.append(contentsOf: [backslash, letter])
                default: bytes.append(byte)
                }
            }
            bytes.append(lineFeed)
        }
        return bytes
    }

    static func decoded(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var items: [String] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == lineFeed {
            items.append(item(bytes[start..<index]))
            start = index + 1
        }
        return items
    }

    private static func item(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        guard bytes.contains(backslash) else { return String(decoding: bytes, as: UTF8.self) }
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                plain.append(byte == letter ? lineFeed : byte)
                isEscaped = false
            } else if byte == backslash {
                isEscaped = true
            } else {
                plain.append(byte)
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }

    private static let backslash = UInt8(ascii: "\\")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let letter = UInt8(ascii: "n")
}
