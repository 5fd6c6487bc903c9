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
    """Run the application in a process; return its report and the lines of its requests."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.telemetry.traces.joining", how, *PATHS],
        cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=True,
    )  # fmt: skip
    output = done.stdout.splitlines()
    (report,) = [line for line in output if line.startswith("REPORT ")]
    lines = [json.loads(line) for line in output if line.startswith("{")]
    requests = [line for line in lines if line["logger"] == "burnrate.request"]
    return json.loads(report.removeprefix("REPORT ")), requests


def servers(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the server spans by path; there is one for each."""
    found = [span for span in report["spans"] if span["kind"] == "SERVER"]
    by_path = {span["attributes"]["url.path"]: span for span in found}
    assert len(by_path) == len(found)
    return by_path


@pytest.mark.parametrize("how", ["provider first", "provider later"])
def test_provider_of_the_application_stays_and_makes_our_spans(how: str) -> None:
    """With its resource and exporters, whether it was set before `instrument` or after."""
    report, lines = serve(how)
    assert report["is_theirs"]
    by_path = servers(report)
    assert by_path.keys() == set(PATHS)
    for line in lines:
        span = by_path[line["path"]]
        assert (span["trace_id"], span["span_id"]) == (line["trace_id"], line["span_id"])
        assert span["service"] == "theirs"
    (inside,) = [span for span in report["spans"] if span["name"] == "inside"]
    assert inside["parent"] == by_path["/orders/7"]["span_id"]
    assert by_path["/admin/users/3"]["name"] == "GET /admin/users/{user}"


def test_its_sampler_decides_and_failures_have_their_span_all_the_same() -> None:
    """Nothing but the failed request's span, which goes where the others would go."""
    report, lines = serve("provider first", RATIO="0")
    assert [span["name"] for span in report["spans"]] == ["GET /fail"]
    (failed,) = [line for line in lines if line["path"] == "/fail"]
    assert report["spans"][0]["trace_id"] == failed["trace_id"]
    assert report["spans"][0]["attributes"]["burnrate.without_children"] is True
