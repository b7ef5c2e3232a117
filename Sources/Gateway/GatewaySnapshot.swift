/// One configuration, compiled: what all loops share and no request changes.
package struct GatewaySnapshot: Sendable {
    package let definition: GatewayDefinition
    package let vocabulary: AccessVocabulary
    package let router: Router
    package let requestFields: RequestFieldPolicy
    package let failures: FailureRenderer

    /// Compiles a configuration.
    ///
    /// - Throws: `GatewayDefinitionError` with everything that is wrong with the routes.
    package init(_ definition: GatewayDefinition) throws(GatewayDefinitionError) {
        let vocabulary = AccessVocabulary(definition)
        var routes: [Route] = []
        var faults: [GatewayDefinitionError.Fault] = []
        for (index, route) in definition.routes.enumerated() {
            do throws(RouteDefinitionError) {
                let forwarding = definition.forwarding
                routes.append(try Route(route, index: index, forwarding: forwarding, vocabulary: vocabulary))
            } catch {
                faults.append(.route(index: index, error))
            }
        }
        do throws(RouteTableError) {
            router = Router(try RouteTable(routes))
        } catch {
            throw GatewayDefinitionError(faults: faults + error.ties.map { .tie($0) })
        }
        guard faults.isEmpty else { throw GatewayDefinitionError(faults: faults) }
        self.definition = definition
        self.vocabulary = vocabulary
        requestFields = RequestFieldPolicy(definition)
        failures = FailureRenderer(definition)
    }
}

/// Everything that is wrong with a definition.
package struct GatewayDefinitionError: Error, Equatable, Sendable {
    /// One thing that is wrong.
    package enum Fault: Equatable, Sendable {
        case route(index: Int, RouteDefinitionError)
        case tie(RouteTie)
    }

    package let faults: [Fault]
}
