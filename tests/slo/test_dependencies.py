"""What a service depends on is recorded, one series each, for the inbox."""

from pathlib import Path

import pytest

from burnrate.configuration import load_configuration
from burnrate.slo.errors import SpecError
from burnrate.slo.generator import groups
from burnrate.slo.specification import load_all

_SPEC = """\
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99
    sli:
      events:
        error_query: sum(rate(a_total{code="500"}[{{.window}}]))
        total_query: sum(rate(a_total[{{.window}}]))
    alerting: {name: Burn}
"""


def _records(folder: Path, settings: str) -> list[dict[str, object]]:
    (folder / "shop.yml").write_text(_SPEC)
    (folder / "shop.settings.yml").write_text(f"version: burnrate/v1\n{settings}")
    (service,) = load_all(folder, load_configuration())
    rules = [rule for group in groups(service) for rule in group["rules"]]
    return [rule for rule in rules if rule.get("record") == "slo:depends_on:info"]


@pytest.mark.parametrize("more", ["", "job: shop\n", "mode: observe\n"])
def test_each_service_that_it_depends_on_is_a_series(tmp_path: Path, more: str) -> None:
    """Also where nothing is alerted about the service itself."""
    assert _records(tmp_path, f"{more}depends_on: [billing, postgres]\n") == [
        {
            "record": "slo:depends_on:info",
            "expr": "vector(1)",
            "labels": {"service": "shop", "depends_on": name},
        }
        for name in ("billing", "postgres")
    ]


def test_without_any_nothing_is_recorded(tmp_path: Path) -> None:
    assert _records(tmp_path, "job: shop\n") == []


def test_a_service_does_not_depend_on_itself(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"depends_on.*names the service itself"):
        _records(tmp_path, "depends_on: [shop]\n")
