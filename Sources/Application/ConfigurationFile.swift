import Configuration

/// A configuration on disk.
package struct ConfigurationFile: Sendable {
    /// From the root.
    package let path: String
    /// Changes the text before it is read; for the demo, whose ports are not those of the file.
    private let transform: (@Sendable ([UInt8]) throws(ApplicationError) -> [UInt8])?
    /// What stands for the file where there is none.
    private let fallback: [UInt8]?

    package init(
        path: String,
        fallback: [UInt8]? = nil,
        transform: (@Sendable ([UInt8]) throws(ApplicationError) -> [UInt8])? = nil
    ) {
        self.path = Files.absolute(path)
        self.fallback = fallback
        self.transform = transform
    }

    /// Reads and checks it; what is wrong stands in the report.
    ///
    /// - Throws: `ApplicationError.file` when it can't be read at all.
    package func report() throws(ApplicationError) -> ConfigurationReport {
        var text: [UInt8]
        if let fallback, !Files.exists(path) {
            text = fallback
        } else {
            text = try Files.read(path)
        }
        if let transform { text = try transform(text) }
        return GatewayConfiguration.read(text, folder: Files.folder(of: path))
    }

    /// Reads it and takes nothing but a valid one.
    ///
    /// - Parameter warn: Is given what is allowed but probably not meant.
    /// - Throws: `ApplicationError.file`, or `.invalidConfiguration` with every fault.
    package func load(
        warn: ([ConfigurationFault]) -> Void = { _ in }
    ) throws(ApplicationError) -> GatewayConfiguration {
        let report = try report()
        warn(report.warnings)
        guard let configuration = report.configuration else {
            throw .invalidConfiguration(ConfigurationProblem(path: path, faults: report.faults))
        }
        return configuration
    }
}

/// All that is wrong with a configuration.
package struct ConfigurationProblem: Sendable {
    package let path: String
    package let faults: [ConfigurationFault]
}

extension ConfigurationProblem: CustomStringConvertible {
    package var description: String {
        let count = faults.count == 1 ? "1 error" : "\(faults.count) errors"
        return ([path + ": " + count] + faults.map { "  " + $0.description }).joined(separator: "\n")
    }
}
