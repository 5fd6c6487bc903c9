"""`burnrate slo explain FILE`: what is found, what is not, and what it costs."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from burnrate.slo.commands import slo
from tests.slo.shop import SHOP


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one specification."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yml").write_text(SHOP)
    return tmp_path


def _sections() -> tuple[str, str]:
    done = CliRunner().invoke(slo, ["explain", "shop.yml"])
    assert done.exit_code == 0, done.output
    _, first, second = done.output.split("\n## ")
    return first, second


@pytest.mark.usefixtures("folder")
def test_an_slo_of_events_is_explained() -> None:
    """When which outage is found, at which traffic none is, how it is counted and what it costs."""
    availability, _ = _sections()

    assert "| `ShopFailsFast` | page | 1h / 5m | 15 s | 14.4 |" in availability
    assert "10 % failures from 5 an hour on, blind at 20 a day and below" in availability
    assert "Its budget is one of events: 0.1 % of them" in availability
    assert "Its events are counted in a ledger." in availability
    assert "A new instance counts from 0 only if it exposes process_start_time" in availability
    assert "rules in 4 groups, evaluated every 15 s and 60 s and 120 s" in availability
    assert "series, and 8 for each instance." in availability


@pytest.mark.usefixtures("folder")
def test_an_slo_of_time_is_explained() -> None:
    """Its ratio is averaged, it knows no traffic, and a tier that can never fire is named."""
    _, satisfaction = _sections()

    assert "Its budget is one of averages: 10 % of the time may be bad" in satisfaction
    assert "Its error ratio is averaged over the windows, without a ledger." in satisfaction
    assert "Traffic" not in satisfaction
    assert "ShopSadFast is left out" in satisfaction


def test_what_is_observed_has_no_times(folder: Path) -> None:
    """It has no alert to be found by, and costs less."""
    (folder / "shop.settings.yml").write_text("version: burnrate/v1\nmode: observe\n")

    for section in _sections():
        assert "It has no alert about its budget's pace." in section
        assert "is observed: it has records and a budget, and no alert" in section
        assert "evaluated every 120 s" in section
        assert "Nobody is told when its series are missing" in section


def test_the_title_says_whose_it_is(folder: Path) -> None:
    """As the service's settings have it."""
    (folder / "shop.settings.yml").write_text("version: burnrate/v1\nlabels: {team: carts}\n")
    done = CliRunner().invoke(slo, ["explain", "shop.yml"])
    assert done.output.splitlines()[0].endswith(" (team carts)")
