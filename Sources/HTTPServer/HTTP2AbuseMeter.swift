import HTTP2

/// Counts what a client of HTTP/2 does that costs it nothing and us something; the time is an argument.
///
/// How it works: for each kind it keeps the moment at which all that was counted is paid for. A frame moves it on by one
/// interval, and when it is more than the whole period ahead, there were too many.
struct HTTP2AbuseMeter {
    private let resets: FrameRate
    private let controlFrames: FrameRate
    private var paidAt = [UInt64](repeating: 0, count: HTTP2Abuse.allCases.count)
    /// WINDOW_UPDATE frames that what we sent does not account for.
    private var windowUpdates: UInt64 = 0
    private var pings: UInt64 = 0

    /// A client that uses what it is sent opens its windows about this often for a DATA frame, at most.
    private static let windowUpdatesPerFrame: UInt64 = 10
    private static let windowUpdatesPerStream: UInt64 = 4

    init(_ settings: HTTP2Settings) {
        resets = settings.resets
        controlFrames = settings.controlFrames
    }

    /// A frame begins; what it makes too many of, if it does.
    ///
    /// - Parameters:
    ///   - sent: DATA frames so far that were worth a window of their own.
    ///   - streams: Streams that the client has opened so far.
    mutating func received(
        _ frame: HTTP2FrameHeader,
        sent: UInt64,
        streams: UInt64,
        at now: UInt64
    ) -> HTTP2Abuse? {
        switch frame.type {
        case .data: return isEmpty(frame) ? count(.emptyFrames, controlFrames, now) : nil
        case .headers: return nil
        case .resetStream: return count(.rapidReset, resets, now)
        case .ping:
            // Clients of gRPC measure the bandwidth by a PING for what they were sent, again and again.
            pings += 1
            return pings <= sent ? nil : count(.pingFlood, controlFrames, now)
        case .settings:
            if frame.hasTooManySettings { return .settingsFlood }
            return count(.settingsFlood, controlFrames, now)
        case .priority, .unknown, .pushPromise, .goaway: return count(.priorityFlood, controlFrames, now)
        case .continuation: return count(.continuationFlood, controlFrames, now)
        case .windowUpdate:
            windowUpdates += 1
            let expected = sent &* Self.windowUpdatesPerFrame &+ streams &* Self.windowUpdatesPerStream
            return windowUpdates <= expected ? nil : count(.windowUpdateFlood, controlFrames, now)
        }
    }

    /// We end a stream for what the client sent on it.
    mutating func provokedReset(at now: UInt64) -> HTTP2Abuse? {
        count(.provokedResets, resets, now)
    }

    /// A field block came that is of no stream, or of one that we have reset: it is decoded all the same.
    mutating func ignoredFields(at now: UInt64) -> HTTP2Abuse? {
        count(.emptyFrames, controlFrames, now)
    }

    /// DATA that brings nothing, or nothing but padding, and ends nothing.
    private func isEmpty(_ frame: HTTP2FrameHeader) -> Bool {
        guard !frame.endsStream else { return false }
        return frame.length == 0 || frame.isPadded && frame.length <= 256
    }

    private mutating func count(_ abuse: HTTP2Abuse, _ rate: FrameRate, _ now: UInt64) -> HTTP2Abuse? {
        let place = abuse.index
        let paid = max(paidAt[place], now) &+ rate.interval
        paidAt[place] = paid
        return paid &- now > rate.nanoseconds ? abuse : nil
    }
}

extension HTTP2Abuse {
    /// Its place in a table of all.
    fileprivate var index: Int {
        switch self {
        case .rapidReset: 0
        case .provokedResets: 1
        case .continuationFlood: 2
        case .fieldBomb: 3
        case .pingFlood: 4
        case .settingsFlood: 5
        case .priorityFlood: 6
        case .windowUpdateFlood: 7
        case .emptyFrames: 8
        case .unreadAnswers: 9
        }
    }
}
