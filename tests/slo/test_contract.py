"""What the rules read exists in what the service's processes expose."""

import asyncio
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from burnrate.slo.checks import fill
from burnrate.slo.load import load_all
from tests.servers.api import running_api
from tests.servers.postgres import running_postgres
from tests.servers.redis import running_redis

pytestmark = pytest.mark.integration
_ROOT = Path(__file__).parents[2]
_SELECTOR = re.compile(r'([a-z_]+)\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}')
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_OURS = re.compile(r"^(http|pool|cache|rate_limit|event_loop|worker)_")
Samples = list[tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def samples() -> Samples:
    """All samples of an idle service."""
    with running_postgres() as postgres, running_redis() as redis:
        asyncio.run(postgres.create_database("burnrate"))
        settings = {
            "DATABASE_HOST": postgres.host, "DATABASE_PORT": str(postgres.port),
            "DATABASE_NAME": "burnrate", "DATABASE_USER": "burnrate",
            "REDIS_HOST": redis.host, "REDIS_PORT": str(redis.port), "WEB_CONCURRENCY": "2",
        }  # fmt: skip
        with running_api(**settings) as api, api.client() as client:
            text = client.get("/metrics").text
    return [
        (sample.name, {"job": "api", **sample.labels})
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def _queries() -> list[str]:
    specs = [
        fill(query, "5m")
        for service in load_all(_ROOT / "prometheus" / "slo")
        for slo in service.slos
        if slo.spec.sli.events
        for _, query in slo.spec.sli.events
    ]
    return [*specs, (_ROOT / "prometheus" / "rules" / "causes.yml").read_text()]


def _matches(operator: str, wanted: str, value: str) -> bool:
    pattern = wanted.replace("\\\\", "\\")
    equal = bool(re.fullmatch(pattern, value)) if "~" in operator else wanted == value
    return equal != operator.startswith("!")


def test_every_selector_of_our_metrics_finds_a_series(samples: Samples) -> None:
    """Metric, label and bucket, on a service that nobody has asked anything yet."""
    asked = [
        (name, _MATCHER.findall(matchers))
        for query in _queries()
        for name, matchers in _SELECTOR.findall(query)
        if _OURS.match(name)
    ]
    assert len(asked) > 10
    for name, matchers in asked:
        found = any(
            name == sample and all(label in labels and _matches(op, wanted, labels[label])
                                   for label, op, wanted in matchers)
            for sample, labels in samples
        )  # fmt: skip
        assert found, f"{name}{matchers}"


def test_metrics_without_a_selector_exist_too(samples: Samples) -> None:
    """The cause rules name whole families as well."""
    text = (_ROOT / "prometheus" / "rules" / "causes.yml").read_text()
    exposed = {name for name, _ in samples}
    for name in (
        "pool_max_connections", "pool_pending_requests", "event_loop_lag_seconds_bucket",
        "cache_requests_total",
    ):  # fmt: skip
        assert name in text
        assert name in exposed
