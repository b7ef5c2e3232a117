extension BuiltInTemplates {
    /// After signing out.
    static let signedOut = #"""
        {{<layout}}
        {{$title}}Signed out{{/title}}
        {{$main}}
        <h1>You’re signed out</h1>
        <p class="lede">{{#back}}You came from <strong><bdi>{{client}}</bdi></strong> at {{host}}. You can go back to it, or close this page.{{/back}}{{^back}}You can close this page.{{/back}}</p>
        <div class="actions">
          <a class="btn plain" href="{{site.base}}/login">Sign in again</a>
          {{#back}}
          <a class="btn" href="{{location}}">Back to the app</a>
          {{/back}}
        </div>
        <p class="fine">Apps that you allowed keep working. To stop one, sign in and remove it on <a href="{{site.base}}/account">your account page</a>. On a shared computer, close the browser too.</p>
        {{/main}}
        {{/layout}}

        """#

    /// Whether to sign out, where nothing proves that the user wants to.
    static let signOut = #"""
        {{<layout}}
        {{$title}}Sign out?{{/title}}
        {{$main}}
        <h1>Sign out?</h1>
        <p class="lede">You are signed in as <strong><bdi>{{userName}}</bdi></strong>.{{#client}} <strong><bdi>{{name}}</bdi></strong> asks to sign you out.{{/client}}</p>
        {{#state.formExpired}}
        {{<bad-note}}{{$heading}}Please choose again{{/heading}}{{$text}}This page had been open too long, so you are still signed in.{{/text}}{{/bad-note}}
        {{/state.formExpired}}
        <form method="post" action="{{site.base}}/logout">
          {{>fields}}
          <div class="actions">
            <button class="btn plain" name="action" value="stay">Stay signed in</button>
            <button class="btn" name="action" value="sign-out">Sign out</button>
          </div>
        </form>
        {{/main}}
        {{/layout}}

        """#
}
