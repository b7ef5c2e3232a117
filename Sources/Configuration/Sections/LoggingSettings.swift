/// What is written about the gateway's work.
package struct LoggingSettings: Sendable, Equatable {
    package let level: LogLevel
    package let access: AccessLogForm
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
        reader.later(
            "audit",
            .path,
            default: "off",
            "A file, or `stdout`, for log-ins, consents, grants, revocations and changes of keys and clients."
        )
    }
}
