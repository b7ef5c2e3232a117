import Configuration
import Crypto
import JSON
import JWT
import OAuthServer

/// `gatehouse key`: our own signing keys, as they are stored.
package struct SigningKeyCommands: Sendable {
    private let ring: SigningKeyRing
    private let configuration: GatewayConfiguration
    private let now: Int64

    /// Opens the storage of a configuration.
    ///
    /// - Throws: `ApplicationError` when the gateway is no issuer or its storage is not shared with commands.
    package init(_ file: ConfigurationFile, now: Int64) throws(ApplicationError) {
        let configuration = try file.load()
        guard configuration.authorizationServer != nil else {
            throw .setup("the configuration has no authorization_server, so there are no own keys")
        }
        guard let ring = try Storage.shared(configuration).keyRing else {
            throw .setup("the configuration has no authorization_server, so there are no own keys")
        }
        self.ring = ring
        self.configuration = configuration
        self.now = now
    }

    /// All keys.
    package func list() throws(ApplicationError) -> SigningKeyList {
        SigningKeyList(records: try attempt { () throws(StoreError) in try ring.store.signingKeys() }, ring.policy, now)
    }

    /// Publishes the next keys; they sign after the publication lead time.
    ///
    /// - Parameter algorithm: its name; nil for all.
    package func rotate(_ algorithm: String?) throws(ApplicationError) -> SigningKeyList {
        let chosen = try algorithm.map { (name) throws(ApplicationError) in try self.algorithm(name) }
        let audit = try CommandAudit(configuration, now: now)
        let records = try attempt { () throws(StoreError) in try ring.rotate(chosen, at: now) }
        audit.record(records.map { AuditEvent(.keyRotated, detail: "\($0.algorithm.name) \($0.keyID) signs next") })
        return SigningKeyList(records: records, ring.policy, now)
    }

    /// Removes a key, whose tokens are refused from then on; returns what signs instead, if it was one that signed.
    package func remove(_ keyID: String) throws(ApplicationError) -> SigningKeyList {
        let before = try list().records
        guard let removed = before.first(where: { $0.keyID == keyID }) else {
            throw .setup("there is no key \(keyID.printable)" + CommandText.clause(keyID, among: before.map(\.keyID)))
        }
        let audit = try CommandAudit(configuration, now: now)
        guard try attempt({ () throws(StoreError) in try ring.remove(keyID, at: now) }) else {
            throw .setup("the key \(keyID.printable) has been removed by another process")
        }
        audit.record([AuditEvent(.keyRemoved, detail: "\(removed.algorithm.name) \(keyID)")])
        let after = try list().records
        let successors = after.filter { $0.algorithm == removed.algorithm && $0.state == .active }
        return SigningKeyList(records: removed.state == .active ? successors : [], ring.policy, now)
    }

    private func algorithm(_ name: String) throws(ApplicationError) -> SignatureAlgorithm {
        guard let algorithm = SignatureAlgorithm(name: name), ring.policy.algorithms.contains(algorithm) else {
            let names = ring.policy.algorithms.map(\.name)
            throw .setup("there are no own keys for \(name.printable), but for \(names.joined(separator: " and "))")
        }
        return algorithm
    }

    private func attempt<Value>(_ work: () throws(StoreError) -> Value) throws(ApplicationError) -> Value {
        do throws(StoreError) {
            return try work()
        } catch {
            throw .storage("the storage can't be used: \(error.description)")
        }
    }
}

/// Signing keys to be printed.
package struct SigningKeyList: Sendable {
    let records: [SigningKeyRecord]
    private let policy: SigningKeyPolicy
    private let now: Int64

    init(records: [SigningKeyRecord], _ policy: SigningKeyPolicy, _ now: Int64) {
        self.records = records
        self.policy = policy
        self.now = now
    }

    /// Whether there is none.
    package var isEmpty: Bool { records.isEmpty }

    /// The keys as a table.
    package var lines: [String] {
        guard !records.isEmpty else { return ["There are no keys yet: the first start of the gateway makes them."] }
        var table = TextTable(["KEY", "ALGORITHM", "STATE", "MADE", "WHAT IT DOES"])
        for record in records {
            let made = TimeText.relative(record.createdAt, now: now)
            table.append([record.keyID, record.algorithm.name, record.state.rawValue, made, purpose(of: record)])
        }
        return table.lines
    }

    /// The keys as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginArray()
        for record in records {
            writer.beginObject()
            writer.member("key_id", record.keyID)
            writer.member("algorithm", record.algorithm.name)
            writer.member("state", record.state.rawValue)
            writer.member("created_at", record.createdAt)
            writer.member("activates_at", record.activatesAt)
            if let retiredAt = record.retiredAt { writer.member("retired_at", retiredAt) }
            if let removedAt = policy.removalTime(of: record) { writer.member("removed_at", removedAt) }
            writer.endObject()
        }
        writer.endArray()
        return writer.text
    }

    private func purpose(of record: SigningKeyRecord) -> String {
        switch record.state {
        case .next: "is published; signs " + TimeText.absolute(record.activatesAt, now: now)
        case .active: "signs since " + TimeText.absolute(record.activatesAt, now: now)
        case .retired:
            "only verifies; goes " + (policy.removalTime(of: record).map { TimeText.absolute($0, now: now) } ?? "later")
        }
    }
}
