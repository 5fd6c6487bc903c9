"""Fills the templates; whatever is put into one is escaped, and a missing value is an error."""

from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerting.inbox.page import formats
from alerting.inbox.page.slo_rows import history

_ENVIRONMENT = Environment(
    loader=PackageLoader("alerting.inbox.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_ENVIRONMENT.filters |= {
    "burn": formats.burn,
    "budget": formats.budget,
    "clock": formats.clock,
    "duration": formats.duration,
    "exact": formats.exact,
    "history": history,
    "percent": formats.percent,
    "rate": formats.rate,
    "seconds": formats.seconds,
    "share": formats.share,
}


@dataclass(frozen=True, slots=True)
class Content:
    """What one page shows.

    Attributes:
        template: The file in `templates/`.
        title: The window's title.
        values: What the template names.
        status: The HTTP status it is answered with.
    """

    template: str
    title: str
    values: dict[str, object] = field(default_factory=dict)
    status: int = 200


def render_page(content: Content, fragment_path: str) -> str:
    """Return the whole page; `fragment_path` is where its living part can be had alone."""
    template = _ENVIRONMENT.get_template(content.template)
    frame = {"layout": "page.html", "title": content.title, "fragment_path": fragment_path}
    frame["place"] = _place(fragment_path)
    return template.render(frame | content.values)


def _place(fragment_path: str) -> str:
    """Return which entry of the navigation a page is; most are none."""
    path = fragment_path.partition("?")[0]
    return path.removeprefix("/fragments").removesuffix("/fragment") or "/"


def render_fragment(content: Content) -> str:
    """Return the living part of the page alone."""
    template = _ENVIRONMENT.get_template(content.template)
    return template.render({"layout": "fragment.html"} | content.values)
