import Application
import ArgumentParser
import Glibc

/// What commands print on standard output.
enum Output {
    /// Prints lines, at once and whole even where the output is a pipe.
    static func lines(_ lines: [String]) {
        for line in lines { print(line) }
        fflush(nil)
    }
}

/// How commands fail: a reason on standard error, and status 1.
enum Failure {
    /// Runs the work and turns what it throws into a message and an exit status.
    static func reported<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as ApplicationError {
            var message = "gatehouse: \(error.description)\n"
            message.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            throw ExitCode(1)
        }
    }
}
