/// One route of the configuration, compiled.
package final class Route: Sendable {
    /// The place in the configuration's list.
    package let index: Int
    package let name: String
    /// The pattern as it was written.
    package let path: String
    /// The hosts it answers on, exact or `*.suffix`; none stands for any.
    package let hosts: [String]
    /// The methods it answers; none stands for any.
    package let methods: [String]
    let pattern: RoutePattern

    init(index: Int, name: String, path: String, hosts: [String], methods: [String]) throws(RoutePatternError) {
        self.index = index
        self.name = name
        self.path = path
        self.hosts = hosts
        self.methods = methods
        pattern = try RoutePattern(path)
    }
}
