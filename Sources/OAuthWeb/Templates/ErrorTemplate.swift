extension BuiltInTemplates {
    /// Something that the user can do nothing about; the facts are for whoever runs the app.
    static let error = #"""
        {{<layout}}
        {{$title}}
        {{#state.app}}
        This app can’t sign you in
        {{/state.app}}
        {{#state.formExpired}}
        That page was too old
        {{/state.formExpired}}
        {{#state.unavailable}}
        Not available right now
        {{/state.unavailable}}
        {{#state.unreadable}}
        That didn’t make sense
        {{/state.unreadable}}
        {{/title}}
        {{$shape}}card wide{{/shape}}
        {{$main}}
        {{#state.app}}
        <h1>This app can’t sign you in here</h1>
        <p class="lede">
        {{#state.redirectURINotRegistered}}It asked us to send you to an address that it never registered, so we stopped. Nothing was shared with it.{{/state.redirectURINotRegistered}}
        {{#state.unknownClient}}This app isn’t known here. It may have been removed, or its link may be for another service.{{/state.unknownClient}}
        {{#state.malformed}}It asked for this in a way that we can’t follow, so we stopped. Nothing was shared with it.{{/state.malformed}}
        </p>
        {{/state.app}}
        {{#state.formExpired}}
        <h1>That page was too old</h1>
        <p class="lede">It had been open too long, or your browser did not send its cookie back, so nothing was done.</p>
        {{/state.formExpired}}
        {{#state.unavailable}}
        <h1>Not available right now</h1>
        <p class="lede">Signing in and allowing apps isn’t possible at the moment. Apps you already allowed keep working.</p>
        {{/state.unavailable}}
        {{#state.unreadable}}
        <h1>That didn’t make sense</h1>
        <p class="lede">This service can’t read what your browser sent.</p>
        {{/state.unreadable}}
        <div class="stack">
          <h2>What you can do</h2>
          <p>
          {{#state.app}}Close this page, open the app again and start over. If this page comes back, send the details below to the people who make the app.{{/state.app}}
          {{#state.formExpired}}If an app sent you here, open it again and start over. Otherwise go to <a href="{{site.base}}/account">your account page</a>. If this page comes back, check that your browser accepts cookies.{{/state.formExpired}}
          {{#state.unavailable}}Try again in a few minutes. If this page comes back, send the details below to the people who run this service.{{/state.unavailable}}
          {{#state.unreadable}}If an app sent you here, open it again and start over. Otherwise go to <a href="{{site.base}}/account">your account page</a>.{{/state.unreadable}}
          </p>
          <dl class="inset facts">
            <dt>Problem</dt><dd>{{problem}}</dd>
            {{#clientID}}
            <dt>App</dt><dd><code>{{.}}</code></dd>
            {{/clientID}}
            {{#address}}
            <dt>Address asked for</dt><dd><code>{{.}}</code></dd>
            {{/address}}
            <dt>Request</dt><dd><code>{{requestID}}</code></dd>
            <dt>Time</dt><dd><time datetime="{{time.iso8601}}">{{time.words}}</time></dd>
          </dl>
        </div>
        {{/main}}
        {{/layout}}

        """#
}
