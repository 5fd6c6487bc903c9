"""An SLO of OpenSLO's, read into Sloth's format: one SLO for each of its objectives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from burnrate.slo.specification.formats.openslo import shapes
from burnrate.slo.specification.formats.openslo.metrics import THRESHOLD, ratio_alpha, ratio_v1
from burnrate.slo.specification.formats.openslo.periods import days, slice_duration
from burnrate.slo.specification.formats.openslo.ratios import Ratio
from burnrate.slo.specification.formats.openslo.references import Referred
from burnrate.slo.specification.formats.specification import Specification, parsed
from burnrate.slo.specification.formats.yaml_documents import Document
from burnrate.slo.specification.sloth import ServiceSpec

T = TypeVar("T")


@dataclass(frozen=True)
class _Target:
    """An objective of either version."""

    given: shapes.Objective | shapes.AlphaObjective
    path: str
    ratio: Ratio
    percent: Fraction
    percent_path: str


def read(document: Document, referred: Referred) -> Sequence[Specification]:
    """Return the specification of an SLO; none for an object that others refer to.

    Raises:
        SpecError: it says something that Prometheus' rules cannot keep.
    """
    content = document.content
    if not isinstance(content, dict) or content.get("kind") != "SLO":
        return []
    if content["apiVersion"] == "openslo/v1":
        return [_read_v1(document, referred)]
    return [_read_alpha(document, referred)]


def _read_v1(document: Document, referred: Referred) -> Specification:
    slo = parsed(document, shapes.Object[shapes.Slo])
    spec = slo.spec
    if spec.alert_policies:
        reason = "alerts fire as the tiers of burnrate.yml say; leave it out"
        raise document.error("spec.alertPolicies", reason)
    period = None
    for window in spec.time_window:
        with_path = "spec.timeWindow[0]"
        _check_rolling(document, with_path, window)
        period = _tried(document, f"{with_path}.duration", partial(days, window.duration))
    targets = []
    for index, objective in enumerate(spec.objectives):
        path = f"spec.objectives[{index}]"
        for key in ("indicator", "indicator_ref", "composite_weight"):
            if getattr(objective, key) is not None:
                raise document.error(path, "a composite SLO: write one SLO for each objective")
        ratio = ratio_v1(document, spec, referred)
        targets.append(_Target(objective, path, ratio, *_percent(document, objective, path)))
    return _joined(document, slo.metadata, spec, targets, period, referred)


def _read_alpha(document: Document, referred: Referred) -> Specification:
    slo = parsed(document, shapes.Object[shapes.AlphaSlo])
    spec = slo.spec
    if spec.indicator is not None:
        raise document.error("spec.indicator", THRESHOLD)
    period = None
    for window in spec.time_windows:
        path = "spec.timeWindows[0]"
        _check_rolling(document, path, window)
        unit = {"day": "d", "week": "w"}.get(window.unit.lower(), "M")
        period = _tried(document, path, partial(days, f"{window.count}{unit}"))
    targets = []
    for index, objective in enumerate(spec.objectives):
        path = f"spec.objectives[{index}]"
        ratio = ratio_alpha(document, objective, path)
        percent = Fraction(str(objective.target)) * 100
        targets.append(_Target(objective, path, ratio, percent, f"{path}.target"))
    return _joined(document, slo.metadata, spec, targets, period, referred)


def _percent(document: Document, objective: shapes.Objective, path: str) -> tuple[Fraction, str]:
    if (objective.target is None) == (objective.target_percent is None):
        raise document.error(path, "needs either target or targetPercent")
    if objective.target is not None:
        return Fraction(str(objective.target)) * 100, f"{path}.target"
    return Fraction(str(objective.target_percent)), f"{path}.targetPercent"


def _joined(
    document: Document,
    metadata: shapes.Metadata,
    spec: shapes.Slo | shapes.AlphaSlo,
    targets: Sequence[_Target],
    period: int | None,
    referred: Referred,
) -> Specification:
    notes = [*referred.notes]
    if metadata.annotations:
        notes.append("metadata.annotations is for other tools: no rule has it")
    if isinstance(spec, shapes.Slo) and spec.indicator and spec.indicator.metadata:
        notes.append("the indicator's own names are for people: no rule has them")
    for label, value in metadata.labels.items():
        if not isinstance(value, str):
            reason = "a label of Prometheus has one value, not a list"
            raise document.error(f"metadata.labels.{label}", reason)
    slos, paths, names = [], {"service": "spec.service", "labels": "metadata.labels"}, []
    for index, target in enumerate(targets):
        name = metadata.name if len(targets) == 1 else f"{metadata.name}-{index}"
        names.append(name)
        about = (metadata.display_name, target.given.display_name, spec.description)
        slos.append(
            {
                "name": name,
                "objective": str(float(target.percent)),
                "description": ": ".join(each for each in about if each),
                "sli": _sli(document, spec.budgeting_method, target, notes),
            }
        )
        paths[f"slos[{index}].name"] = "metadata.name"
        paths[f"slos[{index}].objective"] = target.percent_path
        paths[f"slos[{index}].sli"] = target.ratio.path
        paths[f"slos[{index}]"] = target.path
    content = {
        "version": "prometheus/v1",
        "service": spec.service,
        "labels": metadata.labels,
        "slos": slos,
    }
    own = _own_path(paths)
    made = parsed(document, ServiceSpec, content, own_path=own)
    periods = dict.fromkeys(names, period) if period is not None else {}
    return Specification(document, made, own, periods, tuple(dict.fromkeys(notes)))


def _sli(
    document: Document, method: shapes.Method, target: _Target, notes: list[str]
) -> dict[str, Any]:
    given = target.given
    if method == "Occurrences":
        notes += [
            f"{target.path}.{key} is for thresholds: a ratio has its target"
            for key in ("op", "value")
            if getattr(given, key) is not None
        ]
        if given.time_slice_target is not None or given.time_slice_window is not None:
            raise document.error(target.path, "has a slice of time, and the method is Occurrences")
        return target.ratio.sli()
    if given.op in {"lt", "lte"}:
        raise document.error(f"{target.path}.op", "a slice is good from a ratio on: gte or gt")
    if given.value is not None:
        notes.append(f"{target.path}.value is for thresholds: a slice has its timeSliceTarget")
    if (given.time_slice_target is None) == (method == "Timeslices"):
        what = "needs a timeSliceTarget" if method == "Timeslices" else "has no timeSliceTarget"
        raise document.error(target.path, f"{method} {what}")
    slice_ = _tried(
        document, f"{target.path}.timeSliceWindow", lambda: slice_duration(given.time_slice_window)
    )
    if method == "RatioTimeslices" and given.op is not None:
        notes.append(f"{target.path}.op is for slices that are good or bad: ratios are averaged")
    wanted = f"{given.time_slice_target or 0:.10g}"
    return target.ratio.sliced(method, slice_, wanted, is_strict=given.op == "gt")


def _own_path(paths: Mapping[str, str]) -> Callable[[str], str]:
    def own(path: str) -> str:
        for begin, place in paths.items():
            if path == begin or path.startswith((f"{begin}.", f"{begin}[")):
                return place + path.removeprefix(begin) if begin == "labels" else place
        return "spec"

    return own


def _check_rolling(
    document: Document, path: str, window: shapes.TimeWindow | shapes.AlphaTimeWindow
) -> None:
    if window.calendar is not None or window.is_rolling is False:
        reason = "a period of the calendar: budgets are of the last days, isRolling: true"
        raise document.error(path, reason)


def _tried(document: Document, path: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ValueError as error:
        raise document.error(path, str(error)) from error
