import JSON

/// How the results are printed.
enum Report {
    /// A line for each benchmark under a line for each group.
    static func table(_ results: [Measurement]) -> String {
        let width = results.map(\.name.count).max() ?? 0
        var lines = [row("ns for one operation", width + 2, "median", "minimum", "maximum")]
        var group = ""
        for result in results {
            if result.group != group {
                group = result.group
                lines += ["", group]
            }
            let times = [result.median, result.minimum, result.maximum].map(text)
            lines.append(row("  " + result.name, width + 2, times[0], times[1], times[2]))
        }
        return lines.joined(separator: "\n")
    }

    /// The same as JSON, with times in picoseconds.
    static func json(_ results: [Measurement]) -> String {
        var writer = JSONWriter(.pretty)
        writer.beginArray()
        for result in results {
            writer.beginObject()
            writer.member("group", result.group)
            writer.member("name", result.name)
            writer.member("median_ps", picoseconds(result.median))
            writer.member("minimum_ps", picoseconds(result.minimum))
            writer.member("maximum_ps", picoseconds(result.maximum))
            writer.member("operations", result.count)
            writer.endObject()
        }
        writer.endArray()
        return writer.text
    }

    private static func row(_ name: String, _ width: Int, _ columns: String...) -> String {
        pad(name, to: width, atStart: false) + columns.map { pad($0, to: 12, atStart: true) }.joined()
    }

    private static func pad(_ text: String, to width: Int, atStart: Bool) -> String {
        let spaces = String(repeating: " ", count: max(0, width - text.count))
        return atStart ? spaces + text : text + spaces
    }

    private static func picoseconds(_ nanoseconds: Double) -> Int { Int((nanoseconds * 1000).rounded()) }

    /// Nanoseconds with one decimal place.
    private static func text(_ nanoseconds: Double) -> String {
        let tenths = Int((nanoseconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
