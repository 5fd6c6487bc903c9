"""What an objective of OpenSLO's measures, in either version, as a `Ratio` of series."""

from collections.abc import Mapping
from typing import Final

from burnrate.slo.specification.formats.openslo import shapes
from burnrate.slo.specification.formats.openslo.ratios import Asked, Ratio
from burnrate.slo.specification.formats.openslo.references import Referred
from burnrate.slo.specification.formats.specification import parsed
from burnrate.slo.specification.formats.yaml_documents import Document

THRESHOLD: Final = (
    "a threshold of a gauge has no events to count: write a ratioMetric, for instance of the"
    " samples within it, good: sum(sum_over_time((METRIC < bool LIMIT)[{{.window}}:1m]))"
)
_PROMETHEUS: Final = frozenset({"prometheus", "promql", "sloth"})


def ratio_v1(document: Document, spec: shapes.Slo, referred: Referred) -> Ratio:
    """Return what an SLO of version 1 measures, inside it or in an SLI of the file.

    Raises:
        SpecError: rules cannot measure it.
    """
    path, home, indicator = "spec.indicator.spec", document, spec.indicator
    if (spec.indicator is None) == (spec.indicator_ref is None):
        raise document.error("spec", "needs either indicator or indicatorRef")
    if indicator is not None:
        found = indicator.spec
    else:
        if spec.indicator_ref not in referred.indicators:
            reason = f"there is no SLI named {spec.indicator_ref!r} in this file"
            raise document.error("spec.indicatorRef", reason)
        path, home = "spec", referred.indicators[str(spec.indicator_ref)]
        found = parsed(home, shapes.Object[shapes.IndicatorSpec]).spec
    if found.threshold_metric is not None:
        raise home.error(f"{path}.thresholdMetric", THRESHOLD)
    metric, path = found.ratio_metric, f"{path}.ratioMetric"
    if metric is None:
        raise home.error(path, "needs a ratioMetric")
    asked = {
        kind: _asked_v1(home, getattr(metric, kind), f"{path}.{kind}", referred)
        for kind in ("good", "bad", "total", "raw")
    }
    _check_parts(home, asked, path)
    if (asked["raw"] is None) != (metric.raw_type is None):
        raise home.error(path, "raw and rawType belong together")
    is_failure = metric.raw_type == "failure"
    return Ratio(home, path, asked, is_failure=is_failure, is_counter=metric.counter)


def ratio_alpha(document: Document, objective: shapes.AlphaObjective, path: str) -> Ratio:
    """Return what an objective of version 1alpha measures.

    Raises:
        SpecError: rules cannot measure it.
    """
    path = f"{path}.ratioMetrics"
    metrics = objective.ratio_metrics
    if metrics is None:
        raise document.error(path, "needs ratioMetrics")
    asked: dict[str, Asked | None] = {"raw": None}
    for kind in ("good", "bad", "total"):
        metric: shapes.AlphaMetric | None = getattr(metrics, kind)
        asked[kind] = None
        if metric is not None:
            if metric.source.lower() not in _PROMETHEUS or metric.query_type.lower() != "promql":
                reason = f"is of {metric.source} ({metric.query_type}), not of prometheus (promql)"
                raise document.error(f"{path}.{kind}", reason)
            asked[kind] = Asked(metric.query, f"{path}.{kind}.query")
    _check_parts(document, asked, path)
    counter = metrics.incremental if metrics.counter is None else metrics.counter
    return Ratio(document, path, asked, is_counter=counter)


def _asked_v1(
    document: Document, metric: shapes.Metric | None, path: str, referred: Referred
) -> Asked | None:
    if metric is None:
        return None
    source, path = metric.metric_source, f"{path}.metricSource"
    kind = source.type
    if kind is None:
        kind = referred.sources.get(source.metric_source_ref or "", "")
        if not kind:
            reason = "has no type, and its metricSourceRef is no DataSource of this file"
            raise document.error(path, f"{reason}: write type: Prometheus")
    if kind.lower() not in _PROMETHEUS:
        raise document.error(path, f"is of the type {kind}, not Prometheus")
    keys = sorted(source.spec)
    if keys not in (["query"], ["promql"]) or not isinstance(source.spec[keys[0]], str):
        reason = f"holds {', '.join(keys) or 'nothing'}, where Prometheus needs one query"
        raise document.error(f"{path}.spec", reason)
    return Asked(source.spec[keys[0]], f"{path}.spec.{keys[0]}")


def _check_parts(document: Document, asked: Mapping[str, Asked | None], path: str) -> None:
    given = {kind for kind, each in asked.items() if each is not None}
    if given not in ({"good", "total"}, {"bad", "total"}, {"raw"}):
        reason = f"has {', '.join(sorted(given)) or 'nothing'}: needs total with good or with bad"
        raise document.error(path, f"{reason}, or raw alone")
