"""Which requests an option about paths means."""

import pytest
from pydantic import ValidationError

from burnrate.telemetry import TelemetrySettings
from burnrate.telemetry.settings import Paths, settled
from tests.telemetry.asgi import http_scope


@pytest.mark.parametrize(
    ("path", "root_path", "is_one"),
    [
        ("/ping", "", True),
        ("/pings", "", False),
        ("/ping/x", "", False),
        ("/internal/x/y", "", True),
        ("/internal", "", False),
        ("/internals/x", "", False),
        ("/shop/ping", "/shop", True),
        ("/shop/ping", "", False),
    ],
)
def test_paths_are_single_ones_or_all_below_one(path: str, root_path: str, is_one: bool) -> None:
    """Whole segments decide, and where the server mounts the application does not."""
    paths = Paths(["/ping", "/internal/*"])
    assert paths.have(http_scope(path, root_path=root_path)) is is_one


def test_lists_are_texts_in_variables_and_lists_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both say the same."""
    monkeypatch.setenv("TELEMETRY_UNLOGGED_PATHS", "/a,/b/*")
    monkeypatch.setenv("TELEMETRY_DURATION_BUCKETS", "0.1,1")
    read = TelemetrySettings()
    given = settled(
        TelemetrySettings(), {"unlogged_paths": ["/a", "/b/*"], "duration_buckets": [0.1, 1]}
    )
    assert given.unlogged_paths == read.unlogged_paths
    assert given.duration_bounds == read.duration_bounds == (0.1, 1.0)


def test_scrape_is_one_of_the_unlogged_unless_it_has_a_port_of_its_own() -> None:
    """There the path is the application's to use."""
    assert "/m" in TelemetrySettings(metrics_path="/m").unlogged
    assert "/m" not in TelemetrySettings(metrics_path="/m", metrics_port=0).untraced


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("unlogged_paths", "health"),
        ("untraced_paths", "/a*"),
        ("uncounted_paths", "/a,,/b"),
        ("duration_buckets", "1,0.5"),
        ("duration_buckets", "1,1"),
        ("duration_buckets", "0,1"),
        ("duration_buckets", "1,inf"),
        ("duration_buckets", "1,x"),
        ("duration_buckets", ",".join(str(each) for each in range(1, 60))),
        ("status_label", "family"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    """At the start, and not by a metric that nobody finds."""
    with pytest.raises(ValidationError, match=name):
        TelemetrySettings.model_validate({name: value})


def test_an_option_that_there_is_not_is_refused_by_name() -> None:
    """As Python does for a parameter."""
    with pytest.raises(TypeError, match="'log'"):
        settled(TelemetrySettings(), {"log": False})  # type: ignore[typeddict-unknown-key]
