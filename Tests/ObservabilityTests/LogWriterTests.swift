import Dispatch
import Foundation
import Testing

@testable import Observability

@Suite
struct LogWriterTests {
    private let path = NSTemporaryDirectory() + "gatehouse-log-\(UUID().uuidString)"

    private func content(_ path: String? = nil) -> String {
        String(decoding: FileManager.default.contents(atPath: path ?? self.path) ?? Data(), as: UTF8.self)
    }

    private func write(_ line: String, to channel: LogChannel) {
        var line = line
        line.withUTF8 { channel.write(UnsafeRawBufferPointer($0)) }
    }

    @Test
    func `closing writes what is left, each channel's lines in order`() throws {
        let writer = try LogWriter(.file(path), channels: 3)
        DispatchQueue.concurrentPerform(iterations: 3) { index in
            let channel = writer.channel(index)
            for number in 0..<2000 { write("\(index) \(number)\n", to: channel) }
        }
        #expect(writer.close())
        let lines = content().split(separator: "\n")
        #expect(lines.count == 6000)
        for index in 0..<3 {
            #expect(lines.filter { $0.hasPrefix("\(index) ") } == (0..<2000).map { "\(index) \($0)" })
        }
        #expect(writer.droppedLines == 0)
        try FileManager.default.removeItem(atPath: path)
    }

    @Test
    func `lines that find no room are dropped whole and counted`() {
        let ring = LogRing(capacity: 16)
        let line = Array("12345\n".utf8)
        let taken = (0..<5).filter { _ in line.withUnsafeBytes { ring.append($0) } }.count
        #expect(taken == 2)
        var bytes: [UInt8] = []
        #expect(ring.drain { bytes += $0 } == 12)
        #expect(bytes == line + line)
        #expect(ring.isEmpty)
    }

    @Test
    func `a line may run over the end of the ring`() {
        let ring = LogRing(capacity: 16)
        var expected: [UInt8] = []
        var found: [UInt8] = []
        for number in 0..<1000 {
            let line = Array("\(number) abc\n".utf8)
            #expect(line.withUnsafeBytes { ring.append($0) })
            expected += line
            _ = ring.drain { found += $0 }
        }
        #expect(found == expected)
    }

    @Test
    func `a reader that stalls costs lines, never the producer`() throws {
        let fifo = path + ".fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let reader = open(fifo, O_RDONLY | O_NONBLOCK)
        let writer = try LogWriter(.file(fifo), channels: 1, channelBytes: 4096)
        let channel = writer.channel(0)
        let line = String(repeating: "x", count: 99) + "\n"
        // Until the pipe and the ring are full for good.
        var written = 0
        var refusedInARow = 0
        while refusedInARow < 100 {
            let dropped = writer.droppedLines
            write(line, to: channel)
            written += 1
            refusedInARow = writer.droppedLines > dropped ? refusedInARow + 1 : 0
            if refusedInARow > 0 { usleep(2000) }
        }
        #expect(!writer.close(waitingAtMost: 0))
        // The reader comes back, and only whole lines arrive.
        var received = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var finished = false
        while true {
            let count = read(reader, &buffer, buffer.count)
            if count > 0 {
                received += count
            } else if count == 0 || finished {
                break
            } else {
                finished = writer.close(waitingAtMost: 1)
            }
        }
        #expect(received % line.utf8.count == 0)
        #expect(received / line.utf8.count + Int(writer.droppedLines) == written)
        close(reader)
        try FileManager.default.removeItem(atPath: fifo)
    }

    @Test
    func `after a rotation lines go to the new file`() throws {
        let writer = try LogWriter(.file(path), channels: 1)
        let channel = writer.channel(0)
        write("before\n", to: channel)
        while content().isEmpty { usleep(1000) }
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        writer.reopen()
        while !FileManager.default.fileExists(atPath: path) { usleep(1000) }
        write("after\n", to: channel)
        #expect(writer.close())
        #expect(content(path + ".1") == "before\n")
        #expect(content() == "after\n")
        for name in [path, path + ".1"] { try FileManager.default.removeItem(atPath: name) }
    }

    @Test
    func `a line wakes a writer that has gone to sleep`() throws {
        let writer = try LogWriter(.file(path), channels: 1)
        let channel = writer.channel(0)
        for number in 0..<3 {
            usleep(300_000)
            write("\(number)\n", to: channel)
            var rounds = 0
            while !content().hasSuffix("\(number)\n"), rounds < 5000 {
                usleep(1000)
                rounds += 1
            }
            #expect(content().hasSuffix("\(number)\n"))
        }
        #expect(writer.close())
        try FileManager.default.removeItem(atPath: path)
    }

    @Test
    func `a file that cannot be opened is an error at the start`() {
        #expect(throws: LogError.cannotOpen(path: "/nowhere/log", errno: ENOENT)) {
            try LogWriter(.file("/nowhere/log"), channels: 1)
        }
    }
}
