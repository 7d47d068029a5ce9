/// What makes the page better where scripts run: counters that live, and a choice of light and dark.
let pageScript = """
    "use strict";

    const root = document.documentElement;
    const button = document.getElementById("theme");
    const darkByDefault = matchMedia("(prefers-color-scheme: dark)");

    function isDark() {
        return root.dataset.theme ? root.dataset.theme === "dark" : darkByDefault.matches;
    }

    function nameTheme() {
        button.textContent = isDark() ? "Light" : "Dark";
        button.setAttribute("aria-label", "Change to " + (isDark() ? "light" : "dark") + " colours");
    }

    if (button) {
        button.hidden = false;
        nameTheme();
        darkByDefault.addEventListener("change", nameTheme);
        button.addEventListener("click", () => {
            root.dataset.theme = isDark() ? "light" : "dark";
            // The server reads it, so that the next page comes in the right colours at once.
            document.cookie = "theme=" + root.dataset.theme + ";path=/;max-age=31536000;samesite=strict";
            nameTheme();
        });
    }

    const live = document.getElementById("live");
    const numbers = new Intl.NumberFormat("en");
    let last = null;

    // A router and a service have different figures: those that there is no place for are not shown.
    function show(values) {
        for (const place of live.querySelectorAll("[data-live]")) {
            const value = values[place.dataset.live];
            if (value !== undefined) place.textContent = value;
        }
    }

    async function poll() {
        if (!document.hidden) {
            try {
                // From the origin: a password that stands in the page's address has no place in a fetch.
                const reply = await fetch(location.origin + "/live", {cache: "no-store"});
                if (!reply.ok) throw new Error(reply.status);
                const now = await reply.json();
                show({
                    sessions: numbers.format(now.live_sessions),
                    visitors: numbers.format(now.live_visitors),
                    partitions: now.partitions_up + " of " + now.partitions,
                });
                if (last && now.time_ms > last.time_ms && now.events >= last.events) {
                    const rate = (now.events - last.events) * 1000 / (now.time_ms - last.time_ms);
                    show({rate: numbers.format(Math.round(rate))});
                }
                last = now;
            } catch {
                show({sessions: "–", visitors: "–", partitions: "–", rate: "–"});
                last = null;
            }
        }
        setTimeout(poll, 2000);
    }

    if (live) {
        live.hidden = false;
        poll();
    }

    """
