"""Files of every known format, read: what they say, or where and why it cannot be kept."""

from pathlib import Path
from typing import Final

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.specification import Service, load, load_all, load_files

_SHIPPED = load_configuration()

SLOTH: Final = """\
version: prometheus/v1
service: team/shop
labels: {owner: carts, tier: 2, build: 1.10, is_old: no}
slos:
  - name: checkout/availability
    objective: 99.5
    description: Carts are paid for.
    sli:
      events:
        error_query: sum(increase(paid_total{result="failed"}[{{- .window -}}]))
        total_query: sum(increase(paid_total[{{ .window }}]))
    alerting:
      name: carts-fail
      annotations: {summary: "Carts fail, {{ $value | humanizePercentage }}"}
      page_alert:
        labels: {severity: wake, channel: "{{ $labels.service }}"}
      ticket_alert: {disable: true}
"""
KUBERNETES: Final = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: shop, namespace: monitoring, labels: {role: alert-rules}}
spec:
  service: shop
  slos:
    - name: satisfaction
      objective: 95
      sli:
        raw:
          errorRatioQuery: 1 - avg_over_time(satisfaction_ratio[{{.window}}])
      alerting:
        pageAlert: {disable: true}
        ticketAlert: {labels: {channel: home}}
"""
ALPHA: Final = """\
apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: answers, displayName: Answers}
spec:
  service: shop
  description: They come.
  budgetingMethod: Occurrences
  objectives:
    - displayName: fast
      ratioMetrics:
        good: {source: prometheus, queryType: promql, query: 'sum(rate(a{le="1"}[{{.window}}]))'}
        total: {source: prometheus, queryType: promql, query: 'sum(rate(b[{{.window}}]))'}
      target: 0.99
    - ratioMetrics:
        incremental: true
        bad: {source: prometheus, queryType: promql, query: 'sum(a{code="500"})'}
        total: {source: prometheus, queryType: promql, query: a}
      target: 0.999
  timeWindows: [{unit: Day, count: 28, isRolling: true}]
"""
V1: Final = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: ours}
spec: {type: Prometheus}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: ratio}
spec:
  ratioMetric:
    rawType: success
    raw: {metricSource: {metricSourceRef: ours, spec: {query: good_ratio}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: answers, labels: {team: carts}}
spec:
  service: shop
  indicatorRef: ratio
  timeWindow: [{duration: 2w, isRolling: true}]
  budgetingMethod: METHOD
  objectives:
    - {targetPercent: 99}
"""


def _services(folder: Path, text: str, name: str = "file.yaml") -> list[Service]:
    (folder / name).write_text(text)
    return load_files([folder / name], _SHIPPED)


def test_sloths_format_is_kept_word_by_word(tmp_path: Path) -> None:
    """Numbers as labels as they are written, names with slashes, severities, what is disabled."""
    (service,) = _services(tmp_path, SLOTH)
    (slo,) = service.slos

    assert service.name == "team/shop"
    assert service.job == ""
    assert slo.labels["tier"] == "2"
    assert slo.labels["build"] == "1.10"
    assert slo.labels["is_old"] == "no"
    assert slo.error_query("5m") == 'sum(rate(paid_total{result="failed"}[5m]))'
    assert slo.stem == "checkout-availability"
    assert slo.severities == {"page": "wake"}
    assert slo.disabled == {"ticket"}
    assert [slo.alert_name(tier) for tier in slo.tiers] == ["carts-failFast", "carts-failHigh"]


def test_kubernetes_resources_are_sloths_in_camel_case(tmp_path: Path) -> None:
    """And what is the cluster's own is said; a ratio counts time, and nothing is no measurement."""
    (service,) = _services(tmp_path, KUBERNETES)
    (slo,) = service.slos

    assert slo.counted == "time"
    ratio = "(1 - avg_over_time(satisfaction_ratio[5m])) < Inf"
    assert slo.error_query("5m") == f"clamp(max({ratio}), 0, 1)"
    assert slo.total_query("5m") == f"max({ratio}) * 0 + 1"
    assert "metadata is Kubernetes' own" in service.notes[0]


def test_openslo_alpha_has_an_slo_for_each_objective(tmp_path: Path) -> None:
    """With the period that it says; good events that are missing are none, not unknown."""
    (service,) = _services(tmp_path, ALPHA)
    first, second = service.slos

    assert [first.name, second.name] == ["answers-0", "answers-1"]
    assert (first.period_days, second.period_days) == (28, 28)
    assert first.spec.description == "Answers: fast: They come."
    total = "sum(sum(rate(b[5m])))"
    assert first.error_query("5m") == (f'{total} - (sum(sum(rate(a{{le="1"}}[5m]))) or vector(0))')
    assert second.error_query("5m") == 'sum(rate(a{code="500"}[5m]))'
    assert second.total_query("5m") == "sum(sum(rate(a[5m])))"


@pytest.mark.parametrize(
    ("method", "objective", "bad", "counted"),
    [
        ("Occurrences", "", "1 - (avg_over_time((good_ratio)[5m:1m]))", "time"),
        (
            "Timeslices",
            "timeSliceTarget: 0.95, timeSliceWindow: 1m, op: gt",
            "sum_over_time(((avg(good_ratio) >= 0) <= bool 0.95)[5m:1m])",
            "amount",
        ),
        (
            "RatioTimeslices",
            "timeSliceWindow: 2",
            "1 - avg_over_time((avg(good_ratio) >= 0)[5m:2m])",
            "time",
        ),
    ],
)
def test_openslo_v1_knows_ratios_and_slices_of_time(
    tmp_path: Path, method: str, objective: str, bad: str, counted: str
) -> None:
    """An SLI of the same file, its data source, the team's labels, a period in weeks."""
    text = V1.replace("METHOD", method).replace("99}", f"99, {objective}}}")
    (service,) = _services(tmp_path, text)
    (slo,) = service.slos

    assert slo.labels["team"] == "carts"
    assert slo.period_days == 14
    assert slo.counted == counted
    assert bad in slo.error_query("5m")


def test_documents_of_one_service_are_one_service(tmp_path: Path) -> None:
    """In one file or in several, in folders too; settings beside a file of several are refused."""
    two = ALPHA.replace("name: answers", "name: others")
    (service,) = _services(tmp_path, f"{ALPHA}---\n{two}")
    (tmp_path / "below").mkdir()
    (tmp_path / "below/kubernetes.yml").write_text(KUBERNETES)

    assert len(service.slos) == 4
    (both,) = load_files([tmp_path], _SHIPPED)
    assert len(both.slos) == 5
    (tmp_path / "file.settings.yml").write_text("version: burnrate/v1\n")
    with pytest.raises(SpecError, match="has several documents"):
        load_files([tmp_path], _SHIPPED)


def test_settings_are_optional_also_in_the_stack(tmp_path: Path) -> None:
    """Nobody knows its processes then, nor its series."""
    (tmp_path / "shop.yaml").write_text(KUBERNETES)

    (service,) = load_all(tmp_path, _SHIPPED)

    assert service.stem == "shop"
    assert service.job == ""
    assert not service.slos[0].has_known_series


def test_a_severity_of_the_teams_own_is_refused_where_routes_go_by_ours(tmp_path: Path) -> None:
    """The inbox and Alertmanager know page and ticket."""
    (tmp_path / "shop.yml").write_text(SLOTH)

    with pytest.raises(SpecError, match=r"shop\.yml:16: .*page_alert\.labels\.severity: "):
        load(tmp_path / "shop.yml", _SHIPPED)


def test_a_tier_that_can_never_fire_is_left_out_and_said(tmp_path: Path) -> None:
    """At 90 % the fast page would need an error ratio of 1.44."""
    (service,) = _services(tmp_path, SLOTH.replace("99.5", "90"))

    assert [tier.suffix for tier in service.slos[0].tiers] == ["High"]
    assert "carts-failFast is left out: 14.4 x (1 - 0.9) = 1.44" in service.notes[-1]


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (SLOTH, "99.5", "49.9", ":6: slos[0].objective: "),
        (SLOTH, "tier: 2", "__name__: x", ":3: labels.__name__: "),
        (SLOTH, "tier: 2", "service: x", ":3: labels.service: is set by the generator"),
        (SLOTH, "tier: 2", "severity: x", ":3: labels.severity: is set by the generator"),
        (SLOTH, "tier: 2", 'tier: ""', ":3: labels.tier: an empty label is none"),
        (SLOTH, "tier: 2", 'tier: "{{ x }}"', ":3: labels.tier: a label of records"),
        (SLOTH, "tier: 2", "owner: x", ":3: labels: the key 'owner' is there twice"),
        (SLOTH, "channel:", "slo:", "page_alert.labels.slo: is set by the generator"),
        (SLOTH, "{{ $value | humanizePercentage }}", "{{ .x }}", "annotations.summary: "),
        (SLOTH, "page_alert:", "pageAlert:", ":15: slos[0].alerting.pageAlert: is no key of"),
        (SLOTH, "carts-fail", '"High errors"', ":13: slos[0].alerting.name: "),
        (SLOTH, "- .window -", ".other", ":10: slos[0].sli.events.error_query: has a template"),
        (SLOTH, "total_query: sum(increase", "total_query: sum(rate", ""),
        (SLOTH, "total_query: sum(increase", "total_query: ceil(increase", "write rate in both"),
        (SLOTH, '{result="failed"}', "", "counts the same as bad events and as all"),
        (SLOTH, "increase(", "avg_over_time(", "averages, where events are counted"),
        (SLOTH, "events:", "plugin: {id: mine}\n      events:", "mine is a plugin of Sloth's"),
        (
            SLOTH,
            "slos:",
            "slo_plugins: {chain: [{id: sloth.dev/contrib/info_labels/v1}]}\nslos:",
            "code in Go: write its labels below `labels`",
        ),
        (SLOTH, "prometheus/v1", "prometheus/v2", ":1: version: "),
        (KUBERNETES, "errorRatioQuery", "error_ratio_query", ":11: spec.slos[0].sli.raw.error_r"),
        (KUBERNETES, "avg_over_time(sat", "avg_over_time((sat", ":11: spec.slos[0].sli.raw.errorR"),
        (KUBERNETES, "objective: 95", "objective: 105", ":8: spec.slos[0].objective: "),
        (KUBERNETES, "PrometheusServiceLevel", "AlertWindows", ":1: apiVersion: sloth.slok.dev/v1"),
        (KUBERNETES, "pageAlert", "page_alert", "write pageAlert"),
        (ALPHA, "count: 28", "count: 41", "a period of 41 days, but Prometheus keeps 40"),
        (ALPHA, "unit: Day", "unit: Month", "is no number of days or weeks"),
        (ALPHA, "isRolling: true", "isRolling: false", "spec.timeWindows[0]: a period of the cal"),
        (ALPHA, "incremental: true", "incremental: false", "counter: true is not said"),
        (ALPHA, "target: 0.999", "target: 0.9999999", ":18: spec.objectives[1].target: "),
        (ALPHA, "source: prometheus", "source: datadog", ":11: spec.objectives[0].ratioMetrics."),
        (ALPHA, "sum(rate(b", "sum(rate(b)", ":12: spec.objectives[0].ratioMetrics.total.query"),
        (ALPHA, "Occurrences", "Timeslices", ":9: spec.objectives[0]: Timeslices needs"),
        (V1, "METHOD", "Timeslices", "Timeslices needs a timeSliceTarget"),
        (V1, "raw: {", "good: {", "needs total with good or with bad, or raw alone"),
        (V1, "type: Prometheus", "type: Datadog", "is of the type Datadog, not Prometheus"),
        (V1, "indicatorRef: ratio", "indicatorRef: others", "no SLI named 'others'"),
        (V1, "kind: DataSource", "kind: AlertPolicy", ":2: kind: AlertPolicy: alerts fire as"),
        (V1, "kind: DataSource", "kind: Silo", ":2: kind: Silo is no kind of OpenSLO's"),
        (V1, "team: carts", "team: [carts, others]", "a label of Prometheus has one value"),
        ("a: b", "", "", ":1: version: field required"),
        ("- 1", "", "", ":1: is no mapping"),
        ("# nothing", "", "", "holds no SLO"),
        ("a: [", "", "", ":1: "),
        ("&a [*a]", "", "", "an alias makes it endless"),
        ("a: !!python/none x", "", "", "unknown tag"),
        (SLOTH, "tier: 2", "~: x", ":3: labels: a key is no text"),
        (SLOTH, "tier: 2", "tier: \x00", ":3: has a character that YAML does not allow, U+0000"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(
    tmp_path: Path, text: str, old: str, new: str, said: str
) -> None:
    """With the file, its line, the path as the format has it, and the reason."""
    text = text.replace(old, new) if old else text
    text = text.replace("METHOD", "Occurrences")
    if not said:
        _services(tmp_path, text)
        return

    with pytest.raises(SpecError) as refused:
        _services(tmp_path, text)

    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{tmp_path}/file.yaml:")
    assert said in line
