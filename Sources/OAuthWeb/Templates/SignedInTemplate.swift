extension BuiltInTemplates {
    /// The way from a sign-in to the account page.
    static let signedIn = #"""
        {{<layout}}
        {{$title}}Signed in{{/title}}
        {{$refresh}}
        <meta http-equiv="refresh" content="0;url={{location}}">
        {{/refresh}}
        {{$main}}
        <h1>You’re signed in</h1>
        <p class="lede">Your browser should take you to your account by itself.</p>
        <a class="btn full" href="{{location}}">Continue</a>
        {{/main}}
        {{/layout}}

        """#
}
