"""What people open in a browser: only what answers one, found out by asking."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlsplit

from burnrate.http_client import HttpClient, NoAnswer
from burnrate.stack.status import PartStatus

_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class _Entrance:
    """A part that people may open.

    Attributes:
        what: They find there.
        variable: Has the address that people use.
        paths: Where a page may be, the usual one first.
        instead: What helps where there is none.
    """

    part: str
    what: str
    variable: str
    paths: tuple[str, ...]
    instead: str


_ENTRANCES: Final = (
    _Entrance("inbox", "alerts that arrived, and the SLOs", "INBOX_URL", ("/",), "see its log"),
    _Entrance(
        "nginx",
        "the service, its documentation",
        "SERVICE_URL",
        ("/docs", "/"),
        "the service answers requests at {url}",
    ),
    _Entrance(
        "grafana", "dashboards", "GRAFANA_URL", ("/",), "Prometheus' page shows the same series"
    ),
    _Entrance(
        "prometheus",
        "metrics, rules, targets",
        "PROMETHEUS_URL",
        ("/", "/classic/graph"),
        'curl -u "$(burnrate door login)" "{url}/api/v1/query?query=up"',
    ),
    _Entrance(
        "alertmanager",
        "silences",
        "ALERTMANAGER_URL",
        ("/",),
        "the inbox silences, and amtool at {url} as docs/silencing.md says",
    ),
)


@dataclass(frozen=True)
class Page:
    """What a part has for a browser.

    Attributes:
        url: Where people open it; None if it has no page.
        instead: What helps without one.
    """

    part: str
    what: str
    url: str | None
    instead: str

    def line(self) -> str:
        """Return it for people."""
        if self.url is None:
            return f"{self.part} has no page here; {self.instead}"
        return f"{self.url}  {self.what}"

    def as_json(self) -> dict[str, object]:
        """Return it for machines."""
        return asdict(self)


def find_pages(rows: Iterable[PartStatus], settings: Mapping[str, str]) -> list[Page]:
    """Ask the parts that are healthy for a page; return what they have, in people's order.

    What cannot be asked from here, behind an engine on another machine, is left out.

    Args:
        rows: The parts and where they listen.
        settings: With the addresses that people use.
    """
    healthy = {row.part: row.url for row in rows if row.health == "healthy"}
    asked = [each for each in _ENTRANCES if each.part in healthy]
    with ThreadPoolExecutor(max_workers=len(_ENTRANCES)) as pool:
        pages = pool.map(lambda each: _page(each, healthy[each.part], settings), asked)
        return [page for page in pages if page is not None]


def _page(entrance: _Entrance, local: str, settings: Mapping[str, str]) -> Page | None:
    # Where people go may be a proxy that this machine cannot reach: the part itself is asked.
    try:
        with HttpClient(entrance.part, local) as client:
            # Not with the login that commands have.
            public = (settings.get(entrance.variable) or client.url).rstrip("/")
            path = next((path for path in entrance.paths if _has_page(client, path)), None)
    except NoAnswer:
        return None
    url = None if path is None else public + path.rstrip("/")
    return Page(entrance.part, entrance.what, url, entrance.instead.format(url=public))


def _has_page(client: HttpClient, path: str) -> bool:
    """Return whether a browser gets something to work with there.

    A page without a script, such as that of Debian's Alertmanager, only says that there is none.
    """
    return any(_is_page(*each) for each in _answers(client, path))


def _answers(client: HttpClient, path: str) -> Iterator[tuple[int, str, str]]:
    """Yield status, content type and text of an answer and of those it leads to."""
    below = urlsplit(client.url).path
    for _ in range(_MOST_REDIRECTS):
        response = client.request("GET", path)
        yield response.status_code, response.headers.get("content-type", ""), response.text
        target = urlsplit(response.headers.get("location", ""))
        if not response.is_redirect or not target.path:
            return
        path = target.path.removeprefix(below) + (f"?{target.query}" if target.query else "")


def _is_page(status: int, content_type: str, text: str) -> bool:
    is_html = content_type.partition(";")[0].strip() == "text/html"
    return status == 200 and is_html and "<script" in text.lower()  # noqa: PLR2004 - OK
