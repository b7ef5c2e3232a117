import Testing

@testable import HTTPServer

@Suite struct HTTP1ConnectionStateTests {
    @Test func `a connection serves request after request`() {
        var state = HTTP1ConnectionState()
        for _ in 0..<3 {
            state.headRead(keepsAlive: true, hasBody: false)
            let persists = state.responseBegins(missing: 0, waits: false, closes: false)
            #expect(persists)
            #expect(state.responseEnded() == .request)
        }
    }

    @Test func `another protocol ends with the connection`() {
        var state = HTTP1ConnectionState()
        state.headRead(keepsAlive: true, hasBody: false)
        state.tunnelBegins()
        #expect(state.request == .tunnel && !state.persists)
        state.peerEnded()
        state.tunnelRead()
        #expect(state.request == .tunnelEnded && state.peerHasEnded)
        #expect(state.responseEnded() == .close)
    }

    @Test func `a client that asks for it is told that the connection closes`() {
        var state = HTTP1ConnectionState()
        state.headRead(keepsAlive: false, hasBody: false)
        let persists = state.responseBegins(missing: 0, waits: false, closes: false)
        #expect(!persists)
        #expect(state.responseEnded() == .close)
    }

    @Test func `the rest of a small body is thrown away after an early answer`() {
        var state = HTTP1ConnectionState()
        state.headRead(keepsAlive: true, hasBody: true)
        let persists = state.responseBegins(missing: 100, waits: false, closes: false)
        #expect(persists)
        #expect(state.responseEnded() == .discard)
        state.discarded()
        #expect(state.request == .head)
    }

    @Test(arguments: [nil, HTTP1ConnectionState.discardLimit + 1])
    func `a large or unknown rest of a body closes the connection`(missing: UInt64?) {
        var state = HTTP1ConnectionState()
        state.headRead(keepsAlive: true, hasBody: true)
        let persists = state.responseBegins(missing: missing, waits: false, closes: false)
        #expect(!persists)
        #expect(state.responseEnded() == .close)
    }

    @Test func `a client that waits for 100 may send a body or not, so the connection closes`() {
        var state = HTTP1ConnectionState()
        state.headRead(keepsAlive: true, hasBody: true)
        let persists = state.responseBegins(missing: 5, waits: true, closes: false)
        #expect(!persists)
    }

    @Test func `nothing follows a request that can't be read`() {
        var state = HTTP1ConnectionState()
        state.requestFailed()
        let persists = state.responseBegins(missing: 0, waits: false, closes: false)
        #expect(!persists)
        #expect(state.responseEnded() == .close)
    }

    @Test func `draining ends the connection after the response in hand`() {
        var state = HTTP1ConnectionState()
        state.headRead(keepsAlive: true, hasBody: false)
        state.drain()
        let persists = state.responseBegins(missing: 0, waits: false, closes: false)
        #expect(!persists)
        #expect(state.responseEnded() == .close)
    }
}
