"""What `measure` says to what it does not know, and to two pools of one name."""

import httpx
import pytest
import sqlalchemy
from prometheus_client import CollectorRegistry
from sqlalchemy.pool import QueuePool

from burnrate.telemetry import Telemetry
from tests.telemetry.lines import Lines


@pytest.mark.parametrize("given", [object(), sqlalchemy.text("SELECT 1"), 7])
def test_what_is_no_pool_is_refused_by_name(telemetry: Telemetry, given: object) -> None:
    """Where the pool is made, not at the first request."""
    with pytest.raises(TypeError, match=type(given).__name__):
        telemetry.measure(given)


@pytest.mark.parametrize(
    "pool",
    [
        sqlalchemy.create_engine("sqlite://"),
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))),
    ],
)
def test_what_stands_in_for_a_pool_in_tests_goes_on(
    telemetry: Telemetry, lines: Lines, pool: object
) -> None:
    """One line, and the application starts."""
    assert telemetry.measure(pool) is pool
    assert any("nothing to measure" in line["message"] for line in lines.all)


def test_a_second_pool_of_one_name_is_told(
    telemetry: Telemetry, registry: CollectorRegistry, lines: Lines
) -> None:
    """Its state is shown, as after an application that starts again in one process."""
    for size in (3, 4):
        pool = QueuePool(lambda: None, pool_size=size, max_overflow=0)  # type: ignore[arg-type] # never called
        telemetry.measure(pool)
    assert [line for line in lines.all if "second pool is called sqlalchemy" in line["message"]]
    telemetry._sample()
    assert registry.get_sample_value("pool_max_connections", {"pool": "sqlalchemy"}) == 4


def test_a_pool_without_a_limit_shows_none(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """Instead of one that nobody has set."""
    telemetry.measure(httpx.Client(limits=httpx.Limits()), "http")
    assert registry.get_sample_value("pool_max_connections", {"pool": "http"}) is None


def test_a_pool_that_is_measured_twice_counts_once(
    telemetry: Telemetry, registry: CollectorRegistry
) -> None:
    """The newer meter takes over."""
    engine = sqlalchemy.create_engine(
        "sqlite:///file:one?mode=memory&uri=true", poolclass=QueuePool
    )
    for name in ("first", "second"):
        telemetry.measure(engine, name)
    with engine.connect():
        pass
    engine.dispose()
    counts = [
        registry.get_sample_value("pool_acquire_total", {"pool": name, "outcome": "ok"})
        for name in ("first", "second")
    ]
    assert counts == [0, 1]


@pytest.mark.parametrize("names", [("pool", "pool"), ("first", "pool")])
def test_what_is_held_when_a_pool_is_measured_again_is_given_back_to_the_newer_meter(
    telemetry: Telemetry, registry: CollectorRegistry, lines: Lines, names: tuple[str, str]
) -> None:
    """Otherwise fewer than none would be held; the same pool is no second one."""
    engine = sqlalchemy.create_engine(
        "sqlite:///file:two?mode=memory&uri=true", poolclass=QueuePool
    )

    def used(name: str) -> float | None:
        telemetry._sample()
        labels = {"pool": name, "state": "used"}
        return registry.get_sample_value("pool_connections", labels)

    telemetry.measure(engine, names[0])
    with engine.connect():
        telemetry.measure(engine, names[1])
        assert used("pool") == 1
        assert names[0] == "pool" or used(names[0]) == 0
    assert used("pool") == 0
    engine.dispose()
    assert "second pool" not in lines.text
