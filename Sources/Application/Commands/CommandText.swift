import Configuration

/// Text from and for command lines.
package enum CommandText {
    /// The name that was probably meant.
    package static func nearest(to name: String, among names: [String]) -> String? {
        NearestName.nearest(to: name, among: names)
    }

    /// Text of unknown origin with nothing in it that could disturb a terminal.
    package static func printable(_ text: String) -> String { text.printable }

    /// Text without white space around it.
    package static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// `; did you mean "x"?`, or nothing.
    static func clause(_ name: String, among names: [String]) -> String {
        nearest(to: name, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
    }
}
