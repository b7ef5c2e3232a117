import Testing

@testable import OAuthServer

@Suite struct AddressPrefixTests {
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:0001:2::9", "2001:db8:1:2::/64"),
        ("2001:db8::1", "2001:db8:0:0::/64"),
        ("::1", "0:0:0:0::/64"),
        ("1::", "1:0:0:0::/64"),
        ("fe80::1%eth0", "fe80:0:0:0::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:50123", "192.0.2.7"),
        ("[2001:db8:1:2::9]:50123", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("[", ""),
        ("", ""),
        ("not:an:address", "not:an:address"),
        ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"),
        (":::::::::::::", ":::::::::::::"),
        (":", ":"),
    ])
    func `an address stands for all that its owner has`(address: String, prefix: String) {
        #expect(AddressPrefix.of(address) == prefix)
    }
}
