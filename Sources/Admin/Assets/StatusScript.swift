extension AdminAsset {
    /// Live updates; the page is complete without them.
    static let statusScript: StaticString = #"""
        // Live updates for the operator status page. The page is complete without this file.
        // It fetches the same page every five seconds and swaps <main>; nothing moves while
        // the reader holds the page still: tab hidden, paused, text selected or focus inside.
        (() => {
          "use strict";
          const every = 5000;
          let paused = false, failures = 0;

          function addControl() {
            const line = document.getElementById("updated");
            const link = line && line.querySelector("a");
            if (!link) return;
            const button = document.createElement("button");
            button.type = "button";
            button.className = "link";
            button.textContent = paused ? "Resume live updates" : "Pause live updates";
            button.addEventListener("click", () => {
              paused = !paused;
              button.textContent = paused ? "Resume live updates" : "Pause live updates";
              if (!paused) update();
            });
            link.replaceWith(button);
          }

          async function update() {
            const main = document.getElementById("live");
            const held = paused || document.hidden || !getSelection().isCollapsed ||
              (main.contains(document.activeElement) && document.activeElement.tagName !== "BUTTON");
            if (held) return;
            try {
              const answer = await fetch(location.pathname + location.search, { cache: "no-store", signal: AbortSignal.timeout(every) });
              if (!answer.ok) throw new Error(String(answer.status));
              const page = new DOMParser().parseFromString(await answer.text(), "text/html");
              const fresh = page.getElementById("live");
              if (!fresh) throw new Error("no status in the answer");
              const onButton = main.contains(document.activeElement);
              main.replaceWith(fresh);
              document.title = page.title;
              failures = 0;
              addControl();
              if (onButton) fresh.querySelector("button").focus();
            } catch {
              failures += 1;
              const time = document.querySelector("#updated time");
              if (time && failures === 2) time.after(" (no answer since)");
            }
          }

          addControl();
          setInterval(update, every);
        })();

        """#
}
