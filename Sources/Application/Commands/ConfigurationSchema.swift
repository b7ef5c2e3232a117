import Configuration

/// `gatehouse schema`.
package enum ConfigurationSchema {
    /// The JSON Schema, made of the descriptions that the parser reads by, without a line end.
    package static var text: String {
        let schema = ConfigurationDocuments.schema
        return schema.hasSuffix("\n") ? String(schema.dropLast()) : schema
    }
}
