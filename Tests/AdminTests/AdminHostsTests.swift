import Testing
import Transport

@testable import Admin

@Suite
struct AdminHostsTests {
    private func allows(_ host: String, on address: String) throws -> Bool {
        let hosts = AdminHosts(address: try ListenAddress(address))
        return Array(host.utf8).withUnsafeBytes { hosts.allow($0) }
    }

    @Test(arguments: ["127.0.0.1:9901", "[::1]:9901", "10.0.0.5:9901", "0.0.0.0:9901", "[::]:0", "unix:/run/a"])
    func `loopback names are always its own`(address: String) throws {
        for host in ["localhost", "127.0.0.1", "[::1]"] { #expect(try allows(host, on: address)) }
    }

    @Test(arguments: ["127.0.0.1:9901", "10.0.0.5:9901", "0.0.0.0:9901", "[::]:0", "unix:/run/a"])
    func `a name that is not its own is refused`(address: String) throws {
        for host in [
            "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "unix", "", "1.2.3", "1.2.3.4a",
        ] {
            #expect(try !allows(host, on: address), "\(host)")
        }
    }

    @Test
    func `its own address is taken, and any address where it listens on all`() throws {
        #expect(try allows("10.0.0.5", on: "10.0.0.5:9901"))
        #expect(try allows("[2001:db8::1]", on: "[2001:DB8::1]:9901"))
        #expect(try !allows("10.0.0.6", on: "10.0.0.5:9901"))
        #expect(try !allows("10.0.0.6", on: "127.0.0.1:9901"))
        #expect(try allows("10.0.0.6", on: "0.0.0.0:9901"))
        #expect(try allows("[2001:db8::1]", on: "[::]:9901"))
    }
}
