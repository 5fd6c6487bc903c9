"""A process that has a tracer provider keeps it, and a request has one server span."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
PATHS = ("/orders/7", "/admin/users/3", "/fail")


def serve(how: str, **environment: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run the application in a process; return its report and its lines."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.telemetry.traces.joining", how, *PATHS],
        cwd=ROOT, capture_output=True, text=True,
        env={**inherited, "OTEL_SEMCONV_STABILITY_OPT_IN": "http", **environment},
        timeout=PATIENCE_SECONDS, check=True,
    )  # fmt: skip
    output = done.stdout.splitlines()
    (report,) = [line for line in output if line.startswith("REPORT ")]
    lines = [json.loads(line) for line in output if line.startswith("{")]
    return json.loads(report.removeprefix("REPORT ")), lines


def servers(report: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the server spans by their ids; what is inside the application is below them."""
    found = {
        (span["trace_id"], span["span_id"]): span
        for span in report["spans"]
        if span["kind"] == "SERVER"
    }
    all_ids = {(span["trace_id"], span["span_id"]) for span in report["spans"]}
    for span in report["spans"]:
        assert span["kind"] == "SERVER" or (span["trace_id"], span["parent"]) in all_ids
    return found


def assert_lines_have_the_ids_of(
    found: dict[tuple[str, str], dict[str, Any]],
    lines: list[dict[str, Any]],
    *,
    are_all_sampled: bool = True,
) -> None:
    """Each request has one span, and that one's ids are in its own line and in a middleware's."""
    requests = [line for line in lines if line["logger"] == "burnrate.request"]
    inside = [line for line in lines if line["logger"] == "theirs"]
    ids = [(line["trace_id"], line["span_id"]) for line in requests]
    assert len(ids) == len(set(ids)) == 2 * len(PATHS)
    assert set(found) == set(ids) if are_all_sampled else set(found) < set(ids)
    assert [(line["trace_id"], line["span_id"]) for line in inside] == ids


@pytest.mark.parametrize("how", ["provider first", "provider later"])
def test_provider_of_the_application_stays_and_makes_our_spans(how: str) -> None:
    """With its resource and exporters, whether it was set before `instrument` or after."""
    report, lines = serve(how)
    assert report["is_theirs"]
    found = servers(report)
    assert {span["service"] for span in found.values()} == {"theirs"}
    assert_lines_have_the_ids_of(found, lines)
    names = {span["name"] for span in found.values()}
    assert names == {"GET /orders/{order}", "GET /admin/users/{user}", "GET /fail"}


def test_its_sampler_decides_and_failures_have_their_span_all_the_same() -> None:
    """Nothing but the failed request's span, which goes where the others would go."""
    report, lines = serve("provider first", RATIO="0")
    (span,) = [span for span in report["spans"] if span["parent"] is None]
    (failed, _) = [line for line in lines if line.get("path") == "/fail"]
    assert span["name"] == "GET /fail"
    assert span["trace_id"] == failed["trace_id"]
    assert span["attributes"]["burnrate.without_children"] is True


def test_fastapi_s_own_spans_stay_where_only_they_are_made() -> None:
    """With a provider that is not the SDK's, which we cannot join; our lines have their ids."""
    report, lines = serve("vendor")
    found = servers(report)
    assert_lines_have_the_ids_of(found, lines)
    assert {span["service"] for span in found.values()} == {"theirs"}


@pytest.mark.parametrize("how", ["contrib first", "contrib later", "ours by contrib"])
def test_server_span_of_the_contrib_instrumentation_has_our_ids_and_its_hooks(how: str) -> None:
    """Whether the application had it before, gets it afterwards, or asks us for it."""
    report, lines = serve(how)
    found = servers(report)
    assert {span["attributes"]["hook.path"] for span in found.values()} == set(PATHS)
    assert_lines_have_the_ids_of(found, lines)
    assert {span["parent"] for span in found.values()} == {None, "b7ad6b7169203331"}
    assert "GET /orders/{order}" in {span["name"] for span in found.values()}


def test_only_what_we_have_sampled_passes_through_contrib() -> None:
    """Our decision is the only one; the caller's counts as it does with our own spans."""
    report, lines = serve("ours by contrib", RATIO="0")
    found = servers(report)
    by_contrib = {key for key, span in found.items() if "hook.path" in span["attributes"]}
    assert {trace_id for trace_id, _ in by_contrib} == {f"{len(path):032x}" for path in PATHS}
    (late,) = [span for key, span in found.items() if key not in by_contrib]
    assert late["name"] == "GET /fail"
    assert_lines_have_the_ids_of(found, lines, are_all_sampled=False)
