/// Writes descriptions as a page of Markdown.
enum ReferenceDocument {
    static func text(of root: SectionDescription) -> String {
        var sections: [SectionDescription] = []
        collect(root, into: &sections)
        return introduction + sections.map(part).joined(separator: "\n")
    }

    /// Each section once, in the order in which it is first met.
    private static func collect(_ section: SectionDescription, into sections: inout [SectionDescription]) {
        guard !sections.contains(where: { $0.title == section.title }) else { return }
        sections.append(section)
        for member in section.members {
            for inner in member.shape.sections { collect(inner, into: &sections) }
        }
    }

    private static func part(_ section: SectionDescription) -> String {
        var text = "## \(section.title)\n\n\(section.summary)\n\n"
        text += "| member | value | default | what it says |\n|---|---|---|---|\n"
        for member in section.members {
            let what = (member.isLater ? "**Not supported yet.** " : "") + member.text.oneLine
            let row = ["`\(member.name)`", value(of: member.shape), absence(of: member), what]
            text += "| " + row.map { $0.replacingBars }.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static func value(of shape: Shape) -> String {
        let titles = shape.sections.map { "[\($0.title)](#\($0.title.anchor))" }
        if titles.isEmpty { return (shape.label ?? shape.words).codeQuoted }
        switch shape.form {
        case .list: return "a list of " + titles.joined(separator: ", ")
        case .map: return "an object: name → " + titles.joined(separator: ", ")
        case .either(let shapes):
            return shapes.map(value).joined(separator: " or ")
        default: return titles.joined(separator: " or ")
        }
    }

    private static func absence(of member: MemberDescription) -> String {
        switch member.presence {
        case .required: "**required**"
        case .optional: "–"
        case .defaults(.emptyObject): if case .map = member.shape.form { "none" } else { "its defaults" }
        case .defaults(let value): value.code
        }
    }

    private static let introduction = """
        # Configuration

        This page is generated from the descriptions that the parser reads by; `gatehouse schema` prints the same as JSON
        Schema, and `gatehouse check` names everything that is wrong with a file, with its place.

        The configuration is one JSON file, `gateway.json` in the current folder unless another is named. `//` and `/* */`
        comments are allowed. Unknown and repeated members are errors. Nothing that is a security decision has an open
        default.

        - **Durations** are texts: `250ms`, `30s`, `10m`, `24h`, `30d`.
        - **Sizes** are texts such as `64KiB`, `10MiB`, `4GiB`, or a number of bytes.
        - **Rates** are `COUNT/DURATION`, such as `5/15m`.
        - **Paths** of files are relative to the file itself.
        - **Secrets** are `{ "env": "NAME" }`, `{ "file": "path" }` or, where only comparing is needed,
          `{ "hash": "sha256:HEX" }`. A literal secret works, with a warning.

        A member marked *not supported yet* is checked, and refused where it asks for something; it is never ignored.


        """
}

extension Shape {
    /// The sections that values of this shape may be.
    fileprivate var sections: [SectionDescription] {
        switch form {
        case .section(let section): [section]
        case .list(let element, _), .map(let element, _): element.sections
        case .either(let shapes): shapes.flatMap(\.sections)
        default: []
        }
    }
}

extension DefaultValue {
    fileprivate var code: String {
        switch self {
        case .text(let text): "`\"\(text)\"`"
        case .integer(let number): "`\(number)`"
        case .truth(let truth): "`\(truth)`"
        case .list(let elements):
            elements.isEmpty ? "none" : elements.map(\.code).joined(separator: ", ")
        case .emptyObject: "its defaults"
        }
    }
}

extension String {
    /// This text for a cell of a table.
    fileprivate var replacingBars: String {
        split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }

    /// This text with what stands in double quotes as code.
    fileprivate var codeQuoted: String {
        let parts = split(separator: "\"", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in index % 2 == 1 ? "`\"\(part)\"`" : String(part) }.joined()
    }

    /// The fragment that a heading of this text gets on GitHub.
    fileprivate var anchor: String {
        String(lowercased().filter { $0.isLetter || $0.isNumber || " _-".contains($0) }.map { $0 == " " ? "-" : $0 })
    }
}
