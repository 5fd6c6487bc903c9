"""Whether a scrape has one series twice, of which Prometheus keeps the first sample in silence.

Prometheus 2.42 does not even count them. But it records how many samples a scrape had, and they are
more than the series that came of it.
"""

from typing import Any, Final

import yaml

from burnrate.http_client import NoAnswer
from burnrate.promql import Selector
from burnrate.slo.live.finding import Finding
from burnrate.slo.live.prometheus import Prometheus
from burnrate.slo.specification import Slo, quote

_SAMPLES: Final = "scrape_samples_post_metric_relabeling"
# What Prometheus itself writes under a target's labels: its reports, records, alerts.
_OWN: Final = "up|scrape_.*|.*:.*|ALERTS.*"
# At each of these moments: one scrape may have been cut.
_MOMENTS: Final = "[5m:1m]"


def doubled(prometheus: Prometheus, slo: Slo, selector: Selector) -> list[Finding]:
    """Return which of the targets that expose a selector's series expose some series twice."""
    jobs = [
        each.labels.get("job", "") for each in prometheus.query(f"group by (job) ({selector.text})")
    ]
    return [found for job in jobs for found in _of_job(prometheus, slo, selector, job)][:1]


def _of_job(prometheus: Prometheus, slo: Slo, selector: Selector, job: str) -> list[Finding]:
    if not job or _keeps_labels(prometheus, job):
        return []
    name = f'job="{quote(job)}"'
    series = f'count by (job, instance) ({{{name}, __name__!~"{_OWN}"}})'
    more = prometheus.query(
        f"min_over_time(({_SAMPLES}{{{name}}} - on (job, instance) {series}){_MOMENTS}) > 0"
        f" and on (job, instance) {selector.text}"
    )
    return [
        Finding(
            slo.service,
            slo.name,
            "doubled-series",
            selector.text,
            f'a scrape of {name}, instance="{each.labels.get("instance", "")}" has'
            f" {each.values[0]:.0f} samples more than series: some are there twice, and only the"
            " first of them counts",
            "Let one process write each series: look for lines with the same labels in what the"
            " target exposes.",
        )
        for each in more
    ]


def _keeps_labels(prometheus: Prometheus, job: str) -> bool:
    """Whether a target's series may have other labels than the target, or nobody can say."""
    try:
        jobs = prometheus.ask("status/config", _jobs)
    except NoAnswer:
        return True
    found = [honors_labels for name, honors_labels in jobs if name == job]
    return not found or any(found)


def _jobs(data: Any) -> list[tuple[str, bool]]:  # noqa: ANN401 - JSON
    try:
        loaded = yaml.safe_load(data["yaml"])
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    jobs = loaded.get("scrape_configs", [])
    return [(each["job_name"], bool(each.get("honor_labels"))) for each in jobs]
