"""A keyboard for pages in a browser, and a walk through all that can have its focus."""

from collections.abc import Iterator

from tests.alerting.browser import Page
from tests.support.waiting import wait_until

_KEYS = {"Tab": (9, ""), "Enter": (13, "\r")}
_HERE = """(() => {
    const here = document.activeElement, box = here.getBoundingClientRect();
    const style = getComputedStyle(here);
    return {
        number: [...document.querySelectorAll("*")].indexOf(here),
        name: here === document.body ? "" : `${here.tagName} ${here.textContent.trim()}`,
        isSeen: box.width > 0 && box.left >= 0 && box.top < innerHeight && box.bottom > 0
            && style.outlineStyle !== "none" && style.outlineWidth !== "0px",
    };
})()"""


def press(page: Page, key: str) -> None:
    """Press a key, Tab or Enter, and let it go."""
    code, text = _KEYS[key]
    for kind in ("keyDown", "keyUp"):
        page.call(
            "Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text,
            windowsVirtualKeyCode=code,
        )  # fmt: skip


def walk(page: Page) -> Iterator[tuple[int, str, bool]]:
    """Press Tab until the page is left or begins again; yield what has the focus."""
    first = None
    while True:
        press(page, "Tab")
        here = page.call("Runtime.evaluate", expression=_HERE, returnByValue=True)["result"][
            "value"
        ]
        if not here["name"] or here["number"] == first:
            return
        first = here["number"] if first is None else first
        yield here["number"], here["name"], here["isSeen"]


def assert_walked(page: Page) -> None:
    """Walk the page that is being opened: in its order, without a trap, the focus always seen."""
    wait_until(lambda: page.evaluate("document.readyState") == "complete", "the page")
    # What comes later, a bell or a new picture of the page, would be no fault of the walk.
    page.evaluate("refresh = () => {}; bell.hidden = true")
    walked = list(walk(page))
    numbers = [number for number, _, _ in walked]
    assert walked[0][1] == "A Skip to the content"
    assert numbers == sorted(set(numbers))
    assert [name for _, name, is_seen in walked if not is_seen] == []
    index = '[...document.querySelectorAll("*")].indexOf(document.querySelector(".foot a"))'
    assert page.evaluate(index) in numbers
