import Bytes
import Testing

@Suite struct ByteBufferTests {
    @Test func `what is appended is read back in order across growth`() {
        var buffer = ByteBuffer()
        var expected: [UInt8] = []
        for number in 0..<500 {
            buffer.append(decimal: number)
            buffer.append(",")
            expected += Array("\(number),".utf8)
        }
        do {
            let found = Array(buffer.bytes)
            #expect(found == expected)
        }
    }

    @Test func `trimming keeps the content and gives back what is more than the slack`() {
        var buffer = ByteBuffer(capacity: 4096)
        buffer.append("hello world")
        buffer.consume(6)
        buffer.trimStorage(slack: 4096)
        let kept = buffer.writableBytes.count
        #expect(kept == 4096 - 11)
        buffer.trimStorage(slack: 100)
        let (room, found) = (buffer.writableBytes.count, buffer.bytes.text)
        #expect(room == 0)
        #expect(found == "world")
        buffer.append("!")
        let grown = buffer.bytes.text
        #expect(grown == "world!")
        buffer.consume(6)
        buffer.trimStorage(slack: 0)
        let left = buffer.writableBytes.count
        #expect(left == 0)
    }

    @Test func `consuming everything makes the whole storage writable again`() {
        var buffer = ByteBuffer(capacity: 64)
        let room = buffer.writableBytes.count
        buffer.append("hello")
        buffer.consume(2)
        do {
            let found = buffer.bytes.text
            #expect(found == "llo")
        }
        buffer.consume(3)
        do {
            let found = buffer.isEmpty
            #expect(found)
        }
        do {
            let found = buffer.writableBytes.count
            #expect(found == room)
        }
    }

    @Test func `growing keeps what was not consumed`() {
        var buffer = ByteBuffer(capacity: 64)
        buffer.append(bytes: [UInt8](repeating: 1, count: 60))
        buffer.consume(50)
        buffer.append(bytes: [UInt8](repeating: 2, count: 40))
        do {
            let found = Array(buffer.bytes)
            #expect(found == [UInt8](repeating: 1, count: 10) + [UInt8](repeating: 2, count: 40))
        }
    }

    @Test(arguments: [0, 7, 10, 99, -5, Int.max, Int.min])
    func `numbers are written in decimal`(number: Int) {
        var buffer = ByteBuffer()
        buffer.append(decimal: number)
        do {
            let found = buffer.bytes.text
            #expect(found == String(number))
        }
    }

    @Test(arguments: [0, 15, 16, 255, 4096, UInt64.max])
    func `numbers are written in hexadecimal`(number: UInt64) {
        var buffer = ByteBuffer()
        buffer.append(hexadecimal: number)
        do {
            let found = buffer.bytes.text
            #expect(found == String(number, radix: 16))
        }
    }

    @Test func `storage that was released can be used again`() {
        var buffer = ByteBuffer()
        buffer.append("abc")
        buffer.releaseStorage()
        do {
            let found = buffer.isEmpty
            #expect(found)
        }
        buffer.append("def")
        do {
            let found = buffer.bytes.text
            #expect(found == "def")
        }
    }
}
