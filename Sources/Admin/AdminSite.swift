import Bytes
import Dispatch
import Observability
import Synchronization
import Transport

/// What the admin listener shows, wherever it comes from.
package protocol AdminSource: AnyObject, Sendable {
    /// Whether traffic should be sent here; asked on an event loop, so it must answer at once.
    var readiness: Readiness { get }
    /// Everything for the status page; asked off the loops.
    func status() -> StatusSnapshot
}

/// Whether the gateway can do its work.
package enum Readiness: Equatable, Sendable {
    case ready
    /// Each reason is a short sentence without a full stop.
    case notReady(reasons: [String])
}

/// What the handlers of all loops share.
///
/// Pages are made on a queue of its own: a scrape of ten thousand routes would hold up a loop.
package final class AdminSite: Sendable {
    let source: any AdminSource
    private let metrics: MetricsRegistry
    private let hosts: AdminHosts
    private let queue = DispatchQueue(label: "gatehouse.admin")
    private let inHand = Atomic<Int>(0)

    /// - Parameter address: the address that the listener was configured with.
    package init(source: any AdminSource, metrics: MetricsRegistry, address: ListenAddress) {
        self.source = source
        self.metrics = metrics
        hosts = AdminHosts(address: address)
    }

    func allows(host: UnsafeRawBufferPointer) -> Bool { hosts.allow(host) }

    /// Makes a page off the loop, unless too many are being made or sent; `release` must follow when it was sent.
    func make(_ page: AdminPage, then use: @escaping @Sendable ([UInt8]) -> Void) -> Bool {
        guard inHand.wrappingAdd(1, ordering: .relaxed).newValue <= Self.mostInHand else {
            release()
            return false
        }
        queue.async { use(self.content(of: page)) }
        return true
    }

    func release() { inHand.wrappingSubtract(1, ordering: .relaxed) }

    private func content(of page: AdminPage) -> [UInt8] {
        switch page {
        case .metrics:
            var output = ByteBuffer()
            metrics.writePrometheusText(into: &output)
            return Array(output.bytes)
        case .status(let allRoutes):
            return Array(StatusPage(source.status(), showsAllRoutes: allRoutes).html.text.utf8)
        }
    }

    // A page with ten thousand routes is some megabytes, and its reader may be slow.
    private static let mostInHand = 16
}

/// A page that is made when it is asked for.
enum AdminPage: Sendable {
    case metrics
    case status(allRoutes: Bool)
}
