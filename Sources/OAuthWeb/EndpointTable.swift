import Bytes
import HTTP

/// Where the endpoints of the authorization server are, for whoever explains a request without serving it.
package enum EndpointTable {
    /// Paths behind `base_path` and what they take; GET implies HEAD.
    package static let methods: [String: [HTTPMethod]] = [
        "/authorize": [.get, .post],
        "/token": [.post],
        "/revoke": [.post],
        "/introspect": [.post],
        "/userinfo": [.get, .post],
        "/login": [.get, .post],
        "/continue": [.get],
        "/consent": [.post],
        "/logout": [.get, .post],
        "/account": [.get, .post],
        "/gatehouse.css": [.get],
        "/mark.svg": [.get],
    ]

    /// What the endpoint at a path takes: nil where the path is not ours, nothing where it is and nothing is there.
    package static func methods(at path: UnsafeRawBufferPointer, basePath: String) -> [HTTPMethod]? {
        guard WebSite(basePath: basePath, endpoints: []).contains(path) else { return nil }
        let rest = path.slice(basePath.utf8.count..<path.count).text
        return methods[rest] ?? []
    }
}
