"""`burnrate slo check --prometheus`: each way in which an SLO is silently empty, on a real one."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from click.testing import CliRunner, Result

from burnrate.configuration import load_configuration
from burnrate.slo.commands import slo
from burnrate.slo.live import finding, presence
from burnrate.slo.live.prometheus import Prometheus, named
from burnrate.slo.specification import load_files
from tests.slo.backtest.written_history import prometheus_with

pytestmark = pytest.mark.integration
_STEP: Final = 30
_SAMPLES: Final = 160
_AHEAD: Final = 40
Values = Callable[[int], float]


def _series() -> dict[str, Values]:
    made: dict[str, Values] = {
        'asked_total{job="shop",code="200"}': lambda at: 10 * at,
        'asked_total{job="shop",code="500"}': lambda at: at // 20,
        'classed_total{job="shop",status="2xx"}': lambda at: at,
        'proxied_total{job="proxy",service="proxy",exported_service="shop",code="200"}': (
            lambda at: at
        ),
        'still_total{job="shop"}': lambda _: 7,
        # One target, two workers: every scrape meets the other one.
        'worked_total{job="two",instance="a"}': lambda at: 100 + at if at % 2 else 40 + at,
        'process_start_time_seconds{job="two",instance="a"}': lambda at: 1000 + 60 * (at % 2),
        # As 2.42 and 3.5 write it where a_total is there twice: the first sample is kept.
        **{
            f'{name}{{job="{job}",instance="a"}}': (
                lambda at, value=value, moves=moves: value + at * moves  # type: ignore[misc]
            )
            for job in ("twice", "kept", "once")
            for name, value, moves in (
                ("up", 1, 0),
                ("scrape_samples_scraped", 2 + (job != "once"), 0),
                ("scrape_samples_post_metric_relabeling", 2 + (job != "once"), 0),
                (f"{job}_total", 0, 1),
                ("process_start_time_seconds", 1000, 0),
                ("slo:instance_events:total", 0, 1),
            )
        },
        'unclocked_total{job="three",instance="a"}': lambda at: 100 + at if at % 2 else 40 + at,
        'sawtooth_total{job="gauge",instance="a"}': lambda at: at % 20,
        'process_start_time_seconds{job="gauge",instance="a"}': lambda _: 1000,
        'restarted_total{job="dies",instance="a"}': lambda at: at % 20,
        'process_start_time_seconds{job="dies",instance="a"}': lambda at: 1000 + at // 20,
    }
    for name, bounds, mean in (
        ("took_seconds", ("0.1", "0.5", "1.0", "+Inf"), 0.2),
        ("took_milliseconds", ("5", "250", "1000", "+Inf"), 80),
        ("padded_seconds", ("0.100", "0.250", "+Inf"), 0.2),
        # Envoy's: milliseconds, and no name says so.
        ("rq_time", ("0.5", "250", "1000", "+Inf"), 80),
    ):
        for bound in bounds:
            made[f'{name}_bucket{{job="shop",le="{bound}"}}'] = lambda at: at
        made[f'{name}_count{{job="shop"}}'] = lambda at: at
        made[f'{name}_sum{{job="shop"}}'] = lambda at, mean=mean: mean * at  # type: ignore[misc]
    return made


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with an hour of these series, and a little of the future."""
    folder = tmp_path_factory.mktemp("prometheus")
    now = int(time.time())
    with (folder / "history.txt").open("w") as file:
        for name, value in _series().items():
            for at in range(_SAMPLES):
                age = (_SAMPLES - _AHEAD - at) * _STEP
                file.write(f"{name} {value(at)} {now - age}\n")
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run(
        [*command, str(folder / "history.txt"), str(folder / "data")],
        check=True,
        capture_output=True,
    )
    jobs = "[{job_name: twice}, {job_name: once}, {job_name: kept, honor_labels: true}]"
    with prometheus_with(folder, jobs) as address:
        yield address


def _ratio(bad: str, total: str) -> str:
    return f"""\
version: prometheus/v1
service: shop
slos:
  - name: answers
    objective: 99
    sli:
      events:
        error_query: sum(rate({bad}[{{{{.window}}}}]))
        total_query: sum(rate({total}[{{{{.window}}}}]))
"""


def _latency(name: str, bound: str) -> str:
    count, bucket = f'{name}_count{{job="shop"}}', f'{name}_bucket{{job="shop", le=~"{bound}"}}'
    text = _ratio(count, count)
    rate = f"- sum(rate({bucket}[{{{{.window}}}}]))"
    return text.replace("        total_query", f"          {rate}\n        total_query").replace(
        "error_query: sum", "error_query: >-\n          sum"
    )


def _check(folder: Path, url: str, text: str, settings: str = "") -> tuple[Result, dict[str, Any]]:
    (folder / "shop.yml").write_text(text)
    if settings:
        (folder / "shop.settings.yml").write_text(f"version: burnrate/v1\nslos: {settings}\n")
    file = str(folder / "shop.yml")
    done = CliRunner().invoke(slo, ["check", file, "--json", "--prometheus", url])
    return done, json.loads(done.stdout)


_SETTINGS: Final = "{answers: {kind: latency, buckets: [BOUNDS]}}"
_CASES: Final = {
    "healthy": (_ratio('asked_total{code=~"5.."}', "asked_total"), "", set()),
    "no failure yet": (_ratio('classed_total{status="5xx"}', "classed_total"), "", set()),
    "no such metric": (_ratio('askd_total{code="500"}', "askd_total"), "", {"no-series"}),
    "no such label": (_ratio('asked_total{status="500"}', "asked_total"), "", {"no-label"}),
    "no such value": (
        _ratio('asked_total{code="500"}', 'asked_total{job="shopp"}'),
        "",
        {"no-value"},
    ),
    "codes where classes are": (
        _ratio('classed_total{status=~"5[0-9]+"}', "classed_total"),
        "",
        {"never-failed"},
    ),
    "exported_service": (
        _ratio('proxied_total{exported_service="shop", code="500"}', 'proxied_total{x="shop"}'),
        "",
        {"no-label"},
    ),
    "a counter that stands still": (_ratio('still_total{job="x"}', "still_total"), "", {
        "never-moves"}),
    "two workers": (_ratio('worked_total{job!="two"}', "worked_total"), "", {"two-writers"}),
    "a series twice in a scrape": (
        _ratio('twice_total{instance="a"}', "twice_total"), "", {"doubled-series"}),
    "each series once": (_ratio('once_total{instance="a"}', "once_total"), "", set()),
    "labels of the exporter's own": (
        _ratio('kept_total{instance="a"}', "kept_total"), "", set()),
    "two workers without a start": (
        _ratio('unclocked_total{job!="three"}', "unclocked_total"),
        "",
        {"two-writers"},
    ),
    "a gauge": (_ratio('sawtooth_total{job!="gauge"}', "sawtooth_total"), "", {"falling-counter"}),
    "a service that dies often": (_ratio('restarted_total{x="1"}', "restarted_total"), "", {
        "no-label"}),
    "a bound": (_latency("took_seconds", "0\\\\.50*"), "0.1, 0.5, 1", set()),
    "no bound": (_latency("took_seconds", "0\\\\.250*"), "0.25", {"no-bucket"}),
    "milliseconds": (_latency("took_milliseconds", "0\\\\.250*"), "0.25", {"unit"}),
    "a name for milliseconds": (
        _ratio('took_ms_count{job="x"}', 'took_ms_count{job="shop"}'), "", {"unit"}),
    "a bound of other units": (_latency("rq_time", "0\\\\.50*"), "0.5", {"unit"}),
    "zeros behind": (_latency("padded_seconds", "0\\\\.250*"), "0.25", set()),
}  # fmt: skip


@pytest.mark.parametrize("case", _CASES)
def test_what_would_be_empty_is_said(case: str, url: str, tmp_path: Path) -> None:
    """By its kind, with what to do; and exit code 1."""
    text, bounds, kinds = _CASES[case]
    settings = _SETTINGS.replace("BOUNDS", bounds) if bounds else ""

    done, found = _check(tmp_path, url, text, settings)

    assert {each["kind"] for each in found["findings"]} == kinds, found
    assert done.exit_code == (1 if kinds else 0)
    assert found["ok"] is not bool(kinds)
    for each in found["findings"]:
        assert each["reason"]
        assert each["instead"]


def test_a_renamed_label_is_found_by_its_other_name(url: str, tmp_path: Path) -> None:
    """Where a target has the label `service` too, Prometheus renames the exporter's."""
    text = "service: shop\nsource: ./own.source.yml\nbackend: shop\n"
    (tmp_path / "own.source.yml").write_text(
        "about: a proxy\nis_proxy: true\nselect: {label: service}\nrequests: proxied_total\n"
        "status: code\n"
    )
    _, found = _check(tmp_path, url, f"{text}objectives: {{availability: 99}}\n")
    kinds = {each["kind"] for each in found["findings"]}
    assert kinds == {"renamed-label"}
    assert "service is proxy" in found["findings"][0]["reason"]
    assert "exported_service" in found["findings"][0]["reason"]


def test_people_read_a_line_each(url: str, tmp_path: Path) -> None:
    """Which objective, which series, what is there, what to do."""
    (tmp_path / "shop.yml").write_text(_CASES["no bound"][0])
    settings = _SETTINGS.replace("BOUNDS", "0.25")
    (tmp_path / "shop.settings.yml").write_text(f"version: burnrate/v1\nslos: {settings}\n")
    done = CliRunner().invoke(slo, ["check", str(tmp_path / "shop.yml"), "--prometheus", url])
    assert done.exit_code == 1
    (line,) = (each for each in done.stderr.splitlines() if each.startswith("burnrate: "))
    assert line.startswith("burnrate: shop, answers: took_seconds_bucket")
    assert "its bounds are 0.1, 0.5, 1.0, +Inf" in line


def test_a_prometheus_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """And no password of its address."""
    (tmp_path / "shop.yml").write_text(_CASES["healthy"][0])
    address = "http://me:secret@127.0.0.1:1"
    done = CliRunner().invoke(slo, ["check", str(tmp_path / "shop.yml"), "--prometheus", address])
    assert done.exit_code == 1
    assert "does not answer at http://127.0.0.1:1" in done.stderr
    assert "secret" not in done.output


def _answer(request: httpx2.Request) -> httpx2.Response:
    """Answer as a Prometheus with native histograms and OpenTelemetry's own names."""
    asked = request.content.decode()
    names = ["took_seconds", "http.server.request.duration_seconds_count"]
    if request.url.path.endswith("/values"):
        return httpx2.Response(200, json={"data": names})
    native = [{"metric": {"__name__": "took_seconds"}, "histogram": [1, {"count": "3"}]}]
    result = native if asked == "query=took_seconds" else []
    return httpx2.Response(200, json={"data": {"result": result}})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("took_seconds_bucket", "native-histogram"),
        ("http_server_request_duration_seconds_count", "dotted-names"),
    ],
)
def test_what_only_newer_ones_have_is_known(name: str, kind: finding.Kind, tmp_path: Path) -> None:
    """Native histograms, and names with dots."""
    (tmp_path / "shop.yml").write_text(_ratio(name, "asked_total"))
    (service,) = load_files([tmp_path / "shop.yml"], load_configuration())
    prometheus = Prometheus("http://prometheus", httpx2.MockTransport(_answer))
    found = presence.missing(prometheus, service.slos[0], named(name), may_come=False)
    assert [each.kind for each in found] == [kind]
