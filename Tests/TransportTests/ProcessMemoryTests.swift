import Testing
import Transport

@Suite struct ProcessMemoryTests {
    private static let mebibyte = 1 << 20

    @Test func `the system tells what is resident`() throws {
        let before = try #require(ProcessMemory.residentByteCount)
        #expect(before > Self.mebibyte)
        let block = UnsafeMutableRawPointer.allocate(byteCount: 64 * Self.mebibyte, alignment: 16)
        defer { block.deallocate() }
        block.initializeMemory(as: UInt8.self, repeating: 1, count: 64 * Self.mebibyte)
        #expect(try #require(ProcessMemory.residentByteCount) > before + 32 * Self.mebibyte)
    }
}
