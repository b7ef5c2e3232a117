import Glibc
import Synchronization

/// The cells of one shard, in blocks that never move, so that a scrape may read while a loop writes.
///
/// SAFETY: a block is put into the directory by the registry, under its lock, before any handle to a cell in it
/// exists; whoever holds a handle got it later. The cells themselves are atomics.
@usableFromInline
final class CellArena: @unchecked Sendable {
    @usableFromInline typealias Cell = UnsafeMutablePointer<Atomic<UInt64>>

    // 2^16 cells are 512 KiB, which the kernel hands out page by page as they are first written.
    @usableFromInline static let blockBits = 16
    @usableFromInline static let blockSize = 1 << blockBits
    static let blockLimit = 1024

    @usableFromInline let blocks: UnsafeMutablePointer<Cell?>

    init() {
        blocks = .allocate(capacity: Self.blockLimit)
        blocks.initialize(repeating: nil, count: Self.blockLimit)
    }

    deinit {
        for index in 0..<Self.blockLimit { free(blocks[index]) }
        blocks.deallocate()
    }

    @inlinable
    subscript(cell: Int) -> Cell {
        guard let block = blocks[cell >> Self.blockBits] else { preconditionFailure("a cell without its block") }
        return block + (cell & (Self.blockSize &- 1))
    }

    /// Makes the block that holds this cell, if it is not there yet.
    func makeBlock(for cell: Int) {
        let index = cell >> Self.blockBits
        guard blocks[index] == nil else { return }
        guard let memory = calloc(Self.blockSize, MemoryLayout<Atomic<UInt64>>.stride) else {
            fatalError("out of memory")
        }
        // An atomic zero is a word of zeros.
        blocks[index] = memory.bindMemory(to: Atomic<UInt64>.self, capacity: Self.blockSize)
    }
}
