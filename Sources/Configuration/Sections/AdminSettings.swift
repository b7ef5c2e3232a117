/// The listener for health, metrics and status.
package struct AdminSettings: Sendable, Equatable {
    package let address: ListenAddress
}

extension AdminSettings: ConfigurationSection {
    static let title = "admin"
    static let summary = """
        A listener of its own, plain HTTP, for `/healthz`, `/readyz`, `/metrics` and the status page. Requests whose `Host`
        is another than its address are refused.
        """

    init?(_ reader: SectionReader) {
        address = reader.value(
            "address",
            .listenAddress(emptyHost: "127.0.0.1"),
            default: "127.0.0.1:9901",
            "Where to listen; without a host on this machine only."
        )
        if !address.isLocal { reader.warn("metrics and status are readable by other machines", at: "address") }
    }
}
