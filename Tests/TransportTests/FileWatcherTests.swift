import Dispatch
import Glibc
import Testing

@testable import Transport

@Suite struct FileWatcherTests {
    private func write(_ text: String, to path: String) {
        guard let file = fopen(path, "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    private func withFolder(_ body: (String) throws -> Void) rethrows {
        var template = Array("/tmp/gatehouse-watch-XXXXXX".utf8CString)
        guard let folder = mkdtemp(&template).map({ String(cString: $0) }) else { return }
        defer { rmdir(folder) }
        try body(folder)
    }

    @Test func `a file that is written, replaced or made is noticed, others are not`() throws {
        try withFolder { folder in
            let queue = DispatchQueue(label: "watch")
            let changed = DispatchSemaphore(value: 0)
            let watcher = try FileWatcher(queue: queue) { changed.signal() }
            let file = folder + "/a.json"
            let other = folder + "/b.json"
            write("1", to: file)
            queue.sync { watcher.watch([file]) }

            write("22", to: file)
            #expect(changed.wait(timeout: .now() + 5) == .success)

            write("333", to: other)
            rename(other, file)
            #expect(changed.wait(timeout: .now() + 5) == .success)

            write("x", to: other)
            #expect(changed.wait(timeout: .now() + 0.5) == .timedOut)
            watcher.cancel()
            unlink(file)
            unlink(other)
        }
    }
}
