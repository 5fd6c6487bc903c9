"""Specifications of teams, valid ones and broken ones, as Hypothesis draws them."""

import functools
from typing import Any, Final, TypeVar

import yaml
from hypothesis import strategies as st

T = TypeVar("T")

_ODD: Final = "\\\"'`{}$#:%.|()[]*+?^/ \n\t\x00\x7f\u2028\ufeff\ud800"
_TEXT: Final = st.text(st.one_of(st.characters(), st.sampled_from(_ODD)), max_size=12)


def mostly(usual: st.SearchStrategy[T], *others: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Draw what is usual in nineteen of twenty cases: most files have one fault, not ten."""
    rare = st.one_of(*others)
    return st.integers(0, 19).flatmap(lambda at: rare if at == 0 else usual)


def _of(*values: T) -> st.SearchStrategy[T]:
    return st.sampled_from(values)


_LABEL_NAMES: Final = st.one_of(
    _of("team", "tier", "__name__", "severity", "slo", "service", "alertname", "le", "role"),
    _of("a.b", "", "job", "instance", "long_window", "term", "é"),
    st.from_regex(r"\A[a-z_]{1,6}\Z"),
)
_REGEX: Final = st.one_of(
    _of("5..", "5..|429", "[45]..", r"2\d+", "(?i)get", "[^2-4].*", "a{1,3}", r"\.", "", "é+"),
    st.text(r"ab5.()[]{}|*+?^$\dpPuxzQE&-,:<>!=i0123", max_size=12),
    _of(r"a{1001}", r"(?<n>a)", r"\p{Alphabetic}", r"\u0041", r"[[:alpha:]]", r"\pL", r"\bx\b"),
    _of(
        r"(?P<n>a)", r"[a&&b]", r"[a--b]", r"(a{30}){40}", r"\x{10FFFF}", r"\Qa\E", r"a**", "(?x)a"
    ),
)
_TEMPLATES: Final = st.one_of(
    _of(
        "{{ $value | humanize }}", "{{ $labels.slo | toUpper }}", "{{- .Value -}}", "{{$labels.a}}"
    ),
    _of('{{ $value | printf "%.2f" }}', "{{ .foo }}", "{{", "{{ $labels.slo | humanize }}"),
    _TEXT,
    st.text("{}$.valueLabs|huminze \"'%3fpr", max_size=20),
)
_FUNCTIONS: Final = mostly(
    st.just("rate"),
    _of(
        "increase",
        "delta",
        "sum_over_time",
        "count_over_time",
        "avg_over_time",
        "last_over_time",
        "irate",
    ),
    _of(
        "histogram_avg", "mad_over_time", "Rate", "double_exponential_smoothing", "first_over_time"
    ),
)
_WRAPPED: Final = mostly(
    _of("sum({})", "sum({})", "{}", "({})", "clamp_min({}, 0)", "sum({}) or vector(0)"),
    _of("sum by (job) ({})", "-{}", "topk(2, {})", "abs({})", "{} * 2", "sort({})", "{} == bool 1"),
    _of('label_replace({}, "a", "$1", "b", "(.*)")', "quantile(0.9, {})", "{} offset 1h"),
    _of("min_over_time({}[{{{{.window}}}}:1m])", "histogram_quantile(0.9, {})", "scalar({})"),
    _of('sum by ("job") ({})', "limitk(2, {})", "{} > 5m", 'count_values("v", {})', "{} @ end()"),
    _of("sum({}) # all", "info({})", 'label_join({}, "a b", "", "c")', "sum without () ({})"),
)
_WINDOWS: Final = mostly(
    _of("[{{.window}}]", "[{{ .window }}]", "[{{- .window -}}]"),
    _of("[5m]", "[300]", "[{{.window}}:]", "[{{.window}}:1m]", "[{{.window}}] offset 5m", ""),
    _of("[{{ .period }}]", "[{{.window}}:0s]", "[{{.window}} ]", "[{{.window}}5m]", "[1y2w]"),
)
_CHARACTERS: Final = st.sampled_from("(){}[]\"'`,#\\=~!<>+-*/^%@:. \nabx059_é{}")


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Draw a query, which may be broken."""
    terms = draw(st.lists(_terms(), min_size=1, max_size=2))
    operator = _of(" - ", " + ", "\n- ", " or ")
    query = draw(mostly(operator, _of(" / ", " and on () ", " % ", " ^ ", " atan2 "))).join(terms)
    if draw(st.integers(0, 7)):
        return query
    place, gone = draw(st.integers(0, len(query))), draw(st.integers(0, 2))
    return query[:place] + draw(st.text(_CHARACTERS, max_size=2)) + query[place + gone :]


@st.composite
def _terms(draw: st.DrawFn) -> str:
    matchers = [draw(_matchers()) for _ in range(draw(st.integers(0, 2)))]
    name = draw(
        mostly(_of("a_total", "b:c", "sum", "x"), _of("", "by", "inf", "offset", "1a", "é"))
    )
    chosen = f"{name}{{{', '.join(matchers)}}}" if matchers or not name else name
    return draw(_WRAPPED).format(f"{draw(_FUNCTIONS)}({chosen}{draw(_WINDOWS)})")


@st.composite
def _matchers(draw: st.DrawFn) -> str:
    label = draw(mostly(_of("code", "job", "le"), _of("__name__", '"a.b"', "sum", "é")))
    if draw(st.booleans()):
        value = draw(_REGEX).replace("\\", "\\\\").replace('"', "")
        return f'{label}{draw(_of("=~", "!~"))}"{value}"'
    value = draw(mostly(_of("5", "a  b", "#"), _TEXT))
    return draw(_of(f'{label}="{value}"', f"{label}!='{value}'", f"{label}=`{value}`"))


@functools.cache
def labels(values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw labels or annotations."""
    others = st.one_of(values, st.integers(), st.booleans(), st.none())
    return mostly(
        st.one_of(
            st.just({}),
            st.dictionaries(_of("team", "tier", "_x"), _of("carts", "1.10", "ü", " "), max_size=2),
        ),
        st.dictionaries(_LABEL_NAMES, others, max_size=2),
        st.dictionaries(_of("team", "owner"), values, min_size=1, max_size=2),
    )


@st.composite
def _sloth_slos(draw: st.DrawFn, index: int) -> dict[str, Any]:
    events = {"error_query": draw(queries()), "total_query": draw(queries())}
    raw = {"raw": {"error_ratio_query": draw(queries())}}
    usual = _of({"events": events}, {"events": events}, {"events": events}, raw)
    alerting: dict[str, Any] = {
        "name": draw(mostly(_of("Burn", "a-b.c"), _of("High errors", "", "{{x}}", "ü", "1"))),
        "labels": draw(labels(_TEMPLATES)),
        "annotations": draw(labels(_TEMPLATES)),
    }
    for part in ("page_alert", "ticket_alert"):
        own = {"labels": draw(labels(_TEMPLATES)), "annotations": draw(labels(_TEMPLATES))}
        alerting[part] = draw(_of({}, own, {"disable": True}, {"disable": "no"}))
    slo = {
        "name": draw(mostly(_of(f"slo-{index}", f"a/{index}"), _of("a b", "", "{{x}}", "ü", "a/"))),
        "objective": draw(mostly(_of(99.9, 50, 99.999, 90, 97.12345), _of(10, 100, "x", None))),
        "description": draw(mostly(_of("", "All is well."), _TEXT)),
        "labels": draw(labels(_TEXT)),
        "sli": draw(mostly(usual, _of({}, {"plugin": {}}, {"events": events, **raw}))),
        "alerting": alerting,
    }
    return {**slo, **draw(_unknown())}


def _unknown() -> st.SearchStrategy[dict[str, Any]]:
    return mostly(st.just({}), _of({"owner": "x"}, {"Name": "x"}, {"plugins": {"chain": []}}))


@st.composite
def sloth(draw: st.DrawFn) -> str:
    """Draw a file of Sloth's, or of its kind of Kubernetes."""
    content = {
        "service": draw(mostly(_of("shop", "team/shop", "a_b.c"), _of("/", "", "ü", "{{x}}"))),
        "labels": draw(labels(_TEXT)),
        "slos": [draw(_sloth_slos(index)) for index in range(draw(st.integers(1, 2)))],
        **draw(_unknown()),
    }
    if draw(st.booleans()):
        return _dumped({"version": "prometheus/v1", **content})
    text = _dumped(
        {
            "apiVersion": "sloth.slok.dev/v1",
            "kind": "PrometheusServiceLevel",
            "metadata": {"name": "shop"},
            "spec": content,
        }
    )
    for name in ("error_query", "total_query", "error_ratio_query", "page_alert", "ticket_alert"):
        first, *rest = name.split("_")
        text = text.replace(f"{name}:", f"{first}{''.join(map(str.title, rest))}:")
    return text


@st.composite
def openslo(draw: st.DrawFn) -> str:
    """Draw a file of OpenSLO's, of either version."""
    method = draw(_of("Occurrences", "Occurrences", "Timeslices", "RatioTimeslices"))
    objective: dict[str, Any] = {"target": draw(mostly(_of(0.99, 0.999, 0.5), _of(0.2, 99, 1)))}
    if method != "Occurrences":
        objective["timeSliceWindow"] = draw(mostly(_of("1m", "2", "30s"), _of("1h", "x", "0m")))
    if method == "Timeslices":
        objective["timeSliceTarget"] = draw(mostly(_of(0.95, 1), _of(2, 0)))
    kinds = draw(_of(("good", "total"), ("bad", "total")))
    counter = draw(_of(True, False, None))
    head = {"kind": "SLO", "metadata": {"name": "answers", "labels": draw(labels(_TEXT))}}
    spec: dict[str, Any] = {"service": "shop", "budgetingMethod": method}
    if draw(st.booleans()):
        ratio: dict[str, Any] = {
            kind: {"source": "prometheus", "queryType": "promql", "query": draw(_asked())}
            for kind in kinds
        }
        spec["objectives"] = [{"ratioMetrics": {**ratio, "incremental": counter}, **objective}]
        spec["timeWindows"] = [{"unit": "Day", "count": draw(mostly(_of(7, 28), _of(99, 0)))}]
        return _dumped({"apiVersion": "openslo/v1alpha", **head, "spec": spec})
    asked: dict[str, Any] = {
        kind: {"metricSource": {"type": "Prometheus", "spec": {"query": draw(_asked())}}}
        for kind in (kinds if draw(st.booleans()) else ("raw",))
    }
    if "raw" in asked:
        asked["rawType"] = draw(_of("success", "failure"))
    spec["indicator"] = {"spec": {"ratioMetric": {"counter": counter, **asked}}}
    spec["objectives"] = [objective]
    spec["timeWindow"] = [{"duration": draw(mostly(_of("1w", "28d"), _of("1M", "x", "5m")))}]
    return _dumped({"apiVersion": "openslo/v1", **head, "spec": spec})


@st.composite
def short(draw: st.DrawFn) -> str:
    """Draw a short file, of any source."""
    names = _of("burnrate", "door", "otel", "otel-legacy", "instrumentator", "starlette_exporter")
    source = mostly(st.one_of(names, _of("traefik", "envoy", "ingress-nginx")), _of("sloth", ""))
    latency = {
        "objective": draw(mostly(_of(99, 90.5), _of(20, "x"))),
        "threshold": draw(mostly(_of("250ms", "0.5s", "300ms", "1s"), _of("250", "0s", "1h"))),
        **draw(mostly(st.just({}), _of({"routes": "/carts|/x"}, {"buckets": [0.25]}))),
        **draw(mostly(st.just({}), st.fixed_dictionaries({"routes": _REGEX}))),
    }
    groups = {"label": draw(_LABEL_NAMES), "values": draw(st.lists(_TEXT, max_size=3))}
    objectives: dict[str, Any] = {
        "availability": draw(mostly(_of(99.9, {"objective": 95}), _of(100, {"objective": "x"}))),
        "latency": latency,
    }
    if not draw(st.integers(0, 3)):
        objectives["availability"] = {"objective": 99, "grouping": groups}
    if draw(st.booleans()):
        del objectives[draw(_of("availability", "latency"))]
    more: dict[str, Any] = {
        "where": draw(labels(_TEXT)),
        **draw(mostly(st.just({}), _of({"job": "a/b"}, {"has_routes": False}, {"pushed": True}))),
        **draw(mostly(st.just({}), st.fixed_dictionaries({"internal": _REGEX}))),
        **draw(mostly(st.just({}), st.fixed_dictionaries({"backend": _TEXT}))),
    }
    head = {"service": draw(mostly(_of("shop", "a.b/c"), _TEXT)), "source": draw(source)}
    return _dumped({**head, "objectives": objectives, **more, **draw(_unknown())})


@st.composite
def _asked(draw: st.DrawFn) -> str:
    matchers = ", ".join(draw(st.lists(_matchers(), max_size=2)))
    return draw(st.one_of(queries(), _of("a", f"sum(a{{{matchers}}})", f"b{{{matchers}}}")))


def _dumped(content: object) -> str:
    return str(yaml.safe_dump(content, sort_keys=False))
