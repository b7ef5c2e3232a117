import Configuration
import Gateway
import HTTP
import JSON
import JWT

/// `gatehouse token inspect`: what a token says, and whether it would be taken.
package struct TokenInspection: Sendable {
    /// Nil where it can't even be decoded.
    private let decoded: UnverifiedToken?
    private let verified: VerifiedToken?
    private let refusal: TokenRefusal?
    /// The routes that it opens, with their methods.
    private let opens: [String]
    private let now: Int64

    /// Decodes and verifies a token.
    package init(_ token: String, _ gateway: OfflineGateway, now: Int64) {
        let bytes = Array(token.utf8)
        self.now = now
        decoded = bytes.withUnsafeBytes { try? UnverifiedToken($0) }
        (verified, refusal) = Self.verify(bytes, gateway, now: now)
        opens = verified.map { Self.openRoutes($0, gateway) } ?? []
    }

    /// Whether it would be taken somewhere.
    package var isGood: Bool { refusal == nil }

    private static func verify(
        _ token: [UInt8],
        _ gateway: OfflineGateway,
        now: Int64
    ) -> (VerifiedToken?, TokenRefusal?) {
        token.withUnsafeBytes { bytes in
            do throws(TokenRefusal) {
                let verified = try gateway.verifier.verify(bytes, at: now)
                return gateway.revocations.contains(verified) ? (nil, .revoked) : (verified, nil)
            } catch {
                return (nil, error)
            }
        }
    }

    /// Asks the very policies that requests are held against.
    private static func openRoutes(_ token: VerifiedToken, _ gateway: OfflineGateway) -> [String] {
        let principal = Principal(token, gateway.snapshot.gateway.vocabulary)
        return gateway.snapshot.gateway.router.table.routes.compactMap { route in
            guard route.access.needsToken, route.access.decide(principal) == .allowed else { return nil }
            return (route.methods.isEmpty ? "any method" : route.methods.joined(separator: " ")) + " " + route.path
        }
    }
}

extension TokenInspection {
    /// What was found, as text.
    package func lines(note: String?) -> [String] {
        var lines = verdictLines(note: note)
        if let decoded {
            lines += ["", "header:"] + Self.members(of: decoded.header)
            lines += ["", "claims:"] + Self.members(of: decoded.claims, timesAt: now)
        }
        return lines.map(\.printable)
    }

    private func verdictLines(note: String?) -> [String] {
        if let refusal {
            let status = GatewayFailure.tokenRefused(refusal).status
            var lines = ["refused (\(status)): \(refusal.description)"]
            if refusal == .unknownKey, let note { lines.append("note: \(note)") }
            return lines
        }
        guard let verified else { return [] }
        var table = TextTable(["good:", verified.isOwn ? "a token of our own" : "a token of \(verified.issuer)"])
        table.append(["user:", verified.userName ?? "none: a client acts for itself"])
        table.append(["client:", verified.clientID ?? "not said"])
        table.append(["scopes:", verified.scopes.isEmpty ? "none" : verified.scopes.joined(separator: " ")])
        table.append(["for:", verified.audiences.joined(separator: " ")])
        table.append(["until:", TimeText.absolute(verified.expiresAt + 1, now: now) + ", clock skew included"])
        for (index, route) in opens.enumerated() { table.append([index == 0 ? "opens:" : "", route]) }
        if opens.isEmpty { table.append(["opens:", "no route"]) }
        return table.lines
    }

    private static func members(of node: JSONNode, timesAt now: Int64? = nil) -> [String] {
        (node.members ?? []).map { member in
            var writer = JSONWriter()
            writer.node(member.value)
            var line = "  \(member.name): \(writer.text)"
            if let now, timeClaims.contains(member.name), let time = member.value.int64 {
                line += "  " + TimeText.absolute(time, now: now)
            }
            return line
        }
    }

    private static let timeClaims: Set<String> = ["exp", "iat", "nbf", "auth_time"]

    /// What was found, as JSON.
    package var json: String {
        var writer = JSONWriter(.pretty)
        writer.beginObject()
        writer.member("valid", isGood)
        if let refusal {
            let failure = GatewayFailure.tokenRefused(refusal)
            writer.member("status", failure.status)
            writer.member("reason", failure.reason)
            if let error = failure.bearerError { writer.member("error", "\(error)") }
            writer.member("error_description", refusal.description)
        }
        if let verified {
            writer.member("own", verified.isOwn)
            writer.member("issuer", verified.issuer)
            if let userName = verified.userName { writer.member("user", userName) }
            if let clientID = verified.clientID { writer.member("client_id", clientID) }
            writer.member("scopes", verified.scopes)
            writer.member("audiences", verified.audiences)
            writer.member("accepted_until", verified.expiresAt)
            writer.member("opens", opens)
        }
        if let decoded {
            writer.name("header")
            writer.node(decoded.header)
            writer.name("claims")
            writer.node(decoded.claims)
        }
        writer.endObject()
        return writer.text
    }
}
