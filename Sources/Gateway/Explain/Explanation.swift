/// What would become of a request, and why.
package struct Explanation: Sendable, Equatable {
    /// One thing that was looked at.
    package struct Step: Sendable, Equatable {
        /// What was looked at, in a word.
        package let name: String
        package let passed: Bool
        /// What was found, with its values.
        package let text: String
        /// How long it took.
        package let nanoseconds: UInt64
    }

    /// What the client would get, where the gateway answers by itself.
    package struct Response: Sendable, Equatable {
        package let status: Int
        /// The name in metrics and the access log; nil for the answer to a preflight.
        package let reason: String?
        /// RFC 6750 §3.
        package let error: String?
        package let errorDescription: String?
        package let detail: String?
        package let fields: [Field]
    }

    /// What the upstream would get.
    package struct UpstreamRequest: Sendable, Equatable {
        package let method: String
        package let target: String
        /// Without `Host` and those of the framing; tokens are left out.
        package let fields: [Field]
        /// The names of the client's fields that do not go on as they are.
        package let droppedNames: [String]
    }

    /// A field line.
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What becomes of it.
    package enum Decision: Sendable, Equatable {
        case forwarded(upstream: Int?, UpstreamRequest)
        case answered(Response)
    }

    /// The checks, in their order.
    package let steps: [Step]
    /// The name of the route, if there is one.
    package let route: String?
    package let decision: Decision
}
