extension BuiltInTemplates {
    /// Allow or deny; Deny comes first, so that Enter in a tick box never allows.
    static let consent = #"""
        {{<layout}}
        {{$title}}Allow {{client.name}}?{{/title}}
        {{$shape}}card wide{{/shape}}
        {{$main}}
        <h1>Allow <bdi>{{client.name}}</bdi> to use your account?</h1>
        <form class="who" method="post" action="{{site.base}}/login">
          {{>fields}}
          <p>Signed in as <strong><bdi>{{userName}}</bdi></strong></p>
          <button class="link" name="action" value="switch">Use another account</button>
        </form>
        {{#state.formExpired}}
        {{<bad-note}}{{$heading}}Please choose again{{/heading}}{{$text}}This page had been open too long, so nothing was allowed.{{/text}}{{/bad-note}}
        {{/state.formExpired}}
        <form class="stack" method="post" action="{{site.base}}/consent">
          {{>fields}}
          {{#identityOnly}}
          <div>
            <p class="head">It wants to</p>
            <p>Know that you are <strong><bdi>{{userName}}</bdi></strong>. Nothing else.</p>
          </div>
          {{/identityOnly}}
          {{#list}}
          <fieldset{{#canUntick}} aria-describedby="choose"{{/canUntick}}>
            <legend class="head">{{#asksMore}}New: it wants to{{/asksMore}}{{^asksMore}}It wants to{{/asksMore}}</legend>
            {{#canUntick}}
            <p class="hint" id="choose">Untick anything you don’t want to allow.</p>
            {{/canUntick}}
            <ul class="scopes">
              {{#scopes}}
              <li>
                {{#required}}
                {{>tick}}
                <div>{{>scope}}</div>
                <span class="pill bare">Needed</span>
                {{/required}}
                {{^required}}
                <input class="tick" type="checkbox" id="{{id}}" name="scope" value="{{scope}}"{{#ticked}} checked{{/ticked}}>
                <label for="{{id}}">{{>scope}}</label>
                {{/required}}
              </li>
              {{/scopes}}
            </ul>
          </fieldset>
          {{/list}}
          {{#allowed}}
          <div>
            <p class="head">Already allowed</p>
            <ul class="scopes">
              {{#scopes}}
              <li>
                {{>tick}}
                <div>{{>scope}}</div>
              </li>
              {{/scopes}}
            </ul>
          </div>
          {{/allowed}}
          <div class="inset">
            <p class="hint">When you choose, you go back to</p>
            <strong class="host">{{target.host}}</strong>
            <code>{{target.uri}}</code>
          </div>
          {{#target.localhost}}
          {{<warning-note}}{{$heading}}This is a program on your own device{{/heading}}{{$text}}Allow it only if you started this yourself a moment ago. If a link, an e-mail or another person brought you here, choose Deny.{{/text}}{{/warning-note}}
          {{/target.localhost}}
          {{#target.loopback}}
          {{<info-note}}{{$text}}You go back to a program on your own device. Allow it only if you started this yourself.{{/text}}{{/info-note}}
          {{/target.loopback}}
          {{#target.app}}
          {{<info-note}}{{$text}}An app on this device opens next.{{/text}}{{/info-note}}
          {{/target.app}}
          <div class="actions">
            <button class="btn{{^target.localhost}} plain{{/target.localhost}}" name="decision" value="deny">Deny</button>
            <button class="btn{{#target.localhost}} plain{{/target.localhost}}" name="decision" value="allow">Allow</button>
          </div>
        </form>
        <p class="fine">{{#remembered}}{{site.product}} remembers this for {{.}}. You can take it back at any time on <a href="{{site.base}}/account">your account page</a>.{{/remembered}}{{^remembered}}{{site.product}} asks again each time{{#ownDevice}} for a program on your own device{{/ownDevice}}. You can take this back at any time on <a href="{{site.base}}/account">your account page</a>.{{/remembered}}</p>
        {{/main}}
        {{/layout}}

        """#

    /// One scope: the words first, the name after them.
    static let scope = #"""
        <span class="what">{{what}}</span> <code>{{scope}}</code>{{#implied}}<span class="hint implied">and so: {{.}}</span>{{/implied}}
        """#
}
