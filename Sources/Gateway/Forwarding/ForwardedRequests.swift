import JWT

/// The forwarded requests of one loop that are not over, and those that can be used again.
///
/// Confined to its event loop.
struct ForwardedRequests {
    private var active: [ForwardedRequest] = []
    private var spare: [ForwardedRequest] = []

    private static let kept = 256

    var activeCount: Int { active.count }

    mutating func take(_ pipeline: RequestPipeline) -> ForwardedRequest {
        let request = spare.popLast() ?? ForwardedRequest()
        request.place = active.count
        request.pipeline = pipeline
        active.append(request)
        return request
    }

    mutating func giveBack(_ request: ForwardedRequest) {
        let place = request.place
        guard place < active.count, active[place] === request else { return }
        let last = active.removeLast()
        if last !== request {
            active[place] = last
            last.place = place
        }
        request.pipeline = nil
        if spare.count < Self.kept { spare.append(request) }
    }

    /// Cuts those for which there is a reason; each leaves `active` while it is cut.
    func cut(_ reason: (ForwardedRequest) -> TokenRefusal?) {
        for (request, refusal) in active.compactMap({ request in reason(request).map { (request, $0) } }) {
            request.cut(refusal)
        }
    }
}
