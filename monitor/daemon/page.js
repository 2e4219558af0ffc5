"use strict";
// Keeps the page live: fetches it again and puts in its main part. Without this script the page is as complete.
(function () {
    document.querySelectorAll("meta[http-equiv=refresh]").forEach(function (m) { m.remove(); });
    async function refresh() {
        try {
            if (document.hidden || !getSelection().isCollapsed) return;
            const answer = await fetch("/", {cache: "no-store"});
            const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
            const now = document.querySelector("main"), next = fresh.querySelector("main");
            if (next && now.innerHTML !== next.innerHTML) now.replaceWith(document.importNode(next, true));
            document.title = fresh.title;
        } catch (e) {
            document.title = "no answer - relaywatch";
            const h1 = document.querySelector(".state h1"), box = document.querySelector(".state");
            if (h1) h1.textContent = "relaywatchd does not answer: what is below is old";
            if (box) box.className = "state unknown";
        }
    }
    setInterval(refresh, 2000);
})();
