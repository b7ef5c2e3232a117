extension BuiltInTemplates {
    /// The way back to the client after a form: browsers apply `form-action` to redirects.
    static let returning = #"""
        {{<layout}}
        {{$title}}Going back to {{target.host}}{{/title}}
        {{$refresh}}
        <meta http-equiv="refresh" content="0;url={{location}}">
        {{/refresh}}
        {{$main}}
        <h1>Going back to <bdi>{{client.name}}</bdi></h1>
        <p class="lede">{{#target.app}}An app on this device should open by itself.{{/target.app}}{{^target.app}}Your browser should take you to <strong>{{target.host}}</strong> by itself.{{/target.app}}</p>
        <a class="btn full" href="{{location}}">Continue</a>
        <p class="fine">If an app has opened, you can close this page.</p>
        {{/main}}
        {{/layout}}

        """#
}
