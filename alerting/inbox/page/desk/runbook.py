"""A runbook as a page: what fires of it, its text, and each query one click from its answer."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from alerting.inbox.page.addresses import SHIPPED_SERVICE, runbook_address
from alerting.inbox.page.cards import card_of
from alerting.inbox.page.links import Links, web_address
from alerting.inbox.page.rendering import Content
from alerting.inbox.store import StoredEpisode

_OWN: Final = re.compile(r"([A-Za-z0-9_-]+)\.md(#.*)?")
_ABOUT: Final = re.compile(rf'\b(service|job)="{SHIPPED_SERVICE}"')
# What a runbook says whose queries are for any service.
_FOR_ANY: Final = "replace it with the alert's `service`"
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_.:/ -]{1,200}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is around the inbox.

    Attributes:
        runbook_names: Names the runbooks there are.
        prometheus_url: Where a browser finds Prometheus; None where nothing answers.
        logs_folder: Where log lines are, if there is no Loki to ask.
    """

    runbook_names: Callable[[], Container[str]]
    prometheus_url: str | None
    logs_folder: str | None


def runbook_page(
    name: str,
    text: str,
    firing: Sequence[StoredEpisode] | None,
    links: Links,
    around: Surroundings,
    now: datetime,
    service: str = "",
) -> Content:
    """Return what a runbook's page shows.

    Args:
        name: The alert's.
        text: Its Markdown.
        firing: What fires of it; None if that is not known.
        links: Makes the links of alerts.
        around: What its queries and links lead to.
        now: When the page is made.
        service: Whose queries are wanted; empty for those that are written.
    """
    # Others ask about parts of the stack, whichever service the alert names.
    is_for_any = _FOR_ANY in " ".join(text.split())
    is_about = is_for_any and _SAFE_NAME.fullmatch(service) and service != SHIPPED_SERVICE
    about = service if is_about else ""
    return Content(
        template="runbook.html",
        title=f"{name} · Burnrate",
        values={
            "now": now,
            "name": name,
            "about": about,
            "is_known": firing is not None,
            "cards": [card_of(each, links, leads_on=False) for each in firing or ()],
            "text": rendered(text, around, about),
            "logs_folder": around.logs_folder if "Loki" in text else None,
        },
    )


def rendered(text: str, around: Surroundings, about: str = "") -> Markup:
    """Return Markdown as HTML, in which no markup of the text's own is left.

    Args:
        text: The Markdown.
        around: What its queries and links lead to.
        about: The service to ask about instead of the shipped one; empty for that.
    """
    env = {"around": around, "about": about}
    tokens = _MARKDOWN.parse(text, env)
    _lead(tokens, around, about)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env)
    return Markup(html)  # noqa: S704 (the renderer escapes, and so does _fence)


def _fence(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: EnvType,
) -> str:
    """Render a block of code; a query can be asked where somebody answers."""
    token = tokens[index]
    around: Surroundings = env["around"]
    is_query = token.info.strip() == "promql"
    text = _asked(token.content, env["about"]) if is_query else token.content
    code = f'<pre tabindex="0"><code>{escape(text)}</code></pre>\n'
    if not is_query or around.prometheus_url is None:
        return code
    asked = urlencode({"g0.expr": text.strip(), "g0.tab": 1}, quote_via=quote)
    address = escape(f"{around.prometheus_url}/graph?{asked}")
    return f'{code}<p class="ask"><a href="{address}" rel="noreferrer">Ask Prometheus</a></p>\n'


def _markdown() -> MarkdownIt:
    # Markup in a runbook is shown, not obeyed; tables are the only thing beside CommonMark.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    return markdown


_MARKDOWN: Final = _markdown()


def _asked(query: str, about: str) -> str:
    return _ABOUT.sub(lambda found: f'{found[1]}="{about}"', query) if about else query


def _lead(tokens: Sequence[Token], around: Surroundings, about: str) -> None:
    """Have links between runbooks lead to pages; what is no page here becomes plain text."""
    for token in tokens:
        children = token.children or ()
        is_dead = False
        for child in children:
            if child.type == "link_open":
                address = _address(str(child.attrGet("href") or ""), around, about)
                is_dead = address is None
                child.attrs = {} if address is None else {"href": address, "rel": "noreferrer"}
            if child.type in {"link_open", "link_close"} and is_dead:
                child.tag = "span"


def _address(href: str, around: Surroundings, about: str) -> str | None:
    own = _OWN.fullmatch(href)
    if own and own[1] in around.runbook_names():
        return runbook_address(own[1], about)
    return href if href.startswith("#") else web_address(href)
