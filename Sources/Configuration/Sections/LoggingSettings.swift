/// What is written about the gateway's work.
package struct LoggingSettings: Sendable, Equatable {
    package let level: LogLevel
    package let access: AccessLogForm
    package let audit: AuditDestination
}

/// Where the audit log goes.
package enum AuditDestination: Sendable, Equatable {
    case off
    case standardOutput
    /// The absolute path of a file, which is appended to.
    case file(path: String)
}

/// The least grave messages that are written.
package enum LogLevel: String, Sendable, CaseIterable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical
}

/// How the access log is written.
package enum AccessLogForm: String, Sendable, CaseIterable {
    case json
    case text
    case off
}

extension LoggingSettings: ConfigurationSection {
    static let title = "logging"
    static let summary = "What is written: the gateway's own messages on stderr, the access log on stdout."

    init?(_ reader: SectionReader) {
        level = reader.value("level", .word(), default: "info", "The least grave messages that are written.")
        access = reader.value(
            "access",
            .word(),
            default: "json",
            "A line for each request: a JSON object, text, or none."
        )
        audit = reader.value(
            "audit",
            .auditDestination,
            default: "off",
            "A file, `stdout` or `off`: a JSON object for each log-in, consent, grant, revocation, change of keys or clients."
        )
    }
}

extension Kind where Value == AuditDestination {
    fileprivate static var auditDestination: Kind {
        .text("the path of a file, \"stdout\" or \"off\"", pattern: ".") { (text, cursor) throws(ValueFault) in
            switch text {
            case "off": return .off
            case "stdout": return .standardOutput
            default:
                guard !text.isEmpty, !text.utf8.contains(0) else { throw ValueFault("not a path") }
                return .file(path: cursor.context.resolve(path: text))
            }
        }
    }
}
