import Application
import ArgumentParser
import Glibc

/// A command or an option that there is none of by this name, and the one that was probably meant.
///
/// ArgumentParser calls an unknown command an unexpected argument, and speaks of missing options before unknown ones.
struct UsageMistake {
    private let text: String
    private let help: String

    /// Looks for a mistake; nil where there is none of these.
    init?(_ arguments: [String], of root: any ParsableCommand.Type) {
        var command = root
        var path = [root._commandName]
        var rest = arguments[...]
        if rest.first == "help" { rest = rest.dropFirst() }
        while let argument = rest.first, !argument.hasPrefix("-") {
            let commands = command.configuration.subcommands
            guard !commands.isEmpty else { break }
            guard let next = commands.first(where: { $0._commandName == argument }) else {
                self.init("command", argument, among: commands.map { $0._commandName }, path)
                return
            }
            command = next
            path.append(argument)
            rest = rest.dropFirst()
        }
        let known = Self.options(of: command) + ["--help"] + (path.count == 1 ? ["--version"] : [])
        for argument in rest.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
            let name = String(argument.prefix { $0 != "=" })
            guard !known.contains(name) else { continue }
            self.init("option", name, among: known, path)
            return
        }
        return nil
    }

    private init(_ noun: String, _ name: String, among names: [String], _ path: [String]) {
        let nearest = CommandText.nearest(to: name, among: names)
        let suggestion = nearest.map { "; did you mean '\($0)'?" } ?? ""
        text = "gatehouse: there is no \(noun) '\(CommandText.printable(name))'\(suggestion)"
        help = "See '\(path.joined(separator: " ")) --help'."
    }

    /// Says so, with the status for wrong command lines.
    func exit() -> Never {
        Output.error(text + "\n" + help)
        Glibc.exit(EX_USAGE)
    }

    /// The names in the help; the usage line leaves them out where they are many.
    private static func options(of command: any ParsableCommand.Type) -> [String] {
        command.helpMessage(includeHidden: true)
            .split { !($0.isLetter || $0.isNumber || $0 == "-") }
            .map(String.init)
            .filter { $0.hasPrefix("--") }
    }
}
