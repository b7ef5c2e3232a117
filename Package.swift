// swift-tools-version: 6.1
import PackageDescription

/// A library module: its name, the modules and products it imports, and the folder when it is not `Sources/NAME`.
struct Module {
    let name: String
    let uses: [String]
    var path: String? = nil
    var testUses: [String]? = nil
}

// The layers, lowest first. A module imports only what its row names, and its row names only rows above it;
// `make layers` compares this table with the `import` lines.
let modules: [Module] = [
    // layer 0
    Module(name: "Locking", uses: [], testUses: []),
    Module(name: "Bytes", uses: [], testUses: []),
    Module(name: "JSON", uses: ["Bytes"], testUses: []),
    Module(name: "Observability", uses: ["Locking", "Bytes", "Logging"], testUses: ["Bytes", "Logging"]),
    Module(name: "PageAssets", uses: []),
    // layer 1
    Module(name: "HTTP", uses: ["Bytes"], testUses: ["Bytes"]),
    Module(name: "Transport", uses: ["Locking", "Bytes", "CLinux"], testUses: ["Locking", "Bytes"]),
    Module(name: "Crypto", uses: ["COpenSSL", "CArgon2"], testUses: ["Bytes"]),
    Module(name: "Configuration", uses: ["JSON"], testUses: ["JSON"]),
    // layer 2
    Module(name: "PasswordHashing", uses: ["Locking", "Crypto"], testUses: ["Locking", "Crypto"]),
    Module(name: "JWT", uses: ["Locking", "Bytes", "JSON", "Crypto"], testUses: ["Bytes", "JSON", "Crypto"]),
    Module(name: "TLS", uses: ["Locking", "Bytes", "Transport", "COpenSSL"]),
    Module(name: "HTTP2", uses: ["Bytes", "CNghttp2"], testUses: ["Bytes"]),
    // layer 3
    Module(
        name: "HTTPServer",
        uses: ["Locking", "Bytes", "Transport", "TLS", "HTTP", "HTTP2", "Observability"],
        testUses: ["Locking", "Bytes", "HTTP", "HTTP2", "Transport"]
    ),
    Module(
        name: "Upstream",
        uses: ["Bytes", "Transport", "HTTP", "HTTP2", "Crypto", "CCurl", "COpenSSL", "CLinux"],
        testUses: ["Locking", "Bytes", "Transport", "HTTP", "HTTP2", "Crypto", "COpenSSL"]
    ),
    Module(
        name: "OAuthServer",
        uses: ["Locking", "Bytes", "JSON", "Crypto", "JWT"],
        testUses: ["Locking", "Bytes", "JSON", "Crypto", "JWT"]
    ),
    Module(
        name: "StoreConformance",
        uses: ["Crypto", "JWT", "OAuthServer"],
        path: "Tests/StoreConformance",
        testUses: ["JWT", "OAuthServer"]
    ),
    // layer 4
    Module(
        name: "SQLiteStore",
        uses: ["Locking", "Crypto", "JWT", "OAuthServer", "GRDB"],
        testUses: ["Locking", "Crypto", "JWT", "OAuthServer", "StoreConformance", "GRDB"]
    ),
    Module(
        name: "Gateway",
        uses: ["Bytes", "JSON", "HTTP", "Crypto", "JWT", "Transport", "HTTPServer", "Upstream", "Observability"],
        testUses: ["Bytes", "JSON", "HTTP", "Crypto", "JWT"]
    ),
    Module(
        name: "Admin",
        uses: ["Bytes", "PageAssets", "HTTP", "HTTPServer", "Observability", "Transport"],
        testUses: ["Locking", "HTTPServer", "Observability", "Transport"]
    ),
    Module(
        name: "OAuthWeb",
        uses: [
            "Bytes", "JSON", "PageAssets", "HTTP", "Crypto", "JWT", "Transport", "HTTPServer", "OAuthServer", "Gateway",
            "Mustache",
        ],
        testUses: ["Locking", "Bytes", "JSON", "HTTP", "Crypto", "JWT", "OAuthServer"]
    ),
    // layer 5
    Module(
        name: "Application",
        uses: [
            "Locking",
            "Bytes", "JSON", "Logging", "Observability", "HTTP", "HTTP2", "Transport", "Crypto", "Configuration", "JWT",
            "TLS",
            "PasswordHashing", "HTTPServer", "Upstream", "OAuthServer", "SQLiteStore", "Gateway", "OAuthWeb", "Admin",
        ],
        testUses: [
            "Locking", "Bytes", "JSON", "JWT", "Configuration", "Crypto", "OAuthServer", "Observability",
            "PasswordHashing", "Upstream",
        ]
    ),
]

// System libraries: a module map and a `shim.h` each.
let systemLibraries: [(name: String, pkgConfig: String?)] = [
    ("COpenSSL", "openssl"),
    ("CArgon2", "libargon2"),
    ("CCurl", "libcurl"),
    ("CNghttp2", "libnghttp2"),
    ("CLinux", nil),
]

// Packages, and the product each module name in `uses` stands for.
let packages: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
]
let products: [String: Target.Dependency] = [
    "ArgumentParser": .product(name: "ArgumentParser", package: "swift-argument-parser"),
    "Logging": .product(name: "Logging", package: "swift-log"),
    "Mustache": .product(name: "Mustache", package: "swift-mustache"),
    "GRDB": .product(name: "GRDB", package: "GRDB.swift"),
]

let swiftSettings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

func dependency(_ name: String) -> Target.Dependency { products[name] ?? .byName(name: name) }

var targets: [Target] = systemLibraries.map {
    .systemLibrary(name: $0.name, path: "Sources/C/\($0.name)", pkgConfig: $0.pkgConfig)
}
for module in modules {
    targets.append(
        .target(
            name: module.name,
            dependencies: module.uses.map(dependency),
            path: module.path,
            swiftSettings: swiftSettings
        )
    )
    if let testUses = module.testUses {
        targets.append(
            .testTarget(
                name: module.name + "Tests",
                dependencies: ([module.name] + testUses).map(dependency),
                swiftSettings: swiftSettings
            )
        )
    }
}

// layer 6
targets.append(
    .executableTarget(
        name: "gatehouse",
        dependencies: ["Application", "Observability", "ArgumentParser"].map(dependency),
        swiftSettings: swiftSettings
    )
)

// Test tools that are programs of their own; nothing ships them.
targets.append(
    .executableTarget(
        name: "ParserProbe",
        dependencies: ["Bytes", "HTTP"].map(dependency),
        path: "Tests/Differential/ParserProbe",
        swiftSettings: swiftSettings
    )
)

// Not a package of its own: that would not see what has `package` access.
targets.append(
    .executableTarget(
        name: "benchmarks",
        dependencies: ["Bytes", "JSON", "HTTP", "Crypto", "JWT", "Gateway"].map(dependency),
        path: "Benchmarks",
        swiftSettings: swiftSettings
    )
)

let package = Package(name: "gatehouse", dependencies: packages, targets: targets)
