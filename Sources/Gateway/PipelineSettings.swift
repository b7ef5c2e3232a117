import Bytes
import HTTP
import Transport

/// What the pipeline needs to know beside the routes.
package struct PipelineSettings: Sendable {
    /// The host in the issuer's URL, in lower case: the gateway's own paths answer only there.
    package var issuerHost: [UInt8]
    /// The issuer's scheme and authority, to which plain HTTP is redirected.
    package var issuerOrigin: [UInt8]
    /// The largest request body in bytes where the route says nothing else.
    package var bodySize: UInt64
    package var trustedProxies: TrustedProxies
    /// For each upstream whether the client's `Host` goes on.
    package var preservesHost: [Bool]
    /// For each listener the `Strict-Transport-Security` line (RFC 6797), its end included, or nothing.
    package var transportSecurityLines: [[UInt8]]

    package init(
        issuerHost: [UInt8],
        issuerOrigin: [UInt8],
        bodySize: UInt64,
        trustedProxies: TrustedProxies = TrustedProxies([]),
        preservesHost: [Bool],
        transportSecurityLines: [[UInt8]] = []
    ) {
        self.issuerHost = issuerHost
        self.issuerOrigin = issuerOrigin
        self.bodySize = bodySize
        self.trustedProxies = trustedProxies
        self.preservesHost = preservesHost
        self.transportSecurityLines = transportSecurityLines
    }
}

/// The peers whose `Forwarded` and `X-Forwarded-*` count.
package struct TrustedProxies: Sendable {
    /// An address block: the address's bytes and the number of leading bits that count.
    package struct Block: Sendable {
        package let bytes: [UInt8]
        package let prefixLength: Int

        package init(bytes: [UInt8], prefixLength: Int) {
            self.bytes = bytes
            self.prefixLength = prefixLength
        }

        func contains(_ address: [UInt8]) -> Bool {
            guard address.count == bytes.count else { return false }
            let whole = prefixLength / 8
            guard address.prefix(whole).elementsEqual(bytes.prefix(whole)) else { return false }
            let bits = prefixLength % 8
            guard bits > 0, whole < bytes.count else { return true }
            let mask = ~(UInt8.max >> UInt8(bits))
            return address[whole] & mask == bytes[whole] & mask
        }
    }

    private let blocks: [Block]

    package init(_ blocks: [Block]) {
        self.blocks = blocks
    }

    package func contains(_ peer: PeerAddress) -> Bool {
        guard !blocks.isEmpty else { return false }
        return blocks.contains { $0.contains(peer.bytes) }
    }

    /// Whether a numeric address in a field is one of them; what is no address is not.
    func contains(_ text: UnsafeRawBufferPointer) -> Bool {
        guard !blocks.isEmpty, let bytes = PeerAddress.bytes(of: text) else { return false }
        return blocks.contains { $0.contains(bytes) }
    }
}
