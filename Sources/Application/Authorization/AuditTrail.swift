import Configuration
import Foundation
import Locking
import OAuthServer
import Observability

/// Where audit events go: into the audit log, where there is one, and into the metrics.
package final class AuditTrail: AuditSink {
    private struct Output {
        var log: AuditLog?
        var destination = AuditDestination.off
        /// The writer of a file; standard output has the access log's.
        var writer: LogWriter?
        /// What was lost in files that were closed.
        var lost: UInt64 = 0
    }

    private let metrics: AuthorizationMetrics
    private let standardOutput: AuditLog
    private let output = Locked(Output())
    private let clock: @Sendable () -> Int64

    /// - Parameter standardOutput: the channel that lines for standard output take; used for nothing else.
    /// - Parameter clock: the time in milliseconds since 1970.
    package init(
        metrics: AuthorizationMetrics,
        standardOutput: LogChannel,
        clock: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1000) }
    ) {
        self.metrics = metrics
        self.standardOutput = AuditLog(channel: standardOutput)
        self.clock = clock
    }

    /// Writes to another place from now on, or opens the same file again, which a rotation may have renamed.
    ///
    /// - Throws: where the file can't be opened; then everything stays as it was.
    package func use(_ destination: AuditDestination) throws(LogError) {
        try output.withLock { output throws(LogError) in
            if destination == output.destination, let writer = output.writer { return writer.reopen() }
            let fresh = try Self.open(destination)
            output.writer?.close()
            output = Output(
                log: fresh.map { AuditLog(channel: $0.channel(0)) },
                destination: destination,
                writer: fresh,
                lost: Self.lost(output)
            )
            if destination == .standardOutput { output.log = standardOutput }
        }
    }

    package func record(_ event: AuditEvent) {
        switch event.kind {
        case .login: metrics.countLogin(.succeeded)
        case .loginFailed: metrics.countLogin(.failed)
        case .loginThrottled: metrics.countLogin(.throttled)
        default: break
        }
        // Under the lock, so that no line goes to a writer that is being closed.
        output.withLock { $0.log?.write(AuditRecord(event, unixMilliseconds: clock())) }
    }

    /// Writes what is left.
    package func close() {
        output.withLock { output in
            output.writer?.close()
            output = Output(lost: Self.lost(output))
        }
    }

    /// Lines that found no room and writes that a file refused, since the start; those to standard output are counted
    /// with the access log's.
    package var lostLines: UInt64 { output.withLock { Self.lost($0) } }

    private static func lost(_ output: Output) -> UInt64 {
        output.lost + (output.writer.map { $0.droppedLines + $0.failedWrites } ?? 0)
    }

    // Some twenty thousand events: nothing is lost while a disk is slow for seconds.
    private static let ringBytes = 4 << 20

    private static func open(_ destination: AuditDestination) throws(LogError) -> LogWriter? {
        guard case .file(let path) = destination else { return nil }
        return try LogWriter(.file(path), channels: 1, channelBytes: ringBytes)
    }
}

extension AuditRecord {
    init(_ event: AuditEvent, unixMilliseconds: Int64) {
        self.init(unixMilliseconds: unixMilliseconds, event: event.kind.rawValue)
        user = event.user
        clientID = event.client
        clientAddress = event.address
        grant = event.grant
        scopes = event.scopes
        requestID = event.requestID
        detail = event.detail
    }
}
