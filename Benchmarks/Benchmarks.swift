import Glibc

/// Micro-benchmarks of what every request costs: `swift run -c release benchmarks [--json] [--repeats N] [FILTER...]`.
@main
enum Benchmarks {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            try run(options)
        } catch {
            let message = Array("\(error)\nusage: benchmarks [--json] [--repeats N] [FILTER...]\n".utf8)
            _ = message.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            exit(64)
        }
    }

    private static func run(_ options: Options) throws {
        var stopwatch = Stopwatch(repeats: options.repeats, repeatTime: 20_000_000)
        var results: [Measurement] = []
        for make in [parsing, routing, tokens, fields] {
            for benchmark in try make() where options.includes(benchmark) {
                results.append(try stopwatch.measure(benchmark))
            }
        }
        print(options.isJSON ? Report.json(results) : Report.table(results))
    }
}

/// What the command line asks for.
private struct Options {
    private(set) var isJSON = false
    private(set) var repeats = 15
    private var filters: [String] = []

    init(_ arguments: [String]) throws(OptionError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--json": isJSON = true
            case "--repeats":
                guard let value = rest.popFirst(), let count = Int(value), count > 0 else {
                    throw OptionError("--repeats takes a number")
                }
                repeats = count
            case _ where argument.hasPrefix("-"): throw OptionError("unknown option \(argument)")
            default: filters.append(argument)
            }
        }
    }

    /// Whether the benchmark's group or name contains one of the filters.
    func includes(_ benchmark: Benchmark) -> Bool {
        guard !filters.isEmpty else { return true }
        let title = "\(benchmark.group) \(benchmark.name)"
        return filters.contains { title.contains($0) }
    }
}

private struct OptionError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
