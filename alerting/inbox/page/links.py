"""Where to look next from an alert: runbook, dashboard, logs, traces."""

import json
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from alerting.inbox.page.addresses import runbook_address, slo_address
from alerting.inbox.store import StoredEpisode

# Annotations are the sender's text: anything but these, `javascript:` for one, is no link.
_SCHEMES = ("http", "https")
_RUNBOOK = re.compile(r"(?:^|/)runbooks/([A-Za-z0-9_.-]+?)(?:\.md)?$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What led to it lies before it; what it did to others, after.
_BEFORE = timedelta(minutes=15)
_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Link:
    """A name for people and an address, relative where it is ours."""

    name: str
    url: str


class Links:
    """Makes the links of alerts."""

    def __init__(
        self,
        runbook_names: Callable[[], Container[str]],
        grafana_url: str | None,
        identity: Sequence[str] = ("service",),
        *,
        logs_source_uid: str = "loki",
        has_grafana: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make links.

        Args:
            runbook_names: Names the runbooks there are.
            grafana_url: Grafana's address for browsers, if there is one.
            identity: The labels that together name a service.
            logs_source_uid: Of Grafana's data source of log lines.
            has_grafana: Says whether anything answers there; while not, nothing leads there.
        """
        self._runbook_names = runbook_names
        self._known_grafana_url = grafana_url
        self._logs_source_uid = logs_source_uid
        self._has_grafana = has_grafana
        self.identity = tuple(identity)

    def of(self, episode: StoredEpisode) -> list[Link]:
        """Return an alert's links, in the order one looks."""
        annotations = episode.annotations
        found = [
            ("Runbook", self._runbook(episode)),
            ("SLO", self._slo(episode)),
            ("Dashboard", self._dashboard(episode)),
            ("Logs", web_address(annotations.get("logs_url", "")) or self._logs(episode)),
            ("Traces", web_address(annotations.get("trace_url", "")) or self._traces(episode)),
            ("Query", web_address(episode.generator_url)),
        ]
        return [Link(name, url) for name, url in found if url and not self._is_dead(url)]

    def identity_of(self, episode: StoredEpisode) -> dict[str, str]:
        """Return the labels that name an alert's service; empty where it has not got one."""
        return {name: episode.labels.get(name, "") for name in self.identity}

    @property
    def _grafana_url(self) -> str | None:
        return self._known_grafana_url if self._has_grafana() else None

    def of_service(self, identity: Mapping[str, str], slo: str | None = None) -> list[Link]:
        """Return where to look at a service, or at one of its SLOs, besides the inbox' pages."""
        if self._grafana_url is None:
            return []
        named = {f"var-{name}": value for name, value in identity.items()}
        dashboard = "burnrate-service" if slo is None else "burnrate-overview"
        chosen = named if slo is None else {**named, "var-slo": slo}
        base = f"{self._grafana_url}/d"
        return [
            Link("Dashboard", f"{base}/{dashboard}?{urlencode(chosen)}"),
            Link("Logs", f"{base}/burnrate-logs?{urlencode(named)}"),
            Link("Traces", f"{base}/burnrate-traces?{urlencode(named)}"),
        ]

    def _dashboard(self, episode: StoredEpisode) -> str | None:
        """Return the dashboard of the alert, one of Grafana's with the time around its start."""
        url = web_address(episode.annotations.get("dashboard_url", ""))
        if url is None or not url.startswith(f"{self._grafana_url}/d/") or "from=" in url:
            return url
        address, _, query = url.partition("?")
        return f"{address}?{'&'.join(filter(None, (query, urlencode(_range(episode)))))}"

    def _is_dead(self, url: str) -> bool:
        known = self._known_grafana_url
        return known is not None and self._grafana_url is None and f"{url}/".startswith(f"{known}/")

    def _slo(self, episode: StoredEpisode) -> str | None:
        labels = episode.labels
        if not labels.get("slo") or not labels.get("service"):
            return None
        return slo_address(self.identity_of(episode), labels["slo"])

    def _runbook(self, episode: StoredEpisode) -> str | None:
        url = episode.annotations.get("runbook_url", "")
        # Ours has the port it was written for, and the page may be reached by another.
        named = _RUNBOOK.search(_path_of(url))
        if named and named[1] in self._runbook_names():
            return runbook_address(named[1], self.identity_of(episode))
        return web_address(url)

    def _logs(self, episode: StoredEpisode) -> str | None:
        service = episode.labels.get("service")
        if not service:
            return None
        query: dict[str, object] = {"refId": "A", "expr": f"{{service={json.dumps(service)}}}"}
        return self._explore(query, episode)

    def _traces(self, episode: StoredEpisode) -> str | None:
        # Only what serves requests has traces, and what has an objective serves requests.
        service = episode.labels.get("service")
        if not service or "slo" not in episode.labels:
            return None
        # The dashboard knows which requests are slow: those over the service's latency objective.
        if self._grafana_url is None:
            return None
        named = {f"var-{name}": value for name, value in self.identity_of(episode).items()}
        chosen = {**named, **_range(episode)}
        return f"{self._grafana_url}/d/burnrate-traces?{urlencode(chosen)}"

    def _explore(self, query: dict[str, object], episode: StoredEpisode) -> str | None:
        """An address of Grafana's Explore, https://grafana.com/docs/grafana/latest/explore/."""
        if self._grafana_url is None:
            return None
        pane = {
            "datasource": self._logs_source_uid,
            "queries": [query | {"datasource": {"type": "loki", "uid": self._logs_source_uid}}],
            "range": _range(episode),
        }
        # Grafana 9 knows only this form; later ones read it too, and write their own in its place.
        left = json.dumps(pane, separators=(",", ":"))
        return f"{self._grafana_url}/explore?{urlencode({'left': left})}"


def web_address(url: str) -> str | None:
    """Return the address if it is one a browser may be sent to on a sender's word, else None."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES or not parts.netloc:
        return None
    return quote(url.strip(), safe="%/:=&?~#+!$,;'@()*[]-._{}|")


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _range(episode: StoredEpisode) -> dict[str, str]:
    until = "now" if episode.ends_at is None else _millis(episode.ends_at, _AFTER)
    return {"from": _millis(episode.starts_at, -_BEFORE), "to": until}


def _millis(moment: datetime, shift: timedelta) -> str:
    # As a difference: the year 1, which is a legal startsAt, has nothing before it.
    return str((moment - _EPOCH + shift) // timedelta(milliseconds=1))
