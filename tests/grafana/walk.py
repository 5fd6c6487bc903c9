"""The walk from an alert to the lines of a failing request, link by link in a real Chromium."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.alerting.browser import Page
from tests.support.waiting import PATIENCE_SECONDS, wait_until

_SIZE: Final = {"width": 1500, "height": 900, "deviceScaleFactor": 1, "mobile": False}
_WITH_TEXT: Final = "[...document.querySelectorAll(%r)].find(each => each.innerText?.trim() === %r)"
_DOT: Final = '[aria-label="Exemplar marker"]'
# Grafana has the links of a span behind a button beside its name.
_SPAN_LINKS: Final = '[data-testid="SpanLinksMenu"] button'
# A browser on a busy machine draws a dashboard's thirty panels.
_SECONDS: Final = 2 * PATIENCE_SECONDS


@dataclass(frozen=True)
class Walk:
    """A browser that is let in, and what it does on each page.

    Attributes:
        pictures: Where each step's picture goes, if anywhere.
    """

    page: Page
    pictures: Path | None = None

    def begin(self, door_link: str) -> None:
        """Be let in, which leads to the inbox."""
        self.page.call("Emulation.setDeviceMetricsOverride", **_SIZE)
        self.page.call("Page.navigate", url=door_link)
        self._until("document.querySelector('#live') && document.readyState === 'complete'")

    def open_dashboard_of_alert(self, uid: str, slo: str) -> dict[str, str]:
        """From the inbox, by the link beside an alert of an objective; return what is chosen."""
        wanted = f"each.href.includes('/d/{uid}') && each.href.includes('var-slo={slo}')"
        link = f"[...document.querySelectorAll('a')].find(each => {wanted})"
        self._until(link)
        self._picture("alert")
        self._click(link)
        return self._chosen(uid)

    def open_graphs_of_route(self, uid: str, route: str) -> dict[str, str]:
        """From the overview, by the route in its table; return what is chosen."""
        cell = _WITH_TEXT % ("[role=cell] > div", route)
        self._until(cell)
        self._picture("overview")
        self._follow(cell, "Graphs of this route", below="/grafana/d/")
        return self._chosen(uid)

    def open_trace(self) -> tuple[str, dict[str, str]]:
        """From the dot of a failure on a graph of latency; return the trace's id and time range."""
        self._until(f"document.querySelector('{_DOT}')")
        self._picture("route")
        self._point_at_failure()
        link = _WITH_TEXT % ("a", "Open the trace")
        self._until(link)
        self._picture("exemplar")
        self._click(link)
        self._until("location.pathname.endsWith('/explore')")
        left = json.loads(self._query()["left"])
        return left["queries"][0]["query"], left["range"]

    def open_lines(self, trace_id: str) -> list[str]:
        """From the first span of a trace, by its link to lines; return those with its id."""
        button = f"document.querySelector('{_SPAN_LINKS}')"
        self._until(button)
        self._picture("trace")
        self._follow(button, "Logs for this span")
        found = (
            "[...document.querySelectorAll('tr')].map(each => each.innerText)"
            f".filter(text => text.includes('{trace_id}'))"
        )
        self._until(f"{found}.length")
        self._picture("lines")
        return list(json.loads(self.page.evaluate(f"JSON.stringify({found})")))

    def text(self) -> str:
        """Return what the page says."""
        return str(self.page.evaluate("document.body.innerText"))

    def _chosen(self, uid: str) -> dict[str, str]:
        """Return a dashboard's variables and time range from its address, once it is there."""
        self._until(f"location.pathname.includes('/d/{uid}')")
        return self._query()

    def _query(self) -> dict[str, str]:
        query = urlsplit(str(self.page.evaluate("location.href"))).query
        return {name: each[0] for name, each in parse_qs(query).items()}

    def _point_at_failure(self) -> None:
        """Have the pointer rest on the dot of a request that failed."""
        dots = f"[...document.querySelectorAll('{_DOT}')]"
        number = int(self.page.evaluate(f"{dots}.length"))
        label = "document.body.innerText.includes('status_class')"
        # Traces of the newest may not have been sent yet.
        for index in range(number * 4 // 5, -1, -1):
            event = f"{dots}[{index}]?.dispatchEvent(new MouseEvent('%s', {{bubbles: true}}))"
            self.page.evaluate(event % "mouseover")
            self._until(label)
            if "5xx" in self.text():
                return
            self.page.evaluate(event % "mouseout")
            self._until(f"!{label}")
        raise AssertionError("no dot is one of a request that failed")

    def _follow(self, element: str, title: str, below: str = "/") -> None:
        """Click what has several links, then one of them, which a new tab opens `below` a path.

        A table that is drawn anew closes its menu: then it is opened again.
        """
        link = _WITH_TEXT % ("[role=menu] a, [role=menuitem]", title)
        opened = f"{link} ? true : ({element}?.click(), false)"
        wait_until(
            lambda: self.page.evaluate(opened) is True, title, seconds=_SECONDS, every_seconds=1
        )
        assert str(self.page.evaluate(f"new URL({link}.href).pathname")).startswith(below)
        self._click(link)

    def _click(self, element: str) -> None:
        self.page.evaluate(f"{element}.click()")

    def _until(self, condition: str) -> None:
        wait_until(
            lambda: self.page.evaluate(f"Boolean({condition})") is True,
            condition,
            seconds=_SECONDS,
        )

    def _picture(self, step: str) -> None:
        if self.pictures is not None:
            data = self.page.call("Page.captureScreenshot", format="png")["data"]
            (self.pictures / f"walk-{step}.png").write_bytes(base64.b64decode(data))
