import JSON

extension ClientSettings {
    /// Reads a client that is not in the file, by the rules of those that are.
    ///
    /// - Parameters:
    ///   - document: what would stand in the file; its places in messages begin at its own root.
    ///   - scopes: the declared scopes, without the built-in ones.
    package static func read(
        _ document: [JSONMember],
        declaring scopes: [String]
    ) -> (client: ClientSettings?, faults: [ConfigurationFault], warnings: [ConfigurationFault]) {
        let start = JSONPosition(offset: 0, line: 1, column: 1)
        let declared = scopes.map {
            JSONMember(name: $0, namePosition: start, value: JSONNode(value: .string($0), position: start))
        }
        let table = JSONMember(
            name: "scopes",
            namePosition: start,
            value: JSONNode(value: .object(declared), position: start)
        )
        let context = ReadingContext(root: JSONNode(value: .object([table]), position: start), folder: "")
        let node = JSONNode(value: .object(document), position: start)
        let client = Kind<ClientSettings>.section.read(Cursor(node: node, pointer: .root, context: context))
        return (context.faults.isEmpty ? client : nil, context.faults, context.warnings)
    }
}
