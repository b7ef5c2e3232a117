/// The documents that are made from the descriptions which the parser reads by.
package enum ConfigurationDocuments {
    /// `gateway.schema.json`: the configuration as JSON Schema, for editors.
    package static var schema: String {
        var document = SchemaDocument()
        return document.text(of: SectionDescription(of: GatewayConfiguration.self))
    }

    /// `docs/configuration.md`: the reference for people.
    package static var reference: String {
        ReferenceDocument.text(of: SectionDescription(of: GatewayConfiguration.self))
    }
}

extension SectionDescription {
    init<Section: ConfigurationSection>(of section: Section.Type) {
        self.init(title: section.title, summary: section.summary) { Section($0) }
    }
}
