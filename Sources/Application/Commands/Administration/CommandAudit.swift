import Configuration
import OAuthServer
import Observability

/// The audit log as commands write it: appended to the file that the running server writes too.
///
/// Standard output is the server's own, which no other process can write to.
struct CommandAudit {
    private let writer: LogWriter?
    private let now: Int64

    /// Opens the log before anything is changed, so that nothing is changed that can't be told.
    ///
    /// - Throws: `ApplicationError` when it can't be opened.
    init(_ configuration: GatewayConfiguration, now: Int64) throws(ApplicationError) {
        self.now = now
        guard case .file(let path) = configuration.logging.audit else {
            writer = nil
            return
        }
        try Files.makeFolder(Files.folder(of: path))
        do throws(LogError) {
            writer = try LogWriter(.file(path), channels: 1)
        } catch {
            throw .setup("the audit log \(error.description)")
        }
    }

    /// Writes what was done, and ends the log.
    func record(_ events: [AuditEvent]) {
        guard let writer else { return }
        let log = AuditLog(channel: writer.channel(0))
        for event in events { log.write(AuditRecord(event, unixMilliseconds: now * 1000)) }
        writer.close()
    }
}
