/// Where a secret is kept.
package enum SecretReference: Sendable, Equatable {
    case environment(String)
    /// The absolute path of a file; one line feed at its end does not count.
    case file(path: String)
    /// Only for comparing: `sha256:HEX` or a PHC string.
    case hash(String)
    case literal(SecretText)

    /// The secret's bytes.
    ///
    /// - Parameters:
    ///   - environment: the value of a variable.
    ///   - contentsOfFile: the bytes of a file, or nil if it cannot be read.
    package func resolve(
        environment: (String) -> String?,
        contentsOfFile: (String) -> [UInt8]?
    ) throws(SecretFault) -> [UInt8] {
        let bytes: [UInt8]
        switch self {
        case .environment(let name):
            guard let value = environment(name) else { throw .missingVariable(name) }
            bytes = Array(value.utf8)
        case .file(let path):
            guard var content = contentsOfFile(path) else { throw .unreadableFile(path) }
            if content.last == 0x0A { content.removeLast() }
            if content.last == 0x0D { content.removeLast() }
            bytes = content
        case .hash: throw .onlyHash
        case .literal(let text): bytes = text.bytes
        }
        guard !bytes.isEmpty else { throw .empty }
        return bytes
    }
}

/// Why a secret could not be had.
package enum SecretFault: Error, Equatable, Sendable {
    case missingVariable(String)
    case unreadableFile(String)
    case empty
    case onlyHash
}

extension SecretFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missingVariable(let name): "the environment variable \(name) is not set"
        case .unreadableFile(let path): "the file \(path) cannot be read"
        case .empty: "the secret is empty"
        case .onlyHash: "only the hash of the secret is known"
        }
    }
}

/// A secret that stands in the file itself; a class, so that printing whatever holds it shows nothing.
package final class SecretText: Sendable, Equatable, CustomReflectable {
    package let bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    package static func == (left: SecretText, right: SecretText) -> Bool { left.bytes == right.bytes }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Kind where Value == SecretReference {
    /// A secret; by its hash only where comparing is all that is done with it.
    static func secret(allowsHash: Bool = false) -> Kind {
        let words =
            "{ \"env\": … }, { \"file\": … }\(allowsHash ? ", { \"hash\": … }" : ""), or a literal (with a warning)"
        let literal = Kind.text(words, label: "a literal secret (with a warning)", isSecret: true) {
            (text, cursor) throws(ValueFault) in
            guard !text.isEmpty else { throw ValueFault("an empty secret") }
            cursor.warn("a literal secret; { \"env\": \"NAME\" } or { \"file\": \"path\" } keep it out of this file")
            return .literal(SecretText(text))
        }
        let title = allowsHash ? "a secret or its hash" : "a secret"
        let reference = Kind.object(title: title, summary: "Where a secret is kept: one of these members.") { reader in
            let variable = reader.optional("env", .text, "The environment variable that holds it.")
            let path = reader.optional("file", .path, "The file that holds it; a line feed at its end does not count.")
            let hash = allowsHash ? reader.optional("hash", .hash, "`sha256:HEX`, or a PHC string for passwords.") : nil
            guard reader.cursor.node.members?.count == 1 else {
                reader.fault("not one secret", allowed: allowsHash ? "one of env, file, hash" : "one of env, file")
                return nil
            }
            return variable.map { .environment($0) } ?? path.map { .file(path: $0) } ?? hash.map { .hash($0) }
        }
        return .either(reference, when: { $0.members != nil }, else: literal)
    }
}

extension Kind where Value == String {
    fileprivate static var hash: Kind {
        .text("\"sha256:\" and 64 hexadecimal digits, or a PHC string", isSecret: true) {
            (text, _) throws(ValueFault) in
            let digits = text.dropFirst(7)
            let isDigest = text.hasPrefix("sha256:") && digits.utf8.count == 64 && digits.allSatisfy(\.isHexDigit)
            guard isDigest || text.hasPrefix("$argon2id$") else { throw ValueFault("not a hash") }
            return text
        }
    }
}
