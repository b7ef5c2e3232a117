import Crypto
import OAuthServer

/// A password that was chosen for a command.
package struct NewPassword: Sendable {
    let text: String

    /// Bytes that a password has at most.
    package static var longest: Int { PasswordRule.maximumSize }

    /// - Parameter bytes: as they were typed.
    /// - Throws: `ApplicationError.setup` when they are no text.
    package init(_ bytes: [UInt8]) throws(ApplicationError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .setup("the password is not UTF-8 text")
        }
        self.text = text
    }

    /// The first line of a file, or of standard input for `-`.
    ///
    /// - Throws: `ApplicationError` when it can't be read.
    package init(file path: String) throws(ApplicationError) {
        let content = path == "-" ? Array((readLine() ?? "").utf8) : try Files.read(Files.absolute(path))
        var line = content.prefix { $0 != 0x0A }
        if line.last == 0x0D { line.removeLast() }
        try self.init(Array(line))
    }

    /// One of 80 random bits, easy to type: letters and digits that can't be taken for others.
    static func random() throws(ApplicationError) -> NewPassword {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let characters = SecureRandom.bytes(count: 16).map { letters[Int($0) % letters.count] }
        let groups = stride(from: 0, to: characters.count, by: 4).map { characters[$0..<$0 + 4] }
        return try NewPassword(Array(groups.joined(separator: [UInt8(ascii: "-")])))
    }

    /// - Throws: `ApplicationError.setup` where it can't be the password of this user.
    func check(userName: String) throws(ApplicationError) {
        switch PasswordRule.problem(with: text, userName: userName) {
        case nil: break
        case .tooShort(let minimum): throw .setup("a password has at least \(minimum) characters")
        case .tooLong(let maximum): throw .setup("a password has at most \(maximum) bytes")
        case .sameAsUserName: throw .setup("the password is the user's name")
        }
    }
}
