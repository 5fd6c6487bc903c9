"""What is measured is what is shipped, in a place of its own."""

from pathlib import Path

import pytest

from bench.service import load_run, running_service
from bench.service.load_plan import LoadPlan
from bench.service.running_service import PARTS
from bench.service.sides import DOCUMENT, OFF, ON, Side
from burnrate.cli import CommandError
from burnrate.stack import Layout, Service

ROOT = Path(__file__).parents[3]


def api(tmp_path: Path, plan: LoadPlan, label: str = ON) -> Service:
    """Return the api of the bench."""
    side = Side(label, packages=ROOT / "some" / "packages")
    return running_service._compose(Layout(ROOT, tmp_path), plan, side).services["api"]


def test_the_four_parts_of_the_compose_file_are_loaded(tmp_path: Path) -> None:
    """With as many workers as planned, and limits that turn nobody away."""
    compose = running_service._compose(Layout(ROOT, tmp_path), LoadPlan(workers=3), Side(ON))
    assert set(compose.services) == set(PARTS)
    environment = compose.services["api"].environment
    assert environment["WEB_CONCURRENCY"] == "3"
    assert environment["RATE_LIMIT_PER_MINUTE"] == "10000000"
    assert "MAX_REQUESTS" not in environment


def test_service_that_caches_nothing_is_else_as_shipped(tmp_path: Path) -> None:
    """For the page that is made anew."""
    side = Side(ON, is_caching=False)
    compose = running_service._compose(Layout(ROOT, tmp_path), LoadPlan(), side)
    shipped = api(tmp_path, LoadPlan())
    assert compose.services["api"].command == shipped.command
    assert compose.services["api"].environment == {**shipped.environment, "CACHE_TTL_SECONDS": "0"}


def test_without_telemetry_only_the_factory_is_another(tmp_path: Path) -> None:
    """Same configuration of gunicorn, same everything else."""
    on, off = (api(tmp_path, LoadPlan(), label) for label in (ON, OFF))
    assert on.command is not None
    assert off.command == [*on.command[:-1], "bench.service.bare:create_app()"]
    assert off.environment == {
        **on.environment,
        "BURNRATE_BENCH_FACTORY": on.command[-1].removesuffix("()"),
    }


def test_the_document_s_way_has_its_packages_and_the_same_surroundings(tmp_path: Path) -> None:
    """Same addresses, passwords and number of workers."""
    on, other = (api(tmp_path, LoadPlan(), label) for label in (ON, DOCUMENT))
    assert other.command is not None
    assert other.command[-1] == "bench.service.document.app:app"
    assert other.environment == {**on.environment, "PYTHONPATH": "some/packages"}


def test_workers_can_be_kept(tmp_path: Path) -> None:
    """0 stands for never, with gunicorn as in the service's settings."""
    environment = api(tmp_path, LoadPlan(is_recycling=False)).environment
    assert (environment["MAX_REQUESTS"], environment["MAX_REQUESTS_JITTER"]) == ("0", "0")


def test_nobody_s_own_settings_are_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that somebody has set for their stack must not turn the bench away."""
    monkeypatch.setenv("RATE_LIMIT_PER_MINUTE", "7")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
    environment = api(tmp_path, LoadPlan()).environment
    assert environment["RATE_LIMIT_PER_MINUTE"] == "10000000"
    assert environment["OTEL_TRACES_SAMPLER_ARG"] == "0.1"


def test_traces_go_to_the_collector_and_ports_are_free_ones() -> None:
    """The collector stands where Tempo would."""
    addresses = running_service._free_addresses("http://127.0.0.1:4711")
    assert addresses.port("tempo", 4318) == 4711
    others = [port for endpoint, port in addresses.ports.items() if endpoint.part in PARTS]
    assert len(set(others)) == len(others) == 5
    assert 8080 not in others


def test_without_wrk_nothing_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line says what to install."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(CommandError, match=r"wrk is not installed: .*--with wrk"):
        load_run.measure_load(LoadPlan(), tmp_path, None, lambda _: None)


@pytest.mark.parametrize(
    ("limits", "set_to"), [((1024, 4096), (1064, 4096)), ((2000, 4096), None), ((-1, -1), None)]
)
def test_the_limit_of_open_files_is_raised_where_it_is_too_low(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], set_to: tuple[int, int] | None
) -> None:
    """Debian's shells begin with 1,024: less than 1,000 connections need."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/wrk")
    monkeypatch.setattr("resource.getrlimit", lambda _: limits)
    monkeypatch.setattr("resource.setrlimit", lambda _, wanted: asked.append(wanted))
    load_run.check_generator(1000)
    assert asked == ([] if set_to is None else [set_to])


def test_too_few_open_files_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/wrk")
    monkeypatch.setattr("resource.getrlimit", lambda _: (512, 512))
    with pytest.raises(CommandError, match="1064 open files are needed, 512 are allowed"):
        load_run.check_generator(1000)
