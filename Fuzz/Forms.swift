// uses: Bytes HTTP Sources/OAuthWeb/Plumbing/FormParameters.swift Sources/OAuthWeb/Plumbing/RequestCookies.swift Sources/OAuthWeb/Plumbing/OwnCookie.swift
import Bytes
import HTTP

// Properties: what is read as a form, written anew and read again is the same; no text holds a NUL; a single value is one
// of the values. The same bytes as a Cookie field give only cookies of ours.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzForms(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: count)
    checkForm(input)
    checkCookies(input)
    return 0
}

private func checkForm(_ input: UnsafeRawBufferPointer) {
    guard let form = try? FormParameters(input) else { return }
    require(form.pairs.count <= FormParameters.limit, "there are more parameters than may be")
    var text: [UInt8] = []
    for (name, value) in form.pairs {
        require(!name.utf8.contains(0) && !value.utf8.contains(0), "a NUL was taken")
        if let single = form[name] {
            require(single.utf8.elementsEqual(value.utf8), "the value is another one's")
        } else {
            require(form.values(of: name).count > 1, "a parameter has no value")
        }
        if !text.isEmpty { text.append(UInt8(ascii: "&")) }
        text += encoded(name) + [UInt8(ascii: "=")] + encoded(value)
    }
    let again = text.withUnsafeBytes { try? FormParameters($0) }
    require(again == form, "it reads differently when it was written anew")
}

private func encoded(_ text: String) -> [UInt8] {
    text.utf8.flatMap { byte in
        [
            UInt8(ascii: "%"), PercentEncoding.upperHexadecimal(byte >> 4),
            PercentEncoding.upperHexadecimal(byte & 15),
        ]
    }
}

private func checkCookies(_ input: UnsafeRawBufferPointer) {
    let text = Array("GET / HTTP/1.1\r\nHost: a\r\nCookie: ".utf8) + Array(input) + Array("\r\n\r\n".utf8)
    let head = RequestHead()
    var parser = RequestHeadParser(limits: HTTPLimits())
    guard let parsed = text.withUnsafeBytes({ try? parser.parse($0, into: head) }), parsed > 0 else { return }
    let cookies = RequestCookies(head, prefixes: OwnCookie.prefixes)
    for name in ["a", "theirs", "gatehouse", "__Host-"] {
        require(cookies[name] == nil, "a cookie of somebody else's was taken")
    }
    let session = OwnCookie.Names(isSecure: true).session.name
    if let value = cookies[session] {
        require(!value.utf8.contains(UInt8(ascii: ";")), "two cookies were taken for one")
    }
}
