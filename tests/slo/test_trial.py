"""`burnrate slo test FILE`: promtool's tests of a team's own specification."""

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from burnrate.configuration import load_configuration
from burnrate.slo.commands import slo
from burnrate.slo.generator import event_steps, has_input_series
from burnrate.slo.specification import load_files

_SPEC = """\
version: prometheus/v1
service: shop
slos:
  - name: answers
    objective: 99
    sli:
      events:
        error_query: ERRORS
        total_query: TOTAL
"""
_RATE = "sum(rate({}[{{{{.window}}}}]))"
# One tier is enough here, and takes seconds.
_TEAM = """\
tiers:
  - {name: Fast, severity: page, long: 1h, short: 5m, budget: 0.02}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write(folder: Path, errors: str, total: str, settings: str = "") -> None:
    (folder / "burnrate.yml").write_text(_TEAM)
    (folder / "shop.yml").write_text(_SPEC.replace("ERRORS", errors).replace("TOTAL", total))
    if settings:
        (folder / "shop.settings.yml").write_text(f"version: burnrate/v1\n{settings}")


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(slo, ["test", *arguments])


@pytest.mark.parametrize(
    ("errors", "total", "bad"),
    [
        (
            _RATE.format(
                'http_server_request_duration_seconds_count{http_response_status_code=~"5.*"}'
            ),
            _RATE.format("http_server_request_duration_seconds_count"),
            'http_server_request_duration_seconds_count{http_response_status_code="50"}',
        ),
        (
            _RATE.format('d_seconds_count{route!~"/health.*"}')
            + " - "
            + _RATE.format('d_seconds_bucket{route!~"/health.*", le="0.25"}'),
            _RATE.format('d_seconds_count{route!~"/health.*"}'),
            'd_seconds_count{route="200"}',
        ),
        (
            _RATE.format('envoy_cluster_upstream_rq_xx{envoy_response_code_class="5"}'),
            _RATE.format("envoy_cluster_upstream_rq_total"),
            None,
        ),
        (
            _RATE.format('traefik_service_requests_total{code=~"(5..|429)", service=~"shop@.+"}'),
            _RATE.format('traefik_service_requests_total{service=~"shop@.+"}'),
            'traefik_service_requests_total{code="500", service="shop@0"}',
        ),
        (
            _RATE.format("failed_total"),
            f"{_RATE.format('ok_total')} + {_RATE.format('failed_total')}",
            "failed_total",
        ),
    ],
)
def test_series_of_any_service_are_found(
    folder: Path, errors: str, total: str, bad: str | None
) -> None:
    """Those that a bad event moves; a good one moves all events and no bad ones."""
    _write(folder, errors, total)
    ((found,),) = (
        service.slos for service in load_files([folder / "shop.yml"], load_configuration())
    )

    assert has_input_series(found)
    steps = {name for name, step in event_steps(found, found.budget).items() if step}
    assert steps
    if bad is not None:
        assert bad in steps


def test_a_team_s_own_metrics_are_tested(folder: Path) -> None:
    """Rules and tests are written where they are wanted, and all are right."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    _write(
        folder,
        _RATE.format('answers_total{code=~"5.."}'),
        _RATE.format("answers_total"),
        settings="job: kiosk\n",
    )

    done = _run("shop.yml", "-o", "tried")

    assert done.exit_code == 0, done.output
    assert "ok: shop: answers, fast\n" in done.output
    assert "ok: shop: answers, healthy\n" in done.output
    assert (folder / "tried/tests/slo-shop-answers-fast_test.yml").is_file()


def test_what_is_not_so_is_said(folder: Path) -> None:
    """With what promtool says; here settings take good events for bad ones."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    own = "bad: ['answers_total{code=\"200\"}'], good: ['answers_total{code=\"500\"}']"
    _write(
        folder,
        _RATE.format('answers_total{code=~"5.."}'),
        _RATE.format("answers_total"),
        settings=f"slos: {{answers: {{kind: ratio, {own}}}}}\n",
    )

    done = _run("shop.yml")

    assert done.exit_code == 1
    assert "FAILED: shop: answers, healthy" in done.output
    assert "got:" in done.stderr
    assert "of promtool's checks failed" in done.stderr


def test_ratios_are_checked_and_not_tested(folder: Path) -> None:
    """Nobody knows which events are behind them; that is said."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    _write(folder, "unused", "unused")
    text = (folder / "shop.yml").read_text()
    ratio = "    sli: {raw: {error_ratio_query: 'avg_over_time(r[{{.window}}])'}}\n"
    (folder / "shop.yml").write_text(text[: text.index("    sli:")] + ratio)

    done = _run("shop.yml")

    assert done.exit_code == 0
    assert (
        "not tested, since it is not known which series an event moves: shop: answers"
        in done.output
    )


def test_without_promtool_nothing_is_tested_and_that_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, with where it comes from."""
    _write(folder, _RATE.format("failed_total"), _RATE.format("all_total"))
    monkeypatch.setenv("PATH", os.devnull)

    done = _run("shop.yml")

    assert done.exit_code == 1
    assert "promtool is not on the PATH, nothing was tested" in done.stderr
