"""How often the rules of an SLO are evaluated: it follows from the tiers of the team's file."""

from dataclasses import replace

import pytest

from burnrate.configuration import TierSettings, load_configuration
from burnrate.slo.pace import ledger_seconds, paces, tier_seconds
from burnrate.slo.specification import Slo, load
from burnrate.slo.windows import WINDOWS, Tier
from tests.servers.processes import ROOT

_SLOS = {slo.name: slo for slo in load(ROOT / "prometheus/slo/api.yml", load_configuration()).slos}


def _with(*tiers: dict[str, object], name: str = "availability") -> Slo:
    settings = [TierSettings.model_validate({"budget": 0.05, **each}) for each in tiers]
    return replace(_SLOS[name], tiers=tuple(map(Tier.of, settings)))


@pytest.mark.parametrize(
    ("short", "seconds"), [("5m", 15), ("30m", 60), ("1h", 60), ("2h", 60), ("6h", 60)]
)
def test_a_page_is_evaluated_a_thirtieth_of_its_short_window_apart_and_within_a_minute(
    short: str, seconds: int
) -> None:
    slo = _with({"name": "A", "severity": "page", "long": "1d", "short": short})
    assert tier_seconds(slo, slo.tiers[0]) == seconds


def test_shipped_tiers_follow_from_their_windows() -> None:
    """Pages at two paces; what nobody is paged for at one."""
    found = {name: [tier_seconds(slo, tier) for tier in slo.tiers] for name, slo in _SLOS.items()}
    pool = [120] * 4
    assert found == {
        "availability": [15, 60, 120, 120],
        "latency": [15, 60, 120, 120],
        **dict.fromkeys(("pool-postgres", "pool-redis", "pool-cpu"), pool),
    }


@pytest.mark.parametrize("engine", ["prometheus", "victoriametrics"])
def test_each_window_is_recorded_once_and_no_later_than_its_fastest_reader(engine: str) -> None:
    """A window that is a sum of shorter ones has them recorded as soon as itself."""
    configuration = load_configuration().model_copy(update={"engine": engine})
    for slo in load(ROOT / "prometheus/slo/api.yml", configuration).slos:
        found = paces(slo)
        windows = [window for each in found for window in each.windows]
        assert sorted(windows, key=WINDOWS.index) == list(WINDOWS)
        at = {window: index for index, each in enumerate(found) for window in each.windows}
        for index, each in enumerate(found):
            for tier in each.tiers:
                read = {tier.long, tier.short}
                parts = read if slo.has_ledger else {p for w in read for p in w.parts}
                assert max(at[window] for window in parts) <= index


def test_a_ledger_is_booked_as_often_as_its_pages_need() -> None:
    slo = _with({"name": "A", "severity": "ticket", "long": "1h", "short": "5m"})
    assert ledger_seconds(slo) == tier_seconds(slo, slo.tiers[0]) == 120
    assert ledger_seconds(_SLOS["availability"]) == 15
