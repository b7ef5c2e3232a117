import Glibc

/// The memory that a thread which hashes passwords keeps from one hash to the next.
///
/// To get 19 MiB from the system for each hash, and give them back, is a tenth of its cost. Worse, the process's memory map
/// is locked meanwhile, by a thread of low priority that may be waiting for the processor: event loops that touch new
/// memory then wait for it.
package enum PasswordHashMemory {
    /// Gives back what this thread has kept: nothing needs it for now.
    package static func release() {
        guard let block = pthread_getspecific(key) else { return }
        pthread_setspecific(key, nil)
        destroy(block)
    }

    /// What the library asks for; 0, or anything else where there is no memory.
    static func allocate(_ memory: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, _ size: Int) -> Int32 {
        if let kept = pthread_getspecific(key)?.assumingMemoryBound(to: Block.self) {
            if !kept.pointee.isInUse, kept.pointee.size >= size {
                kept.pointee.isInUse = true
                memory?.pointee = kept.pointee.bytes
                return 0
            }
            if !kept.pointee.isInUse { release() }
        }
        guard let bytes = newBytes(size) else { return -1 }
        memory?.pointee = bytes
        // A second block at once, which the library never asks for, would just not be kept.
        guard pthread_getspecific(key) == nil else { return 0 }
        let block = UnsafeMutablePointer<Block>.allocate(capacity: 1)
        block.initialize(to: Block(bytes: bytes, size: size, isInUse: true))
        pthread_setspecific(key, block)
        return 0
    }

    /// What the library gives back, wiped; it is kept for the next hash.
    static func free(_ memory: UnsafeMutablePointer<UInt8>?, _ size: Int) {
        if let kept = pthread_getspecific(key)?.assumingMemoryBound(to: Block.self), kept.pointee.bytes == memory {
            kept.pointee.isInUse = false
        } else {
            Glibc.free(memory)
        }
    }

    private struct Block {
        var bytes: UnsafeMutablePointer<UInt8>
        var size: Int
        var isInUse: Bool
    }

    /// Large pages where the size allows it: the hash jumps about in them, and each jump looks its page up.
    private static func newBytes(_ size: Int) -> UnsafeMutablePointer<UInt8>? {
        var bytes: UnsafeMutableRawPointer?
        guard posix_memalign(&bytes, largePage, size) == 0, let bytes else { return nil }
        madvise(bytes, size, MADV_HUGEPAGE)
        return bytes.bindMemory(to: UInt8.self, capacity: size)
    }

    private static let largePage = 2 << 20

    /// Each thread's block, freed when the thread ends.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = pthread_key_create(&key) { block in
            if let block { PasswordHashMemory.destroy(block) }
        }
        precondition(code == 0, "the process has used up its thread keys")
        return key
    }()

    // SAFETY: what is under the key was made by `allocate`, and is under it no more.
    private static func destroy(_ pointer: UnsafeMutableRawPointer) {
        let block = pointer.assumingMemoryBound(to: Block.self)
        Glibc.free(block.pointee.bytes)
        block.deinitialize(count: 1)
        block.deallocate()
    }
}
