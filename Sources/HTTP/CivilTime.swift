/// A time of the calendar in UTC.
package struct CivilTime {
    package let year: Int64
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int

    /// Takes apart seconds since 1970, in the proleptic Gregorian calendar.
    package init(unixTime: Int64) {
        let days = (unixTime >= 0 ? unixTime : unixTime - 86_399) / 86_400
        let seconds = Int(unixTime - days * 86_400)
        hour = seconds / 3600
        minute = seconds / 60 % 60
        second = seconds % 60
        // Years start in March here, so that a leap day is the last of its year; eras have 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = Int((5 * dayOfYear + 2) / 153)
        day = Int(dayOfYear) - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// As in `2025-11-24T09:41:07Z`.
    package var iso8601: String { "\(year)-\(two(month))-\(two(day))T\(time)Z" }

    /// As in `24 November 2025`.
    package var date: String { "\(day) \(CivilTime.months[month - 1]) \(year)" }

    /// As in `24 November 2025, 09:41:07 UTC`.
    package var words: String { "\(date), \(time) UTC" }

    private var time: String { "\(two(hour)):\(two(minute)):\(two(second))" }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}
