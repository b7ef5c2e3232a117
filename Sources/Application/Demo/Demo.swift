import Configuration
import JSON
import Observability
import Transport

/// `gatehouse demo`: the configuration at hand with a sample API behind it.
package final class Demo: Sendable {
    package let server: GatewayServer
    private let sample: SampleServer

    /// - Parameters:
    ///   - path: The configuration, whose upstreams are replaced by the sample API; nil for `gateway.json` in the current
    ///     folder, or the built-in one where there is none.
    ///   - port: The port of the first listener, 0 for any free one; nil for the one in the file.
    /// - Throws: `ApplicationError` when something can't be set up, such as a port that is taken.
    package init(path: String?, port: UInt16?, diagnostics: DiagnosticLog) throws(ApplicationError) {
        let sample = try SampleServer()
        self.sample = sample
        let chosen = try port.map { (port) throws(ApplicationError) in port == 0 ? try Self.freePort() : port }
        let adminPort: UInt16? = port == nil ? nil : try Self.freePort()
        let fallback = path == nil ? Array(DemoConfigurationText.text.utf8) : nil
        let path = path ?? "gateway.json"
        let file = ConfigurationFile(path: path, fallback: fallback) { (text) throws(ApplicationError) in
            try DemoConfiguration(port: chosen, adminPort: adminPort, samplePort: sample.port).apply(
                to: text,
                path: path
            )
        }
        server = try GatewayServer(file: file, diagnostics: diagnostics)
    }

    /// Begins to serve; returns what to show: the listeners and lines to paste.
    ///
    /// - Throws: `ApplicationError` when an address can't be had or the token can't be signed.
    package func start() async throws(ApplicationError) -> [String] {
        let listening = try server.start()
        let admin = server.adminAddress.map { ["the status page is \($0)/"] } ?? []
        let (configuration, now) = (server.snapshot.configuration, SystemClock.unixTime())
        var visitor: DemoVisitor?
        if let settings = configuration.authorizationServer, let store = server.storage.authorization {
            let accounts = try await DemoAccounts.seed(configuration, settings, store, now: now)
            let client = DemoClient(id: accounts.clientID, samplePort: sample.port, configuration, settings)
            sample.expectUsers(of: client)
            visitor = DemoVisitor(accounts: accounts, client: client)
        }
        let tour = DemoTour(configuration, server.storage, visitor, now: now)
        return listening + admin + (try await tour.lines())
    }

    private static func freePort() throws(ApplicationError) -> UInt16 {
        do throws(TransportError) {
            let bound = try BoundAddress(.internet(host: "127.0.0.1", port: 0), loops: 1)
            defer { bound.close() }
            guard case .internet(_, let port) = bound.address else { throw .invalidAddress("127.0.0.1:0") }
            return port
        } catch {
            throw .setup("there is no free port: \(error.description)")
        }
    }
}

/// The changes that make any configuration the demo's.
private struct DemoConfiguration {
    let port: UInt16?
    let adminPort: UInt16?
    let samplePort: UInt16

    func apply(to text: [UInt8], path: String) throws(ApplicationError) -> [UInt8] {
        let root: JSONNode
        do throws(JSONError) {
            root = try JSONParser.parse(text, comments: true)
        } catch {
            throw .file(path: path, reason: error.description)
        }
        var writer = JSONWriter(.compact)
        writer.beginObject()
        for member in root.members ?? [] {
            writer.name(member.name)
            write(member, to: &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    private func write(_ member: JSONMember, to writer: inout JSONWriter) {
        switch member.name {
        case "issuer": writer.string(replacingPort(member.value.string ?? "", port))
        case "listeners":
            writer.beginArray()
            for (index, listener) in (member.value.array ?? []).enumerated() {
                writeObject(listener, to: &writer, "address", port: index == 0 ? port : nil)
            }
            writer.endArray()
        case "admin": writeObject(member.value, to: &writer, "address", port: adminPort)
        case "upstreams":
            writer.beginObject()
            for upstream in member.value.members ?? [] {
                writer.name(upstream.name)
                writer.beginObject()
                writer.member("servers", ["http://127.0.0.1:\(samplePort)"])
                writer.endObject()
            }
            writer.endObject()
        default: writer.node(member.value)
        }
    }

    private func writeObject(_ node: JSONNode, to writer: inout JSONWriter, _ name: String, port: UInt16?) {
        writer.beginObject()
        for member in node.members ?? [] {
            writer.name(member.name)
            if member.name == name, let text = member.value.string {
                writer.string(replacingPort(text, port))
            } else {
                writer.node(member.value)
            }
        }
        writer.endObject()
    }

    private func replacingPort(_ text: String, _ port: UInt16?) -> String {
        guard let port, let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
            return text
        }
        return text[...colon] + "\(port)"
    }
}
