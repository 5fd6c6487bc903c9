"""Whether a latency's threshold is a bucket that is there, and in the unit that is meant."""

from typing import Final

from burnrate.promql import Selector
from burnrate.slo.live.finding import Finding, Kind
from burnrate.slo.live.prometheus import LOOKBACK, Prometheus, named
from burnrate.slo.specification import Slo

# A mean so far above or below the threshold: the unit is another one.
_FAR: Final = 100


def without_bound(selector: Selector) -> Selector:
    """Return a selector without its condition on `le`."""
    return Selector(frozenset(each for each in selector.matchers if each.label != "le"))


def misplaced(prometheus: Prometheus, slo: Slo, selector: Selector) -> list[Finding]:
    """Return what is wrong with the bound of a selector whose other conditions are met."""
    if not selector.of("le"):
        return []
    (matcher, *_) = selector.of("le")
    values = prometheus.values(without_bound(selector), "le")
    if not values or prometheus.count(selector):
        return list(_far_from_mean(prometheus, slo, selector, values))
    bounds = sorted(values, key=_number)
    shown = f"its bounds are {', '.join(bounds)}"
    wanted = slo.threshold_seconds
    if wanted is not None:
        for factor, unit in ((1000.0, "milliseconds"), (0.001, "seconds")):
            same = [each for each in bounds if _number(each) == wanted * factor]
            if same and f"{_number(same[0]):g}" != f"{wanted:g}":
                reason = f'no bucket has le{matcher.operator}"{matcher.value}"; {shown}'
                instead = f'These look like {unit}: write le="{same[0]}".'
                return [_finding(slo, "unit", selector, reason, instead)]
        spelled = [each for each in bounds if _number(each) == wanted]
        if spelled:
            reason = f"the bound is written {spelled[0]}"
            instead = f'Write le=~"...|{spelled[0]}" with a backslash before the point.'
            return [_finding(slo, "no-bucket", selector, reason, instead)]
    reason = f'no bucket has le{matcher.operator}"{matcher.value}"; {shown}'
    instead = "Take one of them as the threshold, or give the histogram a bucket there."
    return [_finding(slo, "no-bucket", selector, reason, instead)]


def _far_from_mean(
    prometheus: Prometheus, slo: Slo, selector: Selector, values: list[str]
) -> list[Finding]:
    chosen = [each for each in values if all(m.accepts(each) for m in selector.of("le"))]
    base = selector.name.removesuffix("_bucket")
    rest = [each for each in without_bound(selector).matchers if each.label != "__name__"]
    total, count = (named(f"{base}_{part}", *rest).text for part in ("sum", "count"))
    mean = prometheus.query(
        f"sum(last_over_time({total}[{LOOKBACK}])) / sum(last_over_time({count}[{LOOKBACK}]))"
    )
    if not chosen or not mean or not (bound := _number(chosen[0])):
        return []
    ratio = mean[0].values[0] / bound
    if ratio < _FAR:
        return []
    reason = f"the mean is {mean[0].values[0]:.3g}, the bound {chosen[0]}"
    instead = "Are these milliseconds? Then write the bound in milliseconds too."
    return [_finding(slo, "unit", selector, reason, instead)]


def _number(bound: str) -> float:
    try:
        return float(bound)
    except ValueError:
        return float("inf")


def _finding(slo: Slo, kind: Kind, selector: Selector, reason: str, instead: str) -> Finding:
    return Finding(slo.service, slo.name, kind, selector.text, reason, instead)
