import OAuthServer

/// Makes text that others chose fit to be shown: a name can say what it likes, but not look like something else.
enum ClientText {
    /// What a client calls itself; its id where nothing is left of that.
    static func name(of client: OAuthClient) -> String {
        let name = cleaned(client.name ?? "", limit: 60)
        if !name.isEmpty { return name }
        let id = cleaned(client.id, limit: 60)
        return id.isEmpty ? "?" : id
    }

    /// The text without what can't be seen or changes the direction of what follows, with runs of space folded.
    ///
    /// - Parameter limit: how many characters it may have; a longer one ends in "…".
    static func cleaned(_ text: String, limit: Int) -> String {
        var kept = String.UnicodeScalarView()
        var marks = 0
        var awaitsSpace = false
        // What comes after this can't be among the first `limit` characters, and a hostile text may be long.
        for scalar in text.unicodeScalars.prefix(limit * 16) {
            let properties = scalar.properties
            if properties.isWhitespace || scalar == Self.brailleBlank {
                awaitsSpace = !kept.isEmpty
                continue
            }
            if isInvisible(properties) { continue }
            // A mark sits on what stands before it: not on our own words, and not in heaps.
            let isMark = isMark(properties.generalCategory)
            marks = isMark ? marks + 1 : 0
            if isMark, kept.isEmpty || awaitsSpace || marks > mostMarks { continue }
            if awaitsSpace { kept.append(" ") }
            awaitsSpace = false
            kept.append(scalar)
        }
        let clean = String(kept)
        return clean.count > limit ? String(clean.prefix(limit - 1)) + "…" : clean
    }

    /// A URI of which every part can be seen: what is not printable ASCII is percent-encoded.
    static func visibleURI(_ uri: String) -> String {
        var text = ""
        for byte in uri.utf8.prefix(longestURI) {
            if (0x21...0x7E).contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text +=
                    "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
        return uri.utf8.count > longestURI ? text + "…" : text
    }

    private static func isInvisible(_ properties: Unicode.Scalar.Properties) -> Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: true
        // Fillers and selectors, which are letters or marks by category.
        default: properties.isDefaultIgnorableCodePoint
        }
    }

    private static func isMark(_ category: Unicode.GeneralCategory) -> Bool {
        category == .nonspacingMark || category == .enclosingMark || category == .spacingMark
    }

    /// A symbol by category that looks like a space.
    private static let brailleBlank: Unicode.Scalar = "\u{2800}"
    /// How many marks a letter may carry; written languages need no more.
    private static let mostMarks = 3
    private static let longestURI = 2000
}
