import Locking

@testable import OAuthServer

/// Remembers what was audited.
final class TestAudit: AuditSink {
    private let recorded = Locked<[AuditEvent]>([])

    func record(_ event: AuditEvent) { recorded.withLock { $0.append(event) } }

    var events: [AuditEvent] { recorded.withLock { $0 } }

    var kinds: [AuditEvent.Kind] { events.map(\.kind) }
}
