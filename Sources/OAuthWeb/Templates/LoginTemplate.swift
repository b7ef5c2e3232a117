extension BuiltInTemplates {
    /// Sign in; `state` says why it is shown again.
    static let login = #"""
        {{<layout}}
        {{$title}}
        {{#state.mismatch}}
        Not signed in: check your details
        {{/state.mismatch}}
        {{#state.incomplete}}
        Not signed in: something is missing
        {{/state.incomplete}}
        {{#state.throttled}}
        Not signed in: too many tries
        {{/state.throttled}}
        {{#state.formExpired}}
        Not signed in: the page was too old
        {{/state.formExpired}}
        {{#state.busy}}
        Not signed in: we’re busy
        {{/state.busy}}
        {{#state.unavailable}}
        Not signed in: not possible right now
        {{/state.unavailable}}
        {{^state.problem}}
        {{#confirms}}Confirm it’s you{{/confirms}}{{^confirms}}Sign in{{/confirms}}
        {{/state.problem}}
        {{/title}}
        {{$main}}
        <h1>{{#confirms}}Confirm it’s you{{/confirms}}{{^confirms}}Sign in{{/confirms}}</h1>
        {{#client}}
        <p class="lede">to go on to <strong><bdi>{{name}}</bdi></strong></p>
        {{/client}}
        {{#state.mismatch}}
        {{<bad-note}}{{$heading}}That didn’t match{{/heading}}{{$text}}This username and password don’t belong together. Check both, then try again.{{/text}}{{/bad-note}}
        {{/state.mismatch}}
        {{#state.incomplete}}
        {{<bad-note}}{{$heading}}Something is missing{{/heading}}{{$text}}Enter your username and password.{{/text}}{{/bad-note}}
        {{/state.incomplete}}
        {{#state.throttled}}
        {{<bad-note}}{{$heading}}Too many tries{{/heading}}{{$text}}Wait {{#wait.seconds}}{{.}} seconds{{/wait.seconds}}{{#wait.oneMinute}}1 minute{{/wait.oneMinute}}{{#wait.minutes}}{{.}} minutes{{/wait.minutes}}, then try again. Trying sooner won’t help.{{/text}}{{/bad-note}}
        {{/state.throttled}}
        {{#state.formExpired}}
        {{<bad-note}}{{$heading}}That took a while{{/heading}}{{$text}}This page had been open too long, so nothing was sent. Please sign in again.{{/text}}{{/bad-note}}
        {{/state.formExpired}}
        {{#state.busy}}
        {{<bad-note}}{{$heading}}We’re busy right now{{/heading}}{{$text}}Try again in a few seconds.{{/text}}{{/bad-note}}
        {{/state.busy}}
        {{#state.unavailable}}
        {{<bad-note}}{{$heading}}Signing in isn’t possible right now{{/heading}}{{$text}}Apps you already allowed keep working. Try again in a few minutes.{{/text}}{{/bad-note}}
        {{/state.unavailable}}
        {{#state.sessionExpired}}
        {{<info-note}}{{$text}}You were signed out because nothing happened for a while. Sign in again to go on.{{/text}}{{/info-note}}
        {{/state.sessionExpired}}
        {{#signedIn}}
        {{<info-note}}{{$text}}You are signed in as <strong><bdi>{{.}}</bdi></strong>. Sign in with the account that you want to use.{{/text}}{{/info-note}}
        {{/signedIn}}
        <form class="stack" method="post" action="{{site.base}}/login">
          {{>fields}}
          <div class="field">
            <label for="username">Username</label>
            <input id="username" name="username" type="text" value="{{userName}}" required autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false"{{#state.mismatch}} aria-invalid="true" aria-describedby="problem"{{/state.mismatch}}{{^hasUserName}} autofocus{{/hasUserName}}>
          </div>
          <div class="field">
            <label for="password">Password</label>
            <input id="password" name="password" type="password" required autocomplete="current-password"{{#state.mismatch}} aria-invalid="true" aria-describedby="problem"{{/state.mismatch}}{{#hasUserName}} autofocus{{/hasUserName}}>
          </div>
          <button class="btn full" name="action" value="sign-in">Sign in</button>
          {{#confirms}}
          <p class="center">Not <strong><bdi>{{userName}}</bdi></strong>? <button class="link" name="action" value="switch" formnovalidate>Use another account</button></p>
          {{/confirms}}
          {{#client}}
          <p class="center"><button class="link" name="action" value="cancel" formnovalidate>Cancel and go back to <bdi>{{name}}</bdi></button></p>
          {{/client}}
        </form>
        <p class="fine">Forgotten your password? The people who run this service can set a new one for you.</p>
        {{/main}}
        {{/layout}}

        """#
}
