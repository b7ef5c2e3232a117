import JWT
import Locking
import Testing

@testable import Application

@Suite struct LoopRevocationsTests {
    private let revocations = LoopRevocations()

    @Test func `before there are loops nobody waits`() async {
        await revocations.apply([Self.revocation(1)])
        #expect(revocations.take().revocations.isEmpty)
    }

    @Test func `whoever revokes waits until the loops have it`() async {
        let isApplied = Locked(false)
        revocations.onWaiting { [revocations] in
            Task {
                let batch = revocations.take()
                isApplied.withLock { $0 = true }
                batch.finish()
            }
        }
        await revocations.apply([Self.revocation(1)])
        #expect(isApplied.withLock { $0 })
    }

    @Test func `what comes while others are applied goes together, and everybody is let go`() async {
        let wakes = Locked(0)
        revocations.onWaiting { wakes.withLock { $0 += 1 } }
        let all = Task { [revocations] in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 { group.addTask { await revocations.apply([Self.revocation(number)]) } }
            }
        }
        var applied: [Revocation] = []
        var batches = 0
        while applied.count < 200 {
            let batch = revocations.take()
            applied += batch.revocations
            if !batch.revocations.isEmpty { batches += 1 }
            batch.finish()
            await Task.yield()
        }
        await all.value
        #expect(Set(applied) == Set((0..<200).map(Self.revocation)))
        // One call for each batch: a second would find nothing to take.
        #expect(wakes.withLock { $0 } == batches)
    }

    @Test func `revoking nothing waits for nobody`() async {
        revocations.onWaiting { Issue.record("there is nothing to take") }
        await revocations.apply([])
    }

    private static func revocation(_ number: Int) -> Revocation {
        Revocation(.grant(id: "g\(number)"), expiresAt: 100)
    }
}
