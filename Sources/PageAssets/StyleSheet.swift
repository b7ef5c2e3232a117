extension PageAssets {
    /// The look of every page; its tokens and their contrast are computed for light and dark.
    package static let styleSheet: StaticString = #"""
        /* Gatehouse pages */
        :root {
          color-scheme: light dark;
          --bg: #f4f3ef; --surface: #fff; --sunken: #f8f7f4; --line: #e1ded6; --control: #85827a;
          --text: #1c1f24; --muted: #595d65;
          --accent: #14607a; --accent-strong: #0d485d; --on-accent: #fff; --accent-soft: #e2eff4;
          --ok: #1c6640; --ok-soft: #e3f2e9;
          --warn: #754800; --warn-soft: #fdf1d9; --warn-line: #dfae52;
          --bad: #a3251b; --bad-soft: #fdecea; --bad-line: #e59c94;
          --c2: #57947a; --c4: #b87a14; --c5: #c0392b;
          --shadow: 0 1px 2px rgb(28 31 36 / .05), 0 16px 40px -12px rgb(28 31 36 / .12);
          --round: .625rem;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif;
          --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --bg: #111316; --surface: #1a1d21; --sunken: #15171b; --line: #30343b; --control: #7b818b;
            --text: #eceae6; --muted: #a7abb3;
            --accent: #7fc8de; --accent-strong: #a9dcea; --on-accent: #07212b; --accent-soft: #16303a;
            --ok: #82d4a5; --ok-soft: #14301f;
            --warn: #f0c168; --warn-soft: #30240e; --warn-line: #6d5423;
            --bad: #ff9f94; --bad-soft: #381a17; --bad-line: #7d3a33;
            --c2: #5fa487; --c4: #dca23c; --c5: #f07468;
            --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 16px 40px -12px rgb(0 0 0 / .5);
          }
        }

        /* Elements */
        *, ::before { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; min-height: 100vh; min-height: 100svh; display: flex; flex-direction: column;
          background: var(--bg); color: var(--text); font: 1rem/1.5 var(--sans); overflow-wrap: break-word;
        }
        h1, h2, h3, p, ul, dl, dd, fieldset, legend { margin: 0; padding: 0; border: 0; min-width: 0; list-style: none; }
        h1 { font-size: 1.625rem; line-height: 1.22; letter-spacing: -.018em; text-wrap: balance; }
        h2 { font-size: 1.0625rem; line-height: 1.35; }
        h3 { font-size: 1rem; }
        h1, h2, h3, strong, .head { font-weight: 650; }
        a, .link { color: var(--accent); text-decoration: underline 1px; text-underline-offset: .2em; text-decoration-color: color-mix(in srgb, currentColor 45%, transparent); }
        a:hover, .link:hover { color: var(--accent-strong); text-decoration-color: currentColor; }
        code { font-family: var(--mono); font-size: .875em; }
        svg { display: block; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
        button, input { font: inherit; color: inherit; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }

        /* Parts */
        .card {
          width: calc(100% - 2rem); max-width: 27.5rem; margin: clamp(2rem, 12vh, 7.5rem) auto 0; padding: 2.5rem;
          background: var(--surface); border: 1px solid var(--line); border-radius: .875rem; box-shadow: var(--shadow);
        }
        .card.wide { max-width: 33rem; margin-top: clamp(2rem, 8vh, 5rem); }
        .card > * + * { margin-top: 1.5rem; }
        .stack > * + * { margin-top: 1.25rem; }
        .stack > input + *, .stack > .hidden + * { margin-top: 0; }
        .card > .brand + * { margin-top: 2rem; }
        h2 + p { margin-top: .25rem !important; }
        h1 + .lede { margin-top: .5rem !important; }
        .brand { display: flex; align-items: center; gap: .625rem; font-weight: 650; letter-spacing: -.01em; }
        .brand img { width: 1.75rem; height: 1.75rem; }
        .lede, .hint, .fine, .foot { color: var(--muted); }
        .lede strong { color: var(--text); }
        .hint, .fine, .foot, .small { font-size: .875rem; }
        .foot { margin: auto auto 0; padding: 2rem 1.5rem; text-align: center; }
        .center { text-align: center; }
        .field label { display: block; margin-bottom: .375rem; font-size: .9375rem; font-weight: 600; }
        .field .hint { margin-bottom: .5rem; }
        .field input { display: block; width: 100%; min-height: 3rem; padding: .625rem .875rem; background: var(--surface); border: 1px solid var(--control); border-radius: var(--round); }
        .field input:focus-visible { outline-offset: 1px; }
        .field input[aria-invalid] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
        .field .code { font-family: var(--mono); font-size: 1.5rem; letter-spacing: .14em; text-transform: uppercase; }
        .btn {
          display: inline-flex; align-items: center; justify-content: center; min-height: 3rem; padding: .625rem 1.25rem;
          background: var(--accent); color: var(--on-accent); border: 1px solid transparent; border-radius: var(--round) !important;
          font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; transition: background-color .12s;
        }
        .btn:hover { background: var(--accent-strong); color: var(--on-accent); }
        .btn.plain { background: var(--surface); color: var(--text); border-color: var(--control); }
        .btn.plain:hover { background: var(--sunken); }
        .btn.danger { color: var(--bad); }
        .btn.little { white-space: nowrap; min-height: 2.5rem; padding: .375rem .875rem; font-size: .9375rem; }
        .btn.full { width: 100%; }
        .link { padding: .25rem 0; background: none; border: 0; cursor: pointer; }
        .actions { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(9rem, 100%), 1fr)); gap: .75rem; }
        .note { display: grid; grid-template-columns: 1.25rem minmax(0, 1fr); gap: .75rem; padding: .875rem 1rem; font-size: .9375rem; background: var(--accent-soft); border: 1px solid transparent; border-radius: var(--round); }
        .note > svg { width: 1.25rem; height: 1.25rem; margin-top: .125rem; color: var(--accent); }
        .note p + p { margin-top: .25rem; }
        .note.warn { background: var(--warn-soft); border-color: var(--warn-line); }
        .note.warn > svg, .note.warn .head { color: var(--warn); }
        .note.bad { background: var(--bad-soft); border-color: var(--bad-line); }
        .note.bad > svg, .note.bad .head { color: var(--bad); }
        .note.ok { background: var(--ok-soft); }
        .note.ok > svg, .tick { color: var(--ok); }
        .inset { padding: .875rem 1rem; background: var(--sunken); border: 1px solid var(--line); border-radius: var(--round); overflow-wrap: anywhere; }
        .inset code { font-size: .8125rem; }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.25rem; font-size: .875rem; }
        .facts dt { color: var(--muted); }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

        /* Consent and account */
        .who, .top, .line, .grant header, .panel > header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0 1rem; }
        .who { padding: .5rem 0; border-block: 1px solid var(--line); font-size: .9375rem; }
        .scopes li { display: flex; gap: .75rem; padding: .75rem 0; border-top: 1px solid var(--line); }
        .scopes li:first-child { border: 0; }
        .scopes li > :nth-child(2) { flex: 1; min-width: 0; }
        .scopes .pill { align-self: flex-start; }
        .scopes code, .grant code { color: var(--muted); }
        .tick { flex: none; width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; accent-color: var(--accent); }
        .what { display: block; font-weight: 500; }
        .host { display: block; margin: .125rem 0; font-size: 1.1875rem; letter-spacing: -.01em; }
        .page { width: 100%; max-width: 46rem; margin: 0 auto; padding: 0 1.5rem 3rem; }
        .page > * + * { margin-top: 1.75rem; }
        .top { padding: 1.25rem 0; border-bottom: 1px solid var(--line); }
        .top form, .app { display: flex; align-items: center; gap: .875rem; }
        .app, .app > * { min-width: 0; }
        .app b { flex: none; display: grid; place-items: center; width: 2.75rem; height: 2.75rem; border-radius: var(--round); background: var(--accent-soft); color: var(--accent); font-size: 1.125rem; }
        .box { background: var(--surface); border: 1px solid var(--line); border-radius: .875rem; }
        .grant { padding: 1.25rem 1.5rem; }
        .grant + .grant { border-top: 1px solid var(--line); }
        .grant header { flex-wrap: nowrap; align-items: flex-start; }
        .grant ul { margin: .75rem 0; }
        .grant li { display: flex; gap: .5rem; padding: .125rem 0; }
        .card, .grant, .top { overflow-wrap: anywhere; }
        .blank { padding: 1.25rem 1.5rem; }
        section > * + .box, section > .note { margin-top: .75rem; }
        .narrow > * { max-width: 24rem; }
        .implied { display: block; }

        /* Status page */
        .page.full { max-width: 78rem; }
        #updated { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .875rem; }
        .tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; }
        .tiles .box { margin: 0; padding: 1.125rem 1.25rem; }
        .big { margin: .125rem 0 .625rem; font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; }
        .big small { font-size: .875rem; font-weight: 500; letter-spacing: 0; color: var(--muted); }
        .spark { width: 100%; height: 2rem; overflow: visible; color: var(--accent); stroke-width: 1.5; }
        .spark * { vector-effect: non-scaling-stroke; }
        .spark polygon { fill: var(--accent-soft); stroke: none; }
        .spark.bad { color: var(--c5); }
        .spark.bad polygon { fill: var(--bad-soft); }
        .split { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.5rem; align-items: start; }
        .split .box + .box { margin-top: 1.5rem; }
        .panel > header { align-items: baseline; padding: 1.125rem 1.5rem .75rem; }
        table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
        table, .big, .line { font-variant-numeric: tabular-nums; }
        th, td { padding: .75rem .625rem; text-align: left; vertical-align: top; }
        th { padding-block: .375rem; font-size: .8125rem; font-weight: 600; color: var(--muted); white-space: nowrap; }
        td { border-top: 1px solid var(--line); }
        th:first-child, td:first-child { padding-left: 1.5rem; }
        th:last-child, td:last-child { padding-right: 1.5rem; }
        .line { flex-wrap: nowrap; align-items: flex-start; }
        .line > :first-child { min-width: 0; overflow-wrap: anywhere; }
        td .what { font-weight: 600; }
        .share { width: 11rem; }
        .num { text-align: right; white-space: nowrap; }
        td .spark { min-width: 5rem; height: 1.375rem; }
        .pill { display: inline-flex; align-items: center; gap: .375rem; padding: .0625rem .5625rem; border: 1px solid var(--line); border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; color: var(--muted); }
        .pill.ok { color: var(--ok); background: var(--ok-soft); border-color: transparent; }
        .pill.warn { color: var(--warn); background: var(--warn-soft); border-color: var(--warn-line); }
        .pill.bad { color: var(--bad); background: var(--bad-soft); border-color: var(--bad-line); }
        .pill:not(.bare)::before { content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: currentColor; }
        .pill.warn::before { border-radius: 0; rotate: 45deg; scale: .9; }
        .pill.bad::before { border-radius: 0; }
        .bar { width: 100%; height: .5rem; margin: .375rem 0; border-radius: .25rem; background: var(--line); stroke: none; fill: var(--accent); }
        .c2 { fill: var(--c2); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); }
        .rows { padding: 0 1.5rem 1rem; }
        .rows li { padding: .625rem 0; border-top: 1px solid var(--line); }
        .bars li { border: 0; padding: .25rem 0; }

        /* Media */
        @media (max-width: 60rem) {
          /* Rows become stacks of labelled values; roles in the HTML keep the table. */
          .stacked, .stacked tbody { display: block; }
          .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .stacked tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: .625rem; padding: 1rem 1.5rem; border-top: 1px solid var(--line); }
          .stacked td { display: block; padding: 0 !important; border: 0; text-align: left; white-space: normal; }
          [data-label]::before { content: attr(data-label); display: block; font-size: .8125rem; color: var(--muted); }
          .two { grid-column: span 2; } .all { grid-column: 1 / -1; }
          .stacked .mode { text-align: right; }
          .needs::before { display: inline !important; margin-right: .5rem; }
          .stacked .share { width: auto; display: flex; flex-wrap: wrap; justify-content: space-between; }
        }
        @media (max-width: 40rem) { .tiles { grid-template-columns: repeat(2, 1fr); gap: .75rem; } }
        @media (max-width: 30rem) {
          body:has(.card) { background: var(--surface); }
          .card.card { width: 100%; margin-top: 0; padding: 1.75rem 1.25rem; border: 0; border-radius: 0; box-shadow: none; }
          .page { padding-inline: 1rem; }
          .app b { display: none; }
          .top form { width: 100%; justify-content: space-between; }
          .grant, .blank, .panel > header, .rows, .stacked tr { padding-inline: 1.125rem; }
          .facts { grid-template-columns: 1fr; gap: 0; }
          .facts dd + dt { margin-top: .625rem; }
        }
        @media (max-width: 18rem) { .tiles { grid-template-columns: 1fr; } .stacked tr { display: block; } .pill { white-space: normal; } }
        @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
        @media (forced-colors: active) { .pill, .note { border: 1px solid; } .bar, .spark { forced-color-adjust: none; } }

        """#
}
