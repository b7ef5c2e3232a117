import Testing

@testable import HTTP2

@Suite struct HTTP2RehearsalTests {
    @Test func `a request between two sessions of our own is answered`() {
        #expect(HTTP2Rehearsal.run())
    }
}
