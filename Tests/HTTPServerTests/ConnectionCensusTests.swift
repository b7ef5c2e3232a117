import Testing
import Transport

@testable import HTTPServer

@Suite struct ConnectionCensusTests {
    private let peer = PeerAddress(host: "", port: 0, bytes: [])

    @Test func `all that one loop accepts is spread over the loops`() {
        let census = ConnectionCensus(limit: 100, loops: 3)
        var places: [Int: Int] = [:]
        for _ in 0..<60 { places[census.admit(peer, on: 0, mayMove: true) ?? -1, default: 0] += 1 }
        #expect(places.keys.sorted() == [0, 1, 2])
        #expect(places.values.allSatisfy { (19...21).contains($0) })
    }

    @Test func `a loop that has lost its connections gets the next ones`() {
        let census = ConnectionCensus(limit: 100, loops: 2)
        for _ in 0..<20 { _ = census.admit(peer, on: 0, mayMove: true) }
        for _ in 0..<8 { census.dismiss(peer, on: 1) }
        for _ in 0..<7 { #expect(census.admit(peer, on: 0, mayMove: true) == 1) }
    }

    @Test func `a loop keeps what it accepts when it may not hand it over`() {
        let census = ConnectionCensus(limit: 100, loops: 2)
        for _ in 0..<20 { #expect(census.admit(peer, on: 0, mayMove: false) == 0) }
    }

    @Test func `no more are admitted than the limit`() {
        let census = ConnectionCensus(limit: 2, loops: 2)
        #expect(census.admit(peer, on: 0, mayMove: true) != nil)
        #expect(census.admit(peer, on: 0, mayMove: true) != nil)
        #expect(census.admit(peer, on: 0, mayMove: true) == nil)
        #expect(census.refused == 1)
    }
}
