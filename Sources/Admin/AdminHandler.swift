import Bytes
import HTTP
import HTTPServer
import Observability
import Transport

/// Answers on the admin listener: health, metrics and the status page.
///
/// Confined to its event loop.
package final class AdminHandler: RequestHandler {
    private let site: AdminSite

    package init(site: AdminSite) {
        self.site = site
    }

    package func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        guard site.allows(host: head.host) else {
            return AdminResponse.send(
                exchange,
                status: 421,
                text: "This listener answers to its own address only, not to this Host.\n"
            )
        }
        guard head.method == .get || head.method == .head else {
            return AdminResponse.send(exchange, status: 405, text: "Only GET and HEAD are answered here.\n")
        }
        if head.path.equals("/healthz") {
            AdminResponse.send(exchange, status: 200, text: "ok\n")
        } else if head.path.equals("/readyz") {
            sendReadiness(exchange)
        } else if head.path.equals("/metrics") {
            send(.metrics, type: PrometheusText.contentType, exchange)
        } else if head.path.equals("/") {
            let allRoutes = head.query?.equals("routes=all") ?? false
            send(.status(allRoutes: allRoutes), type: "text/html; charset=utf-8", exchange)
        } else if let asset = AdminAsset(path: head.path) {
            asset.content.withUTF8Buffer {
                AdminResponse.send(
                    exchange,
                    status: 200,
                    type: asset.contentType,
                    body: UnsafeRawBufferPointer($0)
                )
            }
        } else {
            AdminResponse.send(
                exchange,
                status: 404,
                text: "There is nothing here. Try / , /metrics , /healthz or /readyz .\n"
            )
        }
    }

    package func refuse(_ exchange: HTTPExchange, _ fault: RequestFault) {
        let status =
            switch fault {
            case .malformed(let error): error.status
            case .headTimedOut, .bodyTimedOut: 408
            case .bodyTooLarge: 413
            }
        AdminResponse.send(exchange, status: status, text: "The request can't be read.\n")
    }

    private func sendReadiness(_ exchange: HTTPExchange) {
        switch site.source.readiness {
        case .ready:
            AdminResponse.send(exchange, status: 200, text: "ready\n")
        case .notReady(let reasons):
            let lines = reasons.map { "- \($0)\n" }.joined()
            AdminResponse.send(exchange, status: 503, text: "not ready\n\(lines)")
        }
    }

    private func send(_ page: AdminPage, type: StaticString, _ exchange: HTTPExchange) {
        let response = AdminResponse(exchange, type: type) { [site] in site.release() }
        let bound = LoopBound(response, on: exchange.loop)
        let isTaken = site.make(page) { content in
            bound.execute { $0.begin(content) }
        }
        guard isTaken else {
            return AdminResponse.send(exchange, status: 503, text: "Too many pages are being made. Try again.\n")
        }
        exchange.delegate = response
    }
}

@available(*, unavailable)
extension AdminHandler: Sendable {}
