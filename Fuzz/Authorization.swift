// uses: Bytes HTTP Sources/Gateway/Authentication/BearerCredentials.swift Sources/Gateway/Authentication/WebSocketProtocols.swift Sources/Gateway/Fields/FieldLine.swift
import Bytes
import HTTP

// Properties: a token is the rest of the value behind the scheme and its spaces, and holds nothing that parts tokens;
// only values that start with the scheme are of it. Only a WebSocket's handshake has one among its subprotocols, which
// then is in nothing that goes on. The input is fields, one a line.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAuthorization(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let text = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + Array(input) + Array("\r\n\r\n".utf8)
    let head = RequestHead()
    var parser = RequestHeadParser(limits: HTTPLimits())
    guard let parsed = text.withUnsafeBytes({ try? parser.parse($0, into: head) }), parsed > 0 else { return 0 }
    let offered = (0..<head.fieldCount).filter { head.fieldName($0) == .secWebSocketProtocol }
    var sent = ByteBuffer()
    for index in offered { WebSocketProtocols.appendOthers(head.fields, index, to: &sent) }
    for line in sent.bytes.split(separator: 0x0A) {
        let value = UnsafeRawBufferPointer(rebasing: line.dropFirst(23))
        for name in FieldTokens(value) {
            require(!name.slice(0..<min(7, name.count)).equalsIgnoringCase("bearer."), "a token goes on")
        }
    }
    switch BearerCredentials(head) {
    case .token(let token) where head.count(of: .authorization) == 0 || !head.value(of: .authorization).isBearer:
        require(head.isUpgrade && head.hasToken(.upgrade, "websocket"), "a token without a handshake")
        require(!token.isEmpty && !token.contains { $0 == 0x20 || $0 == 0x2C }, "that is no subprotocol")
        let isOffered = offered.contains { index in
            FieldTokens(head.value(index)).contains {
                $0.count == token.count + 7 && $0.slice(7..<$0.count).equals(token)
            }
        }
        require(isOffered, "the token is none of the subprotocols")
    case .token(let token):
        require(head.count(of: .authorization) == 1, "one of several fields was taken")
        require(!token.isEmpty && !token.contains { $0 <= 0x20 || $0 == 0x2C || $0 == 0x7F }, "that is no token")
        guard let value = head.value(of: .authorization) else { fatalError("a token without a field") }
        require(value.count > 7 && value.slice(0..<7).equalsIgnoringCase("bearer "), "another scheme was taken")
        require(value.slice((value.count - token.count)..<value.count).equals(token), "the token is not the rest")
        let between = value.slice(7..<(value.count - token.count))
        require(!between.contains { $0 != 0x20 }, "more than spaces part scheme and token")
    case .none:
        let values = (0..<head.fieldCount).filter { head.fieldName($0) == .authorization }.map { head.value($0) }
        require(values.count <= 1, "several fields are none")
        guard let value = values.first, value.count >= 7 else { return 0 }
        require(!value.slice(0..<7).equalsIgnoringCase("bearer "), "a Bearer field is none")
    case .malformed(let error):
        let count = head.count(of: .authorization) + offered.count
        require(count >= 1 && error.description.utf8CodeUnitCount > 0, "no field is malformed")
    }
    return 0
}

extension UnsafeRawBufferPointer? {
    fileprivate var isBearer: Bool { map { BearerCredentials.isBearer($0) } ?? false }
}
