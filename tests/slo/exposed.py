"""What the processes of a whole stack really expose, every exporter among them."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2
import yaml
from prometheus_client import CollectorRegistry

from burnrate.promql import Matcher, Selector
from burnrate.stack.addresses import RELAYS
from burnrate.telemetry.metrics import Metrics
from tests.servers.checkout import Checkout, machine_login_at
from tests.slo.asked import ROOT
from tests.support.samples import read_samples
from tests.support.waiting import PATIENCE_SECONDS

# Their series are there from the start, or from a route's first request, so a value that is asked
# for must be there as well; the others make a series when there is something to count.
_COMPLETE = frozenset({"api", "front-door", "inbox"})
# Answers that are no failures have no series before the first of them.
_BORN_LATER = frozenset({"429"})
# They need not be installed.
_PARTS = {
    "loki_write_": "alloy", "loki_process_": "alloy",
    # The service exports spans where they are stored.
    "trace_spans_": "tempo",
    "loki_": "loki", "tempo_": "tempo", "grafana_": "grafana",
}  # fmt: skip
Labels = dict[str, str]


def part_of(selector: Selector) -> str | None:
    """Return the part that exposes a metric, for those that need not be installed."""
    jobs = [matcher for matcher in selector.matchers if matcher.label == "job"]
    return next(
        (
            part
            for prefix, part in _PARTS.items()
            if prefix in selector.name or any(job.accepts(part) for job in jobs)
        ),
        None,
    )


@dataclass
class Exposed:
    """Scrapes each job of `prometheus.yml` that runs."""

    checkout: Checkout
    series: dict[str, list[Labels]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out what runs, and where."""
        rows = self.checkout.status()
        config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
        self.addresses = {}
        for job in filter(lambda each: "static_configs" in each, config["scrape_configs"]):
            part = job["static_configs"][0]["targets"][0].partition(":")[0]
            if part in RELAYS:
                # What it passes on has a port of its own here.
                port = self.checkout.ports["NGINX_STATUS_PORT"]
                self.addresses[job["job_name"]] = f"127.0.0.1:{port}"
            elif rows[part]["state"] == "running":
                login = machine_login_at(self.checkout.path, part)
                self.addresses[job["job_name"]] = f"{login}{rows[part]['address']}"

    def ask(self) -> None:
        """Ask the service through its front door for what the SLOs are about."""
        address = self.checkout.status()["nginx"]["address"]
        for path in ("/posts", "/users"):
            with suppress(httpx2.HTTPError):
                httpx2.get(f"http://{address}{path}", timeout=PATIENCE_SECONDS)

    def scrape(self) -> None:
        """Look at all of them once more."""
        for job, address in self.addresses.items():
            text = httpx2.get(f"http://{address}/metrics", timeout=PATIENCE_SECONDS).text
            self.series[job] = [
                {**dict(labels), "__name__": name, "job": job, "service": job,
                 "instance": address}
                for name, labels in read_samples(text)
            ]  # fmt: skip
        self.series["api"] += _overdue()

    def has(self, selector: Selector) -> bool:
        """Say whether a series has the name and the labels that are asked for."""
        return any(
            _fits(selector, labels, is_complete=job in _COMPLETE)
            for job, found in self.series.items()
            for labels in found
        )

    def rules(self) -> list[dict[str, Any]]:
        """Return Prometheus' own report on its rules."""
        url = f"http://{self.addresses['prometheus']}/api/v1/rules"
        groups: list[dict[str, Any]] = httpx2.get(url, timeout=PATIENCE_SECONDS).json()["data"][
            "groups"
        ]
        return [rule for group in groups for rule in group["rules"]]


def _overdue() -> list[Labels]:
    """Return a series that only a request makes which hangs: its labels are the code's."""
    registry = CollectorRegistry()
    Metrics(registry).http_requests_overdue.labels("GET", "/posts")
    return [
        {**sample.labels, "__name__": sample.name, "job": "api", "service": "api", "instance": ""}
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "http_requests_overdue_total"
    ]


def _fits(selector: Selector, labels: Labels, *, is_complete: bool) -> bool:
    if not selector.grouped <= labels.keys():
        return False
    return all(
        matcher.label in labels
        and (
            matcher.accepts(labels[matcher.label])
            or matcher.value in _BORN_LATER
            or not (is_complete or matcher.label in ("__name__", "job", "le"))
        )
        for matcher in selector.matchers
    )


_MAY_HAVE_NO_TEAM = {"slo:objective:ratio", "slo:current_burn_rate:ratio"}


def unrecorded(asked: Iterable[Selector], recorded: list[Labels]) -> list[str]:
    """Return what no rule records of the series whose names say that a rule does."""
    return [
        str(selector)
        for selector in asked
        if ":" in selector.name
        and not any(all(_is_met(m, labels) for m in selector.matchers) for labels in recorded)
    ]


def _is_met(matcher: Matcher, labels: Labels) -> bool:
    # Only a team's own settings give an objective this label: those of the shipped service have
    # none. A burn rate never has it, and a chosen team's home page leaves it out by just that.
    is_teams = matcher.label == "team" and labels["__name__"] in _MAY_HAVE_NO_TEAM
    return (matcher.label in labels or is_teams) and matcher.accepts(labels.get(matcher.label, ""))
