import Testing

@testable import OAuthWeb

struct EndpointLoadTests {
    private let load = EndpointLoad(requestLimit: 2, byteLimit: 100)

    @Test
    func `as many requests as may be are taken, and others when one is over`() {
        #expect(load.begin() && load.begin())
        #expect(!load.begin())
        load.end()
        #expect(load.begin())
        #expect(load.requestCount == 2)
    }

    @Test
    func `bodies fill what there is and give it back`() {
        #expect(load.reserve(60) && load.reserve(40))
        #expect(!load.reserve(1))
        #expect(load.bodyBytes == 100)
        load.release(40)
        #expect(load.reserve(40))
    }
}
