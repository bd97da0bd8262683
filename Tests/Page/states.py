"""The six states that the page is looked at in, made with a real line."""
import signal

from line import await_

NAMES = ["ok", "ng", "invalid", "fault", "commissioning", "stale"]


def make(name, line, browser):
    """Brings line and page into the state; `leave` ends it."""
    match name:
        case "ok":
            browser.await_part(line.until("OK", line.good)["seq"])
            browser.await_kind("ok")
        case "ng":
            browser.await_part(line.until("NG", line.bad)["seq"])
            browser.await_kind("ng")
        case "invalid":
            browser.await_part(line.verdict(line.dark())["seq"])
            browser.await_kind("invalid")
        case "fault":
            line.until("OK", line.good)
            (line.folder / "parts").rename(line.folder / "away")
            browser.await_kind("unknown")
            await_("the banner", lambda: browser.text("#banner .since"))
        case "commissioning":
            assert line.control("commission", "--no-wait").returncode == 0
            browser.await_part(line.verdict(next(line.good))["seq"])
            await_("the commissioning", lambda: browser.text(".commission"))
        case "stale":
            browser.await_part(line.until("OK", line.good)["seq"])
            line.signal(signal.SIGSTOP)
            browser.await_kind("unknown")
    # Pictures come a little later.
    await_("the pictures", lambda: browser.run(
        "return [...document.querySelectorAll('.stack img')].every((image) => image.complete)"))


def leave(name, line, browser):
    match name:
        case "fault":
            (line.folder / "away").rename(line.folder / "parts")
            await_("the camera", lambda: line.status()["state"] == "inspecting")
        case "commissioning":
            assert line.control("commission", "--cancel").returncode == 0
            await_("the end of the commissioning", lambda: browser.run("return document.querySelector('.commission').hidden"))
        case "stale":
            line.signal(signal.SIGCONT)
            browser.await_kind(lambda kind: kind != "unknown")
