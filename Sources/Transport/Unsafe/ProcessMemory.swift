import CLinux

/// The process's heap as the system sees it.
package enum ProcessMemory {
    /// Gives free pages back to the system.
    ///
    /// The allocator keeps what was freed between blocks that are in use, so a process that once had many connections
    /// would stay large. It takes some milliseconds: for the moment after much was freed, not for every day.
    package static func giveBack() {
        _ = malloc_trim(0)
    }
}
