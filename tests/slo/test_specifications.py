"""prometheus/slo/: what is refused, and that generation is deterministic."""

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from burnrate.configuration import load_configuration
from burnrate.slo.commands import slo
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import Tree, generated, stale
from burnrate.slo.specification import load, load_all
from burnrate.slo.windows import Tier
from tests.support.copies import others

_ROOT = Path(__file__).parents[2]
_SHIPPED = load_configuration()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the shipped files."""
    for name in ("prometheus", "alerting", "docs", "loki"):
        shutil.copytree(_ROOT / name, tmp_path / name, ignore=others)
    return tmp_path


def _change(root: Path, name: str, old: str, new: str) -> None:
    path = root / "prometheus" / "slo" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_committed_files_are_what_the_generator_makes() -> None:
    """Nobody changed a generated file by hand, or a specification without generating."""
    assert (
        stale(generated(Tree(_ROOT), load_all(Tree(_ROOT).specs, _SHIPPED), _SHIPPED), _ROOT) == []
    )


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("prometheus/rules/slo-api.yml", "for: 1m"),
        ("prometheus/rules/slo-api-availability.yml", "> 0.0144"),
        ("prometheus/tests/slo-api-latency-fast_test.yml", "value: 1"),
        ("alerting/alertmanager.yml", "equal: [service, slo]"),
        ("docs/slo-detection.md", "after 52 s"),
    ],
)
def test_check_shows_a_diff_and_exits_1(root: Path, name: str, old: str) -> None:
    """A stale file fails a build and shows how it is stale; generating again repairs it."""
    path = root / name
    committed = path.read_text()
    assert old in committed
    path.write_text(committed.replace(old, ""))

    stale_run = _generate(root, "--check")
    written = _generate(root)
    fresh_run = _generate(root, "--check")

    assert stale_run.exit_code == 1
    assert f"--- {name} (committed)" in stale_run.output
    assert old in stale_run.output
    assert written.output == f"wrote {name}\n"
    assert path.read_text() == committed
    assert fresh_run.exit_code == 0


def test_what_has_no_source_any_more_is_removed(root: Path) -> None:
    """An SLO that is deleted takes its rules along; what was written by hand stays."""
    gone = root / "prometheus/rules/slo-api-gone.yml"
    shutil.copy(root / "prometheus/rules/slo-api-latency.yml", gone)
    by_hand = root / "prometheus/rules/slo-mine.yml"
    by_hand.write_text("groups: []\n")

    checked = _generate(root, "--check")
    written = _generate(root)

    assert checked.exit_code == 1
    assert written.output == "removed prometheus/rules/slo-api-gone.yml\n"
    assert not gone.exists()
    assert by_hand.exists()


def _generate(root: Path, *options: str) -> Result:
    return CliRunner().invoke(slo, ["generate", *options, "--root", str(root)])


def _add_service(root: Path, stem: str, name: str) -> None:
    folder = root / "prometheus" / "slo"
    for suffix in (".yml", ".settings.yml"):
        text = (folder / f"api{suffix}").read_text()
        for old in ("service: api", "job: api", 'job="api"'):
            text = text.replace(old, old.replace("api", name))
        (folder / f"{stem}{suffix}").write_text(text)


def test_a_second_service_is_one_more_file(root: Path) -> None:
    """Nothing in the generator knows the shipped service."""
    _add_service(root, "shop", "shop")

    made = generated(Tree(root), load_all(root / "prometheus" / "slo", _SHIPPED), _SHIPPED)

    rules = {path.name: text for path, text in made.items() if path.name.startswith("slo-shop")}
    assert {"slo-shop.yml", "slo-shop-latency.yml", "slo-shop-pool-cpu-slow_test.yml"} <= set(rules)
    for text in rules.values():
        assert text is not None
        assert '"api"' not in text
        assert "service: api" not in text


def test_two_services_never_write_one_file(root: Path) -> None:
    """The file of the service api-latency would be that of the SLO latency of api."""
    _add_service(root, "api-latency", "shop")

    done = _generate(root)

    assert done.exit_code == 1
    assert "another service writes slo-api-latency.yml too" in done.output


@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        ("api.yml", "objective: 99.9", "objective: 100", "slos[0].objective: "),
        ("api.yml", "objective: 99.9", "objective: 49", "slos[0].objective: "),
        ("api.yml", "objective: 99.9", "objective: 99.9999", "slos[0].objective: "),
        ("api.settings.yml", "kind: ratio", "kind: ratio\n    period_days: 41", "keeps 40"),
        ("api.yml", "pool-redis", "pool-postgres", "slos[3].name: there are two SLOs"),
        ("api.yml", 'le="0.25"', 'le="0.3"', "slos[1].sli.events.error_query: "),
        ("api.yml", "      events:", "      raw:", "slos[0].sli.raw.error_ratio_query: "),
        ("api.yml", "[{{.window}}]", "[5m]", "has no [{{.window}}]"),
        ("api.yml", "version: prometheus/v1", "version: v2", "version: "),
        ("api.yml", "total_query: sum(", "total_query: sum((", "total_query: is not PromQL"),
        (
            "api.settings.yml",
            "kind: latency",
            "kind: latency\n    threshold_seconds: 0.3",
            "the settings say 0.3",
        ),
        ("api.settings.yml", "job: api", "job: api\nlabels: {service: x}", "labels.service: "),
        ("api.settings.yml", "job: api", "job: api\nidentity: {zone: x}", "identity.zone: "),
        (
            "api.settings.yml",
            "job: api",
            "job: api\nidentity: {zone: ''}",
            "identity.zone: an empty label",
        ),
        ("api.settings.yml", "kind: ratio", "kind: other", "slos.availability: "),
        ("api.settings.yml", "  latency:", "  lateness:", "slos.lateness: "),
        ("api.settings.yml", 'endpoint=~"/(users', 'endpoint=~"/(other', "lacks the settings'"),
        ("api.settings.yml", "job: api", "job: api\nperiod_days: 1", "period_days: "),
    ],
)
def test_a_wrong_file_gets_one_line(root: Path, name: str, old: str, new: str, line: str) -> None:
    """With the file, the path in it and the reason."""
    _change(root, name, old, new)

    done = CliRunner().invoke(slo, ["validate", "--root", str(root)])

    assert done.exit_code == 1
    (said,) = done.output.splitlines()
    assert "prometheus/slo/api" in said
    assert line in said


@pytest.mark.parametrize(
    ("le", "is_right"),
    [
        ('le=~"1|1\\\\.0"', True),
        ('le=~"1(\\\\.0)?"', True),
        ('le="1"', False),
        ('le="1.0"', False),
    ],
)
def test_a_whole_second_has_to_be_spelled_both_ways(root: Path, le: str, *, is_right: bool) -> None:
    """Prometheus 2 keeps the client's spelling, 3 writes 1.0."""
    _change(root, "api.yml", 'le="0.25"', le)
    file = root / "prometheus" / "slo" / "api.yml"

    if is_right:
        load(file, _SHIPPED)
    else:
        with pytest.raises(SpecError, match="matches one spelling only"):
            load(file, _SHIPPED)


@pytest.mark.parametrize(
    ("days", "factors"),
    [
        (30, ["14.4", "6", "3", "1"]),
        (28, ["13.44", "5.6", "2.8", "1"]),
        (7, ["3.36", "1.4", "1", "1"]),
    ],
)
def test_factors_follow_from_the_period(days: int, factors: list[str]) -> None:
    """The same part of the budget; never below the pace that the budget bears."""
    assert [Tier.of(tier).factor(days) for tier in _SHIPPED.tiers] == [
        Fraction(factor) for factor in factors
    ]
