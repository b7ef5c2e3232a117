import Configuration
import Crypto
import Gateway
import JSON
import JWT
import OAuthServer
import SQLiteStore
import TLS
import Upstream

/// `gatehouse check`: everything that is wrong with a configuration and the files that it names.
///
/// It makes nothing: no storage, no keys, no certificates.
package struct ConfigurationCheck: Sendable {
    package let path: String
    /// In the order of the file; any of them keeps the gateway from serving.
    package private(set) var errors: [ConfigurationFault]
    /// What is allowed but probably not meant, in the order of the file.
    package private(set) var warnings: [ConfigurationFault]
    /// Nil where the file itself has errors.
    private let configuration: GatewayConfiguration?

    /// Reads the file and all that it names.
    ///
    /// - Throws: `ApplicationError.file` when the file itself can't be read.
    package init(_ file: ConfigurationFile) throws(ApplicationError) {
        let report = try file.report()
        path = file.path
        errors = report.faults
        warnings = report.warnings
        configuration = report.configuration
        guard let configuration else { return }
        checkRoutes(configuration)
        checkKeySets(configuration, report)
        checkUpstreams(configuration, report)
        checkCertificates(configuration, report)
        checkEncryptionKey(configuration, report)
        checkPages(configuration, report)
        checkClients(configuration, report)
        errors = errors.inFileOrder
        warnings = warnings.inFileOrder
    }

    /// Whether the gateway would serve it.
    package var isValid: Bool { errors.isEmpty }

    /// The findings as text.
    package var lines: [String] {
        let counts = [Self.count(errors.count, "error"), Self.count(warnings.count, "warning")].compactMap(\.self)
        guard !counts.isEmpty else { return ["\(path): good: \(summary)"] }
        return [path + ": " + (isValid ? "good, with " : "") + counts.joined(separator: ", ")]
            + errors.map { "  error: " + $0.description } + warnings.map { "  warning: " + $0.description }
    }

    /// The findings as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.member("path", path)
        writer.member("valid", isValid)
        writer.name("errors")
        writer.findings(errors)
        writer.name("warnings")
        writer.findings(warnings)
        writer.endObject()
        return writer.text
    }

    private var summary: String {
        guard let configuration else { return "" }
        let parts = [
            Self.count(configuration.listeners.count, "listener"), Self.count(configuration.routes.count, "route"),
            Self.count(configuration.scopes.count, "scope"), Self.count(configuration.upstreams.count, "upstream"),
            Self.count(configuration.tokenIssuerNames.count, "issuer"),
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    private static func count(_ number: Int, _ noun: String) -> String? {
        number == 0 ? nil : "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

// MARK: What only shows when the configuration is used

extension ConfigurationCheck {
    private mutating func checkRoutes(_ configuration: GatewayConfiguration) {
        do throws(GatewayDefinitionError) {
            _ = try GatewaySnapshot(GatewayDefinition(configuration))
        } catch {
            errors += error.configurationFaults(configuration.routes)
        }
    }

    private mutating func checkKeySets(_ configuration: GatewayConfiguration, _ report: ConfigurationReport) {
        for (index, settings) in configuration.trustedIssuers.enumerated() {
            let place = ["trusted_issuers", String(index), "jwks_file"]
            do throws(ApplicationError) {
                guard case .available(let set) = try TokenIssuer(settings).keys else { continue }
                for problem in set.problems(settings) { warnings.append(report.finding(problem, at: place)) }
            } catch {
                errors.append(report.finding(error.description, at: place))
            }
        }
    }

    private mutating func checkUpstreams(_ configuration: GatewayConfiguration, _ report: ConfigurationReport) {
        for settings in configuration.upstreams {
            do throws(ApplicationError) {
                _ = try UpstreamConfiguration(settings)
            } catch {
                errors.append(report.finding(error.description, at: ["upstreams", settings.name, "tls"]))
            }
        }
    }

    private mutating func checkCertificates(_ configuration: GatewayConfiguration, _ report: ConfigurationReport) {
        let store = CertificateStore(configuration: configuration, ticketKeys: TicketKeyRing(), now: 0)
        for (index, listener) in configuration.listeners.enumerated() {
            guard let settings = listener.tls else { continue }
            var certificates: [TLSConfiguration.Certificate] = []
            let place = ["listeners", String(index), "tls"]
            do throws(ApplicationError) {
                for files in settings.certificates { certificates.append(try CertificateStore.read(files)) }
                // The library has rules of its own, such as how short a key may be.
                if !certificates.isEmpty { _ = try store.context(settings, listener, certificates) }
            } catch {
                errors.append(report.finding(error.description, at: place))
            }
        }
    }

    private mutating func checkClients(_ configuration: GatewayConfiguration, _ report: ConfigurationReport) {
        guard let clients = configuration.authorizationServer?.clients, !clients.isEmpty else { return }
        let stored = (try? Storage.existing(configuration))?.authorization.flatMap { store in
            try? Waiting.forResult { () async throws(StoreError) in
                (clients: try await store.clients().map(\.id), users: try await store.users().map(\.name))
            }
        }
        let taken = Set(stored?.clients ?? [])
        let users = Set(stored?.users ?? [])
        for (index, settings) in clients.enumerated() {
            let place = ["authorization_server", "clients", String(index)]
            if taken.contains(settings.id) {
                errors.append(report.finding("the storage has a client of this id too", at: place + ["client_id"]))
            }
            if users.contains(settings.id) {
                errors.append(report.finding("a user in the storage has this name", at: place + ["client_id"]))
            }
            do throws(ApplicationError) {
                _ = try OAuthClient(settings)
            } catch {
                errors.append(report.finding(error.description, at: place + ["client_secret"]))
            }
        }
    }

    private mutating func checkEncryptionKey(_ configuration: GatewayConfiguration, _ report: ConfigurationReport) {
        guard let settings = configuration.authorizationServer else { return }
        if let reference = settings.encryptionKey {
            do throws(ApplicationError) {
                _ = try Storage.sealingKey(reference)
            } catch {
                let place = ["authorization_server", "encryption_key"]
                errors.append(report.finding(error.description, at: place))
            }
        } else if let folder = configuration.storage.folder {
            do throws(EncryptionKeyFileError) {
                _ = try EncryptionKeyFile.load(path: folder + "/encryption.key")
            } catch {
                errors.append(report.finding(error.description, at: ["storage"]))
            }
        }
    }
}

extension ConfigurationCheck {
    private mutating func checkPages(_ configuration: GatewayConfiguration, _ report: ConfigurationReport) {
        guard let settings = configuration.authorizationServer?.pages else { return }
        do throws(ApplicationError) {
            _ = try PageFolder.theme(settings)
        } catch {
            let place = ["authorization_server", "pages", "template_folder"]
            errors.append(report.finding(error.description, at: place))
        }
    }
}

extension JSONWebKeySet {
    /// What its owner should know of a set that can be used.
    fileprivate func problems(_ settings: TrustedIssuerSettings) -> [String] {
        let path = settings.keysFile
        guard !keys.isEmpty else { return ["\(path) holds no key: no token of this issuer is taken"] }
        let allowed = settings.algorithms.compactMap(SignatureAlgorithm.init(name:))
        let idle = keys.filter { key in
            !allowed.contains { key.algorithm.map { [$0] }?.contains($0) ?? ($0.keyFamily == key.family) }
        }
        return unusable.map { "\(path): \($0.description)" }
            + idle.map { key in
                let name = key.keyID.map { "the key \"\($0)\"" } ?? "a key without kid"
                return "\(path): \(name) is for none of this issuer's algorithms"
            }
    }
}

extension JSONWriter {
    fileprivate mutating func findings(_ findings: [ConfigurationFault]) {
        beginArray()
        for finding in findings {
            beginObject()
            member("pointer", finding.pointer)
            member("line", finding.line)
            member("column", finding.column)
            member("problem", finding.problem)
            if let found = finding.found { member("found", found) }
            if let allowed = finding.allowed { member("allowed", allowed) }
            if let nearest = finding.nearest { member("nearest", nearest) }
            endObject()
        }
        endArray()
    }
}
