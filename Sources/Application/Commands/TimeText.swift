import HTTP

/// Times for people.
enum TimeText {
    /// As in `2025-11-24T09:41:07Z (in 10 min)`.
    static func absolute(_ time: Int64, now: Int64) -> String {
        CivilTime(unixTime: clamped(time)).iso8601 + " (" + relative(time, now: now) + ")"
    }

    /// As in `in 10 min` or `3 s ago`.
    static func relative(_ time: Int64, now: Int64) -> String {
        let distance = clamped(time) - clamped(now)
        if distance == 0 { return "now" }
        return distance > 0 ? "in " + span(distance) : span(-distance) + " ago"
    }

    /// The largest unit of which there are two at least.
    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// As in `12 us` or `1.3 ms`.
    static func duration(_ nanoseconds: UInt64) -> String {
        if nanoseconds < 1_000_000 { return "\(nanoseconds / 1000) us" }
        let tenths = nanoseconds / 100_000
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    /// What a token says may be any number; years of four digits are enough.
    private static func clamped(_ time: Int64) -> Int64 { min(max(time, 0), 253_402_300_799) }
}
