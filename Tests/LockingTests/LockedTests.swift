import Dispatch
import Locking
import Testing

@Suite
struct LockedTests {
    @Test
    func `every change of every thread counts`() {
        let count = Locked(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<1000 { count.withLock { $0 += 1 } }
        }
        #expect(count.withLock { $0 } == 8000)
    }

    @Test
    func `the lock is free again after an error`() {
        struct Refusal: Error {}
        let value = Locked("a")
        #expect(throws: Refusal.self) { try value.withLock { (_) throws(Refusal) in throw Refusal() } }
        value.withLock { $0 = "b" }
        #expect(value.withLock { $0 } == "b")
    }
}
