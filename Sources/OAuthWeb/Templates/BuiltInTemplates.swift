/// The templates that are in the binary, by the name of the file that replaces each.
///
/// They hold all words that a user reads, so that a folder of templates can be in another language.
enum BuiltInTemplates {
    static let all: [String: String] = [
        "account": account,
        "account-app": accountApp,
        "account-notes": accountNotes,
        "bad-note": badNote,
        "brand": brand,
        "consent": consent,
        "done-note": doneNote,
        "error": error,
        "fields": fields,
        "info-note": infoNote,
        "layout": layout,
        "login": login,
        "password-notes": passwordNotes,
        "returning": returning,
        "scope": scope,
        "sign-out": signOut,
        "signed-in": signedIn,
        "signed-out": signedOut,
        "tick": tick,
        "warning-note": warningNote,
    ]
}
