import CLinux
import Dispatch
import Glibc

/// Tells when one of some files has changed, by inotify on their folders.
///
/// How it works: editors and orchestrators replace files by renaming, and swap symbolic links above them, so it is the
/// folders that are watched. Any event there leads, once things are quiet, to a look at the files themselves: only a
/// file that is another one now (inode, size or time) counts as changed.
///
/// SAFETY: `@unchecked Sendable`, since everything happens on `queue`.
package final class FileWatcher: @unchecked Sendable {
    private struct Signature: Equatable {
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private let queue: DispatchQueue
    private let onChange: @Sendable () -> Void
    private let descriptor: Int32
    private let source: any DispatchSourceRead
    private var folders: [Int32: String] = [:]
    private var signatures: [String: Signature?] = [:]
    private var isCheckQueued = false

    /// How long a folder must be quiet before its files are looked at: a file is often written in several steps.
    private static let quietTime = DispatchTimeInterval.milliseconds(150)

    /// Watches nothing yet; `onChange` is called on `queue`.
    ///
    /// - Throws: `TransportError.systemCall` when the system has no more watches.
    package init(queue: DispatchQueue, onChange: @escaping @Sendable () -> Void) throws(TransportError) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw .systemCall("inotify_init1", code: clinux_errno()) }
        self.queue = queue
        self.onChange = onChange
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.folderChanged() }
        let closing = descriptor
        source.setCancelHandler { SystemCall.close(closing) }
        source.resume()
    }

    /// Watches these files, and no others any more; to be called on the queue.
    package func watch(_ files: [String]) {
        dispatchPrecondition(condition: .onQueue(queue))
        let wanted = Set(files.map(Self.folder(of:)))
        for (watch, folder) in folders where !wanted.contains(folder) {
            inotify_rm_watch(descriptor, watch)
            folders[watch] = nil
        }
        let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB)
        for folder in wanted.subtracting(folders.values) {
            let watch = inotify_add_watch(descriptor, folder, events)
            if watch >= 0 { folders[watch] = folder }
        }
        signatures = Dictionary(files.map { ($0, Self.signature(of: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Stops watching.
    package func cancel() {
        source.cancel()
    }

    private func folderChanged() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &buffer, buffer.count) > 0 {}
        guard !isCheckQueued else { return }
        isCheckQueued = true
        queue.asyncAfter(deadline: .now() + Self.quietTime) { [weak self] in self?.check() }
    }

    private func check() {
        isCheckQueued = false
        let now = Dictionary(uniqueKeysWithValues: signatures.keys.map { ($0, Self.signature(of: $0)) })
        guard now != signatures else { return }
        signatures = now
        onChange()
    }

    private static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }

    private static func signature(of file: String) -> Signature? {
        var status = stat()
        guard stat(file, &status) == 0 else { return nil }
        return Signature(
            inode: UInt64(status.st_ino),
            size: Int(status.st_size),
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec
        )
    }
}
