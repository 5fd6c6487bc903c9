"""The imitation of alloy/pipeline.alloy says the same as the file it imitates."""

import json
import re

import pytest

from tests.grafana import shipping
from tests.grafana.panels import ROOT

_PIPELINE = (ROOT / "alloy/pipeline.alloy").read_text(encoding="utf-8")


def _block(name: str) -> str:
    """Return a stage's text; each of these stages is there once."""
    (text,) = re.findall(rf"stage\.{name} {{\n(.*?)\n  }}", _PIPELINE, re.DOTALL)
    return str(text)


def test_labels_are_service_and_level() -> None:
    """Any other label would be one stream more for each of its values; only a pod's has one."""
    assert re.findall(r'"(\w+)"', _block("label_keep")) == ["service", "namespace", "level"]
    assert re.findall(r"(\w+) = \"\"", _block("labels")) == ["level"]


def test_ids_are_structured_metadata() -> None:
    """The same fields, taken from the line's JSON."""
    named = re.findall(r"(\w+)\s*=", _block("structured_metadata").partition("{")[2])

    assert tuple(named) == shipping.IDS
    assert set(named) <= set(re.findall(r"(\w+)\s*=", _block("json").partition("{")[2]))


def test_time_is_looked_for_under_the_same_names() -> None:
    """In the same order."""
    match = re.search(r'time\s*=\s*"(.+ \|\| .+)"', _block("json"))

    assert match is not None
    assert tuple(match[1].split(" || ")) == shipping.TIMES


def test_levels_have_the_same_names() -> None:
    """What programs call them, and the five that are left."""
    template = _block("template")
    listed = re.findall(r"has \$level \(list ([^)]*)\) -}} (\w+)", template)
    levels = {name: level for names, level in listed for name in re.findall(r'"(\w+)"', names)}

    assert levels.items() >= shipping.LEVELS.items()
    assert set(levels) - set(shipping.LEVELS) <= {"information"}
    assert "{{- else -}} unknown" in template


@pytest.mark.parametrize(
    ("service", "line", "level", "metadata"),
    [
        ("api", '{"level": "WARN", "trace_id": "a", "request_id": "b"}', "warning",
         {"trace_id": "a", "request_id": "b"}),
        ("api", '{"level": "error", "trace_id": null}', "error", {}),
        ("loki", '{"level": "made-up"}', "unknown", {}),
        ("api", "Traceback (most recent call last):", "unknown", {}),
        ("api", "{broken", "unknown", {}),
        ("postgres", "2026-01-01 00:00:00 UTC [1] FATAL:  no", "critical", {}),
    ],
)  # fmt: skip
def test_line_becomes_an_entry(
    service: str, line: str, level: str, metadata: dict[str, str]
) -> None:
    """Level and ids are taken out; the line itself is kept, JSON or not."""
    found, (_, text, ids) = shipping.entry(service, line)

    assert (found, text, ids) == (level, line, metadata)


def test_time_is_the_lines_own() -> None:
    """A line that is sent twice is the same entry."""
    line = json.dumps({"timestamp": "2026-01-02T03:04:05.678901+00:00"})

    _, (when, *_) = shipping.entry("api", line)

    assert when == "1767323045678901000"
