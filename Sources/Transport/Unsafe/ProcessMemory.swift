import CLinux
import Glibc

/// The process's memory as the system sees it.
package enum ProcessMemory {
    /// The resident set, in bytes; nil if the system does not tell (proc(5), `statm`).
    ///
    /// Asking the allocator instead would hold up everybody who allocates, for milliseconds where much is free.
    package static var residentByteCount: Int? {
        guard let file = fopen("/proc/self/statm", "re") else { return nil }
        defer { fclose(file) }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { line in
            guard let start = line.baseAddress, fgets(start, Int32(line.count), file) != nil else { return nil }
            let words = String(cString: start).split(separator: " ")
            guard words.count > 1, let pages = Int(words[1]) else { return nil }
            return pages * sysconf(Int32(_SC_PAGESIZE))
        }
    }

    /// Gives free pages of the heap back to the system.
    ///
    /// The allocator keeps what was freed between blocks that are in use, so a process that once had many connections
    /// would stay large. It takes some milliseconds: for the moment after much was freed, not for every day.
    package static func giveBack() {
        _ = malloc_trim(0)
    }
}
