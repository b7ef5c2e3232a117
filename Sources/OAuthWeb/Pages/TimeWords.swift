import HTTP

/// Times as users read them; in English, like the templates, and without a time zone.
enum TimeWords {
    /// A span in its largest unit, such as `30 days`.
    static func span(_ seconds: Int64) -> String {
        switch seconds {
        case 172_800...: "\(seconds / 86_400) days"
        case 86_400...: "a day"
        case 7200...: "\(seconds / 3600) hours"
        case 3600...: "an hour"
        case 120...: "\(seconds / 60) minutes"
        default: "a minute"
        }
    }

    /// How long ago something was, such as `8 minutes ago`; a date for what is more than two days ago.
    ///
    /// Spans rather than "today": the server does not know the user's time zone.
    static func ago(_ unixTime: Int64, now: Int64) -> String {
        let distance = now.subtractingReportingOverflow(unixTime)
        guard !distance.overflow, distance.partialValue < 172_800 else { return date(unixTime) }
        return distance.partialValue < 60 ? "just now" : span(distance.partialValue) + " ago"
    }

    /// Such as `3 December 2025`, in UTC, from 1970 to 9999.
    static func date(_ unixTime: Int64) -> String {
        CivilTime(unixTime: min(max(unixTime, 0), 253_402_300_799)).date
    }
}
