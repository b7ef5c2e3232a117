extension BuiltInTemplates {
    /// What is around every page; a page fills `title`, `main` and, where it differs, `shape`, `top` and `advice`.
    static let layout = #"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          <meta name="color-scheme" content="light dark">
          <meta name="robots" content="noindex">
          <title>{{$title}}{{/title}} · {{site.product}}</title>
          <link rel="icon" href="{{site.mark}}" type="image/svg+xml">
          <link rel="stylesheet" href="{{site.style}}">
        {{$refresh}}
        {{/refresh}}
        </head>
        <body>
          <main class="{{$shape}}card{{/shape}}">
        {{$top}}
        {{>brand}}

        {{/top}}
        {{$main}}
        {{/main}}
          </main>
          <footer class="foot"><p>You are at <strong>{{site.host}}</strong>.{{$advice}} Check that your address bar says the same.{{/advice}}</p></footer>
        </body>
        </html>

        """#

    /// The name of the service.
    static let brand = #"""
        <p class="brand"><img src="{{site.mark}}" alt="" width="28" height="28">{{site.product}}</p>
        """#

    /// What every form carries: the proof that the page is ours, and the request that waits.
    static let fields = #"""
        <input type="hidden" name="csrf" value="{{form.csrf}}">
        {{#form.request}}
        <input type="hidden" name="request" value="{{.}}">
        {{/form.request}}

        """#

    /// A tick in a list.
    static let tick = #"""
        <svg class="tick" viewBox="0 0 24 24" aria-hidden="true"><path d="m5 12.5 4.5 4.5L19 7.5"/></svg>
        """#

    /// A note of something that went wrong; a page fills `heading` and `text`.
    static let badNote = #"""
        <div class="note bad" id="problem" role="alert">
          <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M12 7.5v5.5M12 16.4v.1"/></svg>
          <div>
            <p class="head">{{$heading}}{{/heading}}</p>
            <p>{{$text}}{{/text}}</p>
          </div>
        </div>

        """#

    /// A note of something to think about; a page fills `heading` and `text`.
    static let warningNote = #"""
        <div class="note warn">
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5 2.5 20h19zM12 10v4.5M12 17.4v.1"/></svg>
          <div>
            <p class="head">{{$heading}}{{/heading}}</p>
            <p>{{$text}}{{/text}}</p>
          </div>
        </div>

        """#

    /// A note of something good to know; a page fills `text`.
    static let infoNote = #"""
        <div class="note">
          <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.6v.1"/></svg>
          <p>{{$text}}{{/text}}</p>
        </div>

        """#

    /// A note of something that was done; a page fills `text`.
    static let doneNote = #"""
        <div class="note ok" role="status">
          <svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9"/><path d="m8 12.3 2.8 2.8L16 9.6"/></svg>
          <p>{{$text}}{{/text}}</p>
        </div>

        """#
}
