extension BuiltInTemplates {
    /// What a user allowed, where they are signed in, and their password.
    static let account = #"""
        {{<layout}}
        {{$title}}{{#state.problem}}Not changed: {{/state.problem}}Your account{{/title}}
        {{$shape}}page{{/shape}}
        {{$top}}
        <div class="top">
          {{>brand}}
          <form method="post" action="{{site.base}}/logout">
            {{>fields}}
            <p class="small">Signed in as <strong><bdi>{{userName}}</bdi></strong></p>
            <button class="btn plain little" name="action" value="sign-out">Sign out</button>
          </form>
        </div>
        {{/top}}
        {{$main}}
        <div>
          <h1>Your account</h1>
          <p class="lede">Apps that you allowed to use it. Removing one ends its access at once.</p>
        </div>
        {{>account-notes}}
        <section aria-labelledby="apps">
          <h2 class="hidden" id="apps">Apps you allowed</h2>
          {{^apps}}
          <p class="box blank">No apps yet. When you allow an app to use your account, you will find it here and can remove it.</p>
          {{/apps}}
          {{#hasApps}}
          <ul class="box">
            {{#apps}}
            {{>account-app}}
            {{/apps}}
          </ul>
          {{/hasApps}}
        </section>
        <section aria-labelledby="sessions">
          <h2 id="sessions">Where you are signed in</h2>
          <ul class="box">
            {{#sessions}}
            <li class="grant">
              <header>
                <div>
                  <h3><bdi>{{device}}</bdi>{{#current}} <span class="pill ok">This browser</span>{{/current}}</h3>
                  <p class="hint">Signed in {{signedIn}} · last used {{lastSeen}}</p>
                </div>
                {{^current}}
                <form method="post" action="{{site.base}}/account">
                  {{>fields}}
                  <input type="hidden" name="session" value="{{id}}">
                  <button class="btn plain danger little" name="action" value="end-session">Sign out<span class="hidden"> {{device}}</span></button>
                </form>
                {{/current}}
              </header>
            </li>
            {{/sessions}}
          </ul>
        </section>
        <section aria-labelledby="password-title">
          <h2 id="password-title">Password</h2>
          <p class="lede">Changing it signs you out everywhere else. Apps that you allowed keep working.</p>
          {{>password-notes}}
          <form class="box blank stack narrow" method="post" action="{{site.base}}/account#password-title">
            {{>fields}}
            <div class="hidden" aria-hidden="true">
              <label for="account">Username</label>
              <input id="account" type="text" name="username" value="{{userName}}" autocomplete="username" tabindex="-1" readonly>
            </div>
            <div class="field">
              <label for="now">Password now</label>
              <input id="now" name="current_password" type="password" required autocomplete="current-password"{{#state.passwordMismatch}} aria-invalid="true" aria-describedby="problem"{{/state.passwordMismatch}}>
            </div>
            <div class="field">
              <label for="new">New password</label>
              <p class="hint" id="rule">{{minimumLength}} characters or more. Several words are good.</p>
              <input id="new" name="new_password" type="password" required minlength="{{minimumLength}}" autocomplete="new-password" aria-describedby="rule{{#state.newPasswordProblem}} problem{{/state.newPasswordProblem}}"{{#state.newPasswordProblem}} aria-invalid="true"{{/state.newPasswordProblem}}>
            </div>
            <div class="field">
              <label for="again">New password again</label>
              <input id="again" name="new_password_again" type="password" required autocomplete="new-password"{{#state.passwordsDiffer}} aria-invalid="true" aria-describedby="problem"{{/state.passwordsDiffer}}>
            </div>
            <button class="btn" name="action" value="change-password">Change password</button>
          </form>
        </section>
        {{/main}}
        {{$advice}}{{/advice}}
        {{/layout}}

        """#

    /// One app that the user allowed.
    static let accountApp = #"""
        <li class="grant">
          <header>
            <div class="app">
              <b aria-hidden="true">{{initial}}</b>
              <div>
                <h3><bdi>{{name}}</bdi></h3>
                {{#place}}
                <p class="hint">{{.}}</p>
                {{/place}}
              </div>
            </div>
            <form method="post" action="{{site.base}}/account">
              {{>fields}}
              <input type="hidden" name="app" value="{{id}}">
              <button class="btn plain danger little" name="action" value="remove">Remove<span class="hidden"> {{name}}</span></button>
            </form>
          </header>
          <ul>
            {{#scopes}}
            <li>{{>tick}}<span>{{what}} <code>{{scope}}</code></span></li>
            {{/scopes}}
            {{^scopes}}
            <li>{{>tick}}<span>Know who you are</span></li>
            {{/scopes}}
          </ul>
          <p class="fine">Allowed {{allowed}}{{#lastUsed}} · last used {{.}}{{/lastUsed}} · {{#asksAgain}}asks you again on {{.}}{{/asksAgain}}{{^asksAgain}}asks you every time{{/asksAgain}}</p>
        </li>

        """#

    /// What was done, or why not.
    static let accountNotes = #"""
        {{#state.removed}}
        {{<done-note}}{{$text}}You removed <strong><bdi>{{removed}}</bdi></strong>. It can no longer use your account.{{/text}}{{/done-note}}
        {{/state.removed}}
        {{#state.sessionEnded}}
        {{<done-note}}{{$text}}Signed out there. That browser can no longer use your account.{{/text}}{{/done-note}}
        {{/state.sessionEnded}}
        {{#state.formExpired}}
        {{<bad-note}}{{$heading}}That took a while{{/heading}}{{$text}}This page had been open too long, so nothing was changed. Please try again.{{/text}}{{/bad-note}}
        {{/state.formExpired}}
        {{#state.busy}}
        {{<bad-note}}{{$heading}}We’re busy right now{{/heading}}{{$text}}Nothing was changed. Try again in a few seconds.{{/text}}{{/bad-note}}
        {{/state.busy}}

        """#

    /// What became of changing the password.
    static let passwordNotes = #"""
        {{#state.passwordChanged}}
        {{<done-note}}{{$text}}Your password is changed, and you are signed out everywhere else.{{/text}}{{/done-note}}
        {{/state.passwordChanged}}
        {{#state.passwordMismatch}}
        {{<bad-note}}{{$heading}}That didn’t match{{/heading}}{{$text}}The password that you have now is a different one. Nothing was changed.{{/text}}{{/bad-note}}
        {{/state.passwordMismatch}}
        {{#state.passwordsDiffer}}
        {{<bad-note}}{{$heading}}The new passwords differ{{/heading}}{{$text}}Enter the same new password twice. Nothing was changed.{{/text}}{{/bad-note}}
        {{/state.passwordsDiffer}}
        {{#state.passwordTooShort}}
        {{<bad-note}}{{$heading}}That is too short{{/heading}}{{$text}}A new password needs {{minimumLength}} characters or more. Nothing was changed.{{/text}}{{/bad-note}}
        {{/state.passwordTooShort}}
        {{#state.passwordTooLong}}
        {{<bad-note}}{{$heading}}That is too long{{/heading}}{{$text}}A new password can have about 1,000 characters at most. Nothing was changed.{{/text}}{{/bad-note}}
        {{/state.passwordTooLong}}
        {{#state.passwordIsName}}
        {{<bad-note}}{{$heading}}That is too easy to guess{{/heading}}{{$text}}A new password can’t be your username. Nothing was changed.{{/text}}{{/bad-note}}
        {{/state.passwordIsName}}
        {{#state.incomplete}}
        {{<bad-note}}{{$heading}}Something is missing{{/heading}}{{$text}}Enter your password and the new one twice. Nothing was changed.{{/text}}{{/bad-note}}
        {{/state.incomplete}}
        {{#state.throttled}}
        {{<bad-note}}{{$heading}}Too many tries{{/heading}}{{$text}}Wait {{#wait.seconds}}{{.}} seconds{{/wait.seconds}}{{#wait.oneMinute}}1 minute{{/wait.oneMinute}}{{#wait.minutes}}{{.}} minutes{{/wait.minutes}}, then try again. Trying sooner won’t help.{{/text}}{{/bad-note}}
        {{/state.throttled}}

        """#
}
