"use strict";
// Keeps the page live: what is now every two seconds, the charts every minute. The page is whole without this script.
// What stays the same is left alone, so that focus, selection, open tables and a screen reader's place stay where they are.
(function () {
    const EVERY_MS = 2000, CHARTS_MS = 60000, TIMEOUT_MS = 5000, PARTS = ["figures", "now", "history", "rest"];
    const path = document.body.dataset.path, now = path === "/" ? "/now" : path;
    const word = document.getElementById("word"), ageOf = document.getElementById("age");
    let chartsAt = Date.now(), heardAt = Date.now(), timer = 0;

    function morph(old, next) {
        if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName || old.id !== next.id) {
            old.replaceWith(next);
            return;
        }
        if (old.nodeType !== Node.ELEMENT_NODE) {
            if (old.data !== next.data) old.data = next.data;
            return;
        }
        for (const a of next.attributes)
            if (old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
        for (const a of [...old.attributes])
            if (!next.hasAttribute(a.name) && a.name !== "open") old.removeAttribute(a.name);
        const mine = [...old.childNodes], theirs = [...next.childNodes];
        theirs.forEach((n, i) => i < mine.length ? morph(mine[i], n) : old.append(n));
        mine.slice(theirs.length).forEach(n => n.remove());
    }

    // A screen reader is told when the connection is lost and when it is back, not each second of it.
    function say(text, isLost) {
        document.documentElement.classList.toggle("lost", isLost);
        if (word.textContent !== text) word.textContent = text;
        ageOf.textContent = isLost ? ", " + age(Date.now() - heardAt) + " old" : "";
    }

    function age(ms) {
        const s = Math.round(ms / 1000);
        return s < 120 ? s + " s" : s < 7200 ? Math.round(s / 60) + " min" : Math.round(s / 3600) + " h";
    }

    function take(text) {
        const fresh = new DOMParser().parseFromString(text, "text/html");
        if (!fresh.getElementById("figures")) throw new Error("not our page");
        for (const id of PARTS) {
            const old = document.getElementById(id), next = fresh.getElementById(id);
            if (old && next) morph(old, document.importNode(next, true));
        }
        document.title = fresh.title;
        const icon = document.querySelector("link[rel=icon]"), newIcon = fresh.querySelector("link[rel=icon]");
        if (icon.getAttribute("href") !== newIcon.getAttribute("href")) icon.replaceWith(document.importNode(newIcon));
        heardAt = Date.now();
        say("Live.", false);
    }

    async function refresh() {
        const whole = Date.now() - chartsAt >= CHARTS_MS, stop = new AbortController();
        const limit = setTimeout(() => stop.abort(), TIMEOUT_MS);
        try {
            const answer = await fetch(whole ? path : now, {cache: "no-store", signal: stop.signal});
            if (!answer.ok) throw new Error("status " + answer.status);
            take(await answer.text());
            if (whole) chartsAt = Date.now();
        } catch (e) {
            document.title = "no answer - relaywatch";
            say("No answer from relaywatchd: all this is old.", true);
        }
        clearTimeout(limit);
        timer = document.hidden ? 0 : setTimeout(refresh, EVERY_MS);
    }

    // Not asked while nobody looks.
    document.addEventListener("visibilitychange", function () {
        if (!document.hidden && timer === 0) timer = setTimeout(refresh, 0);
    });

    function select(node) {
        const range = document.createRange();
        range.selectNodeContents(node);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
    }

    // Browsers offer the clipboard to https and to this host alone; else the command is selected, to be copied by hand.
    document.addEventListener("click", async function (event) {
        const button = event.target.closest("button.copy");
        if (!button) return;
        const code = button.parentNode.querySelector("code");
        let word = "Copied";
        try {
            await navigator.clipboard.writeText(code.textContent);
        } catch (e) {
            select(code);
            if (!document.execCommand("copy")) word = "Selected";
        }
        button.textContent = word;
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });

    document.documentElement.classList.add("script");
    say("Live.", false);
    timer = setTimeout(refresh, EVERY_MS);
})();
