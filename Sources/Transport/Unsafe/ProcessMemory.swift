import CLinux

/// The process's heap as the system sees it.
package enum ProcessMemory {
    /// How many bytes the allocator holds that nobody uses, whether the system has their pages back or not.
    package static var freeByteCount: Int { Int(clamping: mallinfo2().fordblks) }

    /// Gives free pages back to the system.
    ///
    /// The allocator keeps what was freed between blocks that are in use, so a process that once had many connections
    /// would stay large. It takes some milliseconds: for the moment after much was freed, not for every day.
    package static func giveBack() {
        _ = malloc_trim(0)
    }
}
