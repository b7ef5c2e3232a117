import Bytes
import Gateway
import HTTP
import JWT

extension Benchmarks {
    /// What goes on to the upstream and back to the client, written.
    static func fields() throws -> [Benchmark] {
        let snapshot = try GatewaySnapshot(Samples.definition([Samples.route("/v1/**")]))
        let route = snapshot.router.table.routes[0]
        return [
            try requestFields(snapshot, route), try responseFields(route), requestID(), requestEncoding(),
            responseEncoding(),
        ]
    }

    private static func requestFields(_ snapshot: GatewaySnapshot, _ route: Route) throws -> Benchmark {
        let sample = try SignedSample(.hs256)
        let token = try sample.token.withUnsafeBytes { try sample.verifier.verify($0, at: Samples.unixTime) }
        let principal = Principal(token, snapshot.vocabulary)
        let authorization = "Bearer \(String(repeating: "t", count: 250))"
        let head = try Samples.parsedRequest(Samples.requestHead(size: 800, authorization: authorization))
        let requestID = RequestIDGenerator().next(for: head, isFromTrustedProxy: false)
        let address = Array("192.0.2.17".utf8)
        return Benchmark("Fields", "request field policy, 12 fields") { count in
            var block = ByteBuffer()
            var sum = 0
            for _ in 0..<count {
                block.removeAll()
                try address.withUnsafeBytes { address in
                    let client = ClientContext(
                        head,
                        address: address,
                        isTrustedProxy: false,
                        isSecure: true,
                        requestID: requestID
                    )
                    try snapshot.requestFields.write(
                        head,
                        route: route,
                        principal: principal,
                        client: client,
                        into: &block
                    )
                }
                sum &+= block.count
            }
            return sum
        }
    }

    private static func responseFields(_ route: Route) throws -> Benchmark {
        let head = try Samples.parsedResponse()
        let request = try Samples.parsedRequest(Samples.requestHead(size: 800, authorization: "Bearer t"))
        let requestID = RequestIDGenerator().next(for: request, isFromTrustedProxy: false)
        return Benchmark("Fields", "response field policy, 12 fields") { count in
            var block = FieldBlock()
            var sum = 0
            for _ in 0..<count {
                block.removeAll()
                try ResponseFieldPolicy.write(head, route: route, origin: nil, requestID: requestID, into: &block)
                sum &+= block.bytes.count
            }
            return sum
        }
    }

    private static func requestID() -> Benchmark {
        let head = RequestHead()
        let generator = RequestIDGenerator()
        return Benchmark("Fields", "request id") { count in
            var block = ByteBuffer()
            var sum = 0
            for _ in 0..<count {
                block.removeAll()
                generator.next(for: head, isFromTrustedProxy: false).append(to: &block)
                sum &+= Int(block.bytes[0])
            }
            return sum
        }
    }

    private static func requestEncoding() -> Benchmark {
        let method = Array("GET".utf8)
        let path = Array("/v1/notes/4711".utf8)
        let query = Array("view=full".utf8)
        let lines = Array(String(repeating: "Some-Name: and its value\r\n", count: 20).utf8)
        return Benchmark("Fields", "encode a request head, 20 fields") { count in
            var output = ByteBuffer()
            var sum = 0
            for _ in 0..<count {
                output.removeAll()
                method.withUnsafeBytes { method in
                    path.withUnsafeBytes { path in
                        query.withUnsafeBytes { query in
                            MessageEncoder.appendRequestLine(method: method, path: path, query: query, to: &output)
                        }
                    }
                }
                output.append(bytes: lines)
                output.append("\r\n")
                sum &+= output.count
            }
            return sum
        }
    }

    private static func responseEncoding() -> Benchmark {
        let lines = Array(String(repeating: "Some-Name: and its value\r\n", count: 10).utf8)
        return Benchmark("Fields", "encode a response head, 12 fields") { count in
            var output = ByteBuffer()
            var sum = 0
            for _ in 0..<count {
                output.removeAll()
                MessageEncoder.appendStatusLine(200, to: &output)
                output.append(bytes: lines)
                output.append("Date: ")
                HTTPDate.append(unixTime: Samples.unixTime, to: &output)
                output.append("\r\nContent-Length: ")
                output.append(decimal: 1024)
                output.append("\r\n\r\n")
                sum &+= output.count
            }
            return sum
        }
    }
}
