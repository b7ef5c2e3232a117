import Application
import ArgumentParser
import Glibc

/// What commands print.
enum Output {
    /// Prints lines on standard output, at once and whole even where it is a pipe.
    static func lines(_ lines: [String]) {
        for line in lines { print(line) }
        fflush(nil)
    }

    /// Prints a text on standard error.
    static func error(_ text: String) {
        var text = text + "\n"
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// How commands fail: a reason on standard error, and status 1.
enum Failure {
    /// Runs the work and turns what it throws into a message and an exit status.
    static func reported<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as ApplicationError {
            Output.error("gatehouse: \(error.description)")
            throw ExitCode(1)
        }
    }

    /// The same for work that waits.
    static func awaited<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as ApplicationError {
            Output.error("gatehouse: \(error.description)")
            throw ExitCode(1)
        }
    }
}
