/// How long a browser stays signed in.
package struct SessionSettings: Sendable, Equatable {
    package let idleLifetime: Duration
    package let absoluteLifetime: Duration
}

extension SessionSettings: ConfigurationSection {
    static let title = "authorization_server.session"
    static let summary = "Browser sessions: how long somebody stays signed in."

    init?(_ reader: SectionReader) {
        let minute = Duration.seconds(60)
        idleLifetime = reader.value(
            "idle_lifetime",
            .duration(minimum: minute),
            default: "1h",
            "The time between two uses."
        )
        absoluteLifetime = reader.value(
            "absolute_lifetime",
            .duration(minimum: minute),
            default: "12h",
            "The time from log-in."
        )
        if idleLifetime > absoluteLifetime {
            let member = reader.has("idle_lifetime") ? "idle_lifetime" : "absolute_lifetime"
            reader.fault("idle_lifetime is longer than absolute_lifetime", at: member)
        }
    }
}

/// How passwords are hashed: with Argon2id (RFC 9106).
package struct PasswordSettings: Sendable, Equatable {
    /// Bytes of memory for one hash.
    package let memory: UInt64
    package let iterations: Int
    /// Nil for half of the processors.
    package let threads: Int?
}

extension PasswordSettings: ConfigurationSection {
    static let title = "authorization_server.passwords"
    static let summary = """
        How passwords are hashed, with Argon2id. After a change, a hash is made anew when its user signs in.
        """

    init?(_ reader: SectionReader) {
        memory = reader.value("memory", .size(19_922_944...4_294_967_296), default: "19MiB", "Memory of one hash.")
        iterations = reader.value("iterations", .integer(2...100), default: 2, "Passes over it.")
        threads = reader.optional(
            "threads",
            .integer(1...256),
            "Passwords that are hashed at the same time. Absent: half as many as processors."
        )
    }
}

/// The pages that people see.
package struct PageSettings: Sendable, Equatable {
    /// The absolute path of a folder; nil for the built-in templates alone.
    package let templateFolder: String?
    package let productName: String
}

extension PageSettings: ConfigurationSection {
    static let title = "authorization_server.pages"
    static let summary = "The pages that people see: sign in, allow, account."

    init?(_ reader: SectionReader) {
        templateFolder = reader.optional(
            "template_folder",
            .path,
            "A folder with templates that replace the built-in ones of the same names."
        )
        productName = reader.value("product_name", .text, default: "Gatehouse", "The name that they show.")
    }
}
