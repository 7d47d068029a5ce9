#!/usr/bin/env python3
"""Opens a page in a headless Chromium and tells what a person with a keyboard would find there.

    browse.py URL FOLDER     prints JSON; leaves wide.png, dark.png and phone.png in FOLDER

Chromium is spoken to over its debugging pipe: JSON messages that end in a zero, no library needed.
"""
import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

URL, FOLDER = sys.argv[1:3]
PATIENCE = 60


class Browser:
    def __init__(self):
        # What cannot be removed, for a process that was killed had not ended yet, is no fault of the page.
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        # Chromium reads descriptor 3 and writes 4.
        read_commands, self.commands = os.pipe()
        self.answers, write_answers = os.pipe()

        def give_pipes():
            low = os.dup(read_commands), os.dup(write_answers)
            os.dup2(low[0], 3)
            os.dup2(low[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars",
             "--disable-component-update", "--disable-sync", "--force-device-scale-factor=1",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=give_pipes, close_fds=False, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_commands)
        os.close(write_answers)
        self.number = 0
        self.events = []
        self.buffer = b""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def message(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise RuntimeError("chromium has ended")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def ask(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            request["sessionId"] = self.session
        os.write(self.commands, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def tell(self, expression):
        """What an expression in the page comes to."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True,
                          awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression):
        end = time.monotonic() + PATIENCE
        while not self.tell(expression):
            if time.monotonic() > end:
                raise RuntimeError(f"never: {expression}")
            time.sleep(0.05)

    def open(self, url):
        self.ask("Page.navigate", url=url)
        self.until(f"location.href !== 'about:blank' && document.readyState === 'complete'")

    def press(self, key, code=None):
        names = {"Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r")}
        name, number, text = names[key]
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, text=text,
                 windowsVirtualKeyCode=number)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=name, code=name,
                 windowsVirtualKeyCode=number)

    def size(self, width, height, phone=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=2 if phone else 1, mobile=phone)

    def colours(self, scheme):
        self.ask("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, name, whole=True):
        data = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        # Its helpers write into the profile as well.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.profile.cleanup()


# Everything that a mouse could use, if it can be seen. The choice of light and dark among them.
USABLE = """[...document.querySelectorAll('a[href],button,input,select,summary,[tabindex="0"]')]
    .filter(e => e.type !== 'hidden' && e.checkVisibility())"""

# Two shades of grey tell apart what the eye does.
OUTLINED = """(() => {
    const style = getComputedStyle(document.activeElement);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
})()"""


def keyboard(browser):
    """Goes through the page with the Tab key."""
    count = browser.tell(USABLE + ".length")
    browser.tell(f"window.reached = new Set(); {USABLE}.forEach((e, i) => e.dataset.number = i); 0")
    first = None
    unseen = []
    # Parts of a date are steps of their own.
    for _ in range(3 * count + 20):
        browser.press("Tab")
        what = browser.tell("document.activeElement.dataset.number")
        if what is None:
            break
        if first is None:
            first = browser.tell("document.activeElement.textContent.trim()")
        browser.tell("window.reached.add(document.activeElement.dataset.number); 0")
        if not browser.tell(OUTLINED):
            unseen.append(browser.tell("document.activeElement.outerHTML.slice(0, 200)"))
    missed = browser.tell(
        USABLE + ".filter(e => !window.reached.has(e.dataset.number))"
        ".map(e => e.outerHTML.slice(0, 200))")
    return {"usable": count, "first": first, "missed": missed, "withoutFocusRing": unseen}


def theme(browser):
    """Changes the colours with the keyboard, and comes back."""
    browser.tell("document.getElementById('theme').focus(); 0")
    paper = "getComputedStyle(document.body).backgroundColor"
    before = browser.tell(paper)
    browser.press("Enter")
    after = browser.tell(paper)
    browser.ask("Page.reload")
    browser.until("document.readyState === 'complete' && document.documentElement.dataset.theme")
    kept = browser.tell(paper)
    return {"before": before, "after": after, "kept": kept}


def main():
    browser = Browser()
    try:
        for domain in ("Page", "Runtime", "Log", "Network"):
            browser.ask(domain + ".enable")
        browser.size(1280, 800)
        browser.colours("light")
        browser.open(URL)
        browser.until("document.querySelector('[data-live]').textContent !== '–'")
        report = {
            "title": browser.tell("document.title"),
            "text": browser.tell("document.body.innerText"),
            "tiles": browser.tell(
                "Object.fromEntries([...document.querySelectorAll('.tile')].map(t =>"
                " [t.querySelector('dt').textContent, t.querySelector('strong').textContent]))"),
            "tables": browser.tell(
                "Object.fromEntries([...document.querySelectorAll('section[id]')].map(s =>"
                " [s.id, [...s.querySelectorAll('tbody tr')].map(r =>"
                " [...r.cells].map(c => c.textContent.trim()))]))"),
            "live": browser.tell(
                "Object.fromEntries([...document.querySelectorAll('[data-live]')].map(e =>"
                " [e.dataset.live, e.textContent]))"),
            "unnamed": browser.tell(
                "[...document.querySelectorAll('input:not([type=hidden]),select')].filter(e =>"
                " !e.labels.length && !e.ariaLabel).length"),
            "headings": browser.tell(
                "[...document.querySelectorAll('h1,h2')].map(e => e.tagName + ' ' + e.textContent)"),
        }
        browser.picture("wide.png")
        report["keyboard"] = keyboard(browser)
        browser.colours("dark")
        browser.picture("dark.png")
        browser.colours("light")
        report["theme"] = theme(browser)
        browser.tell("document.cookie = 'theme=;path=/;max-age=0'; 0")
        browser.size(390, 844, phone=True)
        browser.ask("Page.reload")
        browser.until("document.readyState === 'complete' && !document.documentElement.dataset.theme")
        report["phoneWidth"] = browser.tell("document.documentElement.scrollWidth")
        browser.picture("phone.png")
        requests, complaints = [], []
        for event in browser.events:
            method, about = event.get("method"), event.get("params", {})
            if method == "Network.requestWillBeSent":
                requests.append(about["request"]["url"])
            elif method == "Network.loadingFailed" and not about.get("canceled"):
                complaints.append("loading failed: " + about.get("errorText", ""))
            elif method == "Network.responseReceived" and about["response"]["status"] >= 400:
                complaints.append(f"{about['response']['status']} {about['response']['url']}")
            elif method == "Runtime.exceptionThrown":
                complaints.append(json.dumps(about["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled":
                complaints.append("console: " + json.dumps(about["args"]))
            elif method == "Log.entryAdded" and about["entry"]["level"] in ("warning", "error"):
                complaints.append(about["entry"]["text"])
        report["requests"] = sorted(set(requests))
        report["complaints"] = complaints
        print(json.dumps(report))
    finally:
        browser.close()


main()
