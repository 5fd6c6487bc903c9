"""A runbook as a page: what fires of it, its text, and each query one click from its answer."""

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from alerting.inbox.page.addresses import runbook_address
from alerting.inbox.page.cards import card_of
from alerting.inbox.page.desk.asked import About
from alerting.inbox.page.links import Links, web_address
from alerting.inbox.page.rendering import Content
from alerting.inbox.store import StoredEpisode

_OWN: Final = re.compile(r"([A-Za-z0-9_-]+)\.md(#.*)?")
# In the sentence that says what it stands for.
_PLACE_ALONE: Final = re.compile(r"\$\w+")
# Whose queries nobody has asked for.
_NOBODY: Final = About()


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
    about: About = _NOBODY,
    others: Sequence[Mapping[str, str]] = (),
) -> Content:
    """Return what a runbook's page shows.

    Args:
        name: The alert's.
        text: Its Markdown.
        firing: What fires of it; None if that is not known.
        links: Makes the links of alerts.
        around: What its queries and links lead to.
        now: When the page is made.
        about: Whose queries are wanted; without a service they are as written.
        others: The services that could be asked about instead.
    """
    # Others ask about parts of the stack, whichever service the alert names.
    is_asked = "$service" in text or "$job" in text
    return Content(
        template="runbook.html",
        title=f"{name} · Burnrate",
        values={
            "now": now,
            "name": name,
            "about": about.title if is_asked and about.is_known else "",
            "others": [
                (" ".join(each.values()), runbook_address(name, each))
                for each in (others if is_asked else ())
            ],
            "is_known": firing is not None,
            "cards": [card_of(each, links, leads_on=False) for each in firing or ()],
            "text": rendered(text, around, about),
            "logs_folder": around.logs_folder if "Loki" in text else None,
        },
    )


def rendered(text: str, around: Surroundings, about: About = _NOBODY) -> Markup:
    """Return Markdown as HTML, in which no markup of the text's own is left.

    Args:
        text: The Markdown.
        around: What its queries and links lead to.
        about: The service to ask about.
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
    about: About = env["about"]
    text = about.filled_in(token.content, is_promql=is_query)
    if text is None:
        return f'<p class="note">Nothing counts in front of {escape(about.title)}.</p>\n'
    code = f'<pre tabindex="0"><code>{escape(text)}</code></pre>\n'
    if not is_query or around.prometheus_url is None:
        return code
    asked = urlencode({"g0.expr": text.strip(), "g0.tab": 1}, quote_via=quote)
    address = escape(f"{around.prometheus_url}/graph?{asked}")
    return f'{code}<p class="ask"><a href="{address}" rel="noreferrer">Ask Prometheus</a></p>\n'


def _code(
    _renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    _options: OptionsDict,
    env: EnvType,
) -> str:
    """Render a piece of code in a sentence; what stands for a service is explained there."""
    text = tokens[index].content
    filled = text if _PLACE_ALONE.fullmatch(text) else env["about"].filled_in(text, is_promql=False)
    return f"<code>{escape(text if filled is None else filled)}</code>"


def _markdown() -> MarkdownIt:
    # Markup in a runbook is shown, not obeyed; tables are the only thing beside CommonMark.
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("code_inline", _code)
    return markdown


_MARKDOWN: Final = _markdown()


def _lead(tokens: Sequence[Token], around: Surroundings, about: About) -> None:
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


def _address(href: str, around: Surroundings, about: About) -> str | None:
    own = _OWN.fullmatch(href)
    if own and own[1] in around.runbook_names():
        return runbook_address(own[1], about.identity)
    return href if href.startswith("#") else web_address(href)
